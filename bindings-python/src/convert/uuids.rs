//! UUIDs, which Python's own class makes and spells in Python.

use pyo3::{prelude::*, types::PyType};

pub(super) struct Uuids {
    kind: Py<PyType>,
    /// What `UUID.__init__` does with a number: a sixth of the time that it takes for reading one from text.
    bare: Option<Bare>,
}

struct Bare {
    new: Py<PyAny>,
    set: Py<PyAny>,
    is_safe: Py<PyAny>,
}

impl Uuids {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        let module = py.import("uuid")?;
        let object = py.import("builtins")?.getattr("object")?;
        let kind = module.getattr("UUID")?.cast_into::<PyType>()?.unbind();
        let bare = Bare {
            new: object.getattr("__new__")?.unbind(),
            set: object.getattr("__setattr__")?.unbind(),
            is_safe: module.getattr("SafeUUID")?.getattr("unknown")?.unbind(),
        };
        let sample = 0x1234_5678_1234_5678_1234_5678_1234_5678;
        let as_python = kind.bind(py).call1((format!("{sample:032x}"),))?;
        let is_same = bare.make(py, &kind, sample).and_then(|made| {
            Ok(made.eq(&as_python)? && made.getattr("is_safe")?.is(as_python.getattr("is_safe")?))
        });
        // Another Python may keep them otherwise.
        Ok(Self { kind, bare: is_same.unwrap_or(false).then_some(bare) })
    }

    pub(super) fn is_kind_of(&self, kind: &Bound<'_, PyType>) -> bool {
        kind.is(&self.kind)
    }

    pub(super) fn make<'py>(&self, py: Python<'py>, number: u128) -> PyResult<Bound<'py, PyAny>> {
        match &self.bare {
            Some(bare) => bare.make(py, &self.kind, number),
            None => self.kind.bind(py).call1((format!("{number:032x}"),)),
        }
    }

    /// `value.hex`.
    pub(super) fn hex(value: &Bound<'_, PyAny>) -> PyResult<String> {
        let number: u128 = value.getattr("int")?.extract()?;
        Ok(format!("{number:032x}"))
    }
}

impl Bare {
    fn make<'py>(&self, py: Python<'py>, kind: &Py<PyType>, number: u128) -> PyResult<Bound<'py, PyAny>> {
        let made = self.new.bind(py).call1((kind,))?;
        self.set.bind(py).call1((&made, "int", number))?;
        self.set.bind(py).call1((&made, "is_safe", &self.is_safe))?;
        Ok(made)
    }
}
