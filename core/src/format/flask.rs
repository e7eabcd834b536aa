//! Flask's session cookie: itsdangerous' `URLSafeTimedSerializer` (2.2) over tagged JSON.
//!
//! `payload "." timestamp "." signature`, each in unpadded base64url; a payload that zlib makes shorter has a `.` in
//! front.

use alloc::{string::String, vec::Vec};

use super::{Body, Carries, Format, MAX_PAYLOAD, Meta, OpenContext, Opened, SealContext};
use crate::{
    crypto::{Digest, Mac, compress, digest, inflate},
    encoding::{base64url_into, from_base64url},
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
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
    macs: Vec<Mac>,
    weakness: Option<ConfigError>,
}

impl Flask {
    /// Secrets below this many bytes are refused by our own fronts; Flask takes any.
    pub const LEAST_SECRET: usize = 16;

    /// Derives a signing key from each secret.
    pub fn new(keys: &Keyring, options: &FlaskOptions) -> Self {
        let mac = |secret: &[u8]| Mac::new(options.digest, &derive(secret, options));
        Self {
            macs: keys.iter().map(mac).collect(),
            weakness: keys.require_length("flask", Self::LEAST_SECRET).err(),
        }
    }
}

fn derive(secret: &[u8], options: &FlaskOptions) -> Vec<u8> {
    let FlaskOptions { salt, digest: hash, key_derivation } = options;
    match key_derivation {
        KeyDerivation::Concat => digest(*hash, &[salt, secret]),
        KeyDerivation::DjangoConcat => digest(*hash, &[salt, b"signer", secret]),
        KeyDerivation::Hmac => Mac::new(*hash, secret).sign(salt),
        KeyDerivation::None => secret.to_vec(),
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
        let (signed, signature) = cx.token.rsplit_once('.').ok_or(Reason::Malformed)?;
        let signature = from_base64url(signature).ok_or(Reason::BadSignature)?;
        let fits = |mac: &Mac| mac.verify(signed.as_bytes(), &signature);
        let key = self.macs.iter().position(fits).ok_or(Reason::BadSignature)?;
        let (payload, timestamp) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
        let issued = read_timestamp(timestamp).ok_or(Reason::Malformed)?;
        let meta = Meta { issued: Some(issued), ..Meta::default() };
        cx.policy.check(&meta, cx.now)?;
        Ok(Opened { body: Body::Payload(unpack(payload)?), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        let body = cx.body;
        let mut token = String::with_capacity(body.len() * 4 / 3 + 64);
        let compressed = compress(body.as_bytes());
        // The very rule of itsdangerous, so that small sessions have the same bytes.
        if compressed.len() + 1 < body.len() {
            token.push('.');
            base64url_into(&compressed, &mut token);
        } else {
            base64url_into(body.as_bytes(), &mut token);
        }
        token.push('.');
        let seconds = u64::try_from(cx.meta.issued.unwrap_or_default().secs()).unwrap_or(0).to_be_bytes();
        let zeros = seconds.iter().take_while(|&&byte| byte == 0).count();
        base64url_into(&seconds[zeros..], &mut token);
        let signature = self.macs[0].sign(token.as_bytes());
        token.push('.');
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

fn unpack(payload: &str) -> Result<String, Reason> {
    let decode = |text: &str| from_base64url(text).ok_or(Reason::Malformed);
    let bytes = match payload.strip_prefix('.') {
        Some(compressed) => inflate(&decode(compressed)?, MAX_PAYLOAD)?,
        None => decode(payload)?,
    };
    String::from_utf8(bytes).map_err(|_| Reason::Malformed)
}

/// At most eight bytes, big-endian, in seconds.
fn read_timestamp(text: &str) -> Option<UnixMillis> {
    let bytes = from_base64url(text)?;
    let mut seconds = [0; 8];
    seconds[8_usize.checked_sub(bytes.len())?..].copy_from_slice(&bytes);
    Some(UnixMillis::from_secs(i64::try_from(u64::from_be_bytes(seconds)).unwrap_or(i64::MAX)))
}
