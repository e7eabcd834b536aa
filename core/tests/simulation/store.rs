//! A store in memory that keeps account of what happened to it.

use std::collections::{BTreeSet, HashMap};

use shortcrust::{
    Action, Answer, Entry, Row, UnixMillis,
    record::{Content, Record},
};

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) rows: HashMap<String, Row>,
    users: HashMap<String, String>,
    /// When a row may be swept.
    ends: HashMap<String, UnixMillis>,
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
        match action {
            Action::Load { keys } => {
                Answer::Rows(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
            }
            Action::Create { key, .. } if self.rows.contains_key(key) => Answer::Exists,
            Action::Create { key, entry } => self.keep(key, 1, entry, now),
            Action::Save { key, version, entry } => match self.rows.get(key) {
                None => Answer::Gone,
                Some(row) if row.version != *version => Answer::Conflict(row.clone()),
                Some(_) => {
                    let answer = self.keep(key, version + 1, entry, now);
                    if self.live(key).is_none() {
                        self.tombstones.insert(key.clone(), request);
                    }
                    answer
                }
            },
            Action::Revoke { user, keep } => {
                let is_meant = |key: &String| self.users.get(key) == Some(user) && keep.as_ref() != Some(key);
                let keys: Vec<String> = self.rows.keys().filter(|key| is_meant(key)).cloned().collect();
                for key in &keys {
                    self.remove(key);
                }
                self.revoked.extend(keys.iter().cloned());
                Answer::Count(keys.len() as u64)
            }
            Action::Sweep { before, .. } => {
                self.sweep(*before);
                Answer::Done
            }
            other => unreachable!("sessions in a store ask for no {other:?}"),
        }
    }

    pub(crate) fn sweep(&mut self, before: UnixMillis) {
        let is_over = |key: &String| self.ends.get(key).is_some_and(|end| *end < before);
        let keys: Vec<String> = self.rows.keys().filter(|key| is_over(key)).cloned().collect();
        for key in keys {
            if self.live(&key).is_some() {
                self.swept.insert(key.clone());
            }
            self.remove(&key);
        }
    }

    /// The record of a session that has not ended, but perhaps by the clock.
    pub(crate) fn live(&self, key: &str) -> Option<Record> {
        let record = Record::parse(&self.rows.get(key)?.text).unwrap();
        (record.content != Content::Tombstone).then_some(record)
    }

    fn keep(&mut self, key: &str, version: i64, entry: &Entry, now: UnixMillis) -> Answer {
        self.remove(key);
        let key = key.to_owned();
        self.rows.insert(key.clone(), Row { version, text: entry.text.clone() });
        self.users.extend(entry.user.clone().map(|user| (key.clone(), user)));
        self.ends.extend(entry.expires.map(|end| (key.clone(), end)));
        self.written.entry(key).and_modify(|(_, last)| *last = now).or_insert((now, now));
        Answer::Done
    }

    fn remove(&mut self, key: &str) {
        self.rows.remove(key);
        self.users.remove(key);
        self.ends.remove(key);
    }
}
