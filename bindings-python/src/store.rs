//! Sessions in a store: what a session waits for, and the answers. The host runs the I/O.

use std::collections::BTreeMap;

use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use shortcrust::{Action, Answer, Entry, Need, Row, UnixMillis, payload, record};

use crate::{
    ambient::rng,
    convert::Peer,
    error::{Failure, guard},
    left::left,
    session::{Engine, Session},
};

/// Something to do at a store; what it does not need is `None`.
#[pyclass(frozen, get_all, module = "shortcrust._core", name = "Action")]
pub(crate) struct NativeAction {
    kind: &'static str,
    key: String,
    keys: Vec<String>,
    version: Option<i64>,
    text: Option<String>,
    user: Option<String>,
    expires_ms: Option<i64>,
    limit: Option<u32>,
    /// For `read_row` and `remove_row`: the position of the reader.
    reader: Option<usize>,
}

/// To sleep, in a queue of the process.
#[pyclass(frozen, get_all, module = "shortcrust._core")]
pub(crate) struct Wait {
    millis: u32,
    queue: String,
}

/// Actions, or a pause; `None` where nothing is waited for.
#[derive(IntoPyObject)]
pub(crate) enum NativeNeed {
    Ask(Vec<NativeAction>),
    Wait(Wait),
}

/// What a store says of an action: a word, a number of records, the row that is there instead, or the rows.
#[derive(FromPyObject)]
pub(crate) enum StoreAnswer {
    Word(String),
    Count(u64),
    Row(i64, String),
    Rows(Vec<Option<(i64, String)>>),
}

/// Begins to write what the handler has left. `is_last`: it has ended, and after a failed write nothing is written.
#[expect(clippy::too_many_arguments, reason = "one call a request, without a dict of arguments")]
#[pyfunction]
pub(crate) fn save(
    engine: &Engine,
    session: &Bound<'_, Session>,
    data: &Bound<'_, PyDict>,
    modified: bool,
    is_last: bool,
    now_ms: i64,
    entropy: &Bound<'_, PyAny>,
    fallback: &Bound<'_, PyAny>,
    ensure_ascii: bool,
) -> Result<(), Failure> {
    let peer = Peer { fallback, spelling: engine.spelling(false, ensure_ascii) };
    guard(|| {
        let left = left(session, data, modified, &peer)?;
        let (content, now, mut rng) = (left.content(), UnixMillis(now_ms), rng(entropy));
        let core = &mut session.borrow_mut().0;
        if is_last {
            core.finish(&content, now, &mut rng)?;
        } else {
            core.save(&content, now, &mut rng)?;
        }
        Ok(())
    })
}

/// Begins to end a user's sessions; with `except_current` this one goes on, and is written.
#[expect(clippy::too_many_arguments, reason = "as of save")]
#[pyfunction]
pub(crate) fn revoke_all(
    engine: &Engine,
    session: &Bound<'_, Session>,
    user: &str,
    except_current: bool,
    is_answered: bool,
    data: &Bound<'_, PyDict>,
    now_ms: i64,
    entropy: &Bound<'_, PyAny>,
    fallback: &Bound<'_, PyAny>,
    ensure_ascii: bool,
) -> Result<(), Failure> {
    let peer = Peer { fallback, spelling: engine.spelling(false, ensure_ascii) };
    guard(|| {
        let left = left(session, data, except_current, &peer)?;
        let (content, now, mut rng) = (left.content(), UnixMillis(now_ms), rng(entropy));
        let core = &mut session.borrow_mut().0;
        if is_answered {
            core.answered();
        }
        core.revoke_all(user, except_current, &content, now, &mut rng)?;
        Ok(())
    })
}

/// By what a store finds the sessions of a user.
#[pyfunction]
pub(crate) fn user_index(engine: &Engine, user: &str) -> String {
    engine.core.scope().user(user)
}

/// The record of a session that began `created`, or begins `now`, for what another library kept; its key. `None` where
/// that is not JSON of every language.
#[pyfunction]
#[pyo3(signature = (engine, id, payload, now_ms, expires_ms, created_ms=None))]
pub(crate) fn new_record(
    engine: &Engine,
    id: &str,
    payload: String,
    now_ms: i64,
    expires_ms: Option<i64>,
    created_ms: Option<i64>,
) -> Option<(String, String)> {
    let facts = payload::scan(&payload, payload::Dialect::Tagged).ok()?;
    if facts.non_finite {
        return None;
    }
    let record = record::Record {
        created: UnixMillis(created_ms.unwrap_or(now_ms)),
        // The row that another library kept would be taken over once more.
        converted: true,
        ..kept(payload, now_ms, expires_ms)
    };
    Some((engine.core.scope().key(id), engine.core.entry(&record, id).text))
}

/// The record that stands for a row of another library, which goes on to be that library's.
#[pyfunction]
pub(crate) fn row_record(payload: String, renewed_ms: i64, expires_ms: Option<i64>) -> String {
    kept(payload, renewed_ms, expires_ms).to_text()
}

