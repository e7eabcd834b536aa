//! A store in memory that keeps its contract.

use std::collections::{BTreeMap, BTreeSet};

use shortcrust::{
    Action, Answer, Entry, Row, UnixMillis,
    record::{Content, Record},
};

use crate::request::Data;

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<String, (Row, Entry)>,
    /// Keys whose sessions have ended.
    ended: BTreeSet<String>,
    /// Those of them that were written again.
    pub(crate) undone: BTreeSet<String>,
    /// What was ever written: entries of sessions, and whose they were.
    owners: BTreeMap<String, String>,
    pub(crate) committed: BTreeSet<String>,
    /// Whether the request hears what the store does for it; else what it wrote is its own still.
    pub(crate) is_heard: bool,
    /// Entries that went to another user.
    pub(crate) handed: BTreeSet<String>,
}

impl Store {
    pub(crate) fn run(&mut self, action: &Action) -> Answer {
        match action {
            Action::Load { keys } => {
                Answer::Rows(keys.iter().map(|key| Some(self.rows.get(key)?.0.clone())).collect())
            }
            Action::Create { key, .. } if self.rows.contains_key(key) => Answer::Exists,
            Action::Create { key, entry } => self.keep(key, 1, entry),
            Action::Put { key, entry } => {
                let version = self.rows.get(key).map_or(1, |(row, _)| row.version + 1);
                self.keep(key, version, entry)
            }
            Action::Save { key, version, entry } => match self.rows.get(key) {
                None => Answer::Gone,
                Some((row, _)) if row.version != *version => Answer::Conflict(row.clone()),
                Some(_) => self.keep(key, version + 1, entry),
            },
            Action::Revoke { user, keep } => {
                let is_meant = |(key, (_, entry)): &(&String, &(Row, Entry))| {
                    entry.user.as_ref() == Some(user) && keep.as_ref() != Some(key)
                };
                let keys: Vec<String> =
                    self.rows.iter().filter(is_meant).map(|(key, _)| key.clone()).collect();
                self.rows.retain(|key, _| !keys.contains(key));
                let count = keys.len() as u64;
                self.ended.extend(keys);
                Answer::Count(count)
            }
            Action::Sweep { before, .. } => {
                self.sweep(*before);
                Answer::Done
            }
            other => unreachable!("no scenario has {other:?}"),
        }
    }

    /// The records of sessions that have not ended.
    pub(crate) fn live(&self) -> impl Iterator<Item = (&String, Record)> {
        self.rows.iter().filter_map(|(key, (row, _))| {
            let record = Record::parse(&row.text).ok()?;
            (record.content != Content::Tombstone).then_some((key, record))
        })
    }

    fn sweep(&mut self, before: UnixMillis) {
        self.rows.retain(|_, (_, entry)| entry.expires.is_none_or(|end| end >= before));
    }

    /// What the promises are about.
    fn watch(&mut self, key: &str, entry: &Entry) {
        let Ok(Record { user, content, .. }) = Record::parse(&entry.text) else { return };
        let Content::Payload(payload) = content else {
            self.ended.insert(key.to_owned());
            return;
        };
        if self.ended.contains(key) {
            self.undone.insert(key.to_owned());
        }
        let data: Data = serde_json::from_str(&payload).expect("an object");
        for (name, _) in data {
            if self.owners.get(&name).is_some_and(|owner| Some(owner) != user.as_ref()) {
                self.handed.insert(name.clone());
            }
            if self.is_heard {
                self.owners.extend(user.clone().map(|user| (name.clone(), user)));
                self.committed.insert(name);
            }
        }
    }

    fn keep(&mut self, key: &str, version: i64, entry: &Entry) -> Answer {
        self.watch(key, entry);
        let row = Row { version, text: entry.text.clone() };
        self.rows.insert(key.to_owned(), (row, entry.clone()));
        Answer::Done
    }
}
