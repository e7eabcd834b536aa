//! The id of a record, bare or as Flask-Session (0.8) signs it. 256 random bits say all that a signature could.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Body, Carries, Format, KeyDerivation, Meta, OpenContext, Opened, SealContext, SigningKey};
use crate::{
    crypto::Digest,
    entropy::Entropy,
    error::{Reason, SealError},
    keyring::Keyring,
};

/// The format `id`.
#[derive(Debug, Default)]
pub struct Id {
    keys: Vec<SigningKey>,
}

impl Id {
    /// Random bytes in an id.
    pub const BYTES: usize = 32;
    /// Fewer could be guessed.
    pub const LEAST_BYTES: usize = 16;
    /// More would be no id that is read.
    pub const MOST_BYTES: usize = 96;
    const LENGTHS: core::ops::RangeInclusive<usize> = 22..=128;

    /// Signed by itsdangerous' `Signer` with this salt: `SESSION_USE_SIGNER` has `flask-session`.
    pub fn signed(keys: &Keyring, salt: &[u8]) -> Self {
        let derive = |secret| SigningKey::derive(secret, salt, Digest::Sha1, KeyDerivation::Hmac);
        Self { keys: keys.iter().map(derive).collect() }
    }

    /// Nothing of another shape reaches a store.
    fn fits(id: &str) -> bool {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        Self::LENGTHS.contains(&id.len()) && id.bytes().all(known)
    }

    fn unsigned<'t>(&self, token: &'t str) -> Result<(&'t str, usize), Reason> {
        if self.keys.is_empty() {
            return Ok((token, 0));
        }
        let (id, signature) = token.rsplit_once('.').ok_or(Reason::Malformed)?;
        let signed_by = |key: &SigningKey| key.verify(id.as_bytes(), signature);
        Ok((id, self.keys.iter().position(signed_by).ok_or(Reason::BadSignature)?))
    }
}

impl Format for Id {
    fn name(&self) -> &'static str {
        "id"
    }

    fn carries(&self) -> Carries {
        Carries { id: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let (id, key) = self.unsigned(cx.token)?;
        if !Self::fits(id) {
            return Err(Reason::Malformed);
        }
        Ok(Opened { body: Body::Id(id.to_string()), meta: Meta::default(), key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        Ok(match self.keys.first() {
            None => cx.body.to_string(),
            Some(key) => format!("{}.{}", cx.body, key.sign(cx.body.as_bytes())),
        })
    }

    fn keys(&self) -> usize {
        self.keys.len()
    }
}
