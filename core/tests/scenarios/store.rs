//! A store in memory, and what the promises say of what is in it.

use std::collections::{BTreeMap, BTreeSet};

use shortcrust::{
    Action, Answer, Entry,
    record::{Content, Record},
};

use crate::{memory_store::MemoryStore, request::Data};

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) memory: MemoryStore,
    /// Keys whose sessions have ended.
    ended: BTreeSet<String>,
    /// Keys of records whose creation was done and not heard: no browser has them, and the request may create them again.
    unheard: BTreeSet<String>,
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
        let before: Vec<String> = self.memory.rows.keys().cloned().collect();
        let answer = self.memory.run(action);
        if let (Action::Create { key, .. }, Answer::Done) = (action, &answer) {
            if self.is_heard {
                self.unheard.remove(key);
            } else {
                self.unheard.insert(key.to_owned());
            }
        }
        match action {
            Action::Create { key, entry } | Action::Put { key, entry } | Action::Save { key, entry, .. }
                if answer == Answer::Done =>
            {
                self.watch(key, entry);
            }
            Action::Revoke { .. } => {
                let is_gone = |key: &String| !self.memory.rows.contains_key(key);
                let was_known = |key: &String| !self.unheard.contains(key);
                self.ended.extend(before.into_iter().filter(|key| is_gone(key) && was_known(key)));
            }
            _ => {}
        }
        answer
    }

    /// The records of sessions that have not ended.
    pub(crate) fn live(&self) -> impl Iterator<Item = (&String, Record)> {
        self.memory.rows.iter().filter_map(|(key, row)| {
            let record = Record::parse(&row.text).ok()?;
            (record.content != Content::Tombstone).then_some((key, record))
        })
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
}
