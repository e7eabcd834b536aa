//! A store in memory that keeps its contract.

use std::collections::BTreeMap;

use shortcrust::{Action, Answer, Entry, Row};

#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) rows: BTreeMap<String, Row>,
    entries: BTreeMap<String, Entry>,
}

impl MemoryStore {
    pub(crate) fn run(&mut self, action: &Action) -> Answer {
        match action {
            Action::Load { keys } => {
                Answer::Rows(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
            }
            Action::Create { key, .. } if self.rows.contains_key(key) => Answer::Exists,
            Action::Create { key, entry } | Action::Put { key, entry } => {
                let version = self.rows.get(key).map_or(1, |row| row.version + 1);
                self.keep(key, version, entry)
            }
            Action::Save { key, version, entry } => match self.rows.get(key) {
                None => Answer::Gone,
                Some(row) if row.version != *version => Answer::Conflict(row.clone()),
                Some(_) => self.keep(key, version + 1, entry),
            },
            Action::Revoke { user, keep } => {
                let count = self.remove_where(|key, entry| {
                    entry.user.as_ref() == Some(user) && keep.as_ref() != Some(key)
                });
                Answer::Count(count)
            }
            Action::Sweep { before, .. } => {
                self.remove_where(|_, entry| entry.expires.is_some_and(|end| end < *before));
                Answer::Done
            }
            other => unreachable!("sessions in a store ask for no {other:?}"),
        }
    }

    fn remove_where(&mut self, is_meant: impl Fn(&String, &Entry) -> bool) -> u64 {
        let before = self.entries.len();
        self.entries.retain(|key, entry| !is_meant(key, entry));
        self.rows.retain(|key, _| self.entries.contains_key(key));
        (before - self.entries.len()) as u64
    }

    fn keep(&mut self, key: &str, version: i64, entry: &Entry) -> Answer {
        self.rows.insert(key.to_owned(), Row { version, text: entry.text.clone() });
        self.entries.insert(key.to_owned(), entry.clone());
        Answer::Done
    }
}
