//! Sessions in a store: what a session waits for, and the answers. The host runs the I/O.

use std::collections::HashMap;

use napi::bindgen_prelude::{Either4, Uint8Array};
use napi_derive::napi;
use shortcrust::{Action, Answer, Content, Entry, Need, Reason, Row, UnixMillis, payload, record};

use crate::{
    ambient::Rng,
    convert,
    error::{self, Result},
    session::{Engine, Session},
    statements::STATEMENTS,
};

/// What a store has under a key.
#[napi(object)]
pub struct StoreRow {
    /// Raised by each write.
    pub version: i64,
    /// The record.
    pub text: String,
}

/// Something to do at a store; what it does not need is not there.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct StoreAction {
    /// `create`, `load`, `put`, `readRow`, `removeRow`, `revoke`, `save` or `sweep`.
    pub kind: &'static str,
    /// A hash of the id; for `revoke` that of the record which stays, or empty; of another library's row its id.
    pub key: String,
    /// For `load`.
    pub keys: Option<Vec<String>>,
    /// For `save`: what must be there.
    pub version: Option<i64>,
    /// The record.
    pub text: Option<String>,
    /// For the index by user.
    pub user: Option<String>,
    /// When it may be swept, in milliseconds; for `sweep` when what is swept ended at the latest.
    pub expires: Option<i64>,
    /// For `sweep`.
    pub limit: Option<u32>,
    /// For `readRow` and `removeRow`: the position of the reader.
    pub reader: Option<u32>,
}

/// What a session waits for: actions to run, or a pause in a queue of the process.
#[napi(object, object_from_js = false)]
pub struct StoreNeed {
    /// In the order in which they must be run, up to the first that is not done.
    pub actions: Option<Vec<StoreAction>>,
    /// The record's key: where requests wait of which another was first.
    pub queue: Option<String>,
    /// How long to sleep.
    pub millis: Option<u32>,
}

/// Why the last write, or the first load, did not come about.
#[napi(object, object_from_js = false)]
pub struct StoreFailure {
    /// `conflict`, `ended`, `identity` or `unavailable`.
    pub reason: &'static str,
    /// The request is to fail: with the store's own error, where there is one.
    pub raise: bool,
}

/// A revocation on its way.
#[napi]
pub struct Revocation(shortcrust::Revocation);

/// What a store says: a word, a number of records, the row that is there instead, or the rows.
type StoreAnswer = Either4<String, u32, Vec<Option<StoreRow>>, StoreRow>;

#[napi]
impl Engine {
    /// What ends a user's sessions, but for the record `keep`.
    #[napi(catch_unwind)]
    pub fn revoke_all(&self, user: String, keep: Option<String>) -> Revocation {
        Revocation(self.0.revoke_all(&user, keep.as_deref()))
    }

    /// By what a store finds the sessions of a user.
    #[napi(catch_unwind)]
    pub fn user_index(&self, user: String) -> String {
        self.0.scope().user(&user)
    }
}

#[napi]
impl Session {
    /// What it waits for; null is nothing.
    #[napi(catch_unwind)]
    pub fn need(&self) -> Option<StoreNeed> {
        need(self.0.need())
    }

    /// Takes the answers, up to the first that is not `done`.
    #[napi(catch_unwind)]
    pub fn answer(
        &mut self,
        #[napi(ts_arg_type = "Array<string | number | StoreRow | Array<StoreRow | null | undefined>>")]
        answers: Vec<StoreAnswer>,
        now_ms: i64,
        entropy: Option<Uint8Array>,
    ) -> Result<()> {
        let answers = answers.into_iter().map(answer).collect::<Result<_>>()?;
        self.0.answer(answers, UnixMillis(now_ms), &mut Rng::from(entropy));
        Ok(())
    }

    /// What came in, once the store has been asked. Total.
    #[napi(catch_unwind)]
    pub fn shown(&mut self) -> convert::Arrived {
        convert::arrived(&mut self.0)
    }

