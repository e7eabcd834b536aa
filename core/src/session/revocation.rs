//! Sessions in cookies can't be deleted; a store remembers which are over.
//!
//! Three marks say so: an id that ended; a user all of whose sessions ended that began until then; an id that was
//! excepted from that. They are kept for as long as such a cookie could open.

use alloc::{format, string::String, vec, vec::Vec};

use super::{
    Engine,
    actions::{Action, Answer, Entry, Need, Row},
    engine::Mode,
};
use crate::{
    encoding::base64url,
    error::Reason,
    meta::Meta,
    record::{Content, Record, Scope},
    time::UnixMillis,
};

/// What to ask for: the mark of the id, of its user, and of the exception.
pub(super) fn keys(scope: &Scope, id: Option<&[u8; 16]>, user: Option<String>) -> Vec<String> {
    let none = [0; 16];
    let id = id.unwrap_or(&none);
    let mut keys = vec![ended(scope, id)];
    if let Some(user) = user {
        keys.extend([of_user(scope, &user), kept(scope, &user, id)]);
    }
    keys
}

/// Until when the session is excepted from revocations; or `revoked`, and since when where it was this very session that
/// ended.
pub(super) fn verdict(
    meta: &Meta,
    rows: &[Option<Row>],
) -> Result<Option<UnixMillis>, (Reason, Option<UnixMillis>)> {
    let since = |at: usize| rows.get(at).and_then(Option::as_ref).and_then(time_of);
    if let Some(since) = since(0) {
        return Err((Reason::Revoked, Some(since)));
    }
    if since(2) < since(1) {
        let of_user = rows.get(1).and_then(Option::as_ref);
        of_all(meta.created.or(meta.issued), of_user).map_err(|reason| (reason, None))?;
    }
    Ok(since(2))
}

/// By when the session began, not when it was sealed: a request in flight seals it anew.
pub(super) fn of_all(created: Option<UnixMillis>, of_user: Option<&Row>) -> Result<(), Reason> {
    let Some(not_before) = of_user.and_then(time_of) else { return Ok(()) };
    match created {
        Some(created) if created.secs() > not_before.secs() => Ok(()),
        _ => Err(Reason::Revoked),
    }
}

pub(super) fn time_of(row: &Row) -> Option<UnixMillis> {
    Record::parse(&row.text).ok().map(|record| record.created)
}

/// A revocation on its way: the host runs what it needs, as for a session.
#[derive(Clone, Debug)]
pub struct Revocation {
    engine: Engine,
    step: Step,
    /// How many records ended, where they are counted.
    count: Option<u64>,
    is_failed: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Ask(Vec<Action>),
    /// One session: read, then swapped for a tombstone.
    Load {
        key: String,
        user: Option<String>,
    },
    Swap {
        key: String,
        user: Option<String>,
        row: Row,
    },
    Done,
}

impl Engine {
    /// Ends all sessions of a user that began until now, but for the record `keep`.
    ///
    /// Clocks of servers differ: what began within the skew from now, by the clock of another, is meant too. A login
    /// looks for this mark, so that a session that really begins later is not.
    pub fn revoke_all(&self, user: &str, keep: Option<&str>, now: UnixMillis) -> Revocation {
        let scope = &self.0.scope;
        let revoke = || Action::Revoke { user: scope.user(user), keep: keep.map(Into::into) };
        let mark = || {
            let until = now.plus(self.0.policy.skew);
            Action::Put { key: of_user(scope, user), entry: self.mark(until, now) }
        };
        let list = match self.0.mode {
            Mode::Cookies => Vec::new(),
            Mode::Revocations => vec![mark()],
            // An old cookie of theirs, that no request has brought yet, is not in the store.
            Mode::Sessions if self.0.chain.reads_payloads() => vec![mark(), revoke()],
            Mode::Sessions => vec![revoke()],
        };
        Revocation::new(self, Step::Ask(list))
    }

    /// Ends the session of a record; where `user` is given, only if it is theirs. [`Revocation::count`] says whether.
    pub fn revoke(&self, key: &str, user: Option<&str>) -> Revocation {
        Revocation::new(self, Step::Load { key: key.into(), user: user.map(Into::into) })
    }

