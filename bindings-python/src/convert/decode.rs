//! The payload's text as Python's values: the core's Sink.

use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyBytes, PyDelta, PyDict, PyFloat, PyInt, PyList, PyNone, PyString, PyTuple},
};
use shortcrust::{
    UnixMillis,
    payload::{self, DecodeError, Dialect, Sink, Text},
};

use super::{DAY, Types, keys, markup, types};

/// The document as Python objects.
pub(crate) fn decode<'py>(py: Python<'py>, text: &str, dialect: Dialect) -> PyResult<Bound<'py, PyAny>> {
    let mut sink = Builder { py, types: types(py)? };
    payload::decode(text, dialect == Dialect::Tagged, &mut sink).map_err(|error| match error {
        DecodeError::Sink(error) => error,
        DecodeError::Text(reason) => PyTypeError::new_err(reason.code()),
    })
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
        match key {
            Text::Utf8(text) => Ok(keys::of(self.py, text)),
            Text::Wtf8(_) => self.string(key),
        }
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
        self.types.uuids.make(self.py, u128::from_be_bytes(uuid))
    }
    fn datetime(&mut self, text: Text<'_>, time: Option<UnixMillis>) -> PyResult<Self::Value> {
        match time {
            Some(time) => self.types.epoch.bind(self.py).add(span(self.py, time)?),
            None => self.py.import("werkzeug.http")?.call_method1("parse_date", (self.string(text)?,)),
        }
    }
}

fn span(py: Python<'_>, time: UnixMillis) -> PyResult<Bound<'_, PyDelta>> {
    let (days, seconds) = (time.secs().div_euclid(DAY), time.secs().rem_euclid(DAY));
    PyDelta::new(py, i32::try_from(days)?, i32::try_from(seconds)?, 0, false)
}
