//! What the host does at a store, in order, and what it says back.

use alloc::{string::String, vec, vec::Vec};

use crate::{
    error::Reason,
    payload::{Dialect, merge},
    record::{Content, Record},
    time::UnixMillis,
};

/// What a store has under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Raised by each write.
    pub version: i64,
    /// [`Record::to_text`].
    pub text: String,
}

/// What a store is to keep under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// [`Record::to_text`].
    pub text: String,
    /// For the index by user.
    pub user: Option<String>,
    /// When it may be swept.
    pub expires: Option<UnixMillis>,
}

/// One thing to do at a store. Keys are hashes of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Write under a key that is not there: [`Outcome::Done`] or `Exists`. The index by user comes first.
    Create {
        /// Where.
        key: String,
        /// What.
        entry: Entry,
    },
    /// Remove, if it is there.
    Delete {
        /// Where.
        key: String,
    },
    /// Write, whatever is there.
    Put {
        /// Where.
        key: String,
        /// What.
        entry: Entry,
    },
    /// Write only over this version, and raise it by one: `Done`, `Conflict` or `Gone`.
    Save {
        /// Where.
        key: String,
        /// What must be there.
        version: i64,
        /// What.
        entry: Entry,
    },
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Another version is there.
    Conflict(Row),
    /// It was done.
    Done,
    /// The key is there already.
    Exists,
    /// The store failed.
    Failed,
    /// The key is not there any more, and must not be made again.
    Gone,
}

/// Actions to run before the response is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "the host runs the actions"]
pub struct Actions {
    list: Vec<Action>,
    saving: Option<Saving>,
    conflicts: u32,
}

/// What a Save is made of, for when it meets another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saving {
    pub(super) key: String,
    /// What the host read.
    pub(super) base: String,
    /// What the host left.
    pub(super) mine: String,
    /// The epoch of what was read.
    pub(super) epoch: u32,
    /// What was to be written.
    pub(super) record: Record,
    pub(super) version: i64,
    pub(super) dialect: Dialect,
}

/// What follows when actions have been run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Another request was first: run these, after a pause that grows.
    Again(Actions),
    /// Nothing more.
    Done(Report),
}

/// What became of a session's writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How often another request was first.
    pub conflicts: u32,
    /// Why something was not written: `conflict` after too many tries, `ended` where another request ended the
    /// session, `identity` where it became another user's, `unavailable` where the store failed.
    pub reason: Option<Reason>,
    pub(super) written: Option<Saving>,
}

impl Actions {
    /// How often a write is tried.
    pub const MAX_TRIES: u32 = 16;

    pub(super) fn new(list: Vec<Action>, saving: Option<Saving>) -> Self {
        Self { list, saving, conflicts: 0 }
    }

    /// In the order in which they must be run; those behind a failed one are left out.
    pub fn as_slice(&self) -> &[Action] {
        &self.list
    }

    /// Takes the outcomes, in the order of the actions; the first that is not `Done` ends them.
    pub fn done(mut self, outcomes: Vec<Outcome>) -> Step {
        let report = |actions: Self, reason: Option<Reason>| {
            let written = actions.saving.filter(|_| reason.is_none());
            Step::Done(Report { conflicts: actions.conflicts, reason, written })
        };
        let all = outcomes.len() == self.list.len();
        match outcomes.into_iter().find(|outcome| *outcome != Outcome::Done) {
            None if all => report(self, None),
            Some(Outcome::Conflict(row)) => {
                self.conflicts += 1;
                match self.rebase(&row) {
                    Ok(Some(again)) => Step::Again(again),
                    Ok(None) => report(self, None),
                    Err(reason) => report(self, Some(reason)),
                }
            }
            Some(Outcome::Gone) => report(self, Some(Reason::Ended)),
            _ => report(self, Some(Reason::Unavailable)),
        }
    }

    /// The write again, over what another request wrote; `None` where there is nothing left to write.
    fn rebase(&mut self, row: &Row) -> Result<Option<Self>, Reason> {
        let Some(saving) = &mut self.saving else { return Err(Reason::Internal) };
        let theirs = Record::parse(&row.text)?;
        let Content::Payload(their_payload) = &theirs.content else { return Err(Reason::Ended) };
        let raised = saving.record.epoch != saving.epoch;
        if !raised && theirs.epoch != saving.epoch {
            return Err(Reason::Identity);
        }
        saving.version = row.version;
        if !raised && saving.mine == saving.base {
            // A touch: who wrote has touched it too.
            saving.record = theirs;
            return Ok(None);
        }
        if self.conflicts >= Self::MAX_TRIES {
            return Err(Reason::Conflict);
        }
        if raised {
            saving.record.epoch = theirs.epoch + 1;
        } else {
            let merged = merge(saving.dialect, &saving.base, &saving.mine, their_payload)?;
            saving.record.content = Content::Payload(merged);
        }
        saving.record.renewed = saving.record.renewed.max(theirs.renewed);
        saving.record.expires = saving.record.expires.max(theirs.expires);
        let list = vec![saving.action()];
        Ok(Some(Self { list, saving: self.saving.clone(), conflicts: self.conflicts }))
    }
}

impl Report {
    /// Nothing was written, and why.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

impl Saving {
    pub(super) fn action(&self) -> Action {
        Action::Save { key: self.key.clone(), version: self.version, entry: Entry::of(&self.record) }
    }
}

impl Entry {
    pub(super) fn of(record: &Record) -> Self {
        Self { text: record.to_text(), user: record.user.clone(), expires: record.expires }
    }
}
