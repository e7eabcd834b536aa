//! What happened to a request's session, for whoever counts, or asks why somebody was logged out.

use alloc::vec::Vec;

use super::{Session, tables::State};
use crate::error::Reason;

/// It shows no token, no key, no id and nothing of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A session came in.
    Accepted {
        /// That of its cookie.
        format: &'static str,
        /// The position of the secret that opened it, the newest first.
        key: usize,
    },
    /// A cookie came in that is no session.
    Refused(Reason),
    /// A session began, or goes on under a new id.
    Created,
    /// It was sealed again with today's format and secret.
    Converted,
    /// It was sealed or written again since it was old enough.
    Renewed,
    /// Other requests' changes were joined with this one's; how often others were first.
    Merged(u64),
    /// A logout, or a session that was emptied.
    Ended,
    /// Sessions were revoked; how many, where that is known.
    Revoked(Option<u64>),
    /// The store failed, or the session could not be written.
    Failed(Reason),
}

/// How the session came in, and what has happened since.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    /// The format of the cookie and the position of its secret.
    came: Option<(&'static str, usize)>,
    is_opening_told: bool,
    later: Vec<Event>,
}

impl Events {
    pub(super) fn came(format: &'static str, key: usize) -> Self {
        Self { came: Some((format, key)), ..Self::default() }
    }

    pub(super) fn add(&mut self, event: Event) {
        self.later.push(event);
    }
}

impl Session {
    /// What happened since this was last asked, in order. To be asked when the session was opened, and then when
    /// something was written or the response has its head: what came in is told by how the session stands at first.
    pub fn events(&mut self) -> Vec<Event> {
        let opening = if self.events.is_opening_told { None } else { self.opening() };
        self.events.is_opening_told = true;
        let later = core::mem::take(&mut self.events.later);
        opening.into_iter().chain(later).collect()
    }

    fn opening(&self) -> Option<Event> {
        match (self.reason, self.events.came) {
            (None, Some((format, key))) if self.state == State::Live => Some(Event::Accepted { format, key }),
            // Told as a failure.
            (None | Some(Reason::NoCookie | Reason::Unavailable), _) => None,
            (Some(reason), _) => Some(Event::Refused(reason)),
        }
    }

    /// A cookie or record was written in which nothing is new.
    pub(super) fn tell_again(&mut self) {
        self.events.add(if self.is_cookie_stale { Event::Converted } else { Event::Renewed });
    }
}

impl Event {
    /// A stable word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused(_) => "refused",
            Self::Created => "created",
            Self::Converted => "converted",
            Self::Renewed => "renewed",
            Self::Merged(_) => "merged",
            Self::Ended => "ended",
            Self::Revoked(_) => "revoked",
            Self::Failed(_) => "failed",
        }
    }

    /// Of `refused` and `failed`.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused(reason) | Self::Failed(reason) => Some(*reason),
            _ => None,
        }
    }

    /// Of `accepted`: the format of the cookie and the position of its secret.
    pub fn cookie(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::Accepted { format, key } => Some((format, *key)),
            _ => None,
        }
    }

    /// Of `merged` how often other requests were first; of `revoked` how many sessions, where that is known.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Merged(count) => Some(*count),
            Self::Revoked(count) => *count,
            _ => None,
        }
    }
}
