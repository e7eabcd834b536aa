//! Python's values to the payload's text and back: the core's Sink and Writer over Python objects.

use std::vec;

use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    sync::PyOnceLock,
    types::{
        PyBool, PyBytes, PyDelta, PyDeltaAccess, PyDict, PyFloat, PyInt, PyList, PyNone, PyString, PyTuple,
        PyType,
        iter::{BoundListIterator, BoundTupleIterator},
    },
};
use shortcrust::{
    UnixMillis,
    payload::{self, DecodeError, Dialect, MAX_DEPTH, MapScope, Sink, Text, Writer},
};

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

/// The document as Python objects.
pub(crate) fn decode<'py>(py: Python<'py>, text: &str, dialect: Dialect) -> PyResult<Bound<'py, PyAny>> {
    let mut sink = Builder { py, types: types(py)? };
    payload::decode(text, dialect == Dialect::Tagged, &mut sink).map_err(|error| match error {
        DecodeError::Sink(error) => error,
        DecodeError::Text(reason) => PyTypeError::new_err(reason.code()),
    })
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
    uuid: Py<PyType>,
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
            uuid: py.import("uuid")?.getattr("UUID")?.cast_into()?.unbind(),
        })
    })
}

/// Not every framework brings `markupsafe`, so it is asked for when it is needed.
fn markup(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static MARKUP: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    MARKUP.import(py, "markupsafe", "Markup")
}

struct Builder<'py> {
    py: Python<'py>,
    types: &'py Types,
}

impl<'py> Builder<'py> {
    fn string(&self, text: Text<'_>) -> PyResult<Bound<'py, PyString>> {
        match text {
            Text::Utf8(text) => Ok(PyString::new(self.py, text)),
            Text::Wtf8(bytes) => {
                let bytes = PyBytes::new(self.py, bytes);
                PyString::from_encoded_object(&bytes, Some(c"utf-8"), Some(c"surrogatepass"))
            }
        }
    }
}

impl<'py> Sink for Builder<'py> {
    type Value = Bound<'py, PyAny>;
    type Key = Bound<'py, PyString>;
    type List = Vec<Bound<'py, PyAny>>;
    type Map = Bound<'py, PyDict>;
    type Error = PyErr;

    fn null(&mut self) -> PyResult<Self::Value> {
        Ok(PyNone::get(self.py).to_owned().into_any())
    }
    fn bool(&mut self, value: bool) -> PyResult<Self::Value> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }
    fn int(&mut self, digits: &str) -> PyResult<Self::Value> {
        match digits.parse::<i64>() {
            Ok(value) => Ok(value.into_pyobject(self.py)?.into_any()),
            Err(_) => self.py.get_type::<PyInt>().call1((digits,)),
        }
    }
    fn float(&mut self, value: f64) -> PyResult<Self::Value> {
        Ok(PyFloat::new(self.py, value).into_any())
    }
    fn text(&mut self, text: Text<'_>) -> PyResult<Self::Value> {
        Ok(self.string(text)?.into_any())
    }
    fn list(&mut self) -> PyResult<Self::List> {
        Ok(Vec::new())
    }
    fn push(&mut self, list: &mut Self::List, value: Self::Value) -> PyResult<()> {
        list.push(value);
        Ok(())
    }
    fn end_list(&mut self, list: Self::List) -> PyResult<Self::Value> {
        Ok(PyList::new(self.py, list)?.into_any())
    }
    fn end_tuple(&mut self, list: Self::List) -> PyResult<Self::Value> {
        Ok(PyTuple::new(self.py, list)?.into_any())
    }
    fn map(&mut self) -> PyResult<Self::Map> {
        Ok(PyDict::new(self.py))
    }
    fn key(&mut self, key: Text<'_>) -> PyResult<Self::Key> {
        self.string(key)
    }
    fn insert(&mut self, map: &mut Self::Map, key: Self::Key, value: Self::Value) -> PyResult<()> {
        map.set_item(key, value)
    }
    fn end_map(&mut self, map: Self::Map) -> PyResult<Self::Value> {
        Ok(map.into_any())
    }
    fn bytes(&mut self, bytes: &[u8]) -> PyResult<Self::Value> {
        Ok(PyBytes::new(self.py, bytes).into_any())
    }
    fn markup(&mut self, text: Text<'_>) -> PyResult<Self::Value> {
        let text = self.string(text)?;
        // Without the package there is nothing that could vouch for it.
        markup(self.py).map_or_else(|_| Ok(text.clone().into_any()), |markup| markup.call1((&text,)))
    }
    fn uuid(&mut self, uuid: [u8; 16]) -> PyResult<Self::Value> {
        self.types.uuid.bind(self.py).call1((format!("{:032x}", u128::from_be_bytes(uuid)),))
    }
    fn datetime(&mut self, text: Text<'_>, time: Option<UnixMillis>) -> PyResult<Self::Value> {
        match time {
            Some(time) => self.types.epoch.bind(self.py).add(span(self.py, time)?),
            None => self.py.import("werkzeug.http")?.call_method1("parse_date", (self.string(text)?,)),
        }
    }
}

