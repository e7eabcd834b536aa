//! What the host does at a store, in order, and what it says back.

use alloc::{string::String, vec::Vec};

use crate::{record::Record, time::UnixMillis};

/// What a store has under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Raised by each write; never the same twice under one key.
    pub version: i64,
    /// [`Record::to_text`].
    pub text: String,
}

/// What a store is to keep under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// [`Record::to_text`].
    pub text: String,
    /// By what the sessions of one user are found: [`Scope::user`](crate::record::Scope::user).
    pub user: Option<String>,
    /// When it may be swept.
    pub expires: Option<UnixMillis>,
}

/// One thing to do at a store. Keys are hashes of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Write under a key that is not there: [`Answer::Done`] or `Exists`. The index by user comes first.
    Create {
        /// Where.
        key: String,
        /// What.
        entry: Entry,
    },
    /// What is there, in one round trip: [`Answer::Rows`], in the order of the keys.
    Load {
        /// Where.
        keys: Vec<String>,
    },
    /// Write, whatever is there, and raise the version.
    Put {
        /// Where.
        key: String,
        /// What.
        entry: Entry,
    },
    /// What another library keeps under an id: [`Answer::Rows`] with one row or none, whose version doesn't matter.
    ReadRow {
        /// The position of the [`Reader`](crate::Reader) that opened the cookie.
        reader: usize,
        /// The library's own.
        id: String,
    },
    /// Remove what another library keeps under an id, since the session is ours now or has ended.
    RemoveRow {
        /// As of `ReadRow`.
        reader: usize,
        /// As of `ReadRow`.
        id: String,
    },
    /// Remove a user's records but for one: [`Answer::Count`].
    Revoke {
        /// As in [`Entry::user`].
        user: String,
        /// The key of the one that stays.
        keep: Option<String>,
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
    /// Remove records that ended, at most `limit`. A store whose server does so is not asked. What comes of it is no
    /// matter of the request's.
    Sweep {
        /// When they ended at the latest.
        before: UnixMillis,
        /// How many.
        limit: u32,
    },
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Another version is there.
    Conflict(Row),
    /// How many records were removed.
    Count(u64),
    /// It was done.
    Done,
    /// The key is there already.
    Exists,
    /// The store failed.
    Failed,
    /// The key is not there any more, and must not be made again.
    Gone,
    /// What is there.
    Rows(Vec<Option<Row>>),
}

/// What a session waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Run these in their order, up to the first that is not done, and hand in the answers.
    Ask(Vec<Action>),
    /// Nothing.
    Done,
    /// Another request was first: stand in this queue of the process until all is done, and sleep so long; then go on
    /// with no answers.
    Wait {
        /// Milliseconds.
        millis: u32,
        /// The record's key.
        queue: String,
    },
}

impl Action {
    /// Of 64 new records one is followed by a sweep: which one, their random keys decide.
    pub(super) fn sweep_after(key: &str, now: UnixMillis) -> Option<Self> {
        key.starts_with('A').then_some(Self::Sweep { before: now, limit: 1_000 })
    }
}

impl Entry {
    pub(super) fn of(record: &Record, user: Option<String>) -> Self {
        Self { text: record.to_text(), user, expires: record.expires }
    }
}

/// What was found for each key of a load; nothing where the answer is another.
pub(super) fn rows(answers: Vec<Answer>) -> Vec<Option<Row>> {
    let found = answers.into_iter().find_map(|answer| match answer {
        Answer::Rows(rows) => Some(rows),
        _ => None,
    });
    found.unwrap_or_default()
}
