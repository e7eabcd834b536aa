//! The caller's random bytes.

use alloc::{string::String, vec};
use core::{error::Error, fmt};

use crate::{
    encoding::base64url,
    error::{Reason, SealError},
};

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

/// A session id: base64url of `length` random bytes.
///
/// ```
/// let mut rng = |buffer: &mut [u8]| Ok(buffer.fill(255));
/// assert_eq!(shortcrust::random_id(&mut rng, 3).as_deref(), Ok("____"));
/// ```
pub fn random_id(entropy: &mut dyn Entropy, length: usize) -> Result<String, EntropyError> {
    let mut bytes = vec![0; length];
    entropy.fill(&mut bytes)?;
    Ok(base64url(&bytes))
}
