//! The caller's dice.

use core::{error::Error, fmt};

use crate::error::{Reason, SealError};

/// Fills a buffer with random bytes from the operating system.
///
/// Asked only when something is sealed or an id is made. Any closure of the right shape will do.
pub trait Entropy {
    /// Overwrites the whole buffer.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

impl<F: FnMut(&mut [u8]) -> Result<(), EntropyError>> Entropy for F {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self(buffer)
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

impl Error for EntropyError {}

impl From<EntropyError> for SealError {
    fn from(error: EntropyError) -> Self {
        use alloc::string::ToString;
        Self::new(Reason::Internal, error.to_string())
    }
}

pub(crate) fn draw<const N: usize>(entropy: &mut dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
