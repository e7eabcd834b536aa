//! A store in memory that keeps its contract.

use std::collections::BTreeMap;

use shortcrust::{
    Action, Answer, Entry, Row, UnixMillis,
    record::{Content, Record},
};

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<String, (Row, Entry)>,
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
                let before = self.rows.len();
                self.rows.retain(|key, (_, entry)| {
                    entry.user.as_ref() != Some(user) || keep.as_ref() == Some(key)
                });
                Answer::Count((before - self.rows.len()) as u64)
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

    fn keep(&mut self, key: &str, version: i64, entry: &Entry) -> Answer {
        let row = Row { version, text: entry.text.clone() };
        self.rows.insert(key.to_owned(), (row, entry.clone()));
        Answer::Done
    }
}
