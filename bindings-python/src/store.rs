//! Sessions in a store: what to ask for, what to write, and what came of it. The host runs the I/O.

use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use shortcrust::{Action, Content, Entry, Opening, Outcome, Reason, Row, Step, UnixMillis, payload, record};

use crate::{
    ambient::dice,
    convert::Peer,
    error::{Failure, guard},
    session::{Engine, Session, changed, shown},
};

/// A request whose session waits for a store.
#[pyclass(module = "shortcrust._core")]
pub(crate) struct Pending(Option<shortcrust::Pending>);

/// Something to do at a store; what it does not need is `None`.
#[pyclass(frozen, get_all, module = "shortcrust._core", name = "Action")]
pub(crate) struct NativeAction {
    kind: &'static str,
    key: String,
    version: Option<i64>,
    text: Option<String>,
    user: Option<String>,
    expires_ms: Option<i64>,
}

/// Actions in their order.
#[pyclass(module = "shortcrust._core")]
pub(crate) struct Actions(shortcrust::Actions);

/// What became of a session's writes.
#[pyclass(frozen, module = "shortcrust._core")]
pub(crate) struct Report(shortcrust::Report);

/// What a store says of an action: a word, or the row that is there instead.
#[derive(FromPyObject)]
pub(crate) enum Said {
    Row(i64, String),
    Word(String),
}

/// What came of actions: more of them, or a report.
#[derive(IntoPyObject)]
pub(crate) enum Next {
    Again(Actions),
    Done(Report),
}

type Opened<'py> = (Session, Option<Bound<'py, PyAny>>);

/// A session with its data, or what waits for a store.
#[expect(clippy::large_enum_variant, reason = "made once a request, and handed over at once")]
#[derive(IntoPyObject)]
pub(crate) enum Begun<'py> {
    Opened(Opened<'py>),
    Pending(Pending),
}

/// As `Engine.open`, where a store may have to be asked first.
#[pyfunction]
pub(crate) fn begin<'py>(
    py: Python<'py>,
    engine: &Engine,
    header: &str,
    now_ms: i64,
) -> Result<Begun<'py>, Failure> {
    let now = UnixMillis(now_ms);
    guard(|| match engine.core.open(header, now) {
        Opening::Load(pending) => Ok(Begun::Pending(Pending(Some(pending)))),
        Opening::Ready(session) => Ok(Begun::Opened(shown(py, session))),
        _ => Err(Failure::Panic),
    })
    .or_else(|_| Ok(Begun::Opened(shown(py, engine.refused(Reason::Internal, now)?))))
}

/// What ends all sessions in cookies that `user` began until now, but for one.
#[pyfunction]
pub(crate) fn revoke_all(
    engine: &Engine,
    user: &str,
    but: Option<PyRef<'_, Session>>,
    now_ms: i64,
) -> Vec<NativeAction> {
    let except = but.and_then(|session| session.0.meta().id);
    let actions = engine.core.revoke_all(user, except.as_ref(), UnixMillis(now_ms));
    actions.iter().map(NativeAction::from).collect()
}

/// What the store is to do for what the handler left; `settle` takes the report.
#[expect(clippy::too_many_arguments, reason = "one call a request, without a dict of arguments")]
#[pyfunction]
pub(crate) fn finish(
    mut session: PyRefMut<'_, Session>,
    engine: &Engine,
    data: &Bound<'_, PyDict>,
    modified: bool,
    now_ms: i64,
    entropy: &Bound<'_, PyAny>,
    fallback: &Bound<'_, PyAny>,
    sort_keys: bool,
    ensure_ascii: bool,
) -> Result<Actions, Failure> {
    let peer = Peer { fallback, spelling: engine.spelling(sort_keys, ensure_ascii) };
    guard(|| {
        let text = changed(&session.0, data, modified, &peer)?;
        let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
        Ok(Actions(session.0.finish(&content, UnixMillis(now_ms), &mut dice(entropy))?))
    })
}

/// Later writes build upon what became of these.
#[pyfunction]
pub(crate) fn settle(mut session: PyRefMut<'_, Session>, report: &Report) {
    session.0.settle(&report.0);
}

#[pymethods]
impl Pending {
    /// What the store is to be asked for, all at once.
    #[getter]
    fn keys(&self) -> Vec<String> {
        self.0.as_ref().map(|pending| pending.keys().to_vec()).unwrap_or_default()
    }

