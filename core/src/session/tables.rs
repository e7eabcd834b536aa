//! Every transition of a session, in tables.

use super::Content;

/// Where a request's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Destroyed.
    Ended,
    /// No session came in, or its id is to be drawn anew.
    Fresh,
    /// A session came in.
    Live,
}

/// What the handler commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Destroy,
    Regenerate,
    Reload,
    Touch,
}

/// What the handler left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Changed,
    Emptied,
    None,
}

/// What happens to the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CookieChange {
    Expire,
    Nothing,
    Seal,
}

/// What happens at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreChange {
    Create,
    End,
    Nothing,
    Save,
    Touch,
}

impl Change {
    /// `moved`: the session goes on under another id. `keeps_empty`: it has a user whom its data do not name.
    pub(super) fn of(content: &Content<'_>, moved: bool, keeps_empty: bool) -> Self {
        match content {
            Content::Changed("{}") if keeps_empty => Self::Changed,
            Content::Changed("{}") => Self::Emptied,
            Content::Changed(_) => Self::Changed,
            Content::Respelled(_) | Content::Unchanged if moved => Self::Changed,
            Content::Respelled(_) | Content::Unchanged => Self::None,
        }
    }
}

/// `None` where the command has no meaning.
pub(super) fn next(state: State, command: Command) -> Option<State> {
    match (state, command) {
        (_, Command::Destroy) => Some(State::Ended),
        // Even from `Ended`: what follows is another session.
        (_, Command::Regenerate) => Some(State::Fresh),
        (State::Live, Command::Reload | Command::Touch) => Some(state),
        (State::Fresh, Command::Reload | Command::Touch) | (State::Ended, _) => None,
    }
}

/// The cookie of a session that is in it. `cookie_sent`: one is in the browser. `due`: the session is to be sealed again
/// though nothing changed.
pub(super) fn cookie(state: State, cookie_sent: bool, change: Change, due: bool) -> CookieChange {
    match (state, change) {
        (State::Ended, _) | (_, Change::Emptied) if cookie_sent => CookieChange::Expire,
        (State::Fresh | State::Live, Change::Changed) => CookieChange::Seal,
        (State::Live, Change::None) if due => CookieChange::Seal,
        (State::Ended, _) | (_, Change::Emptied | Change::None) => CookieChange::Nothing,
    }
}

/// The cookie of a session in a store: set where its id is new, and where its lifetime moves (`moves`).
pub(super) fn cookie_of_stored(change: StoreChange, cookie_sent: bool, moves: bool) -> CookieChange {
    match change {
        StoreChange::Create => CookieChange::Seal,
        StoreChange::End if cookie_sent => CookieChange::Expire,
        StoreChange::Save | StoreChange::Touch if moves => CookieChange::Seal,
        StoreChange::End | StoreChange::Nothing | StoreChange::Save | StoreChange::Touch => {
            CookieChange::Nothing
        }
    }
}

/// `has_row`: there is a record. `due`: it is to be renewed though nothing changed.
pub(super) fn store(state: State, has_row: bool, change: Change, due: bool) -> StoreChange {
    match (state, change) {
        (State::Ended, _) | (_, Change::Emptied) => StoreChange::End,
        (State::Fresh, Change::Changed) => StoreChange::Create,
        // A session that came in its cookie moves into the store.
        (State::Live, Change::Changed) if !has_row => StoreChange::Create,
        (State::Live, Change::None) if due && !has_row => StoreChange::Create,
        (State::Live, Change::Changed) => StoreChange::Save,
        (State::Live, Change::None) if due => StoreChange::Touch,
        (State::Fresh | State::Live, Change::None) => StoreChange::Nothing,
    }
}

/// Why a record is left for a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// It ends: a logout, or what another user left behind.
    End,
    /// A user proved who they are; what was in the session comes along.
    Login,
    /// Rights changed, the user did not.
    Privilege,
}

/// What another request did to the record meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It is gone, or a tombstone.
    Ended,
    /// It became another user's.
    Identity,
    /// It was written.
    Written,
}

/// What becomes of the session that moves away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    /// Nothing is created: the session has ended.
    Ends,
    /// Nothing is created: the record is another user's.
    Lost,
    /// As it is.
    Goes,
    /// Without what it had when it came in.
    GoesBare,
    /// With what the other request wrote; the record is to be left once more.
    Joins,
    /// As it is; the record is to be left once more.
    Leaves,
}

/// The data of a session that ended, or became another user's, are not taken up by what follows.
pub(super) fn moving(leave: Leave, met: Met) -> Moving {
    match (leave, met) {
        (Leave::End, Met::Ended) => Moving::Goes,
        (Leave::End, Met::Identity | Met::Written) => Moving::Leaves,
        (Leave::Login, Met::Ended | Met::Identity) => Moving::GoesBare,
        (Leave::Login | Leave::Privilege, Met::Written) => Moving::Joins,
        (Leave::Privilege, Met::Ended) => Moving::Ends,
        (Leave::Privilege, Met::Identity) => Moving::Lost,
    }
}

/// What becomes of the session of a request that ends sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// It ends too.
    Ends,
    /// It goes on as it is, since the response is out and no cookie can bring a new id.
    Keeps,
    /// It goes on under a new id, which is excepted by the mark of the revocation: so that is written first.
    MovesAfter,
    /// It goes on under a new id, which is excepted by its key: so it is written before the others end.
    MovesBefore,
    /// It is not meant.
    Stays,
}

/// How a session that goes on is told from those that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By its new key in the store.
    NewKey,
    /// By the key that it has, since the head is out.
    OldKey,
    /// By a mark: it lies in its cookie.
    Mark,
}

/// `is_excepted`: the others alone are to end.
pub(super) fn own(is_meant: bool, is_excepted: bool, told: Told) -> Own {
    match (is_meant, is_excepted, told) {
        (false, ..) => Own::Stays,
        (true, false, _) => Own::Ends,
        (true, true, Told::NewKey) => Own::MovesBefore,
        (true, true, Told::OldKey) => Own::Keeps,
        (true, true, Told::Mark) => Own::MovesAfter,
    }
}
