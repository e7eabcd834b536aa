//! What goes wrong, as the exceptions of `shortcrust._errors`; and no panic crosses the border.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;
use shortcrust::{ConfigError, Reason, SealError};

#[derive(Debug)]
pub(crate) enum Failure {
    Config(ConfigError),
    Panic,
    Python(PyErr),
    Reason(Reason),
    Seal(SealError),
}

/// Runs work of ours; a panic in it becomes an ordinary failure.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failure::Panic))
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let refusal = |reason: Reason, message: &str| exception("refusal", reason.code(), message);
        match failure {
            Failure::Config(error) => exception("config_error", error.code(), &error.to_string()),
            Failure::Panic => refusal(Reason::Internal, "a defect of shortcrust: please report it"),
            Failure::Python(error) => error,
            Failure::Reason(reason) => refusal(reason, "the cookie was not accepted"),
            Failure::Seal(error) => refusal(error.reason(), &error.to_string()),
        }
    }
}

fn exception(make: &str, code: &str, message: &str) -> PyErr {
    Python::attach(|py| {
        let value = py.import("shortcrust._errors")?.getattr(make)?.call1((code, message))?;
        Ok(PyErr::from_value(value))
    })
    .unwrap_or_else(|error: PyErr| error)
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}
