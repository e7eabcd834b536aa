//! Secrets in order: the current one seals, all of them open.

use alloc::{format, vec::Vec};
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::ConfigError;

/// A secret's bytes: wiped when dropped, never shown, compared in constant time.
///
/// ```
/// let secret = shortcrust::Secret::new("correct horse battery staple");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Text is taken as UTF-8; hex and base64 are not guessed.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(Zeroizing::new(bytes.as_ref().to_vec()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl<T: AsRef<[u8]>> From<T> for Secret {
    fn from(bytes: T) -> Self {
        Self::new(bytes)
    }
}

/// One to eight secrets, newest first inside, whatever order a framework lists them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyring(Vec<Secret>);

impl Keyring {
    /// More keys than this would let one cookie cost too many MACs.
    pub const MAX_KEYS: usize = 8;

    /// The first secret seals: Django, Express, keygrip.
    ///
    /// ```
    /// use shortcrust::Keyring;
    /// let keys = Keyring::newest_first(["new", "old"])?;
    /// assert_eq!(keys, Keyring::oldest_first(["old", "new"])?);
    /// # Ok::<(), shortcrust::ConfigError>(())
    /// ```
    pub fn newest_first<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        let wrong = |message: &str| Err(ConfigError::new("secret", message));
        match secrets.len() {
            0 => wrong("no secret is given: set at least one"),
            1..=Self::MAX_KEYS if secrets.iter().any(|secret| secret.0.is_empty()) => {
                wrong("a secret is empty, so that anyone could sign: remove it or set it")
            }
            1..=Self::MAX_KEYS => Ok(Self(secrets)),
            _ => wrong("more than 8 secrets: remove the oldest"),
        }
    }

    /// The last secret seals: itsdangerous.
    pub fn oldest_first<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        let mut keyring = Self::newest_first(secrets)?;
        keyring.0.reverse();
        Ok(keyring)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Secret::bytes)
    }

    /// What our own fronts ask of secrets.
    pub(crate) fn require_strong(&self, format: &str, least: usize) -> Result<(), ConfigError> {
        let is_repeated = (1..self.0.len()).any(|at| self.0[..at].contains(&self.0[at]));
        if is_repeated {
            return Err(ConfigError::new("secret", "the same secret is listed twice: remove one"));
        }
        match self.iter().map(<[u8]>::len).min() {
            Some(shortest) if shortest < least => Err(ConfigError::new(
                "secret",
                format!(
                    "a secret has {shortest} bytes and {format} needs at least {least}: \
                     make one with `openssl rand -hex 32`"
                ),
            )),
            _ => Ok(()),
        }
    }
}
