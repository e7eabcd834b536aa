//! A session whose data lie in a store; the cookie has its id.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Content, Session,
    actions::{Action, Actions, Entry, Report, Row, Saving},
    engine::Settings,
    transitions::{Change, Deed, State, deed},
};
use crate::{
    entropy::{Entropy, random_id},
    error::{Reason, SealError},
    format::MAX_RECORD,
    payload::{merge, tree::Node},
    record::{self, Record},
    time::UnixMillis,
};

/// What a request knows of the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// The id that the cookie has from now on.
    pub(super) id: Option<String>,
    /// What the store has under it.
    row: Option<Loaded>,
    /// Keys of what ended or moved away.
    buried: Vec<String>,
    /// Something was written for which the cookie is not set yet.
    owed: bool,
    /// Nothing may be written and no cookie set: the session has just ended, or the store is out of order.
    pub(super) silent: bool,
}

#[derive(Clone, Debug)]
struct Loaded {
    key: String,
    version: i64,
    record: Record,
    /// What the host read or handed over last. Where requests were merged, the record has more than that.
    base: String,
}

impl Stored {
    pub(super) fn loaded(id: String, key: String, row: &Row, record: Record, payload: &str) -> Self {
        let row = Loaded { key, version: row.version, record, base: payload.to_owned() };
        Self { id: Some(id), row: Some(row), ..Self::default() }
    }

    pub(super) fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// What follows is another session: this one's row is to end.
    pub(super) fn leave(&mut self) {
        self.id = None;
        self.buried.extend(self.row.take().map(|row| row.key));
    }

    /// The id, drawn when it is first asked for: the cookie may be written before the record.
    pub(super) fn ensure_id(&mut self, bytes: usize, dice: &mut dyn Entropy) -> Result<&str, SealError> {
        if self.id.is_none() {
            self.id = Some(random_id(dice, bytes)?);
        }
        Ok(self.id.as_deref().unwrap_or_default())
    }

    /// Whether the cookie is to be set, now that this was done or is about to be.
    pub(super) fn wants_cookie(&mut self, deed: Deed, persistent: bool, stale: bool) -> bool {
        let renewed = matches!(deed, Deed::Save | Deed::Touch) && (persistent || stale);
        core::mem::take(&mut self.owed) || renewed || deed == Deed::Create
    }
}

impl Session {
    /// What is left for the store when the handler has ended, or now, in its middle. `settle` takes what came of it.
    pub fn finish(
        &mut self,
        content: &Content<'_>,
        now: UnixMillis,
        entropy: &mut dyn Entropy,
    ) -> Result<Actions, SealError> {
        let deed = self.deed(content, now);
        let Some(stored) = &mut self.stored else { return Ok(Actions::new(self.marks(now), None)) };
        if stored.silent {
            return Ok(Actions::default());
        }
        let mut list = Vec::new();
        let mut saving = None;
        match deed {
            Deed::Nothing => {}
            Deed::End => stored.leave(),
            Deed::Create => {
                let key = record::key(stored.ensure_id(self.settings.id_bytes, entropy)?);
                let made = self.creation(key, content, now)?;
                list.push(Action::Create { key: made.key.clone(), entry: Entry::of(&made.record) });
                saving = Some(made);
            }
            Deed::Save | Deed::Touch => {
                let made = self.replacement(content, now)?;
                list.push(made.action());
                saving = Some(made);
            }
        }
        list.extend(self.burials(now));
        Ok(Actions::new(list, saving))
    }

    /// The id that the cookie has, or will have: it is API in some frameworks.
    pub fn id(&mut self, entropy: &mut dyn Entropy) -> Result<Option<&str>, SealError> {
        let bytes = self.settings.id_bytes;
        self.stored.as_mut().map(|stored| stored.ensure_id(bytes, entropy)).transpose()
    }

    /// Takes what became of the writes: later ones build upon them.
    pub fn settle(&mut self, report: &Report) {
        let Some(stored) = &mut self.stored else { return };
        stored.buried.clear();
        if let Some(Saving { key, mine, record, version, .. }) = &report.written {
            let created = *version == 0;
            let version = version + 1;
            (stored.row, stored.owed) = (
                Some(Loaded { key: key.clone(), version, record: record.clone(), base: mine.clone() }),
                true,
            );
            if created {
                self.state = State::Live;
            }
            self.renew = false;
            self.incoming_is(mine);
        } else if report.reason.is_some() {
            self.reason = report.reason;
            stored.silent = matches!(report.reason, Some(Reason::Ended | Reason::Identity));
        }
    }

