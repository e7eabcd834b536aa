//! What the handler left in its session: another payload than the one that came in, or not.

use pyo3::{exceptions::PyException, prelude::*, types::PyDict};
use shortcrust::{Content, payload::Dialect};

use crate::{
    convert::{self, Peer},
    session::Session,
};

/// What the handler left.
pub(crate) enum Left {
    Changed(String),
    Respelled(String),
    Unchanged,
}

impl Left {
    pub(crate) fn content(&self) -> Content<'_> {
        match self {
            Self::Changed(text) => Content::Changed(text),
            Self::Respelled(text) => Content::Respelled(text),
            Self::Unchanged => Content::Unchanged,
        }
    }

    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Changed(text) | Self::Respelled(text) => Some(text),
            Self::Unchanged => None,
        }
    }
}

/// What came in. A copy: while values are encoded, the application's own code runs, and may ask the session.
struct Incoming {
    payload: Option<String>,
    dialect: Dialect,
    is_foreign: bool,
    is_nested: bool,
}

impl Incoming {
    fn of(session: &Bound<'_, Session>, must: bool) -> Self {
        let session = &session.borrow().0;
        let (is_foreign, is_nested) = (session.is_foreign(), session.facts().nested);
        let is_asked = (!must && is_nested) || is_foreign;
        let payload = is_asked.then(|| session.payload().map(str::to_owned)).flatten();
        Self { payload, dialect: session.dialect(), is_foreign, is_nested }
    }

    /// The text that came in may be spelled by another writer, so what it means is compared too.
    fn is(&self, text: &str, py: Python<'_>, peer: &Peer<'_, '_>) -> bool {
        self.payload.as_ref().is_some_and(|incoming| {
            (incoming == text && !self.is_foreign)
                || convert::respell(py, incoming, self.dialect, peer).is_ok_and(|respelled| respelled == text)
        })
    }
}

/// The payload, if it is another than the one that came in.
pub(crate) fn left(
    session: &Bound<'_, Session>,
    data: &Bound<'_, PyDict>,
    modified: bool,
    peer: &Peer<'_, '_>,
) -> PyResult<Left> {
    let incoming = Incoming::of(session, modified);
    // A flag on the top level misses only what hides in a container below it.
    if !modified && !incoming.is_foreign && !incoming.is_nested {
        return Ok(Left::Unchanged);
    }
    match convert::encode(data, peer) {
        Ok(text) if modified || !incoming.is(&text, data.py(), peer) => Ok(Left::Changed(text)),
        Ok(text) if incoming.is_foreign => Ok(Left::Respelled(text)),
        Ok(_) => Ok(Left::Unchanged),
        Err(error) if is_harmless(&error, modified, data.py()) => Ok(Left::Unchanged),
        Err(error) => Err(error),
    }
}

/// The payload, or the one that came in where the data can't be encoded and nobody said that it changed.
pub(crate) fn forced(
    session: &Bound<'_, Session>,
    data: &Bound<'_, PyDict>,
    modified: bool,
    peer: &Peer<'_, '_>,
) -> PyResult<String> {
    let incoming = || session.borrow().0.payload().map(str::to_owned);
    convert::encode(data, peer).or_else(|error| match incoming() {
        Some(payload) if is_harmless(&error, modified, data.py()) => Ok(payload),
        _ => Err(error),
    })
}

/// Views that only read put things into nested copies that no JSON can hold; that must not end in a 500.
fn is_harmless(error: &PyErr, modified: bool, py: Python<'_>) -> bool {
    !modified && error.is_instance_of::<PyException>(py)
}
