//! Sessions in cookies can't be deleted; a store remembers which are over.
//!
//! Three marks say so: an id that ended; a user all of whose sessions ended that began until then; an id that was
//! excepted from that. They are kept for as long as such a cookie could open.
//!
//! The mark of a user only rises, whatever the servers' clocks say: each revocation writes a later one than it found, and
//! only over that. So what was excepted from one revocation is not from the next, and none undoes another.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};

use super::{
    Engine, Session,
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

/// How often a mark is raised again because another revocation was first.
const MAX_TRIES: u32 = 32;

/// From which revocations of its user's sessions a session is excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excepted {
    /// All that came before its login, which has not looked at them yet.
    AllBefore,
    /// Those by a mark until then.
    Until(UnixMillis),
}

impl Excepted {
    fn is_from(self, since: UnixMillis) -> bool {
        match self {
            Self::AllBefore => true,
            Self::Until(until) => since <= until,
        }
    }
}

/// What a session was before a login made a new one of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) created: Option<UnixMillis>,
    pub(super) excepted: Option<Excepted>,
}

impl Session {
    pub(super) fn before(&self) -> Before {
        Before { created: self.meta.created.or(self.meta.issued), excepted: self.excepted }
    }
}

impl Before {
    pub(super) fn is_meant(self, since: UnixMillis) -> bool {
        is_meant(self.created, since) && !self.excepted.is_some_and(|excepted| excepted.is_from(since))
    }
}

/// The mark of a user that a revocation has written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    pub(super) since: UnixMillis,
    /// What was there before.
    pub(super) over: Option<UnixMillis>,
}

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

/// From what the session is excepted; or `revoked`, and since when where it was this very session that
/// ended.
pub(super) fn verdict(
    meta: &Meta,
    rows: &[Option<Row>],
) -> Result<Option<Excepted>, (Reason, Option<UnixMillis>)> {
    let since = |at: usize| rows.get(at).and_then(Option::as_ref).and_then(time_of);
    if let Some(since) = since(0) {
        return Err((Reason::Revoked, Some(since)));
    }
    let before = Before { created: meta.created.or(meta.issued), excepted: since(2).map(Excepted::Until) };
    match since(1) {
        Some(of_user) if before.is_meant(of_user) => Err((Reason::Revoked, None)),
        _ => Ok(before.excepted),
    }
}

/// Of a session that nothing excepts.
pub(super) fn of_all(created: Option<UnixMillis>, of_user: Option<&Row>) -> Result<(), Reason> {
    let is_revoked = of_user.and_then(time_of).is_some_and(|since| is_meant(created, since));
    if is_revoked { Err(Reason::Revoked) } else { Ok(()) }
}

/// By when the session began, not when it was sealed: a request in flight seals it anew.
pub(super) fn is_meant(created: Option<UnixMillis>, since: UnixMillis) -> bool {
    created.is_none_or(|created| created.secs() <= since.secs())
}

pub(super) fn time_of(row: &Row) -> Option<UnixMillis> {
    Record::parse(&row.text).ok().map(|record| record.created)
}

/// A revocation on its way: the host runs what it needs, as for a session.
#[derive(Clone, Debug)]
pub struct Revocation {
    engine: Engine,
    step: Step,
    marked: Option<Marked>,
    /// How many records ended, where they are counted.
    count: Option<u64>,
    is_failed: bool,
}

