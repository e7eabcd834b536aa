//! One request's session, from the Cookie header to the Set-Cookie header.

mod actions;
mod chain;
mod commands;
mod engine;
mod events;
mod head;
mod identity;
mod label;
mod machine;
mod marks;
mod opening;
mod overlap;
mod revocation;
mod revoking;
mod spec;
mod stored;
mod tables;
mod take_over;
mod user;

use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    sync::Arc,
    vec::Vec,
};

pub use actions::{Action, Answer, Entry, Need, Row};
pub use chain::{Chain, Duplicates, Reader};
pub use engine::{Engine, EngineBuilder};
pub use events::Event;
pub use revocation::Revocation;
pub use spec::FormatSpec;

use engine::Settings;
use events::Events;
use identity::Identity;
use label::Label;
use machine::Task;
use revocation::{Before, Excepted};
use revoking::Revoking;
use stored::Stored;
use tables::{Change, CookieChange, Leave, State, StoreChange};

use crate::{
    cookie::SetCookie,
    error::{Reason, SealError},
    meta::Meta,
    payload::{self, Dialect, Facts, written},
    time::UnixMillis,
};

/// What the handler left in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// The payload as it is now; an empty object ends the session, but for one whose user a login has told.
    Changed(&'a str),
    /// Nothing was changed, but the payload is spelled anew, since it came in another dialect.
    Respelled(&'a str),
    /// Nothing was changed.
    Unchanged,
}

impl Content<'_> {
    /// What the handler left; `None` where that is what it had read.
    fn text(&self) -> Option<&'_ str> {
        match self {
            Content::Changed(payload) | Content::Respelled(payload) => Some(payload),
            Content::Unchanged => None,
        }
    }

    /// Somebody asked for it to be written.
    fn is_asked(&self) -> bool {
        matches!(self, Content::Changed(_))
    }
}

/// Why a write, or the first load, did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `conflict` after too many tries, `ended` where another request ended the session, `identity` where it became
    /// another user's, `unavailable` where the store failed.
    pub reason: Reason,
    /// The request is to fail: with the store's own error, where there is one.
    pub raise: bool,
}

/// The response's part: known without waiting for a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// To be appended to the response, in order.
    pub cookies: Vec<SetCookie>,
    /// Add `Cookie` to `Vary`: the response depends on the session.
    pub vary: bool,
    /// Where set, caches must not keep the response (RFC 9111, section 7.3: Set-Cookie alone does not stop them).
    pub cache_control: Option<&'static str>,
}

/// One request's session. Getters tell what came in; commands say what happens to it; `head` and `finish` are the
/// outputs.
#[expect(clippy::struct_excessive_bools, reason = "what the tables are asked with")]
#[derive(Clone)]
pub struct Session {
    settings: Arc<Settings>,
    state: State,
    incoming: Option<Incoming>,
    reason: Option<Reason>,
    /// A cookie of the name was in the request, whether it opened or not.
    cookie_sent: bool,
    /// More than one came, and one of them may be without our Domain.
    duplicates: bool,
    /// It is of an older format or key, and may lie where the cookie of today does not.
    is_cookie_stale: bool,
    renew: bool,
    epoch: u32,
    meta: Meta,
    label: Label,
    /// For sessions in a store.
    stored: Option<Stored>,
    /// Ids of ended sessions in cookies, for the store that remembers them.
    ended: Vec<([u8; 16], Leave)>,
    marked_at: UnixMillis,
    /// From what a login of the same user made a new session.
    began_before: Option<Before>,
    /// Whose session has a new id in this request: to be excepted from an earlier revocation.
    begins_for: Option<String>,
    excepted: Option<Excepted>,
    /// Whose the data are that the host read or handed over last; asked for when something was written.
    identity: Option<Identity>,
    /// A login has said who it is, which counts more than what the data say.
    is_told: bool,
    /// An id was left, of which the store has not heard yet.
    moved: bool,
    /// What the session had when it came in stays behind.
    bare: bool,
    /// What was written by now asks for this, which was not done yet.
    cookie_due: CookieChange,
    /// Later the id can't be drawn anew.
    is_head_given: bool,
    /// Nothing may be written and no cookie set: the session has just ended, or the store is out of order.
    suppressed: bool,
    /// A write failed, which is an error.
    has_given_up: bool,
    failure: Option<Failure>,
    not_renewed: Option<SealError>,
    conflicts: u32,
    events: Events,
    task: Task,
    /// To be begun when the task is done.
    revoking: Option<Revoking>,
    revoked: Option<u64>,
}

#[derive(Clone, Debug)]
struct Incoming {
    payload: String,
    facts: Facts,
    stale: bool,
    dialect: Dialect,
}

