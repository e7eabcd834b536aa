//! The host's random bytes; its time comes as an argument.

use pyo3::{prelude::*, pybacked::PyBackedBytes};
use shortcrust::EntropyError;

/// Wraps a callable that takes a number and returns that many random bytes.
pub(crate) fn rng(entropy: &Bound<'_, PyAny>) -> impl FnMut(&mut [u8]) -> Result<(), EntropyError> {
    move |buffer| {
        let thrown = entropy.call1((buffer.len(),)).and_then(|bytes| Ok(bytes.extract::<PyBackedBytes>()?));
        match thrown {
            Ok(bytes) if bytes.len() == buffer.len() => buffer.copy_from_slice(&bytes),
            _ => return Err(EntropyError),
        }
        Ok(())
    }
}