#[derive(Clone, Debug)]
enum Step {
    /// The user's mark is read, then raised.
    LoadMark(Raise),
    RaiseMark(Raise, Box<Action>),
    /// The user's records are removed.
    Remove(Box<Action>),
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

/// A mark of a user that is to rise.
#[derive(Clone, Debug)]
struct Raise {
    key: String,
    tries: u32,
    /// What follows.
    then: Option<Box<Action>>,
}

impl Engine {
    /// Ends all sessions of a user that began until now, but for the record `keep`.
    ///
    /// Clocks of servers differ: what began within the skew from now, by the clock of another, is meant too. A login
    /// looks for this mark, so that a session that really begins later is not.
    pub fn revoke_all(&self, user: &str, keep: Option<&str>) -> Revocation {
        let scope = &self.0.scope;
        let raise = |then| Step::LoadMark(Raise { key: of_user(scope, user), tries: 0, then });
        let remove = || Action::Revoke { user: scope.user(user), keep: keep.map(Into::into) };
        let step = match self.0.mode {
            Mode::Cookies => Step::Done,
            Mode::Revocations => raise(None),
            // An old cookie of theirs, that no request has brought yet, is not in the store.
            Mode::Sessions if self.0.chain.reads_payloads() => raise(Some(remove().into())),
            Mode::Sessions => Step::Remove(remove().into()),
        };
        Revocation::new(self, step)
    }

    /// Ends the session of a record; where `user` is given, only if it is theirs. [`Revocation::count`] says whether.
    pub fn revoke(&self, key: &str, user: Option<&str>) -> Revocation {
        Revocation::new(self, Step::Load { key: key.into(), user: user.map(Into::into) })
    }

    /// A time under a key, for as long as a cookie could open to which it matters: one of a server whose clock is ahead
    /// too.
    pub(super) fn mark(&self, since: UnixMillis, now: UnixMillis) -> Entry {
        let last = since.max(now.plus(self.0.policy.skew));
        let expires = self.0.policy.absolute.map(|span| last.plus(span));
        Entry::of(&Record { expires, ..Record::tombstone(since) }, None)
    }
}

impl Revocation {
    fn new(engine: &Engine, step: Step) -> Self {
        Self { engine: engine.clone(), step, marked: None, count: None, is_failed: false }
    }

    /// What it waits for.
    pub fn need(&self) -> Need {
        let load = |key: &String| Action::Load { keys: vec![key.clone()] };
        let action = match &self.step {
            Step::LoadMark(raise) => load(&raise.key),
            Step::RaiseMark(_, action) | Step::Remove(action) => (**action).clone(),
            Step::Load { key, .. } => load(key),
            Step::Swap { key, row, .. } => swap(key, row),
            Step::Done => return Need::Done,
        };
        Need::Ask(vec![action])
    }

    /// Takes the answers.
    pub fn answer(&mut self, answers: Vec<Answer>, now: UnixMillis) {
        let step = core::mem::replace(&mut self.step, Step::Done);
        let Some(answer) = answers.into_iter().next_back() else { return };
        self.is_failed = answer == Answer::Failed;
        match (step, answer) {
            (Step::LoadMark(raise), Answer::Rows(rows)) => {
                self.raise(raise, rows.into_iter().next().flatten().as_ref(), now);
            }
            (Step::RaiseMark(raise, _), Answer::Conflict(row)) => self.raise(raise, Some(&row), now),
            (Step::RaiseMark(raise, _), Answer::Exists | Answer::Gone) => self.step = Step::LoadMark(raise),
            (Step::RaiseMark(raise, _), Answer::Done) => {
                self.step = raise.then.map_or(Step::Done, Step::Remove);
            }
            (Step::Remove(_), Answer::Count(count)) => self.count = Some(count),
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

    /// By what the user's sessions in cookies ended.
    pub(super) fn marked(&self) -> Option<Marked> {
        self.marked
    }

    /// What another revocation writes meanwhile does not do for this one: it may except a session that this one means.
    fn raise(&mut self, raise: Raise, old: Option<&Row>, now: UnixMillis) {
        if raise.tries == MAX_TRIES {
            self.is_failed = true;
            return;
        }
        let over = old.and_then(time_of);
        let ahead = now.plus(self.engine.0.policy.skew);
        let since = over.map_or(ahead, |over| ahead.max(UnixMillis(over.0.saturating_add(1))));
        let (key, entry) = (raise.key.clone(), self.engine.mark(since, now));
        let action = match old {
            None => Action::Create { key, entry },
            Some(row) => Action::Save { key, version: row.version, entry },
        };
        self.marked = Some(Marked { since, over });
        self.step = Step::RaiseMark(Raise { tries: raise.tries + 1, ..raise }, action.into());
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