impl Session {
    fn fresh(engine: &Engine, reason: Reason, stored: Option<Stored>) -> Self {
        Self {
            settings: Arc::clone(&engine.0),
            state: State::Fresh,
            incoming: None,
            reason: Some(reason),
            cookie_sent: false,
            duplicates: false,
            is_cookie_stale: false,
            renew: false,
            epoch: 0,
            meta: Meta::default(),
            label: Label::default(),
            stored,
            ended: Vec::new(),
            marked_at: UnixMillis::default(),
            began_before: None,
            begins_for: None,
            excepted: None,
            identity: None,
            is_told: false,
            moved: false,
            bare: false,
            cookie_due: CookieChange::Nothing,
            is_head_given: false,
            suppressed: false,
            has_given_up: false,
            failure: None,
            not_renewed: None,
            conflicts: 0,
            events: Events::default(),
            task: Task::Idle,
            revoking: None,
            revoked: None,
        }
    }

    /// The payload as it came in; `None` where no session did.
    pub fn payload(&self) -> Option<&str> {
        self.incoming.as_ref().map(|incoming| incoming.payload.as_str())
    }

    /// What is in the payload.
    pub fn facts(&self) -> Facts {
        self.incoming.as_ref().map(|incoming| incoming.facts).unwrap_or_default()
    }

    /// How the payload that came in is read.
    pub fn dialect(&self) -> Dialect {
        self.incoming.as_ref().map_or(self.settings.dialect, |incoming| incoming.dialect)
    }

    /// The payload that came in is of another dialect than the one that is written: the host must say that it is
    /// changed, spelled anew.
    pub fn is_foreign(&self) -> bool {
        self.dialect() != self.settings.dialect
    }

    /// Why there is no session; `None` where there is one.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// What else the token told.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Whether it was ended in this request, and nothing has followed.
    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// How often the identity changed in this request: nothing is merged across it.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The session is written in an older format or with a previous key.
    pub fn is_stale(&self) -> bool {
        self.incoming.as_ref().is_some_and(|incoming| incoming.stale)
    }

    /// Treats what came in as if it had not: the host could not build its values.
    pub fn refuse(&mut self, reason: Reason) {
        (self.state, self.incoming, self.reason) = (State::Fresh, None, Some(reason));
        (self.meta, self.identity) = (Meta::default(), None);
        self.label.set(None);
        self.stored = self.stored.take().map(|_| Stored::default());
    }

    /// Whether the store has failed, so that nobody can log in or out in this request.
    pub fn is_unavailable(&self) -> bool {
        self.suppressed && self.reason == Some(Reason::Unavailable)
    }

    fn change(&self, content: &Content<'_>) -> Change {
        let content = match (content, self.payload()) {
            (Content::Unchanged, Some("{}") | None) if self.moved => Content::Changed("{}"),
            _ => *content,
        };
        Change::of(&content, self.moved, self.keeps_empty())
    }

    /// What happens to the cookie.
    fn cookie_change(&self, content: &Content<'_>, now: UnixMillis) -> CookieChange {
        if self.suppressed || self.has_given_up {
            return CookieChange::Nothing;
        }
        if self.stored.is_none() {
            return tables::cookie(self.state, self.cookie_sent, self.change(content), self.is_due(now));
        }
        let change = self.store_change(content, now);
        match tables::cookie_of_stored(change, self.cookie_sent, self.moves_cookie()) {
            // What was due before its end is not to be sealed.
            CookieChange::Nothing if change != StoreChange::End => self.cookie_due,
            change => change,
        }
    }

    /// What happens at the store.
    fn store_change(&self, content: &Content<'_>, now: UnixMillis) -> StoreChange {
        let has_row = self.stored.as_ref().is_some_and(|stored| stored.row.is_some());
        tables::store(self.state, has_row, self.change(content), self.is_due(now))
    }

    /// A write moves the end of the cookie's lifetime.
    fn moves_cookie(&self) -> bool {
        self.settings.policy.persistent || self.is_stale()
    }

    /// Of what the handler left, what goes into the session.
    fn kept<'a>(&self, mine: &'a str, base: &str) -> Cow<'a, str> {
        let rest = self.bare.then(|| written(self.settings.dialect, base, mine).ok()).flatten();
        rest.map_or(Cow::Borrowed(mine), Cow::Owned)
    }

    fn incoming_is(&mut self, payload: &str) {
        let facts = payload::scan(payload, self.settings.dialect).unwrap_or_default();
        let dialect = self.settings.dialect;
        self.incoming = Some(Incoming { payload: payload.to_owned(), facts, stale: false, dialect });
    }

    fn is_due(&self, now: UnixMillis) -> bool {
        self.renew || self.is_stale() || self.settings.policy.renewal_is_due(&self.meta, now)
    }
}

/// Neither data nor ids: it may end in a log.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
