//! Python's values as the payload's text: what drives the core's Writer.

use pyo3::{
    prelude::*,
    pybacked::PyBackedBytes,
    types::{
        PyBool, PyBytes, PyDelta, PyDeltaAccess, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
        iter::{BoundListIterator, BoundTupleIterator},
    },
};
use shortcrust::{
    UnixMillis,
    payload::{Dialect, MAX_DEPTH, MapScope, Text, Writer},
};

use super::{DAY, Spelling, Types, markup, types, uuids::Uuids};

pub(super) struct Encoder<'py> {
    types: &'py Types,
    pub(super) writer: Writer,
    spelling: Spelling,
    /// What has begun, from the outside in: kept here, since the stack of a thread may be small.
    open: Vec<Open<'py>>,
    /// Of all dicts that are open, the outermost first, and each one's in the order from its end to its beginning: in
    /// one list, which grows once. Copied, since the application's code may change a dict meanwhile.
    entries: Vec<(Bound<'py, PyString>, Bound<'py, PyAny>)>,
}

/// A container, of which the rest is still to be written.
enum Open<'py> {
    /// Its entries begin there.
    Dict(MapScope, usize),
    List(BoundListIterator<'py>),
    Tuple(BoundTupleIterator<'py>),
}

/// A value that only the peer's serializer knows how to write, or to refuse.
pub(super) struct Unknown;

impl<E: Into<PyErr>> From<E> for Unknown {
    fn from(_: E) -> Self {
        Self
    }
}

type Encoded = Result<(), Unknown>;

/// Types are compared exactly: a subclass may behave as it likes, and the peer knows how.
impl<'py> Encoder<'py> {
    pub(super) fn new(py: Python<'py>, spelling: Spelling) -> PyResult<Self> {
        let writer = Writer::new(spelling.ensure_ascii);
        let writer = if spelling.spaced { writer.spaced() } else { writer };
        Ok(Self { types: types(py)?, writer, spelling, open: Vec::new(), entries: Vec::new() })
    }

    pub(super) fn document(&mut self, value: &Bound<'py, PyAny>) -> Encoded {
        self.value(value)?;
        while let Some(open) = self.open.last_mut() {
            let next = match open {
                Open::Dict(scope, start) if self.entries.len() > *start => match self.entries.pop() {
                    Some((key, value)) => {
                        let scope = *scope;
                        self.writer.key(scope, self.writable(&Characters::new(&key)?)?);
                        Some(value)
                    }
                    None => None,
                },
                Open::Dict(..) => None,
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
        } else if self.types.uuids.is_kind_of(&kind) {
            self.writer.uuid(&Uuids::hex(value)?);
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

    fn dict(&mut self, dict: &Bound<'py, PyDict>) -> Result<Open<'py>, Unknown> {
        let start = self.entries.len();
        for (key, value) in dict.iter() {
            self.entries.push((key.cast_into_exact()?, value));
        }
        let entries = &mut self.entries[start..];
        if self.spelling.sort_keys {
            sort(entries)?;
        }
        entries.reverse();
        let only_key = match &*entries {
            [(key, _)] if self.spelling.dialect == Dialect::Tagged => Some(Characters::new(key)?),
            _ => None,
        };
        let scope = self.writer.begin_map(only_key.as_ref().map(Characters::text));
        Ok(Open::Dict(scope, start))
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
    fn writable<'a>(&self, characters: &'a Characters<'_>) -> Result<Text<'a>, Unknown> {
        match characters.text() {
            Text::Wtf8(_) if !self.spelling.ensure_ascii => Err(Unknown),
            text => Ok(text),
        }
    }
}

/// Python compares keys by code point, which is the order of their UTF-8 bytes.
fn sort(entries: &mut [(Bound<'_, PyString>, Bound<'_, PyAny>)]) -> Encoded {
    if entries.iter().all(|(key, _)| key.to_str().is_ok()) {
        // Python has kept the bytes.
        entries.sort_unstable_by(|(a, _), (b, _)| {
            a.to_str().unwrap_or_default().as_bytes().cmp(b.to_str().unwrap_or_default().as_bytes())
        });
        return Ok(());
    }
    for (key, _) in &*entries {
        Characters::new(key)?;
    }
    entries.sort_by_cached_key(|(key, _)| Characters::new(key).map(|key| key.text().bytes().to_vec()).ok());
    Ok(())
}

/// A string where Python keeps it.
enum Characters<'a> {
    Utf8(&'a str),
    Wtf8(PyBackedBytes),
}

impl<'a> Characters<'a> {
    fn new(text: &'a Bound<'_, PyString>) -> PyResult<Self> {
        text.to_str().map(Self::Utf8).or_else(|_| {
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
