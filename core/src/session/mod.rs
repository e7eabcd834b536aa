//! One request's session, from the Cookie header to the Set-Cookie header.

mod actions;
mod chain;
mod engine;
mod revocation;
mod spec;
mod stored;
mod transitions;

use alloc::{borrow::ToOwned, format, string::String, sync::Arc, vec, vec::Vec};

pub use actions::{Action, Actions, Entry, Outcome, Report, Row, Step};
pub use chain::{Chain, Duplicates, Reader};
pub use engine::{Engine, EngineBuilder, Opening, Pending};
pub use spec::FormatSpec;

use engine::Settings;
use stored::Stored;
use transitions::{Change, Deed, Effect, Event, State, effect, next};

use crate::{
    cookie::SetCookie,
    entropy::Entropy,
    envelope,
    error::{Reason, SealError},
    format::{MAX_PAYLOAD, SealContext},
    meta::Meta,
    payload::{self, Dialect, Facts},
    time::{Seconds, UnixMillis},
};

/// What the handler left in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// The payload as it is now; an empty object ends the session.
    Changed(&'a str),
    /// Nothing was changed.
    Unchanged,
}

/// Why an id is drawn anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A user logged in: the session begins now.
    Login {
        /// Whose session it is from now on.
        user: Option<String>,
    },
    /// A user logged out and an anonymous session goes on: it begins now.
    Logout,
    /// Rights changed, the user did not.
    Privilege,
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
#[derive(Clone, Debug)]
pub struct Session {
    settings: Arc<Settings>,
    state: State,
    incoming: Option<Incoming>,
    reason: Option<Reason>,
    /// A cookie of the name was in the request, whether it opened or not.
    came: bool,
    /// More than one came, and one of them may be without our Domain.
    twins: bool,
    renew: bool,
    epoch: u32,
    meta: Meta,
    /// For sessions in a store.
    stored: Option<Stored>,
    /// Ids of ended sessions in cookies, for the store that remembers them.
    ended: Vec<[u8; 16]>,
}

#[derive(Clone, Debug)]
struct Incoming {
    payload: String,
    facts: Facts,
    stale: bool,
    dialect: Dialect,
}

