//! A session whose data lie in a store; the cookie has its id. What is to be written, made of what the handler left.

use alloc::{borrow::ToOwned, string::String};

use super::{
    Content, Engine, Session,
    actions::{Action, Row},
    identity::Identity,
    revocation::tombstone_of,
    tables::{Leave, Met, StoreChange},
};
use crate::{
    entropy::{Entropy, random_id},
    error::{Reason, SealError},
    format::MAX_RECORD,
    meta::Meta,
    payload::written,
    policy::Policy,
    record::{self, Record},
    time::UnixMillis,
};

/// A version that no store has.
const UNMOVED: i64 = 0;

/// What a request knows of the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// The id that the cookie has from now on.
    pub(super) id: Option<String>,
    /// The id is of an old cookie.
    pub(super) is_converted: bool,
    /// What the store has under it.
    pub(super) row: Option<Loaded>,
    /// What an old cookie has, of which the store has nothing yet: left behind it needs a tombstone too, since the
    /// cookie opens by itself.
    pub(super) unmoved: Option<Loaded>,
    /// A record that the session has left, for which there is no tombstone yet.
    pub(super) leaving: Option<Leaving>,
}

#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) id: String,
    pub(super) key: String,
    /// [`UNMOVED`] where the store has nothing yet.
    pub(super) version: i64,
    pub(super) record: Record,
    /// What the host read or handed over last. Where requests were merged, the record has more than that.
    pub(super) base: String,
}

#[derive(Clone, Debug)]
pub(super) struct Leaving {
    pub(super) row: Loaded,
    pub(super) why: Leave,
}

/// One attempt to write.
#[derive(Clone, Debug)]
pub(super) struct Write {
    /// What is there, and is swapped for a tombstone.
    pub(super) leaving: Option<Leaving>,
    pub(super) target: Option<Target>,
    /// How often another request was first.
    pub(super) conflicts: u32,
}

/// The record that is to be there afterwards.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) key: String,
    /// What it replaces; none where it is created.
    pub(super) over: Option<Loaded>,
    /// What the host left.
    pub(super) mine: String,
    /// What the host had read.
    pub(super) base: String,
    pub(super) record: Record,
    pub(super) is_touch: bool,
    /// The session became another user's under one id: nothing is merged.
    pub(super) is_raised: bool,
}

impl Stored {
    pub(super) fn unmoved(row: Loaded) -> Self {
        Self { id: Some(row.id.clone()), is_converted: true, unmoved: Some(row), ..Self::default() }
    }

    pub(super) fn loaded(id: String, key: String, version: i64, record: Record, payload: &str) -> Self {
        let is_converted = record.converted;
        let row = Loaded { id: id.clone(), key, version, record, base: payload.to_owned() };
        Self { id: Some(id), is_converted, row: Some(row), ..Self::default() }
    }

    /// What follows is another session: this one's row is to end.
    pub(super) fn leave(&mut self, why: Leave) {
        (self.id, self.is_converted) = (None, false);
        let (row, unmoved) = (self.row.take(), self.unmoved.take());
        self.leaving = match (row.or(unmoved), self.leaving.take()) {
            (Some(row), _) => Some(Leaving { row, why }),
            // What has ended stays so; and who has logged in does not lose that by a change of rights.
            (None, Some(leaving)) if why == Leave::Privilege || leaving.why == Leave::End => Some(leaving),
            (None, leaving) => leaving.map(|Leaving { row, .. }| Leaving { row, why }),
        };
    }

    /// The id, drawn when it is first asked for: the cookie may be written before the record.
    pub(super) fn ensure_id(&mut self, bytes: usize, rng: &mut dyn Entropy) -> Result<&str, SealError> {
        if self.id.is_none() {
            self.id = Some(random_id(rng, bytes)?);
        }
        Ok(self.id.as_deref().unwrap_or_default())
    }
}

