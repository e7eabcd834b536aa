//! Every transition of a session, in two tables.

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
    Save,
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

/// `None` where the command has no meaning.
pub(super) fn next(state: State, event: Event) -> Option<State> {
    match (state, event) {
        (_, Event::Destroy) => Some(State::Ended),
        // Even from `Ended`: what follows is another session.
        (_, Event::Regenerate) => Some(State::Fresh),
        (State::Live, Event::Reload | Event::Save | Event::Touch) | (State::Fresh, Event::Save) => {
            Some(state)
        }
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