    /// Takes what the store has, in the order of the keys.
    fn loaded<'py>(
        &mut self,
        py: Python<'py>,
        rows: Vec<Option<(i64, String)>>,
        now_ms: i64,
    ) -> Result<Opened<'py>, Failure> {
        let row = |(version, text)| Row { version, text };
        let rows: Vec<Option<Row>> = rows.into_iter().map(|found| found.map(row)).collect();
        let pending = self.0.take().ok_or(Failure::Panic)?;
        guard(|| Ok(shown(py, pending.loaded(&rows, UnixMillis(now_ms)))))
    }

    /// The store failed: an empty session that writes nothing.
    fn failed(&mut self) -> Result<Session, Failure> {
        Ok(Session(self.0.take().ok_or(Failure::Panic)?.failed()))
    }
}

#[pymethods]
impl Actions {
    #[getter]
    fn list(&self) -> Vec<NativeAction> {
        self.0.as_slice().iter().map(NativeAction::from).collect()
    }

    /// Takes what came of them: `done`, `exists`, `gone`, `failed`, or the row that is there instead.
    fn done(&self, said: Vec<Said>) -> PyResult<Next> {
        let outcomes = said.into_iter().map(Outcome::try_from).collect::<PyResult<_>>()?;
        Ok(match self.0.clone().done(outcomes) {
            Step::Again(actions) => Next::Again(Actions(actions)),
            Step::Done(report) => Next::Done(Report(report)),
            _ => return Err(PyValueError::new_err("a step that this version does not know")),
        })
    }
}

#[pymethods]
impl Report {
    /// How often another request was first.
    #[getter]
    fn conflicts(&self) -> u32 {
        self.0.conflicts
    }

    /// Why something was not written; `None` where all was.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason.map(Reason::code)
    }
}

impl From<&Action> for NativeAction {
    fn from(action: &Action) -> Self {
        let (kind, key, version, entry): (_, _, _, Option<&Entry>) = match action {
            Action::Create { key, entry } => ("create", key, None, Some(entry)),
            Action::Delete { key } => ("delete", key, None, None),
            Action::Put { key, entry } => ("put", key, None, Some(entry)),
            Action::Save { key, version, entry } => ("save", key, Some(*version), Some(entry)),
            _ => ("unknown", const { &String::new() }, None, None),
        };
        Self {
            kind,
            key: key.clone(),
            version,
            text: entry.map(|entry| entry.text.clone()),
            user: entry.and_then(|entry| entry.user.clone()),
            expires_ms: entry.and_then(|entry| entry.expires).map(|time| time.0),
        }
    }
}

impl TryFrom<Said> for Outcome {
    type Error = PyErr;

    fn try_from(said: Said) -> PyResult<Self> {
        Ok(match said {
            Said::Row(version, text) => Self::Conflict(Row { version, text }),
            Said::Word(word) => match word.as_str() {
                "done" => Self::Done,
                "exists" => Self::Exists,
                "failed" => Self::Failed,
                "gone" => Self::Gone,
                _ => return Err(PyValueError::new_err("a store's answer is not known")),
            },
        })
    }
}

/// When the session of a record began and was last renewed, in milliseconds; `None` where it has ended.
#[pyfunction]
pub(crate) fn record_times(text: &str) -> Option<(i64, i64)> {
    let record = record::Record::parse(text).ok()?;
    matches!(record.content, record::Content::Payload(_)).then_some((record.created.0, record.renewed.0))
}

/// The record of a session that begins `now`, for what another library kept; its key.
#[pyfunction]
pub(crate) fn new_record(
    id: &str,
    payload: String,
    now_ms: i64,
    expires_ms: Option<i64>,
) -> (String, String) {
    let record = record::Record {
        created: UnixMillis(now_ms),
        renewed: UnixMillis(now_ms),
        expires: expires_ms.map(UnixMillis),
        epoch: 0,
        user: None,
        content: record::Content::Payload(payload),
    };
    (record::key(id), record.to_text())
}

/// The id that the cookie has, or will have; `None` for a session in the cookie.
#[pyfunction]
pub(crate) fn session_id(
    mut session: PyRefMut<'_, Session>,
    entropy: &Bound<'_, PyAny>,
) -> Result<Option<String>, Failure> {
    Ok(session.0.id(&mut dice(entropy))?.map(str::to_owned))
}

/// Joins what two requests changed in plain JSON; `None` where that is not JSON of at most 200 levels.
#[pyfunction]
pub(crate) fn merge(base: &str, mine: &str, theirs: &str) -> Option<String> {
    payload::merge(payload::Dialect::Plain, base, mine, theirs).ok()
}
