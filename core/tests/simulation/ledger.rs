//! What was promised to the requests, and whether it was kept.

use std::collections::{BTreeMap, BTreeSet};

use shortcrust::{UnixMillis, record::Content};

use crate::{Data, from_text, store::Store, tape::Table};

/// What has come of all requests.
#[derive(Default)]
pub(crate) struct Ledger {
    /// What was committed: under which key, and whose it was.
    pub(crate) writes: BTreeMap<String, (String, Option<String>)>,
    /// From key to key, where a session goes on.
    pub(crate) moves: Vec<(String, String)>,
    pub(crate) ended: BTreeSet<String>,
    /// A store that failed in the middle of a change of id leaves nothing to be said about these.
    pub(crate) doubtful: BTreeSet<String>,
    /// Of ids that somebody made up.
    pub(crate) made_up: BTreeSet<String>,
}

impl Ledger {
    /// All sessions that may be revoked by their handle.
    pub(crate) fn handles(&self) -> Vec<&String> {
        self.writes.values().map(|(key, _)| key).collect()
    }

    /// What the store said of a session's key opens nothing that is over.
    pub(crate) fn check_load(
        &self,
        store: &Store,
        key: &str,
        now: UnixMillis,
        table: &Table,
    ) -> Result<(), String> {
        if self.ended.contains(key) || store.revoked.contains(key) {
            return Err("a session that had ended was opened".into());
        }
        let (first, last) = store.written[key];
        let age = |since: UnixMillis| now.secs().abs_diff(since.secs());
        if age(last) > table.idle || age(first) > table.absolute {
            return Err("a session that had expired was opened".into());
        }
        Ok(())
    }

    /// Whose data a request is shown.
    pub(crate) fn check_owner(&self, data: &Data, user: Option<&String>) -> Result<(), String> {
        for written in data.keys() {
            let owner = self.writes.get(written).and_then(|(_, owner)| owner.as_ref());
            if owner.is_some() && owner != user {
                return Err(format!("{written} of {owner:?} is under {user:?}"));
            }
        }
        Ok(())
    }

    pub(crate) fn check(&self, store: &Store) -> Result<(), String> {
        for ended in self.ended.iter().chain(&store.revoked) {
            if store.live(ended).is_some() {
                return Err("a logout was undone".into());
            }
        }
        for made_up in &self.made_up {
            if store.written.contains_key(made_up) {
                return Err("an id that was made up was adopted".into());
            }
        }
        for (written, (key, _)) in &self.writes {
            if !self.is_accounted_for(written, key, store) {
                return Err(format!("the write {written} was lost"));
            }
        }
        for record in store.keys().filter_map(|key| store.live(key)) {
            self.check_owner(&data_of(&record.content), record.user.as_ref())?;
        }
        Ok(())
    }

    /// It is where it was written, or where that session went, or that session is over.
    fn is_accounted_for(&self, written: &str, key: &str, store: &Store) -> bool {
        let over = [&self.ended, &self.doubtful, &store.revoked, &store.swept];
        self.reachable(key).iter().any(|place| {
            let is_there = store.live(place).is_some_and(|it| data_of(&it.content).contains_key(written));
            is_there || over.iter().any(|places| places.contains(place))
        })
    }

    fn reachable(&self, key: &str) -> BTreeSet<String> {
        let mut places = BTreeSet::from([key.to_owned()]);
        loop {
            let is_next = |(from, to): &&(String, String)| places.contains(from) && !places.contains(to);
            let more: Vec<String> = self.moves.iter().filter(is_next).map(|(_, to)| to.clone()).collect();
            if more.is_empty() {
                return places;
            }
            places.extend(more);
        }
    }
}

pub(crate) fn data_of(content: &Content) -> Data {
    match content {
        Content::Payload(payload) => from_text(payload),
        Content::Sealed(_) | Content::Tombstone => Data::new(),
    }
}
