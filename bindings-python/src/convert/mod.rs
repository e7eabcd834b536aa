//! Python's values to the payload's text and back: the core's Sink and Writer over Python objects.

mod decode;
mod encode;
mod keys;
mod uuids;

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyType},
};
use shortcrust::payload::Dialect;

pub(crate) use decode::decode;
use encode::{Encoder, Unknown};
use uuids::Uuids;

/// How the peer spells its JSON.
#[derive(Clone, Copy)]
pub(crate) struct Spelling {
    pub(crate) dialect: Dialect,
    /// `", "` and `": "`.
    pub(crate) spaced: bool,
    pub(crate) sort_keys: bool,
    pub(crate) ensure_ascii: bool,
}

/// The peer's own serializer, for values that are not known here exactly, and how it spells.
pub(crate) struct Peer<'a, 'py> {
    pub(crate) fallback: &'a Bound<'py, PyAny>,
    pub(crate) spelling: Spelling,
}

/// Any value as text; `None` where it, or one in it, is not known exactly.
pub(crate) fn try_encode(value: &Bound<'_, PyAny>, spelling: Spelling) -> PyResult<Option<String>> {
    let mut encoder = Encoder::new(value.py(), spelling)?;
    Ok(encoder.document(value).is_ok().then(|| encoder.writer.finish()))
}

/// The document as text. A value that is not known exactly sends the whole of it through the peer's serializer.
pub(crate) fn encode(data: &Bound<'_, PyDict>, peer: &Peer<'_, '_>) -> PyResult<String> {
    let mut encoder = Encoder::new(data.py(), peer.spelling)?;
    match encoder.document(data.as_any()) {
        Ok(()) => Ok(encoder.writer.finish()),
        Err(Unknown) => peer.fallback.call1((data,))?.extract(),
    }
}

/// `encode(decode(text))`.
pub(crate) fn respell(py: Python<'_>, text: &str, dialect: Dialect, peer: &Peer<'_, '_>) -> PyResult<String> {
    encode(decode(py, text, dialect)?.cast::<PyDict>()?, peer)
}

struct Types {
    datetime: Py<PyType>,
    uuids: Uuids,
    /// 1970 without and with a time zone.
    naive_epoch: Py<PyAny>,
    epoch: Py<PyAny>,
}

pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    types(py).map(drop)
}

fn types(py: Python<'_>) -> PyResult<&Types> {
    static TYPES: PyOnceLock<Types> = PyOnceLock::new();
    TYPES.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let datetime = module.getattr("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        Ok(Types {
            naive_epoch: datetime.call1((1970, 1, 1))?.unbind(),
            epoch: datetime.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind(),
            datetime: datetime.cast_into()?.unbind(),
            uuids: Uuids::new(py)?,
        })
    })
}

/// Not every framework brings `markupsafe`, so it is asked for when it is needed.
fn markup(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static MARKUP: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    MARKUP.import(py, "markupsafe", "Markup")
}

const DAY: i64 = 86_400;
