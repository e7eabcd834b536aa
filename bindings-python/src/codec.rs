//! The formats alone, for the golden vectors and for tools.

use pyo3::prelude::*;
use shortcrust::{Chain, Keyring, Policy, UnixMillis, format::Body, payload::Dialect};

use crate::{
    ambient::dice,
    error::{Failure, guard},
    options::{Bytes, FormatOptions, PolicyOptions},
};

/// One format with its keys.
#[pyclass(frozen, module = "shortcrust._core")]
pub(crate) struct Codec(Chain, Dialect);

#[pymethods]
impl Codec {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
    fn new(format: FormatOptions, secrets: Vec<Bytes>) -> Result<Self, Failure> {
        let keys = Keyring::newest_first(secrets)?;
        Ok(Self(Chain::from(format.spec().build(&keys)?), format.spec().dialect()))
    }

    /// The payload, or the id for `express`; raises the reason why none opens.
    fn open(&self, header: &str, name: &str, now_ms: i64, policy: PolicyOptions) -> Result<String, Failure> {
        let policy = Policy::from(policy);
        guard(|| {
            let opened = self.0.open_cookie(header, name, UnixMillis(now_ms), &policy, self.1)?;
            let (Body::Id(text) | Body::Payload(text)) = opened.body;
            Ok(text)
        })
    }

    /// The token.
    fn seal(
        &self,
        payload: &str,
        name: &str,
        now_ms: i64,
        policy: PolicyOptions,
        entropy: &Bound<'_, PyAny>,
    ) -> Result<String, Failure> {
        let (now, policy) = (UnixMillis(now_ms), Policy::from(policy));
        guard(|| Ok(self.0.seal_cookie(name, payload, now, &policy, &mut dice(entropy))?))
    }
}
