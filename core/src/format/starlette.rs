//! Starlette's `SessionMiddleware` (1.10): itsdangerous' `TimestampSigner` over padded base64 of JSON.
//!
//! There is no salt: whatever else an application signs with a `TimestampSigner` and the same secret opens here.

use alloc::string::String;

use super::{
    Body, Carries, Format, KeyDerivation, Meta, OpenContext, Opened, SealContext, signer::TimestampSigner,
};
use crate::{
    crypto::Digest,
    encoding::{base64, from_base64},
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
    keyring::Keyring,
};

/// The format `starlette`.
pub struct Starlette {
    signer: TimestampSigner,
    weakness: Option<ConfigError>,
}

impl Starlette {
    /// Secrets below this many bytes are refused by our own fronts; Starlette takes any.
    pub const LEAST_SECRET: usize = 16;

    /// Derives a signing key from each secret, as itsdangerous does by default.
    pub fn new(keys: &Keyring) -> Self {
        let (salt, derivation) = (b"itsdangerous.Signer", KeyDerivation::DjangoConcat);
        Self {
            signer: TimestampSigner::new(keys, salt, Digest::Sha1, derivation),
            weakness: keys.require_strong("starlette", Self::LEAST_SECRET).err(),
        }
    }
}

impl Format for Starlette {
    fn name(&self) -> &'static str {
        "starlette"
    }

    fn carries(&self) -> Carries {
        Carries { issued: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let (payload, issued, key) = self.signer.unsign(cx.token)?;
        let meta = Meta { issued: Some(issued), ..Meta::default() };
        cx.policy.check(&meta, cx.now)?;
        let bytes = from_base64(payload).ok_or(Reason::Malformed)?;
        let text = String::from_utf8(bytes).map_err(|_| Reason::Malformed)?;
        Ok(Opened { body: Body::Payload(text), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        let mut token = base64(cx.body.as_bytes());
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