    /// A time under a key, for as long as a cookie could open to which it matters.
    pub(super) fn mark(&self, since: UnixMillis, now: UnixMillis) -> Entry {
        let expires = self.0.policy.absolute.map(|span| now.plus(span));
        Entry::of(&Record { expires, ..Record::tombstone(since) }, None)
    }
}

impl Revocation {
    fn new(engine: &Engine, step: Step) -> Self {
        Self { engine: engine.clone(), step, count: None, is_failed: false }
    }

    /// What it waits for.
    pub fn need(&self) -> Need {
        match &self.step {
            Step::Ask(list) if list.is_empty() => Need::Done,
            Step::Ask(list) => Need::Ask(list.clone()),
            Step::Load { key, .. } => Need::Ask(vec![Action::Load { keys: vec![key.clone()] }]),
            Step::Swap { key, row, .. } => Need::Ask(vec![swap(key, row)]),
            Step::Done => Need::Done,
        }
    }

    /// Takes the answers.
    pub fn answer(&mut self, answers: Vec<Answer>, now: UnixMillis) {
        let step = core::mem::replace(&mut self.step, Step::Done);
        self.is_failed |= answers.contains(&Answer::Failed);
        let Some(last) = answers.into_iter().next_back() else { return };
        match (step, last) {
            (Step::Ask(_), Answer::Count(count)) => self.count = Some(count),
            (Step::Load { key, user }, Answer::Rows(rows)) => {
                self.found(key, user, rows.into_iter().next().flatten(), now);
            }
            (Step::Swap { key, user, .. }, Answer::Conflict(row)) => self.found(key, user, Some(row), now),
            (Step::Swap { .. }, Answer::Done) => self.count = Some(1),
            (Step::Swap { .. } | Step::Load { .. }, Answer::Gone) => self.count = Some(0),
            _ => {}
        }
    }

    /// How many records ended; `None` for sessions in cookies, which nobody counts.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// The store failed, and nobody knows what ended.
    pub fn is_failed(&self) -> bool {
        self.is_failed
    }

    fn found(&mut self, key: String, user: Option<String>, row: Option<Row>, now: UnixMillis) {
        self.count = Some(0);
        let Some((row, record)) = row
            .and_then(|row| Some((Record::parse(&row.text).ok()?, row)))
            .map(|(record, row)| (row, record))
        else {
            return;
        };
        // Of a sealed record the index of its user is there.
        let named = |user: &String| match record.content {
            Content::Sealed(_) => self.engine.0.scope.user(user),
            _ => user.clone(),
        };
        let is_theirs = user.is_none() || user.as_ref().map(named) == record.user;
        if record.content != Content::Tombstone && is_theirs {
            let text = tombstone_of(&record, now, &self.engine).text;
            self.step = Step::Swap { key, user, row: Row { text, ..row } };
        }
    }
}

fn swap(key: &str, row: &Row) -> Action {
    let expires = Record::parse(&row.text).ok().and_then(|record| record.expires);
    let entry = Entry { text: row.text.clone(), user: None, expires };
    Action::Save { key: key.into(), version: row.version, entry }
}

/// What takes a record's place where its session ended or moved away: for as long as a late request may come, or as an
/// old cookie could be converted once more.
pub(super) fn tombstone_of(record: &Record, now: UnixMillis, engine: &Engine) -> Entry {
    let short = Some(now.plus(engine.0.tombstone));
    let expires = if record.converted { record.expires } else { short };
    Entry::of(&Record { expires, epoch: record.epoch, ..Record::tombstone(now) }, None)
}

pub(super) fn ended(scope: &Scope, id: &[u8; 16]) -> String {
    scope.mark(&format!("ended {}", base64url(id)))
}

pub(super) fn of_user(scope: &Scope, user: &str) -> String {
    scope.mark(&format!("user {user}"))
}

pub(super) fn kept(scope: &Scope, user: &str, id: &[u8; 16]) -> String {
    scope.mark(&format!("kept {} {user}", base64url(id)))
}
