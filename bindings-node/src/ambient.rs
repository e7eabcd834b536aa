//! The only caller of the operating system's randomness.

use napi::bindgen_prelude::Uint8Array;
use shortcrust::{Entropy, EntropyError};

use crate::error;

/// Random bytes of the operating system, or a test's bytes in their order.
pub(crate) enum Rng {
    Given { bytes: Uint8Array, used: usize },
    System,
}

impl From<Option<Uint8Array>> for Rng {
    fn from(given: Option<Uint8Array>) -> Self {
        given.map_or(Self::System, |bytes| Self::Given { bytes, used: 0 })
    }
}

impl Entropy for Rng {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        match self {
            Self::System => getrandom::fill(buffer).map_err(|_| EntropyError),
            Self::Given { bytes, used } => {
                let next = bytes.get(*used..*used + buffer.len()).ok_or(EntropyError)?;
                buffer.copy_from_slice(next);
                *used += buffer.len();
                Ok(())
            }
        }
    }
}

/// Base64url of so many of the operating system's bytes.
pub(crate) fn random_id(length: usize) -> error::Result<String> {
    shortcrust::random_id(&mut Rng::System, length).map_err(error::entropy)
}
