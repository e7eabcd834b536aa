//! What a request does with its session: login, logout, a new id, an end.

use alloc::{borrow::ToOwned, format, string::String};

use super::{
    Content, Session,
    revocation::Excepted,
    stored::Stored,
    tables::{Command, Leave, next},
};
use crate::{
    error::{ConfigError, Reason},
    payload::written,
    time::UnixMillis,
};

impl Session {
    /// Ends the session: its cookie is deleted. Terminal, but for what follows a login or `regenerate`.
    pub fn destroy(&mut self) {
        self.enter(Command::Destroy);
        self.leave_id(Leave::End);
        self.moved = true;
        // What begins afterwards in this request is nobody's.
        (self.meta.user, self.meta.created, self.begins_for, self.is_told) = (None, None, None, false);
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
        let before = self.before();
        let is_same = self.user().as_deref() == Some(user);
        self.began_before = is_same.then(|| self.began_before.unwrap_or(before));
        self.begin_anew(if shown.is_some() { Leave::End } else { Leave::Login }, now);
        (self.meta.user, self.begins_for) = (Some(user.to_owned()), Some(user.to_owned()));
        self.excepted = Some(Excepted::AllBefore);
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
        self.begins_for = user.filter(|_| self.excepted.is_some());
    }

    /// The host shows an empty session from now on: what is put into it is there by decision.
    pub fn forget(&mut self) {
        self.bare = false;
    }

    /// The payload to read again; `None` where no session came in or it has ended.
    pub fn reload(&mut self) -> Option<&str> {
        self.enter(Command::Reload).then_some(())?;
        self.payload()
    }

    /// Seals the session again though nothing changed, so that its idle time starts anew.
    pub fn touch(&mut self) {
        self.renew |= self.enter(Command::Touch);
    }

    pub(super) fn enter(&mut self, command: Command) -> bool {
        let Some(state) = next(self.state, command) else { return false };
        self.state = state;
        self.epoch += u32::from(matches!(command, Command::Destroy | Command::Regenerate));
        true
    }

    pub(super) fn begin_anew(&mut self, leave: Leave, now: UnixMillis) {
        if self.suppressed {
            // What has ended stays so; what follows is a session of its own.
            self.bare |= self.incoming.is_some();
            self.suppressed = self.reason == Some(Reason::Unavailable);
            if let Some(stored) = &mut self.stored {
                *stored = Stored::default();
            }
        }
        self.enter(Command::Regenerate);
        self.leave_id(leave);
        if leave != Leave::Privilege {
            self.label.set(None);
        }
        self.meta.created = Some(now);
        self.moved = true;
    }

    /// The id that came in is not to open any more.
    pub(super) fn leave_id(&mut self, why: Leave) {
        self.ended.extend(self.meta.id.take().map(|id| (id, why)));
        if let Some(stored) = &mut self.stored {
            stored.leave(why);
        }
    }

    pub(super) fn can_carry_user(&self) -> Result<(), ConfigError> {
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
}
