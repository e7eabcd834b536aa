//! Django's signed values (5.2, `django.core.signing`), and with them its `signed_cookies` sessions.
//!
//! `payload ":" timestamp ":" signature`: unpadded base64url, base62, unpadded base64url. The key is
//! `digest(salt + "signer" + secret)`.

use alloc::{string::String, vec::Vec};

use super::{Body, Carries, Format, Meta, OpenContext, Opened, SealContext, pack, unpack_text};
use crate::{
    crypto::{Digest, Mac, digest},
    encoding::{base62, base64url_into, from_base62, from_base64url},
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

/// The format `django`.
pub struct Django {
    macs: Vec<Mac>,
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
        let mac = |secret: &[u8]| Mac::new(*hash, &digest(*hash, &[salt, b"signer", secret]));
        Self {
            macs: keys.iter().map(mac).collect(),
            compress: *compress,
            weakness: keys.require_length("django", Self::LEAST_SECRET).err(),
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
        let (signed, signature) = cx.token.rsplit_once(':').ok_or(Reason::Malformed)?;
        let signature = from_base64url(signature).ok_or(Reason::BadSignature)?;
        let fits = |mac: &Mac| mac.verify(signed.as_bytes(), &signature);
        let key = self.macs.iter().position(fits).ok_or(Reason::BadSignature)?;
        let (payload, timestamp) = signed.rsplit_once(':').ok_or(Reason::Malformed)?;
        let issued = from_base62(timestamp).map(UnixMillis::from_secs).ok_or(Reason::Malformed)?;
        let meta = Meta { issued: Some(issued), ..Meta::default() };
        cx.policy.check(&meta, cx.now)?;
        Ok(Opened { body: Body::Payload(unpack_text(payload)?), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        let mut token = pack(cx.body.as_bytes(), self.compress);
        token.push(':');
        token.push_str(&base62(cx.meta.issued.unwrap_or_default().secs()));
        let signature = self.macs[0].sign(token.as_bytes());
        token.push(':');
        base64url_into(&signature, &mut token);
        Ok(token)
    }

    fn weakness(&self) -> Option<ConfigError> {
        self.weakness.clone()
    }

    fn keys(&self) -> usize {
        self.macs.len()
    }
}
