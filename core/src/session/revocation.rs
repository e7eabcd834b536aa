//! Sessions in cookies can't be deleted; a store remembers which are over.
//!
//! Three marks say so: an id that ended; a user all of whose sessions ended that began until then; an id that was
//! excepted from that. They are kept for as long as such a cookie could open.

use alloc::{format, string::String, vec, vec::Vec};

use super::{
    Engine, Session,
    actions::{Action, Entry, Row},
    chain::Found,
    engine::Keeping,
};
use crate::{
    encoding::base64url,
    error::Reason,
    record::{self, Content, Record},
    time::UnixMillis,
};

/// What to ask for: the mark of the id, of its user, and of the exception.
pub(super) fn keys(found: &Found) -> Vec<String> {
    let meta = &found.opened.meta;
    let Some(id) = meta.id else { return Vec::new() };
    let mut keys = vec![ended(&id)];
    if let Some(user) = &meta.user {
        keys.extend([of_user(user), kept(user, &id)]);
    }
    keys
}

pub(super) fn verdict(found: &[Found], rows: &[Option<Row>]) -> Result<(), Reason> {
    let since = |at: usize| {
        let row = rows.get(at).and_then(Option::as_ref)?;
        Record::parse(&row.text).ok().map(|record| record.created)
    };
    let created = found.first().and_then(|found| found.opened.meta.created);
    // By when the session began, not when it was sealed: a request in flight seals it anew.
    let is_before = match (created, since(1)) {
        (Some(created), Some(not_before)) => created.secs() <= not_before.secs(),
        (None, not_before) => not_before.is_some(),
        (_, None) => false,
    };
    if since(0).is_some() || (is_before && since(2) < since(1)) { Err(Reason::Revoked) } else { Ok(()) }
}

impl Engine {
    /// Ends all sessions in cookies that a user began until now, but for `except`: what a store has to be told.
    pub fn revoke_all(&self, user: &str, except: Option<&[u8; 16]>, now: UnixMillis) -> Vec<Action> {
        let mark = |key| Action::Put { key, entry: self.mark(now) };
        // The exception first: between the two nobody is logged out who should not be.
        except.map(|id| mark(kept(user, id))).into_iter().chain([mark(of_user(user))]).collect()
    }

    fn mark(&self, now: UnixMillis) -> Entry {
        let expires = self.policy().absolute.map(|span| now.plus(span));
        Entry::of(&Record {
            created: now,
            renewed: now,
            expires,
            epoch: 0,
            user: None,
            content: Content::Tombstone,
        })
    }
}

impl Session {
    /// The marks of the ids that ended in this request.
    pub(super) fn marks(&mut self, now: UnixMillis) -> Vec<Action> {
        if self.settings.keeping != Keeping::Revocations {
            return Vec::new();
        }
        let entry = Engine::from(&*self).mark(now);
        let ids = core::mem::take(&mut self.ended);
        ids.iter().map(|id| Action::Put { key: ended(id), entry: entry.clone() }).collect()
    }
}

fn ended(id: &[u8; 16]) -> String {
    record::key(&format!("ended {}", base64url(id)))
}

fn of_user(user: &str) -> String {
    record::key(&format!("user {user}"))
}

fn kept(user: &str, id: &[u8; 16]) -> String {
    record::key(&format!("kept {} {user}", base64url(id)))
}