impl Session {
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
        self.meta = Meta::default();
    }

    /// Ends the session: its cookie is deleted. Terminal, but for `regenerate`.
    pub fn destroy(&mut self) {
        self.enter(Event::Destroy);
        self.leave_id();
    }

    /// A new id, for what the handler leaves in the session. Raises the epoch.
    pub fn regenerate(&mut self, why: Why, now: UnixMillis) {
        self.enter(Event::Regenerate);
        self.leave_id();
        match why {
            Why::Login { user } => (self.meta.created, self.meta.user) = (Some(now), user),
            Why::Logout => (self.meta.created, self.meta.user) = (Some(now), None),
            Why::Privilege => {}
        }
    }

    /// The payload to read again; `None` where no session came in or it has ended.
    pub fn reload(&mut self) -> Option<&str> {
        self.enter(Event::Reload).then_some(())?;
        self.payload()
    }

    /// Seals the session again though nothing changed, so that its idle time starts anew.
    pub fn touch(&mut self) {
        self.renew |= self.enter(Event::Touch);
    }

    /// The cookies to set. `connection` says whether the request came over https.
    pub fn head(
        &mut self,
        content: &Content<'_>,
        connection: bool,
        now: UnixMillis,
        entropy: &mut dyn Entropy,
    ) -> Result<Head, SealError> {
        let mut head = Head { vary: true, ..Head::default() };
        match self.effect(content, now) {
            Effect::Nothing => {}
            Effect::Expire => head.cookies = self.deletions(connection),
            Effect::Seal => {
                head.cookies.push(self.set_cookie(content, connection, now, entropy)?);
                if self.came && self.epoch > 0 {
                    // The newer cookie counts until it ends, and the older one may live longer.
                    head.cookies.extend(self.deletions_elsewhere(connection));
                }
            }
        }
        head.cache_control = (!head.cookies.is_empty()).then_some("private, no-store");
        Ok(head)
    }

    /// The token alone, for hosts that decide and spell Set-Cookie as their peer does.
    pub fn seal(
        &self,
        payload: &str,
        now: UnixMillis,
        entropy: &mut dyn Entropy,
    ) -> Result<String, SealError> {
        self.check(payload, MAX_PAYLOAD)?;
        self.token(payload, self.user_in(payload), now, entropy)
    }

    fn token(
        &self,
        body: &str,
        user: Option<String>,
        now: UnixMillis,
        entropy: &mut dyn Entropy,
    ) -> Result<String, SealError> {
        let created = self.meta.created.or(self.meta.issued).unwrap_or(now);
        let expires = self.settings.policy.expires(now, created);
        let meta = Meta { issued: Some(now), created: Some(created), expires, user, id: self.meta.id };
        let writer = self.settings.chain.writer();
        writer.seal(&SealContext { name: &self.settings.name, body, meta: &meta }, entropy)
    }

    /// What open would refuse.
    fn check(&self, payload: &str, most: usize) -> Result<(), SealError> {
        let refuse = |reason, message: &str| Err(SealError::new(reason, message));
        if payload.len() > most {
            let most = most / 1024;
            return refuse(Reason::TooLarge, &format!("the session is over {most} KiB: put less into it"));
        }
        match payload::scan(payload, self.settings.dialect) {
            Ok(_) => Ok(()),
            Err(Reason::TooLarge) => {
                refuse(Reason::TooLarge, "the session nests deeper than 200 levels: put less into it")
            }
            Err(Reason::NotAnObject) => refuse(Reason::NotAnObject, "the session is not an object"),
            Err(reason) => refuse(reason, "the session is not JSON"),
        }
    }

    fn enter(&mut self, event: Event) -> bool {
        let Some(state) = next(self.state, event) else { return false };
        self.state = state;
        self.epoch += u32::from(matches!(event, Event::Destroy | Event::Regenerate));
        true
    }

    /// What happens to the cookie. A stored session's is set when its id is new and when its lifetime moves.
    fn effect(&mut self, content: &Content<'_>, now: UnixMillis) -> Effect {
        let deed = self.deed(content, now);
        let (persistent, stale) = (self.settings.policy.persistent, self.is_stale());
        match &mut self.stored {
            None => effect(self.state, self.came, Change::of(content), self.is_due(now)),
            Some(stored) if stored.silent => Effect::Nothing,
            Some(_) if deed == Deed::End => effect(State::Ended, self.came, Change::None, false),
            Some(stored) => {
                if stored.wants_cookie(deed, persistent, stale) {
                    Effect::Seal
                } else {
                    Effect::Nothing
                }
            }
        }
    }

    /// The id that came in is not to open any more.
    fn leave_id(&mut self) {
        self.ended.extend(self.meta.id.take());
        self.leave();
    }

    fn incoming_is(&mut self, payload: &str) {
        let facts = payload::scan(payload, self.settings.dialect).unwrap_or_default();
        let dialect = self.settings.dialect;
        self.incoming = Some(Incoming { payload: payload.to_owned(), facts, stale: false, dialect });
    }

    fn is_due(&self, now: UnixMillis) -> bool {
        self.renew || self.is_stale() || self.settings.policy.renewal_is_due(&self.meta, now)
    }

    fn deletions(&self, connection: bool) -> Vec<SetCookie> {
        let Settings { name, attributes, .. } = &*self.settings;
        let mut cookies = vec![SetCookie::deletion(name, attributes, connection)];
        cookies.extend(self.deletions_elsewhere(connection));
        cookies
    }

    /// Of the cookies that would open this session again.
    fn deletions_elsewhere(&self, connection: bool) -> Vec<SetCookie> {
        let Settings { name, attributes, .. } = &*self.settings;
        let host_only = self.twins || self.is_stale();
        SetCookie::deletions_elsewhere(name, attributes, host_only, connection)
    }

    fn set_cookie(
        &mut self,
        content: &Content<'_>,
        connection: bool,
        now: UnixMillis,
        entropy: &mut dyn Entropy,
    ) -> Result<SetCookie, SealError> {
        let id = match &mut self.stored {
            None => None,
            Some(stored) => Some(stored.ensure_id(self.settings.id_bytes, entropy)?.to_owned()),
        };
        let payload = match content {
            Content::Changed(payload) => payload,
            Content::Unchanged => self.payload().unwrap_or("{}"),
        };
        let permanent = envelope::flask_permanent(payload);
        let token = match id {
            None => self.seal(payload, now, entropy)?,
            Some(id) => self.token(&id, None, now, entropy)?,
        };
        let Settings { name, attributes, policy, .. } = &*self.settings;
        let persistent = permanent.unwrap_or(policy.persistent);
        let created = self.meta.created.or(self.meta.issued).unwrap_or(now);
        let lifetime = policy
            .expires(now, created)
            .map_or(Seconds(u64::MAX), |end| Seconds(u64::try_from(end.secs() - now.secs()).unwrap_or(0)));
        SetCookie::new(name, &token, attributes, connection, persistent.then_some(lifetime))
    }
}
