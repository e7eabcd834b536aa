//! One request's session: opened before the handler, closed or sealed behind it.

use pyo3::{exceptions::PyException, prelude::*, types::PyDict};
use shortcrust::{Content, Reason, UnixMillis, Why, payload::Dialect};

use crate::{
    ambient::dice,
    convert::{self, Peer, Spelling},
    error::{Failure, guard},
    options::EngineOptions,
};

/// A front's configuration, checked.
#[pyclass(frozen, module = "shortcrust._core")]
pub(crate) struct Engine {
    pub(crate) core: shortcrust::Engine,
    dialect: Dialect,
    spaced: bool,
}

/// What came in, and what was commanded since.
#[pyclass(module = "shortcrust._core")]
pub(crate) struct Session(pub(crate) shortcrust::Session);

/// What the response needs.
#[pyclass(frozen, get_all, module = "shortcrust._core")]
pub(crate) struct Closed {
    /// Values of Set-Cookie headers, in order.
    cookies: Vec<String>,
    cache_control: Option<&'static str>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(options: EngineOptions) -> Result<Self, Failure> {
        let (dialect, spaced) = (options.dialect(), options.is_spaced());
        guard(|| Ok(Self { core: options.build()?, dialect, spaced }))
    }

    /// Configuration that works and may surprise, in words.
    #[getter]
    fn warnings(&self) -> Vec<&'static str> {
        self.core.warnings().iter().map(|warning| warning.message()).collect()
    }

    /// Reads a Cookie header. Total: whatever is in it, the answer is a session, with its data if there is one.
    fn open<'py>(
        &self,
        py: Python<'py>,
        header: &str,
        now_ms: i64,
    ) -> Result<(Session, Option<Bound<'py, PyAny>>), Failure> {
        let now = UnixMillis(now_ms);
        guard(|| Ok(shown(py, self.session(header, now)?)))
            .or_else(|_| Ok(shown(py, self.refused(Reason::Internal, now)?)))
    }

    /// For a front of our own: the engine decides. `None` where there is nothing to set.
    #[expect(
        clippy::fn_params_excessive_bools,
        clippy::too_many_arguments,
        reason = "one call a request, without a dict of arguments"
    )]
    fn close(
        &self,
        mut session: Option<PyRefMut<'_, Session>>,
        data: &Bound<'_, PyDict>,
        modified: bool,
        secure: bool,
        now_ms: i64,
        entropy: &Bound<'_, PyAny>,
        fallback: &Bound<'_, PyAny>,
        sort_keys: bool,
        ensure_ascii: bool,
    ) -> Result<Option<Closed>, Failure> {
        let now = UnixMillis(now_ms);
        let peer = Peer { fallback, spelling: self.spelling(sort_keys, ensure_ascii) };
        guard(|| {
            let mut fresh = self.session("", now)?;
            let session = session.as_mut().map_or(&mut fresh, |session| &mut session.0);
            let text = changed(session, data, modified, &peer)?;
            let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
            let head = session.head(&content, secure, now, &mut dice(entropy))?;
            let cookies: Vec<String> = head.cookies.iter().map(shortcrust::SetCookie::header).collect();
            Ok((!cookies.is_empty()).then_some(Closed { cookies, cache_control: head.cache_control }))
        })
    }

    /// For a drop-in: the token, if it is forced or the data changed; the peer decides what to do with it.
    #[expect(
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "one call a request, without a dict of arguments"
    )]
    fn seal(
        &self,
        session: Option<PyRef<'_, Session>>,
        data: &Bound<'_, PyDict>,
        modified: bool,
        force: bool,
        now_ms: i64,
        entropy: &Bound<'_, PyAny>,
        fallback: &Bound<'_, PyAny>,
        sort_keys: bool,
        ensure_ascii: bool,
    ) -> Result<Option<String>, Failure> {
        let now = UnixMillis(now_ms);
        let peer = Peer { fallback, spelling: self.spelling(sort_keys, ensure_ascii) };
        guard(|| {
            let fresh = self.session("", now)?;
            let session = session.as_ref().map_or(&fresh, |session| &session.0);
            let text = if force {
                forced(session, data, modified, &peer).map(Some)
            } else {
                changed(session, data, modified, &peer)
            }?;
            let seal = |text: String| session.seal(&text, now, &mut dice(entropy));
            Ok(text.map(seal).transpose()?)
        })
    }
}