impl Session {
    /// What is to be written for what the handler left; `None` where nothing is.
    pub(super) fn write(
        &mut self,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<Option<Write>, SealError> {
        let change = self.store_change(content, now);
        let bytes = self.settings.id_bytes;
        let Some(stored) = &mut self.stored else { return Ok(None) };
        let target = match change {
            StoreChange::Nothing => None,
            StoreChange::End => {
                stored.leave(Leave::End);
                None
            }
            StoreChange::Create => {
                let id = stored.ensure_id(bytes, rng)?.to_owned();
                Some(self.creation(&id, content, now)?)
            }
            StoreChange::Save | StoreChange::Touch => Some(self.replacement(content, now)?),
        };
        let leaving = self.stored.as_ref().and_then(|stored| stored.leaving.clone());
        let is_needed = target.is_some() || leaving.is_some();
        Ok(is_needed.then_some(Write { leaving, target, conflicts: 0 }))
    }

    fn creation(&self, id: &str, content: &Content<'_>, now: UnixMillis) -> Result<Target, SealError> {
        let (mine, base) = self.mine_and_base(content);
        let record = self.record(&self.moved_payload(&mine, &base)?, now, 0, false)?;
        let (id, key) = (id.to_owned(), self.settings.scope.key(id));
        Ok(Target { id, key, over: None, mine, base, record, is_touch: false, is_raised: false })
    }

    /// What goes along to a new id. The record that is left may have more than the host, or less.
    fn moved_payload(&self, mine: &str, base: &str) -> Result<String, SealError> {
        let leaving = self.stored.as_ref().and_then(|stored| stored.leaving.as_ref());
        let left = leaving.filter(|leaving| leaving.why != Leave::End && !self.bare);
        match left.and_then(|leaving| Some((&leaving.row.base, leaving.row.payload()?))) {
            Some((base, theirs)) if theirs != base => {
                self.settings.merge(base, mine, theirs).map_err(unreadable)
            }
            _ => Ok(self.kept(mine, base).into_owned()),
        }
    }

    fn replacement(&self, content: &Content<'_>, now: UnixMillis) -> Result<Target, SealError> {
        let row = self.stored.as_ref().and_then(|stored| stored.row.clone()).ok_or_else(no_row)?;
        let record::Content::Payload(theirs) = &row.record.content else { return Err(no_row()) };
        let (mine, base) = (content.text().unwrap_or(&row.base).to_owned(), row.base.clone());
        let is_raised = self.is_others(&base, &mine);
        let payload = if is_raised {
            written(self.settings.dialect, &base, &mine).map_err(unreadable)?
        } else if *theirs == base {
            mine.clone()
        } else {
            self.settings.merge(&base, &mine, theirs).map_err(unreadable)?
        };
        let is_touch = !is_raised && mine == base;
        let epoch = row.record.epoch + u32::from(is_raised);
        let mut record = self.record(&payload, now, epoch, is_touch)?;
        if is_raised {
            record.label = self.label.of_new_user(record.user.is_some());
        }
        let (id, key) = (row.id.clone(), row.key.clone());
        Ok(Target { id, key, over: Some(row), mine, base, record, is_touch, is_raised })
    }

    /// What the handler left, and what it had read.
    fn mine_and_base(&self, content: &Content<'_>) -> (String, String) {
        let base = self.payload().unwrap_or("{}");
        (content.text().unwrap_or(base).to_owned(), base.to_owned())
    }

    /// What is written is JSON that every language reads; what was there already may live on.
    fn record(
        &self,
        payload: &str,
        now: UnixMillis,
        epoch: u32,
        is_touch: bool,
    ) -> Result<Record, SealError> {
        let facts = self.check(payload, MAX_RECORD)?;
        if facts.non_finite && !is_touch {
            return Err(SealError::not_finite());
        }
        let created = self.meta.created.or(self.meta.issued).unwrap_or(now);
        let user = self.user_in(payload);
        Ok(Record {
            created,
            renewed: now,
            expires: self.settings.policy.expires(now, created),
            epoch,
            label: self.label.in_record(user.is_some()),
            user,
            converted: self.stored.as_ref().is_some_and(|stored| stored.is_converted),
            content: record::Content::Payload(payload.to_owned()),
        })
    }

    /// Under one id, since the response's head has gone out.
    fn is_others(&self, base: &str, mine: &str) -> bool {
        let keys = &self.settings.identity_keys;
        let of = |payload: &str| -> Identity { keys.of(payload) };
        !self.settings.is_drop_in && of(base).is_changed(&of(mine), self.meta.user.as_deref())
    }
}

impl Write {
    /// In their order: nothing is created before the old record is a tombstone.
    pub(super) fn actions(&self, engine: &Engine, now: UnixMillis) -> alloc::vec::Vec<Action> {
        let tombstone = self.leaving.as_ref().map(|Leaving { row, .. }| {
            let (key, entry) = (row.key.clone(), tombstone_of(&row.record, now, engine));
            match row.version {
                UNMOVED => Action::Create { key, entry },
                version => Action::Save { key, version, entry },
            }
        });
        let target = self.target.as_ref().map(|target| target.action(engine));
        let created = self.target.as_ref().filter(|target| target.over.is_none());
        let sweep = created.and_then(|target| Action::sweep_after(&target.key, now));
        tombstone.into_iter().chain(target).chain(sweep).collect()
    }

    pub(super) fn is_touch(&self) -> bool {
        self.leaving.is_none() && self.target.as_ref().is_some_and(|target| target.is_touch)
    }

    /// The record at which another request was first.
    pub(super) fn contested(&self) -> &str {
        match (&self.leaving, &self.target) {
            (Some(leaving), _) => &leaving.row.key,
            (None, Some(target)) => &target.key,
            (None, None) => "",
        }
    }
}

impl Target {
    fn action(&self, engine: &Engine) -> Action {
        let (key, entry) = (self.key.clone(), engine.entry(&self.record, &self.id));
        match &self.over {
            None => Action::Create { key, entry },
            Some(row) => Action::Save { key, version: row.version, entry },
        }
    }
}

impl Loaded {
    /// What an old cookie has, for as long as it would open.
    pub(super) fn unmoved((id, key): (&str, String), payload: &str, meta: &Meta, policy: &Policy) -> Self {
        let issued = meta.issued.or(meta.created);
        let created = meta.created.or(issued).unwrap_or_default();
        let record = Record {
            created,
            renewed: issued.unwrap_or_default(),
            expires: issued.and_then(|issued| policy.expires(issued, created)),
            epoch: 0,
            user: meta.user.clone(),
            label: None,
            converted: true,
            content: record::Content::Payload(payload.to_owned()),
        };
        Self { id: id.to_owned(), key, version: UNMOVED, record, base: payload.to_owned() }
    }

    /// What another request has made of it.
    pub(super) fn met(&self, row: Option<&Row>) -> (Met, Option<Self>) {
        let opened = |row: &Row| Record::parse(&row.text)?.opened(&self.id, &self.key);
        let theirs = row.and_then(|row| Some((row.version, opened(row).ok()?)));
        let Some((version, record)) =
            theirs.filter(|(_, record)| record.content != record::Content::Tombstone)
        else {
            return (Met::Ended, None);
        };
        let met = if record.epoch == self.record.epoch { Met::Written } else { Met::Identity };
        (met, Some(Self { version, record, ..self.clone() }))
    }
}

fn no_row() -> SealError {
    SealError::new(Reason::Internal, "there is no record to replace")
}

fn unreadable(reason: Reason) -> SealError {
    SealError::new(reason, "the session is not JSON")
}