    /// What the store is to do for what the handler left.
    pub(super) fn deed(&self, content: &Content<'_>, now: UnixMillis) -> Deed {
        let Some(stored) = &self.stored else { return Deed::Nothing };
        deed(self.state, stored.row.is_some(), Change::of(content), self.is_due(now))
    }

    /// Ends or moves: the store is told with `finish`.
    pub(super) fn leave(&mut self) {
        if let Some(stored) = &mut self.stored {
            stored.leave();
        }
    }

    fn creation(&self, key: String, content: &Content<'_>, now: UnixMillis) -> Result<Saving, SealError> {
        let mine = self.left(content);
        let record = self.record(&mine, now, 0)?;
        Ok(Saving {
            key,
            base: mine.clone(),
            mine,
            epoch: 0,
            record,
            version: 0,
            dialect: self.settings.dialect,
        })
    }

    fn replacement(&self, content: &Content<'_>, now: UnixMillis) -> Result<Saving, SealError> {
        let row = self.stored.as_ref().and_then(|stored| stored.row.as_ref()).ok_or_else(no_row)?;
        let mine = match content {
            Content::Changed(mine) => (*mine).to_owned(),
            Content::Unchanged => row.base.clone(),
        };
        let record::Content::Payload(theirs) = &row.record.content else { return Err(no_row()) };
        let raised = changes_identity(&self.settings, &row.base, &mine);
        let payload = if raised || *theirs == row.base {
            mine.clone()
        } else {
            merge(self.settings.dialect, &row.base, &mine, theirs)
                .map_err(|reason| SealError::new(reason, UNREADABLE))?
        };
        let epoch = row.record.epoch;
        let record = self.record(&payload, now, epoch + u32::from(raised))?;
        Ok(Saving {
            key: row.key.clone(),
            base: row.base.clone(),
            mine,
            epoch,
            record,
            version: row.version,
            dialect: self.settings.dialect,
        })
    }

    fn left(&self, content: &Content<'_>) -> String {
        match content {
            Content::Changed(payload) => (*payload).to_owned(),
            Content::Unchanged => self.payload().unwrap_or("{}").to_owned(),
        }
    }

    fn record(&self, payload: &str, now: UnixMillis, epoch: u32) -> Result<Record, SealError> {
        self.check(payload, MAX_RECORD)?;
        let created = self.meta.created.or(self.meta.issued).unwrap_or(now);
        Ok(Record {
            created,
            renewed: now,
            expires: self.settings.policy.expires(now, created),
            epoch,
            user: self.user_in(payload),
            content: record::Content::Payload(payload.to_owned()),
        })
    }

    /// From `regenerate`, or from where the application keeps its user.
    pub(super) fn user_in(&self, payload: &str) -> Option<String> {
        let Some(path) = &self.settings.user_key else { return self.meta.user.clone() };
        let root = Node::parse(payload, true).ok()?;
        let found = path
            .split('.')
            .try_fold(&root, |node, step| node.as_map()?.get(step.as_bytes()).map(|entry| &entry.value))?;
        match found.as_text() {
            Some(text) => Some(text.to_string()),
            None => found.as_number().map(|_| payload[found.range.clone()].to_string()),
        }
    }

    /// Another request may still be on its way with the old id: for as long it finds a tombstone, and not a gap into
    /// which it would write an anonymous session.
    fn burials(&mut self, now: UnixMillis) -> Vec<Action> {
        let Some(stored) = &mut self.stored else { return Vec::new() };
        let expires = Some(now.plus(self.settings.tombstone));
        let tombstone = Record {
            created: now,
            renewed: now,
            expires,
            epoch: 0,
            user: None,
            content: record::Content::Tombstone,
        };
        let entry = Entry::of(&tombstone);
        core::mem::take(&mut stored.buried)
            .into_iter()
            .map(|key| Action::Put { key, entry: entry.clone() })
            .collect()
    }
}

const UNREADABLE: &str = "the session is not JSON";

fn no_row() -> SealError {
    SealError::new(Reason::Internal, "there is no record to replace")
}

/// Nothing is merged over a change of user, even where the application changes it by hand.
fn changes_identity(settings: &Settings, base: &str, mine: &str) -> bool {
    let (Ok(base_node), Ok(mine_node)) = (Node::parse_top(base, true), Node::parse_top(mine, true)) else {
        return true;
    };
    let value = |text: &'_ str, node: &Node, key: &str| {
        let entry = node.as_map().and_then(|map| map.get(key.as_bytes()));
        entry.map(|entry| text[entry.value.range.clone()].to_string())
    };
    settings.identity_keys.iter().any(|key| value(base, &base_node, key) != value(mine, &mine_node, key))
}
