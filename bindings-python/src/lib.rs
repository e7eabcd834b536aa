//! The native half of the Python package: takes Python's values, calls the core, gives Python's values back.

mod ambient;
mod codec;
mod convert;
mod error;
mod options;
mod session;

#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    const LEAST_FLASK_SECRET: usize = shortcrust::format::Flask::LEAST_SECRET;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::{
        codec::Codec,
        session::{Closed, Engine, Session},
    };

    /// Types are looked up before the application can patch them, as freezegun does with `datetime`.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::convert::prepare(module.py())
    }
}