impl Engine {
    fn session(&self, header: &str, now: UnixMillis) -> Result<shortcrust::Session, Failure> {
        self.core.open(header, now).ready().ok_or(Failure::Panic)
    }

    /// As if no session had come.
    pub(crate) fn refused(&self, reason: Reason, now: UnixMillis) -> Result<shortcrust::Session, Failure> {
        let mut session = self.session("", now)?;
        session.refuse(reason);
        Ok(session)
    }

    pub(crate) fn spelling(&self, sort_keys: bool, ensure_ascii: bool) -> Spelling {
        Spelling { dialect: self.dialect, spaced: self.spaced, sort_keys, ensure_ascii }
    }
}

#[pymethods]
impl Session {
    /// Why there is no session; `None` where there is one.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason().map(Reason::code)
    }

    /// Whose session it is.
    #[getter]
    fn user(&self) -> Option<&str> {
        self.0.meta().user.as_deref()
    }

    /// When the token was sealed; `None` where its format does not tell, or none came in.
    #[getter]
    fn issued_ms(&self) -> Option<i64> {
        self.0.meta().issued.map(|issued| issued.0)
    }

    /// Draws a new id; `why` is `login` (of `user`), `logout` or `privilege`.
    fn regenerate(&mut self, why: &str, user: Option<String>, now_ms: i64) {
        let why = match why {
            "login" => Why::Login { user },
            "logout" => Why::Logout,
            _ => Why::Privilege,
        };
        self.0.regenerate(why, UnixMillis(now_ms));
    }

    fn destroy(&mut self) {
        self.0.destroy();
    }

    fn touch(&mut self) {
        self.0.touch();
    }

    fn is_stale(&self) -> bool {
        self.0.is_stale()
    }

    /// An application may copy its session, and this with it; there is one cookie that came in.
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// A session with its data; where those can't be built, an empty one.
pub(crate) fn shown(py: Python<'_>, mut session: shortcrust::Session) -> (Session, Option<Bound<'_, PyAny>>) {
    let dialect = session.dialect();
    let data = session.payload().map(|text| convert::decode(py, text, dialect)).transpose();
    let data = data.unwrap_or_else(|_| {
        session.refuse(Reason::Malformed);
        None
    });
    (Session(session), data)
}

/// The payload, if it is another than the one that came in.
pub(crate) fn changed(
    session: &shortcrust::Session,
    data: &Bound<'_, PyDict>,
    modified: bool,
    peer: &Peer<'_, '_>,
) -> PyResult<Option<String>> {
    // A flag on the top level misses only what hides in a container below it.
    let must = modified || session.is_foreign();
    if !must && !session.facts().nested {
        return Ok(None);
    }
    match convert::encode(data, peer) {
        Ok(text) => Ok((must || !is_incoming(session, &text, data.py(), peer)).then_some(text)),
        Err(error) if is_harmless(&error, modified, data.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The payload, or the one that came in where the data can't be encoded and nobody said that it changed.
fn forced(
    session: &shortcrust::Session,
    data: &Bound<'_, PyDict>,
    modified: bool,
    peer: &Peer<'_, '_>,
) -> PyResult<String> {
    convert::encode(data, peer).or_else(|error| match session.payload() {
        Some(payload) if is_harmless(&error, modified, data.py()) => Ok(payload.to_owned()),
        _ => Err(error),
    })
}

/// Views that only read put things into nested copies that no JSON can hold; that must not end in a 500.
fn is_harmless(error: &PyErr, modified: bool, py: Python<'_>) -> bool {
    !modified && error.is_instance_of::<PyException>(py)
}

/// The text that came in may be spelled by another writer, so what it means is compared too.
fn is_incoming(session: &shortcrust::Session, text: &str, py: Python<'_>, peer: &Peer<'_, '_>) -> bool {
    session.payload().is_some_and(|incoming| {
        incoming == text
            || convert::respell(py, incoming, session.dialect(), peer)
                .is_ok_and(|respelled| respelled == text)
    })
}