fn kept(payload: String, renewed_ms: i64, expires_ms: Option<i64>) -> record::Record {
    record::Record {
        created: UnixMillis(renewed_ms),
        renewed: UnixMillis(renewed_ms),
        expires: expires_ms.map(UnixMillis),
        epoch: 0,
        user: None,
        label: None,
        converted: false,
        content: record::Content::Payload(payload),
    }
}

/// What a record holds; `None` where the session has ended.
#[pyfunction]
pub(crate) fn record_payload(text: &str) -> Option<String> {
    match record::Record::parse(text).ok()?.content {
        record::Content::Payload(payload) => Some(payload),
        // No row of another library is sealed.
        record::Content::Sealed(_) | record::Content::Tombstone => None,
    }
}

/// Under what a store keeps the record of an id.
#[pyfunction]
pub(crate) fn record_key(engine: &Engine, id: &str) -> String {
    engine.core.scope().key(id)
}

pub(crate) fn need(need: Need) -> Option<NativeNeed> {
    match need {
        Need::Ask(actions) => Some(NativeNeed::Ask(actions.iter().map(NativeAction::from).collect())),
        Need::Wait { millis, queue } => Some(NativeNeed::Wait(Wait { millis, queue })),
        _ => None,
    }
}

impl NativeAction {
    fn new(kind: &'static str, key: &str, entry: Option<&Entry>) -> Self {
        Self {
            kind,
            key: key.to_owned(),
            keys: Vec::new(),
            version: None,
            text: entry.map(|entry| entry.text.clone()),
            user: entry.and_then(|entry| entry.user.clone()),
            expires_ms: entry.and_then(|entry| entry.expires).map(|time| time.0),
            limit: None,
            reader: None,
        }
    }
}

impl From<&Action> for NativeAction {
    fn from(action: &Action) -> Self {
        match action {
            Action::Create { key, entry } => Self::new("create", key, Some(entry)),
            Action::Load { keys } => Self { keys: keys.clone(), ..Self::new("load", "", None) },
            Action::Put { key, entry } => Self::new("put", key, Some(entry)),
            Action::ReadRow { reader, id } => {
                Self { reader: Some(*reader), ..Self::new("read_row", id, None) }
            }
            Action::RemoveRow { reader, id } => {
                Self { reader: Some(*reader), ..Self::new("remove_row", id, None) }
            }
            Action::Revoke { user, keep } => Self {
                user: Some(user.clone()),
                ..Self::new("revoke", keep.as_deref().unwrap_or_default(), None)
            },
            Action::Save { key, version, entry } => {
                Self { version: Some(*version), ..Self::new("save", key, Some(entry)) }
            }
            Action::Sweep { before, limit } => {
                Self { expires_ms: Some(before.0), limit: Some(*limit), ..Self::new("sweep", "", None) }
            }
            _ => Self::new("unknown", "", None),
        }
    }
}

impl TryFrom<StoreAnswer> for Answer {
    type Error = PyErr;

    fn try_from(said: StoreAnswer) -> PyResult<Self> {
        let row = |(version, text)| Row { version, text };
        Ok(match said {
            StoreAnswer::Count(count) => Self::Count(count),
            StoreAnswer::Row(version, text) => Self::Conflict(row((version, text))),
            StoreAnswer::Rows(rows) => Self::Rows(rows.into_iter().map(|found| found.map(row)).collect()),
            StoreAnswer::Word(word) => match word.as_str() {
                "done" => Self::Done,
                "exists" => Self::Exists,
                "failed" => Self::Failed,
                "gone" => Self::Gone,
                _ => return Err(PyValueError::new_err("a store's answer is not known")),
            },
        })
    }
}

/// When the session of a record began and was last renewed, in milliseconds, and its label; `None` where it has ended.
#[pyfunction]
pub(crate) fn record_info(text: &str) -> Option<(i64, i64, String)> {
    let record = record::Record::parse(text).ok()?;
    (record.content != record::Content::Tombstone).then_some((
        record.created.0,
        record.renewed.0,
        record.label.unwrap_or_default(),
    ))
}

/// How what two requests changed is joined.
#[pyclass(frozen, module = "shortcrust._core")]
pub(crate) struct MergeRules(payload::MergeRules);

#[pymethods]
impl MergeRules {
    /// Paths of numbers, and how they are merged.
    #[new]
    fn new(rules: BTreeMap<String, String>) -> Result<Self, Failure> {
        Ok(Self(payload::MergeRules::named(rules)?))
    }

    /// Joins plain JSON; `None` where that is not JSON of at most 200 levels.
    fn merge(&self, base: &str, mine: &str, theirs: &str) -> Option<String> {
        self.0.merge(payload::Dialect::Plain, base, mine, theirs).ok()
    }
}