    /// Begins to write what the handler has left. `is_last`: it has ended, and after a failed write nothing is written.
    #[napi(catch_unwind)]
    pub fn save(
        &mut self,
        host_json: Option<String>,
        kinds: String,
        is_last: bool,
        now_ms: i64,
        entropy: Option<Uint8Array>,
    ) -> Result<()> {
        let payload = convert::left(&self.0, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let (now, mut rng) = (UnixMillis(now_ms), Rng::from(entropy));
        let begun = if is_last {
            self.0.finish(&content, now, &mut rng)
        } else {
            self.0.save(&content, now, &mut rng)
        };
        begun.map_err(error::seal)
    }

    /// Begins to end a user's sessions; with `except_current` this one goes on, and is written.
    #[napi(catch_unwind)]
    pub fn revoke_all(
        &mut self,
        user: String,
        except_current: bool,
        host_json: Option<String>,
        kinds: String,
        now_ms: i64,
        entropy: Option<Uint8Array>,
    ) -> Result<()> {
        let payload = convert::left(&self.0, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let (now, mut rng) = (UnixMillis(now_ms), Rng::from(entropy));
        self.0.revoke_all(&user, except_current, &content, now, &mut rng).map_err(error::seal)
    }

    /// Begins to end the session of a record; where `user` is given, only if it is theirs.
    #[napi(catch_unwind)]
    pub fn revoke(&mut self, key: String, user: Option<String>) {
        self.0.revoke(&key, user.as_deref());
    }

    /// How many records the last revocation ended; null for sessions in cookies.
    #[napi(getter, catch_unwind)]
    pub fn revoked(&self) -> Option<u32> {
        self.0.revoked().map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Whether it was ended in this request, and nothing has followed.
    #[napi(getter, catch_unwind)]
    pub fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    /// How often the identity changed in this request.
    #[napi(getter, catch_unwind)]
    pub fn epoch(&self) -> u32 {
        self.0.epoch()
    }

    /// Why the last write, or the first load, did not come about.
    #[napi(getter, catch_unwind)]
    pub fn failure(&self) -> Option<StoreFailure> {
        let failure = self.0.failure()?;
        Some(StoreFailure { reason: failure.reason.code(), raise: failure.raise })
    }

    /// How often other requests were first.
    #[napi(getter, catch_unwind)]
    pub fn conflicts(&self) -> u32 {
        self.0.conflicts()
    }

    /// The store's key of the record, where there is one.
    #[napi(getter, catch_unwind)]
    pub fn key(&self) -> Option<String> {
        self.0.key().map(ToOwned::to_owned)
    }

    /// Whether the store has failed, so that nobody can log in or out.
    #[napi(getter, catch_unwind)]
    pub fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }
}

#[napi]
impl Revocation {
    /// What it waits for; null is nothing.
    #[napi(catch_unwind)]
    pub fn need(&self) -> Option<StoreNeed> {
        need(self.0.need())
    }

    /// Takes the answers.
    #[napi(catch_unwind)]
    pub fn answer(
        &mut self,
        #[napi(ts_arg_type = "Array<string | number | StoreRow | Array<StoreRow | null | undefined>>")]
        answers: Vec<StoreAnswer>,
        now_ms: i64,
        _entropy: Option<Uint8Array>,
    ) -> Result<()> {
        let answers = answers.into_iter().map(answer).collect::<Result<_>>()?;
        self.0.answer(answers, UnixMillis(now_ms));
        Ok(())
    }

    /// How many records ended; null for sessions in cookies.
    #[napi(getter, catch_unwind)]
    pub fn count(&self) -> Option<u32> {
        self.0.count().map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Nobody knows what ended.
    #[napi(getter, catch_unwind)]
    pub fn failure(&self) -> Option<StoreFailure> {
        let reason = Reason::Unavailable.code();
        self.0.is_failed().then_some(StoreFailure { reason, raise: true })
    }
}

impl From<StoreRow> for Row {
    fn from(row: StoreRow) -> Self {
        Self { version: row.version, text: row.text }
    }
}

impl StoreAction {
    fn new(kind: &'static str, key: &str, entry: Option<&Entry>) -> Self {
        Self {
            kind,
            key: key.to_owned(),
            text: entry.map(|entry| entry.text.clone()),
            user: entry.and_then(|entry| entry.user.clone()),
            expires: entry.and_then(|entry| entry.expires).map(|time| time.0),
            ..Self::default()
        }
    }
}

impl From<&Action> for StoreAction {
    fn from(action: &Action) -> Self {
        match action {
            Action::Create { key, entry } => Self::new("create", key, Some(entry)),
            Action::Load { keys } => Self { keys: Some(keys.clone()), ..Self::new("load", "", None) },
            Action::Put { key, entry } => Self::new("put", key, Some(entry)),
            Action::ReadRow { reader, id } => {
                Self { reader: u32::try_from(*reader).ok(), ..Self::new("readRow", id, None) }
            }
            Action::RemoveRow { reader, id } => {
                Self { reader: u32::try_from(*reader).ok(), ..Self::new("removeRow", id, None) }
            }
            Action::Revoke { user, keep } => Self {
                user: Some(user.clone()),
                ..Self::new("revoke", keep.as_deref().unwrap_or_default(), None)
            },
            Action::Save { key, version, entry } => {
                Self { version: Some(*version), ..Self::new("save", key, Some(entry)) }
            }
            Action::Sweep { before, limit } => {
                Self { expires: Some(before.0), limit: Some(*limit), ..Self::new("sweep", "", None) }
            }
            _ => Self::new("unknown", "", None),
        }
    }
}

fn need(need: Need) -> Option<StoreNeed> {
    match need {
        Need::Ask(actions) => {
            let actions = Some(actions.iter().map(StoreAction::from).collect());
            Some(StoreNeed { actions, queue: None, millis: None })
        }
        Need::Wait { millis, queue } => {
            Some(StoreNeed { actions: None, queue: Some(queue), millis: Some(millis) })
        }
        _ => None,
    }
}

fn answer(given: StoreAnswer) -> Result<Answer> {
    Ok(match given {
        StoreAnswer::A(word) => match word.as_str() {
            "done" => Answer::Done,
            "exists" => Answer::Exists,
            "failed" => Answer::Failed,
            "gone" => Answer::Gone,
            other => return Err(error::option("answer", other, "done, exists, failed or gone")),
        },
        StoreAnswer::B(count) => Answer::Count(count.into()),
        StoreAnswer::C(rows) => Answer::Rows(rows.into_iter().map(|row| row.map(Row::from)).collect()),
        StoreAnswer::D(row) => Answer::Conflict(row.into()),
    })
}

/// What a store says to its server, by name: `redis/write.lua`, `sql/save.sql`.
#[napi(catch_unwind)]
pub fn statement(name: String) -> Option<&'static str> {
    STATEMENTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a list shows of a record.
#[napi(object, object_from_js = false)]
pub struct RecordInfo {
    /// When the session began, in milliseconds.
    pub created: i64,
    /// When it was last written or renewed.
    pub renewed: i64,
    /// What the user knows it by; empty where it has no label.
    pub label: String,
}

/// Null where the session has ended.
#[napi(catch_unwind)]
pub fn record_info(text: String) -> Option<RecordInfo> {
    let record = record::Record::parse(&text).ok()?;
    (record.content != record::Content::Tombstone).then(|| RecordInfo {
        created: record.created.0,
        renewed: record.renewed.0,
        label: record.label.unwrap_or_default(),
    })
}

/// How what two requests changed is joined.
#[napi]
pub struct MergeRules(payload::MergeRules);

#[napi]
impl MergeRules {
    /// Paths of numbers, and how they are merged. Throws where one is wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(rules: HashMap<String, String>) -> Result<Self> {
        payload::MergeRules::named(rules).map(Self).map_err(error::config)
    }

    /// Joins plain JSON; null where that is not JSON of at most 200 levels.
    #[napi(catch_unwind)]
    pub fn merge(&self, base: String, mine: String, theirs: String) -> Option<String> {
        self.0.merge(payload::Dialect::Plain, &base, &mine, &theirs).ok()
    }
}
