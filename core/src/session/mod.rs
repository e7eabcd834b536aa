//! One request's session, from the Cookie header to the Set-Cookie header.

mod actions;
mod chain;
mod engine;
mod head;
mod identity;
mod label;
mod machine;
mod opening;
mod revocation;
mod spec;
mod stored;
mod tables;
mod take_over;

use alloc::{
    borrow::{Cow, ToOwned},
    format,
    string::String,
    sync::Arc,
    vec::Vec,
};

pub use actions::{Action, Answer, Entry, Need, Row};
pub use chain::{Chain, Duplicates, Reader};
pub use engine::{Engine, EngineBuilder};
pub use revocation::Revocation;
pub use spec::FormatSpec;

use engine::Settings;
use identity::Identity;
use label::Label;
use machine::Task;
use stored::Stored;
use tables::{Change, CookieChange, Event, Leave, State, StoreChange, next};

use crate::{
    cookie::SetCookie,
    error::{ConfigError, Reason, SealError},
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
    /// When the session had begun from which a login made a new one, and until when it was excepted from revocations.
    began_before: Option<(UnixMillis, Option<UnixMillis>)>,
    /// Whose session has a new id in this request: to be excepted from an earlier revocation.
    begins_for: Option<String>,
    /// From revocations until then: all that came before a login, and those which the session has outlived.
    excepted_until: Option<UnixMillis>,
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
    task: Task,
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
            excepted_until: None,
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
            task: Task::Idle,
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

    /// Ends the session: its cookie is deleted. Terminal, but for what follows a login or `regenerate`.
    pub fn destroy(&mut self) {
        self.enter(Event::Destroy);
        self.leave_id(Leave::End);
        self.moved = true;
        (self.incoming, self.identity) = (None, None);
    }

    /// The session is this user's from now on, under a new id, and begins now. What was in it comes along, unless it was
    /// another user's: then the answer is the payload that the host shows from now on, which is what this request
    /// itself has written until now.
    ///
    /// `content` is asked for only if [`is_of_other`](Self::is_of_other).
    pub fn login(
        &mut self,
        user: &str,
        content: &Content<'_>,
        now: UnixMillis,
    ) -> Result<Option<String>, ConfigError> {
        self.can_carry_user()?;
        let shown = self.is_of_other(user).then(|| {
            let base = self.payload().unwrap_or("{}");
            let mine = content.text().unwrap_or(base);
            written(self.settings.dialect, base, mine).unwrap_or_else(|_| "{}".to_owned())
        });
        if self.user().as_deref() == Some(user) {
            self.began_before = self.meta.created.map(|created| (created, self.excepted_until));
        }
        self.begin_anew(if shown.is_some() { Leave::End } else { Leave::Login }, now);
        (self.meta.user, self.begins_for) = (Some(user.to_owned()), Some(user.to_owned()));
        self.excepted_until = Some(UnixMillis(i64::MAX));
        self.is_told = true;
        if shown.is_some() {
            (self.incoming, self.identity) = (None, None);
        }
        Ok(shown)
    }

    /// Whether the session that came in is another user's than this one's.
    pub fn is_of_other(&mut self, user: &str) -> bool {
        self.user().is_some_and(|old| old != user)
    }

    /// As [`login`](Self::login), of the session that is excepted where this request revokes its user's: what was in it
    /// comes along.
    pub fn except(&mut self, user: &str, now: UnixMillis) -> Result<(), ConfigError> {
        self.excepted_until = Some(UnixMillis(i64::MAX));
        let label = self.label().map(ToOwned::to_owned);
        self.login(user, &Content::Unchanged, now)?;
        self.label.set(label);
        Ok(())
    }

    /// The session is nobody's from now on, and empty, and under a new id if something is put into it.
    pub fn logout(&mut self, now: UnixMillis) {
        self.begin_anew(Leave::End, now);
        (self.meta.user, self.begins_for, self.is_told) = (None, None, false);
        (self.incoming, self.identity) = (None, None);
    }

    /// A new id for what the handler leaves in the session: rights changed, the user did not.
    pub fn regenerate(&mut self, now: UnixMillis) {
        let (created, user) = (self.meta.created, self.user());
        self.begin_anew(Leave::Privilege, now);
        self.meta.created = created.or(self.meta.created);
        self.meta.user.clone_from(&user);
        self.begins_for = user.filter(|_| self.excepted_until.is_some());
    }

    /// The host shows an empty session from now on: what is put into it is there by decision.
    pub fn forget(&mut self) {
        self.bare = false;
    }

    /// Whose session it is: whom a login told, or whom its data name.
    pub fn user(&mut self) -> Option<String> {
        if self.meta.user.is_some() || self.settings.is_drop_in {
            return self.meta.user.clone();
        }
        self.identity().user().map(ToOwned::to_owned)
    }

    /// Whether the store has failed, so that nobody can log in or out in this request.
    pub fn is_unavailable(&self) -> bool {
        self.suppressed && self.reason == Some(Reason::Unavailable)
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

    fn enter(&mut self, event: Event) -> bool {
        let Some(state) = next(self.state, event) else { return false };
        self.state = state;
        self.epoch += u32::from(matches!(event, Event::Destroy | Event::Regenerate));
        true
    }

    fn begin_anew(&mut self, leave: Leave, now: UnixMillis) {
        if self.suppressed {
            // What has ended stays so; what follows is a session of its own.
            self.bare |= self.incoming.is_some();
            self.suppressed = self.reason == Some(Reason::Unavailable);
            if let Some(stored) = &mut self.stored {
                *stored = Stored::default();
            }
        }
        self.enter(Event::Regenerate);
        self.leave_id(leave);
        if leave != Leave::Privilege {
            self.label.set(None);
        }
        self.meta.created = Some(now);
        self.moved = true;
    }

    /// The id that came in is not to open any more.
    fn leave_id(&mut self, why: Leave) {
        self.ended.extend(self.meta.id.take().map(|id| (id, why)));
        if let Some(stored) = &mut self.stored {
            stored.leave(why);
        }
    }

    /// A change of user is a login or logout, however the application makes it.
    fn follow_identity(&mut self, content: &Content<'_>, now: UnixMillis) {
        let Content::Changed(mine) = content else { return };
        let is_fixed = self.is_head_given && self.stored.is_some();
        if self.settings.is_drop_in || self.suppressed || is_fixed {
            return;
        }
        let new = self.settings.identity_keys.of(mine);
        if self.is_told {
            self.identity = Some(new);
            return;
        }
        let told = self.meta.user.clone();
        if self.identity().is_changed(&new, told.as_deref()) {
            let user = new.user().map(ToOwned::to_owned);
            let old = told.or_else(|| self.identity().user().map(ToOwned::to_owned));
            if user != old {
                // A nobody's data come along.
                self.bare |= old.is_some();
                self.begin_anew(if old.is_some() { Leave::End } else { Leave::Login }, now);
                (self.meta.user, self.begins_for) = (user.clone(), user);
                self.excepted_until = Some(UnixMillis(i64::MAX));
            }
        }
        self.identity = Some(new);
    }

    fn identity(&mut self) -> &Identity {
        let (settings, incoming) = (&self.settings, &self.incoming);
        let of_incoming = || {
            let payload = incoming.as_ref().map_or("{}", |incoming| incoming.payload.as_str());
            settings.identity_keys.of(payload)
        };
        self.identity.get_or_insert_with(of_incoming)
    }

    fn can_carry_user(&self) -> Result<(), ConfigError> {
        let writer = self.settings.chain.writer();
        if self.stored.is_some() || writer.carries().user || self.settings.identity_keys.is_configured() {
            return Ok(());
        }
        let name = writer.name();
        let message = format!(
            "format {name} carries no user, so a login would be forgotten: use format sealed, or a store, or meta =              \"payload\" (a reserved key in the payload), or a user key under which the application itself keeps              its user"
        );
        Err(ConfigError::new("option", message))
    }

    fn change(&self, content: &Content<'_>) -> Change {
        let content = match (content, self.payload()) {
            (Content::Unchanged, Some("{}") | None) if self.moved => Content::Changed("{}"),
            _ => *content,
        };
        Change::of(&content, self.moved, self.keeps_empty())
    }

    /// The user is not in the data: with a login the session is more than what it holds.
    fn keeps_empty(&self) -> bool {
        let is_named = || self.identity.as_ref().is_some_and(|identity| identity.user().is_some());
        self.meta.user.is_some() && !self.settings.identity_keys.is_configured() && !is_named()
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

    /// As a login told, or where the application keeps its user.
    fn user_in(&self, payload: &str) -> Option<String> {
        if self.settings.is_drop_in {
            return self.meta.user.clone();
        }
        let keys = &self.settings.identity_keys;
        let identity = keys.of(payload);
        let in_data = identity.user().map(ToOwned::to_owned);
        if keys.is_configured() {
            in_data.or_else(|| self.meta.user.clone())
        } else {
            self.meta.user.clone().or(in_data)
        }
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
