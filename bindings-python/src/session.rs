//! One request's session: opened before the handler, closed or sealed behind it.

use pyo3::{prelude::*, types::PyDict};
use shortcrust::{Answer, Content, Reason, UnixMillis, payload::Dialect};

use crate::{
    ambient::rng,
    convert::{self, Peer, Spelling},
    error::{Failure, guard},
    left::{forced, left},
    options::EngineOptions,
    store::{self, NativeNeed, StoreAnswer},
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

/// Its name, and of what it tells: a reason, a cookie's format and the position of its secret, a count.
type NativeEvent = (&'static str, Option<&'static str>, Option<&'static str>, Option<usize>, Option<u64>);

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

    /// Reads a Cookie header. Total: whatever is in it, the answer is a session, with its data if there is one. What a
    /// session needs that waits for a store comes first; `Session.data` has its data then.
    fn open<'py>(
        &self,
        py: Python<'py>,
        header: &str,
        now_ms: i64,
    ) -> Result<(Session, Option<Bound<'py, PyAny>>), Failure> {
        let now = UnixMillis(now_ms);
        guard(|| Ok(shown(py, self.core.open(header, now))))
            .or_else(|_| Ok(shown(py, self.refused(Reason::Internal, now))))
    }

    /// For a front of our own: the engine decides. `None` where there is nothing to set.
    #[expect(
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "one call a request, without a dict of arguments"
    )]
    fn close(
        &self,
        session: Option<Bound<'_, Session>>,
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
            let session = self.or_fresh(data.py(), session.as_ref(), now)?;
            let left = left(&session, data, modified, &peer)?;
            let head = session.borrow_mut().0.head(&left.content(), secure, now, &mut rng(entropy))?;
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
        session: Option<Bound<'_, Session>>,
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
            let session = self.or_fresh(data.py(), session.as_ref(), now)?;
            let text = if force {
                Some(forced(&session, data, modified, &peer)?)
            } else {
                left(&session, data, modified, &peer)?.text()
            };
            let session = session.borrow();
            let seal = |text: String| session.0.seal(&text, now, &mut rng(entropy));
            Ok(text.map(seal).transpose()?)
        })
    }
}

