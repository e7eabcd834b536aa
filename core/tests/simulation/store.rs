//! A store in memory that keeps account of what happened to it.

use std::collections::{BTreeSet, HashMap};

use shortcrust::{
    Action, Answer, UnixMillis,
    record::{Content, Record},
};

use crate::memory_store::MemoryStore;

#[derive(Default)]
pub(crate) struct Store {
    memory: MemoryStore,
    /// What revocations removed.
    pub(crate) revoked: BTreeSet<String>,
    /// Sessions that had ended by the clock when they were swept.
    pub(crate) swept: BTreeSet<String>,
    /// Which request has put a tombstone in a session's place.
    pub(crate) tombstones: HashMap<String, usize>,
    /// When a key was written first, and last.
    pub(crate) written: HashMap<String, (UnixMillis, UnixMillis)>,
}

impl Store {
    pub(crate) fn run(&mut self, action: &Action, now: UnixMillis, request: usize) -> Answer {
        let before: Vec<String> = match action {
            Action::Revoke { .. } => self.keys().cloned().collect(),
            Action::Sweep { .. } => self.keys().filter(|key| self.live(key).is_some()).cloned().collect(),
            _ => Vec::new(),
        };
        let answer = self.memory.run(action);
        let gone = before.into_iter().filter(|key| !self.memory.rows.contains_key(key));
        match action {
            Action::Revoke { .. } => self.revoked.extend(gone),
            Action::Sweep { .. } => self.swept.extend(gone),
            Action::Create { key, .. } | Action::Save { key, .. } if answer == Answer::Done => {
                let written = self.written.entry(key.clone());
                written.and_modify(|(_, last)| *last = now).or_insert((now, now));
                if matches!(action, Action::Save { .. }) && self.live(key).is_none() {
                    self.tombstones.insert(key.clone(), request);
                }
            }
            _ => {}
        }
        answer
    }

    pub(crate) fn sweep(&mut self, before: UnixMillis) {
        self.run(&Action::Sweep { before, limit: u32::MAX }, before, 0);
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.memory.rows.keys()
    }

    /// The record of a session that has not ended, but perhaps by the clock.
    pub(crate) fn live(&self, key: &str) -> Option<Record> {
        let record = Record::parse(&self.memory.rows.get(key)?.text).unwrap();
        (record.content != Content::Tombstone).then_some(record)
    }
}
