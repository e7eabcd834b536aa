//! itsdangerous' `Signer` (2.2): what Flask, Starlette and Django sign with.

use alloc::{string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

use crate::{
    crypto::{Digest, Mac, digest},
    encoding::{base64url, from_base64url},
    error::Reason,
    keyring::Keyring,
    time::UnixMillis,
};

/// How itsdangerous makes the signing key from a secret and the salt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyDerivation {
    /// `digest(salt + secret)`.
    Concat,
    /// `digest(salt + "signer" + secret)`, the default of itsdangerous itself.
    DjangoConcat,
    /// `HMAC(secret, salt)`, what Flask sets.
    #[default]
    Hmac,
    /// The secret as it is.
    None,
}

/// The key that itsdangerous derives from one secret, wiped when dropped. Its signatures are unpadded base64url.
///
/// ```
/// use shortcrust::{Digest, format::{KeyDerivation, SigningKey}};
/// let key = SigningKey::derive(b"secret-key", b"itsdangerous.Signer", Digest::Sha1, KeyDerivation::DjangoConcat);
/// assert_eq!(key.sign(b"my string"), "wh6tMHxLgJqB6oY1uT73iMlyrOA");
/// assert!(key.verify(b"my string", "wh6tMHxLgJqB6oY1uT73iMlyrOA"));
/// ```
pub struct SigningKey(Mac);

impl SigningKey {
    /// Secrets of any length will do; what is strong enough is for the caller to say.
    pub fn derive(secret: &[u8], salt: &[u8], hash: Digest, derivation: KeyDerivation) -> Self {
        let key = Zeroizing::new(match derivation {
            KeyDerivation::Concat => digest(hash, &[salt, secret]),
            KeyDerivation::DjangoConcat => digest(hash, &[salt, b"signer", secret]),
            KeyDerivation::Hmac => Mac::new(hash, secret).sign(salt),
            KeyDerivation::None => secret.to_vec(),
        });
        Self(Mac::new(hash, &key))
    }

    /// The signature alone.
    pub fn sign(&self, message: &[u8]) -> String {
        base64url(&self.0.sign(message))
    }

    /// In constant time; a signature has one spelling.
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        from_base64url(signature).is_some_and(|signature| self.fits(message, &signature))
    }

    fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// `value "." timestamp "." signature`; the last two in unpadded base64url.
pub(super) struct TimestampSigner(Vec<SigningKey>);

impl TimestampSigner {
    pub(super) fn new(keys: &Keyring, salt: &[u8], hash: Digest, derivation: KeyDerivation) -> Self {
        Self(keys.iter().map(|secret| SigningKey::derive(secret, salt, hash, derivation)).collect())
    }

    pub(super) fn keys(&self) -> usize {
        self.0.len()
    }

    /// The value, when it was signed and with which key.
    pub(super) fn unsign<'t>(&self, token: &'t str) -> Result<(&'t str, UnixMillis, usize), Reason> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Reason::Malformed)?;
        let signature = from_base64url(signature).ok_or(Reason::BadSignature)?;
        let fits = |key: &SigningKey| key.fits(signed.as_bytes(), &signature);
        let key = self.0.iter().position(fits).ok_or(Reason::BadSignature)?;
        let (value, timestamp) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
        let seconds = read_timestamp(timestamp).ok_or(Reason::Malformed)?;
        let issued = UnixMillis::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        Ok((value, issued, key))
    }

    /// Appends timestamp and signature to the value.
    pub(super) fn sign(&self, token: &mut String, issued: UnixMillis) {
        token.push('.');
        token.push_str(&write_timestamp(u64::try_from(issued.secs()).unwrap_or(0)));
        let signature = self.0[0].sign(token.as_bytes());
        token.push('.');
        token.push_str(&signature);
    }
}

/// Seconds since 1970 as itsdangerous writes them: big-endian, without leading zeros, in unpadded base64url.
pub fn write_timestamp(seconds: u64) -> String {
    let bytes = seconds.to_be_bytes();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    base64url(&bytes[zeros..])
}

/// `None` where there are over eight bytes, or none of base64url's spelling.
pub fn read_timestamp(text: &str) -> Option<u64> {
    let bytes = from_base64url(text)?;
    let mut seconds = [0; 8];
    seconds[8_usize.checked_sub(bytes.len())?..].copy_from_slice(&bytes);
    Some(u64::from_be_bytes(seconds))
}