impl Engine {
    fn or_fresh<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, Session>>,
        now: UnixMillis,
    ) -> PyResult<Bound<'py, Session>> {
        session
            .map_or_else(|| Bound::new(py, Session(self.core.open("", now))), |session| Ok(session.clone()))
    }

    /// As if no session had come.
    pub(crate) fn refused(&self, reason: Reason, now: UnixMillis) -> shortcrust::Session {
        let mut session = self.core.open("", now);
        session.refuse(reason);
        session
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
    fn user(&mut self) -> Option<String> {
        self.0.user()
    }

    /// Whether the session is another user's, whose data stay behind at a login.
    fn is_of_other(&mut self, user: &str) -> bool {
        self.0.is_of_other(user)
    }

    /// When the token was sealed; `None` where its format does not tell, or none came in.
    #[getter]
    fn issued_ms(&self) -> Option<i64> {
        self.0.meta().issued.map(|issued| issued.0)
    }

    /// The session is this user's from now on, under a new id. Where it was another's, the answer is what the handler
    /// has from now on.
    #[staticmethod]
    fn login<'py>(
        session: &Bound<'py, Self>,
        engine: &Engine,
        user: &str,
        data: &Bound<'py, PyDict>,
        now_ms: i64,
        fallback: &Bound<'py, PyAny>,
    ) -> Result<Option<Bound<'py, PyAny>>, Failure> {
        let peer = Peer { fallback, spelling: engine.spelling(false, true) };
        guard(|| {
            let is_of_other = session.borrow_mut().0.is_of_other(user);
            let text = is_of_other.then(|| convert::encode(data, &peer)).transpose()?;
            let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
            let shown = session.borrow_mut().0.login(user, &content, UnixMillis(now_ms))?;
            Ok(shown.map(|text| convert::decode(data.py(), &text, engine.dialect)).transpose()?)
        })
    }

    /// Begins to end the session of a record; where `user` is given, only if it is theirs.
    fn revoke(&mut self, key: &str, user: Option<&str>) {
        self.0.revoke(key, user);
    }

    /// How many records the last revocation ended; `None` for sessions in cookies.
    #[getter]
    fn revoked(&self) -> Option<u64> {
        self.0.revoked()
    }

    /// What the user knows the session by from now on.
    fn describe(&mut self, label: &str) {
        self.0.describe(label);
    }

    /// As `describe`, for where it is a user's and has no label.
    fn describe_by_default(&mut self, label: &str) {
        self.0.describe_by_default(label);
    }

    /// What the user knows the session by.
    #[getter]
    fn label(&self) -> Option<&str> {
        self.0.label()
    }

    /// The session is nobody's from now on, and empty.
    fn logout(&mut self, now_ms: i64) {
        self.0.logout(UnixMillis(now_ms));
    }

    /// A new id for what the handler leaves in the session.
    fn regenerate(&mut self, now_ms: i64) {
        self.0.regenerate(UnixMillis(now_ms));
    }

    fn destroy(&mut self) {
        self.0.destroy();
    }

    fn touch(&mut self) {
        self.0.touch();
    }

    /// What it waits for.
    fn need(&self) -> Option<NativeNeed> {
        store::need(self.0.need())
    }

    /// Takes the answers, up to the first that is not `done`.
    fn answer(
        &mut self,
        said: Vec<StoreAnswer>,
        now_ms: i64,
        entropy: &Bound<'_, PyAny>,
    ) -> Result<(), Failure> {
        let answers = said.into_iter().map(Answer::try_from).collect::<PyResult<_>>()?;
        guard(|| {
            self.0.answer(answers, UnixMillis(now_ms), &mut rng(entropy));
            Ok(())
        })
    }

    /// The data that came in, once the store has been asked; `None` where no session did.
    fn data<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        shown_data(py, &mut self.0)
    }

    /// Why the last write, or the first load, did not come about, and whether the request is to fail for it.
    #[getter]
    fn failure(&self) -> Option<(&'static str, bool)> {
        self.0.failure().map(|failure| (failure.reason.code(), failure.raise))
    }

    /// What happened since this was last asked.
    fn events(&mut self) -> Vec<NativeEvent> {
        let told = |event: shortcrust::Event| {
            let (format, key) = event.cookie().unzip();
            (event.name(), event.reason().map(Reason::code), format, key, event.count())
        };
        self.0.events().into_iter().map(told).collect()
    }

    /// How often other requests were first.
    #[getter]
    fn conflicts(&self) -> u32 {
        self.0.conflicts()
    }

    /// The store's key of the record, where there is one.
    #[getter]
    fn key(&self) -> Option<&str> {
        self.0.key()
    }

    /// Whether the store has failed, so that nobody can log in or out.
    #[getter]
    fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }

    /// The id that the cookie has, or will have; `None` for a session in the cookie.
    fn id(&mut self, entropy: &Bound<'_, PyAny>) -> Result<Option<String>, Failure> {
        Ok(self.0.id(&mut rng(entropy))?.map(str::to_owned))
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
fn shown(py: Python<'_>, mut session: shortcrust::Session) -> (Session, Option<Bound<'_, PyAny>>) {
    let data = shown_data(py, &mut session);
    (Session(session), data)
}

pub(crate) fn shown_data<'py>(
    py: Python<'py>,
    session: &mut shortcrust::Session,
) -> Option<Bound<'py, PyAny>> {
    let dialect = session.dialect();
    let data = session.payload().map(|text| convert::decode(py, text, dialect)).transpose();
    data.unwrap_or_else(|_| {
        session.refuse(Reason::Malformed);
        None
    })
}
