//! Django's signed values (5.2, `django.core.signing`), and with them its `signed_cookies` sessions.
//!
//! `payload ":" timestamp ":" signature`: unpadded base64url, base62, unpadded base64url. The key is
//! `digest(salt + "signer" + secret)`.

use alloc::{string::String, vec::Vec};

use super::{
    Body, Carries, Format, KeyDerivation, Meta, OpenContext, Opened, SealContext, SigningKey, pack,
    unpack_text,
};
use crate::{
    crypto::Digest,
    encoding::{base62, from_base62},
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
    keyring::Keyring,
    time::UnixMillis,
};

/// What `django.core.signing.dumps` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DjangoOptions {
    /// `salt`; by default that of the engine `django.contrib.sessions.backends.signed_cookies`.
    pub salt: Vec<u8>,
    /// `algorithm`, SHA-256 by default.
    pub digest: Digest,
    /// Whether zlib is tried; Django's sessions do.
    pub compress: bool,
}

impl Default for DjangoOptions {
    fn default() -> Self {
        Self {
            salt: b"django.contrib.sessions.backends.signed_cookies".to_vec(),
            digest: Digest::Sha256,
            compress: true,
        }
    }
}

/// Django's `Signer` and `TimestampSigner` over any text and with any separator.
///
/// ```
/// use shortcrust::{Digest, Keyring, format::DjangoSigner};
/// let keys = Keyring::newest_first(["a secret"])?;
/// let signer = DjangoSigner::new(&keys, b"a salt", Digest::Sha256);
/// let signed = signer.sign(DjangoSigner::stamp("value", ":", 1_800_000_000), ":");
/// assert_eq!(signed, "value:1xocE4:--Q956ftYwCbSjZIEnM0mruntZzjhtLOjfsQEbEBjC0");
/// assert_eq!(signer.unsign(&signed, ":").map(|(stamped, _)| stamped), Ok("value:1xocE4"));
/// assert_eq!(DjangoSigner::unstamp("value:1xocE4", ":"), Some(("value", 1_800_000_000)));
/// # Ok::<(), shortcrust::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct DjangoSigner(Vec<SigningKey>);

impl DjangoSigner {
    /// Derives a signing key from each secret; the first signs.
    pub fn new(keys: &Keyring, salt: &[u8], hash: Digest) -> Self {
        let derive = |secret| SigningKey::derive(secret, salt, hash, KeyDerivation::DjangoConcat);
        Self(keys.iter().map(derive).collect())
    }

    /// The signature alone.
    pub fn signature(&self, value: &str) -> String {
        self.0[0].sign(value.as_bytes())
    }

    /// Appends separator and signature to the value.
    pub fn sign(&self, mut value: String, sep: &str) -> String {
        let signature = self.signature(&value);
        value.push_str(sep);
        value.push_str(&signature);
        value
    }

    /// What was signed, and with which key.
    pub fn unsign<'t>(&self, signed: &'t str, sep: &str) -> Result<(&'t str, usize), Reason> {
        let (value, signature) = signed.rsplit_once(sep).ok_or(Reason::Malformed)?;
        let fits = |key: &SigningKey| key.verify(value.as_bytes(), signature);
        let key = self.0.iter().position(fits).ok_or(Reason::BadSignature)?;
        Ok((value, key))
    }

    /// Appends separator and seconds since 1970 to the value, as a `TimestampSigner` does before it signs.
    pub fn stamp(value: impl Into<String>, sep: &str, seconds: i64) -> String {
        let mut value = value.into();
        value.push_str(sep);
        value.push_str(&base62(seconds));
        value
    }

    /// Takes the seconds off again; `None` where there are none of 64 bits.
    pub fn unstamp<'t>(value: &'t str, sep: &str) -> Option<(&'t str, i64)> {
        let (value, timestamp) = value.rsplit_once(sep)?;
        Some((value, from_base62(timestamp)?))
    }
}

/// The format `django`.
pub struct Django {
    signer: DjangoSigner,
    compress: bool,
    weakness: Option<ConfigError>,
}

impl Django {
    /// Secrets below this many bytes are refused by our own fronts; Django takes any and warns.
    pub const LEAST_SECRET: usize = 16;

    /// Derives a signing key from each secret.
    pub fn new(keys: &Keyring, options: &DjangoOptions) -> Self {
        let DjangoOptions { salt, digest: hash, compress } = options;
        // `salt or default`, says Django.
        let salt = if salt.is_empty() { b"django.core.signing.TimestampSigner".as_slice() } else { salt };
        Self {
            signer: DjangoSigner::new(keys, salt, *hash),
            compress: *compress,
            weakness: keys.require_strong("django", Self::LEAST_SECRET).err(),
        }
    }
}

impl Format for Django {
    fn name(&self) -> &'static str {
        "django"
    }

    fn carries(&self) -> Carries {
        Carries { issued: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let (signed, key) = self.signer.unsign(cx.token, ":")?;
        let (payload, seconds) = DjangoSigner::unstamp(signed, ":").ok_or(Reason::Malformed)?;
        let issued = UnixMillis::from_secs(seconds);
        let meta = Meta { issued: Some(issued), ..Meta::default() };
        cx.policy.check(&meta, cx.now)?;
        Ok(Opened { body: Body::Payload(unpack_text(payload)?), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        let payload = pack(cx.body.as_bytes(), self.compress);
        let stamped = DjangoSigner::stamp(payload, ":", cx.meta.issued.unwrap_or_default().secs());
        Ok(self.signer.sign(stamped, ":"))
    }

    fn weakness(&self) -> Option<ConfigError> {
        self.weakness.clone()
    }

    fn keys(&self) -> usize {
        self.signer.0.len()
    }
}
