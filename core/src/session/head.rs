//! What the response is to carry.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

use super::{
    Content, Event, Head, Session,
    engine::Settings,
    tables::{CookieChange, State},
};
use crate::{
    cookie::SetCookie,
    entropy::{Entropy, draw},
    envelope,
    error::{Reason, SealError},
    format::{MAX_PAYLOAD, SealContext},
    meta::Meta,
    payload::{self, Facts},
    time::{Seconds, UnixMillis},
};

impl Session {
    /// The cookies to set. `connection` says whether the request came over https.
    ///
    /// What nobody asked for fails nothing: a session that was only to be renewed or converted, and does not fit into a
    /// cookie, stays in the cookie that it came in.
    pub fn head(
        &mut self,
        content: &Content<'_>,
        connection: bool,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<Head, SealError> {
        self.follow_identity(content, now);
        let mut head = Head { vary: true, ..Head::default() };
        match self.cookie_change(content, now) {
            CookieChange::Nothing => {}
            CookieChange::Expire => {
                head.cookies = self.deletions(connection);
                if self.stored.is_none() {
                    self.events.add(Event::Ended);
                }
            }
            CookieChange::Seal => match self.set_cookie(content, connection, now, rng) {
                Ok(cookie) => {
                    head.cookies.push(cookie);
                    self.tell_cookie(content);
                    if self.cookie_sent && self.epoch > 0 {
                        // The newer cookie counts until it ends, and the older one may live longer.
                        head.cookies.extend(self.deletions_elsewhere(connection));
                    }
                }
                Err(error) if self.stored.is_none() && !content.is_asked() && !self.moved => {
                    self.not_renewed = Some(error);
                }
                Err(error) => return Err(error),
            },
        }
        self.is_head_given = true;
        head.cache_control = (!head.cookies.is_empty()).then_some("private, no-store");
        Ok(head)
    }

    /// A session in its cookie; of one in a store the store's writes are told.
    fn tell_cookie(&mut self, content: &Content<'_>) {
        match self.state {
            _ if self.stored.is_some() => {}
            State::Live if content.is_asked() && !self.is_cookie_stale => {}
            State::Live => self.tell_again(),
            State::Fresh | State::Ended => self.events.add(Event::Created),
        }
    }

    /// Why a session that was only to be renewed or converted stays in the cookie that it came in.
    pub fn not_renewed(&self) -> Option<&SealError> {
        self.not_renewed.as_ref()
    }

    /// The id that the cookie has, or will have: it is API in some frameworks. `None` for a session in its cookie.
    pub fn id(&mut self, rng: &mut dyn Entropy) -> Result<Option<&str>, SealError> {
        let bytes = self.settings.id_bytes;
        self.stored.as_mut().map(|stored| stored.ensure_id(bytes, rng)).transpose()
    }

    /// The token alone, for hosts that decide and spell Set-Cookie as their peer does.
    pub fn seal(&self, payload: &str, now: UnixMillis, rng: &mut dyn Entropy) -> Result<String, SealError> {
        self.check(payload, MAX_PAYLOAD)?;
        self.token(payload, self.user_in(payload), now, rng)
    }

    fn token(
        &self,
        body: &str,
        user: Option<String>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<String, SealError> {
        let created = self.meta.created.or(self.meta.issued).unwrap_or(now);
        let expires = self.settings.policy.expires(now, created);
        let meta = Meta { issued: Some(now), created: Some(created), expires, user, id: self.meta.id };
        let writer = self.settings.chain.writer();
        writer.seal(&SealContext { name: &self.settings.name, body, meta: &meta }, rng)
    }

    /// What open would refuse.
    pub(super) fn check(&self, payload: &str, most: usize) -> Result<Facts, SealError> {
        let refuse = |reason, message: &str| Err(SealError::new(reason, message));
        if payload.len() > most {
            let most = most / 1024;
            return refuse(Reason::TooLarge, &format!("the session is over {most} KiB: put less into it"));
        }
        match payload::scan(payload, self.settings.dialect) {
            Ok(facts) => Ok(facts),
            Err(Reason::TooLarge) => {
                refuse(Reason::TooLarge, "the session nests deeper than 200 levels: put less into it")
            }
            Err(Reason::NotAnObject) => refuse(Reason::NotAnObject, "the session is not an object"),
            Err(reason) => refuse(reason, "the session is not JSON"),
        }
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
        let host_only = self.duplicates || self.is_cookie_stale;
        SetCookie::deletions_elsewhere(name, attributes, host_only, connection)
    }

    fn set_cookie(
        &mut self,
        content: &Content<'_>,
        connection: bool,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<SetCookie, SealError> {
        let base = self.payload().unwrap_or("{}");
        let payload = self.kept(content.text().unwrap_or(base), base).into_owned();
        let permanent = envelope::flask_permanent(&payload);
        let token = if let Some(stored) = &mut self.stored {
            let id = stored.ensure_id(self.settings.id_bytes, rng)?.to_owned();
            self.cookie_due = CookieChange::Nothing;
            self.token(&id, None, now, rng)?
        } else {
            if self.meta.id.is_none() && self.settings.chain.writer().carries().id {
                self.meta.id = Some(draw(rng)?);
            }
            self.seal(&payload, now, rng)?
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