const DAY: i64 = 86_400;

fn span(py: Python<'_>, time: UnixMillis) -> PyResult<Bound<'_, PyDelta>> {
    let (days, seconds) = (time.secs().div_euclid(DAY), time.secs().rem_euclid(DAY));
    PyDelta::new(py, i32::try_from(days)?, i32::try_from(seconds)?, 0, false)
}

struct Encoder<'py> {
    types: &'py Types,
    writer: Writer,
    spelling: Spelling,
    /// What has begun, from the outside in: kept here, since the stack of a thread may be small.
    open: Vec<Open<'py>>,
}

/// A container, of which the rest is still to be written.
enum Open<'py> {
    Dict(MapScope, vec::IntoIter<(Characters, Bound<'py, PyAny>)>),
    List(BoundListIterator<'py>),
    Tuple(BoundTupleIterator<'py>),
}

/// A value that only the peer's serializer knows how to write, or to refuse.
struct Unknown;

impl<E: Into<PyErr>> From<E> for Unknown {
    fn from(_: E) -> Self {
        Self
    }
}

type Encoded = Result<(), Unknown>;

/// Types are compared exactly: a subclass may behave as it likes, and the peer knows how.
impl<'py> Encoder<'py> {
    fn new(py: Python<'py>, spelling: Spelling) -> PyResult<Self> {
        let writer = Writer::new(spelling.ensure_ascii);
        let writer = if spelling.spaced { writer.spaced() } else { writer };
        Ok(Self { types: types(py)?, writer, spelling, open: Vec::new() })
    }

    fn document(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        self.value(value)?;
        while let Some(open) = self.open.last_mut() {
            let next = match open {
                Open::Dict(scope, entries) => match entries.next() {
                    Some((key, value)) => {
                        let scope = *scope;
                        self.writer.key(scope, self.writable(&key)?);
                        Some(value)
                    }
                    None => None,
                },
                Open::List(items) => items.next(),
                Open::Tuple(items) => items.next(),
            };
            match next {
                Some(value) => self.value(&value)?,
                None => self.close(),
            }
        }
        Ok(())
    }

    /// Writes it, or the beginning of a container.
    fn value(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        if let Ok(text) = value.cast_exact::<PyString>() {
            let text = Characters::new(text)?;
            self.writer.text(self.writable(&text)?);
        } else if value.is_exact_instance_of::<PyInt>() {
            self.int(value)?;
        } else if let Ok(value) = value.cast_exact::<PyBool>() {
            self.writer.bool(value.is_true());
        } else if value.is_none() {
            self.writer.null();
        } else if let Ok(value) = value.cast_exact::<PyFloat>() {
            self.writer.float(value.value());
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            let dict = self.dict(dict)?;
            self.push(dict)?;
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.writer.begin_list();
            self.push(Open::List(list.iter()))?;
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.begin_tuple();
            self.push(Open::Tuple(tuple.iter()))?;
        } else if self.is_tagged() {
            self.rare(value)?;
        } else {
            return Err(Unknown);
        }
        Ok(())
    }

    /// Deeper than any reader goes, a cycle must end.
    fn push(&mut self, open: Open<'py>) -> Encoded {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH { Err(Unknown) } else { Ok(()) }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::Dict(scope, _)) => self.writer.end_map(scope),
            Some(Open::List(_)) => self.writer.end_list(),
            Some(Open::Tuple(_)) => self.end_tuple(),
            None => {}
        }
    }

    fn is_tagged(&self) -> bool {
        self.spelling.dialect == Dialect::Tagged
    }

    fn begin_tuple(&mut self) {
        if self.is_tagged() { self.writer.begin_tuple() } else { self.writer.begin_list() }
    }

    fn end_tuple(&mut self) {
        if self.is_tagged() { self.writer.end_tuple() } else { self.writer.end_list() }
    }

    fn rare(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        let (py, kind) = (value.py(), value.get_type());
        if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            self.writer.bytes(bytes.as_bytes());
        } else if kind.is(&self.types.datetime) {
            self.datetime(value)?;
        } else if kind.is(&self.types.uuid) {
            self.writer.uuid(value.getattr("hex")?.cast::<PyString>()?.to_str()?);
        } else if kind.is(markup(py)?) {
            let text = Characters::new(value.cast::<PyString>()?)?;
            self.writer.markup(self.writable(&text)?);
        } else {
            return Err(Unknown);
        }
        Ok(())
    }

    fn int(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        match value.extract() {
            Ok(small) => self.writer.int(small),
            Err(_) => self.writer.raw(value.str()?.to_str()?),
        }
        Ok(())
    }

    /// Python compares keys by code point, which is the order of their UTF-8 bytes.
    fn dict(&mut self, dict: &Bound<'py, PyDict>) -> Result<Open<'py>, Unknown> {
        let entry = |(key, value): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            Ok((Characters::new(key.cast_exact::<PyString>()?)?, value))
        };
        let mut entries = dict.iter().map(entry).collect::<Result<Vec<_>, Unknown>>()?;
        if self.spelling.sort_keys {
            entries.sort_unstable_by(|(a, _), (b, _)| a.text().bytes().cmp(b.text().bytes()));
        }
        let only_key = match entries.as_slice() {
            [(key, _)] if self.is_tagged() => Some(key.text()),
            _ => None,
        };
        let scope = self.writer.begin_map(only_key);
        Ok(Open::Dict(scope, entries.into_iter()))
    }

    /// As Werkzeug's `http_date` (3.1): naive means UTC, and there are no fractions.
    fn datetime(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        let is_naive = value.getattr("tzinfo")?.is_none();
        let epoch = if is_naive { &self.types.naive_epoch } else { &self.types.epoch };
        let since = value.sub(epoch)?.cast_into::<PyDelta>()?;
        let seconds = i64::from(since.get_days()) * DAY + i64::from(since.get_seconds());
        if self.writer.datetime(UnixMillis::from_secs(seconds)) { Ok(()) } else { Err(Unknown) }
    }

    /// Unescaped, half a surrogate pair is no UTF-8, and the peer refuses it.
    fn writable<'a>(&self, characters: &'a Characters) -> Result<Text<'a>, Unknown> {
        match characters.text() {
            Text::Wtf8(_) if !self.spelling.ensure_ascii => Err(Unknown),
            text => Ok(text),
        }
    }
}

/// A string where Python keeps it.
enum Characters {
    Utf8(PyBackedStr),
    Wtf8(PyBackedBytes),
}

impl Characters {
    fn new(text: &Bound<'_, PyString>) -> PyResult<Self> {
        PyBackedStr::try_from(text.clone()).map(Self::Utf8).or_else(|_| {
            let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
            Ok(Self::Wtf8(bytes.extract()?))
        })
    }

    fn text(&self) -> Text<'_> {
        match self {
            Self::Utf8(text) => Text::Utf8(text),
            Self::Wtf8(bytes) => Text::Wtf8(bytes),
        }
    }
}
