//! Every transition of a session, in three tables.

use super::Content;

/// Where a request's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No session came in, or its id is to be drawn anew.
    Fresh,
    /// A session came in.
    Live,
    /// Destroyed.
    Ended,
}

/// What the handler commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
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
pub(super) enum Effect {
    Expire,
    Nothing,
    Seal,
}

/// What happens at the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    End,
    Nothing,
    Save,
    Touch,
}

impl Change {
    pub(super) fn of(content: &Content<'_>) -> Self {
        match content {
            Content::Changed("{}") => Self::Emptied,
            Content::Changed(_) => Self::Changed,
            Content::Unchanged => Self::None,
        }
    }
}

/// `None` where the command has no meaning.
pub(super) fn next(state: State, event: Event) -> Option<State> {
    match (state, event) {
        (_, Event::Destroy) => Some(State::Ended),
        // Even from `Ended`: what follows is another session.
        (_, Event::Regenerate) => Some(State::Fresh),
        (State::Live, Event::Reload | Event::Touch) => Some(state),
        (State::Fresh, Event::Reload | Event::Touch) | (State::Ended, _) => None,
    }
}

/// `came`: a cookie is in the browser. `due`: the session is to be sealed again though nothing changed.
pub(super) fn effect(state: State, came: bool, change: Change, due: bool) -> Effect {
    match (state, change) {
        (State::Ended, _) | (_, Change::Emptied) => {
            if came {
                Effect::Expire
            } else {
                Effect::Nothing
            }
        }
        (State::Fresh | State::Live, Change::Changed) => Effect::Seal,
        (State::Live, Change::None) if due => Effect::Seal,
        (State::Fresh | State::Live, Change::None) => Effect::Nothing,
    }
}

/// `stored`: there is a record. `due`: it is to be renewed though nothing changed.
pub(super) fn deed(state: State, stored: bool, change: Change, due: bool) -> Deed {
    match (state, change) {
        (State::Ended, _) | (_, Change::Emptied) => Deed::End,
        (State::Fresh, Change::Changed) => Deed::Create,
        (State::Fresh, Change::None) => Deed::Nothing,
        // A session that came in its cookie moves into the store.
        (State::Live, _) if !stored => {
            if due || change == Change::Changed {
                Deed::Create
            } else {
                Deed::Nothing
            }
        }
        (State::Live, Change::Changed) => Deed::Save,
        (State::Live, Change::None) => {
            if due {
                Deed::Touch
            } else {
                Deed::Nothing
            }
        }
    }
}
