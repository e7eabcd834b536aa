//! Flask's session cookie: itsdangerous' `URLSafeTimedSerializer` (2.2) over tagged JSON.
//!
//! `payload "." timestamp "." signature`, each in unpadded base64url; a payload that zlib makes shorter has a `.` in
//! front.

use alloc::{string::String, vec::Vec};

use super::{
    Body, Carries, Format, KeyDerivation, Meta, OpenContext, Opened, SealContext, pack,
    signer::TimestampSigner, unpack_text,
};
use crate::{
    crypto::Digest,
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
    keyring::Keyring,
};

/// What Flask's `SecureCookieSessionInterface` has as class attributes, with the same defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlaskOptions {
    /// `salt`.
    pub salt: Vec<u8>,
    /// `digest_method`.
    pub digest: Digest,
    /// `key_derivation`.
    pub key_derivation: KeyDerivation,
}

impl Default for FlaskOptions {
    fn default() -> Self {
        Self { salt: b"cookie-session".to_vec(), digest: Digest::Sha1, key_derivation: KeyDerivation::Hmac }
    }
}

/// The format `flask`.
pub struct Flask {
    signer: TimestampSigner,
    weakness: Option<ConfigError>,
}

impl Flask {
    /// Secrets below this many bytes are refused by our own fronts; Flask takes any.
    pub const LEAST_SECRET: usize = 16;

    /// Derives a signing key from each secret.
    pub fn new(keys: &Keyring, options: &FlaskOptions) -> Self {
        let FlaskOptions { salt, digest, key_derivation } = options;
        Self {
            signer: TimestampSigner::new(keys, salt, *digest, *key_derivation),
            weakness: keys.require_strong("flask", Self::LEAST_SECRET).err(),
        }
    }
}

impl Format for Flask {
    fn name(&self) -> &'static str {
        "flask"
    }

    fn carries(&self) -> Carries {
        Carries { issued: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let (payload, issued, key) = self.signer.unsign(cx.token)?;
        let meta = Meta { issued: Some(issued), ..Meta::default() };
        cx.policy.check(&meta, cx.now)?;
        Ok(Opened { body: Body::Payload(unpack_text(payload)?), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        let mut token = pack(cx.body.as_bytes(), true);
        self.signer.sign(&mut token, cx.meta.issued.unwrap_or_default());
        Ok(token)
    }

    fn weakness(&self) -> Option<ConfigError> {
        self.weakness.clone()
    }

    fn keys(&self) -> usize {
        self.signer.keys()
    }
}
