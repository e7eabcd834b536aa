//! itsdangerous' `Signer` (2.2): what Flask and Starlette sign with.

use alloc::{string::String, vec::Vec};

use crate::{
    crypto::{Digest, Mac, digest},
    encoding::{base64url_into, from_base64url},
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

/// `value "." timestamp "." signature`; the last two in unpadded base64url.
pub(super) struct TimestampSigner(Vec<Mac>);

impl TimestampSigner {
    pub(super) fn new(keys: &Keyring, salt: &[u8], hash: Digest, derivation: KeyDerivation) -> Self {
        let derive = |secret: &[u8]| match derivation {
            KeyDerivation::Concat => digest(hash, &[salt, secret]),
            KeyDerivation::DjangoConcat => digest(hash, &[salt, b"signer", secret]),
            KeyDerivation::Hmac => Mac::new(hash, secret).sign(salt),
            KeyDerivation::None => secret.to_vec(),
        };
        Self(keys.iter().map(|secret| Mac::new(hash, &derive(secret))).collect())
    }

    pub(super) fn keys(&self) -> usize {
        self.0.len()
    }

    /// The value, when it was signed and with which key.
    pub(super) fn unsign<'t>(&self, token: &'t str) -> Result<(&'t str, UnixMillis, usize), Reason> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Reason::Malformed)?;
        let signature = from_base64url(signature).ok_or(Reason::BadSignature)?;
        let fits = |mac: &Mac| mac.verify(signed.as_bytes(), &signature);
        let key = self.0.iter().position(fits).ok_or(Reason::BadSignature)?;
        let (value, timestamp) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
        let issued = read_timestamp(timestamp).ok_or(Reason::Malformed)?;
        Ok((value, issued, key))
    }

    /// Appends timestamp and signature to the value.
    pub(super) fn sign(&self, token: &mut String, issued: UnixMillis) {
        token.push('.');
        let seconds = u64::try_from(issued.secs()).unwrap_or(0).to_be_bytes();
        let zeros = seconds.iter().take_while(|&&byte| byte == 0).count();
        base64url_into(&seconds[zeros..], token);
        let signature = self.0[0].sign(token.as_bytes());
        token.push('.');
        base64url_into(&signature, token);
    }
}

/// At most eight bytes, big-endian, in seconds.
fn read_timestamp(text: &str) -> Option<UnixMillis> {
    let bytes = from_base64url(text)?;
    let mut seconds = [0; 8];
    seconds[8_usize.checked_sub(bytes.len())?..].copy_from_slice(&bytes);
    Some(UnixMillis::from_secs(i64::try_from(u64::from_be_bytes(seconds)).unwrap_or(i64::MAX)))
}
