//! How a payload becomes a token and back.

mod django;
mod express;
mod flask;
mod id;
mod iron;
mod keygrip;
mod sealed;
mod signer;
mod starlette;

use alloc::{boxed::Box, string::String, vec::Vec};

pub use django::{Django, DjangoOptions, DjangoSigner};
pub use express::{Express, sign_cookie, verify_cookie};
pub use flask::{Flask, FlaskOptions};
pub use id::Id;
pub use iron::{Cipher, IronKey, IronSeal, iron_open, iron_seal};
pub use keygrip::keygrip_sign;
pub use sealed::Sealed;
pub use signer::{KeyDerivation, SigningKey, read_timestamp, write_timestamp};
pub use starlette::Starlette;

pub use crate::crypto::secretbox;

pub use crate::meta::{Carries, Meta};

use crate::{
    crypto::{compress, inflate},
    encoding::{base64url_into, from_base64url},
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
    policy::Policy,
    time::UnixMillis,
};

/// A cookie longer than this is not looked at.
pub const MAX_TOKEN: usize = 16 * 1024;
/// What a token may inflate to.
pub const MAX_PAYLOAD: usize = 256 * 1024;
/// What the payload of a record in a store may be.
pub const MAX_RECORD: usize = 8 * 1024 * 1024;

/// A payload sealed for a cookie. Values are opaque; times are the host's.
pub trait Format: Send + Sync {
    /// The word that configuration uses.
    fn name(&self) -> &'static str;

    /// What a token tells besides its body.
    fn carries(&self) -> Carries;

    /// Reads a token: the MAC first, always; then the times against the policy; then the payload.
    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason>;

    /// Makes a token, asking for as much entropy as it needs.
    fn seal(&self, cx: &SealContext<'_>, entropy: &mut dyn Entropy) -> Result<String, SealError>;

    /// Why these keys are too weak for a front of our own, if they are.
    fn weakness(&self) -> Option<ConfigError> {
        None
    }

    /// How many keys one reading may try: a bound on its work.
    fn keys(&self) -> usize;
}

impl Format for Box<dyn Format> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn carries(&self) -> Carries {
        (**self).carries()
    }
    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        (**self).open(cx)
    }
    fn seal(&self, cx: &SealContext<'_>, entropy: &mut dyn Entropy) -> Result<String, SealError> {
        (**self).seal(cx, entropy)
    }
    fn weakness(&self) -> Option<ConfigError> {
        (**self).weakness()
    }
    fn keys(&self) -> usize {
        (**self).keys()
    }
}

/// A token and the moment in which it is read.
#[derive(Clone, Copy, Debug)]
pub struct OpenContext<'a> {
    /// The cookie's name.
    pub name: &'a str,
    /// The cookie's value.
    pub token: &'a str,
    /// The time.
    pub now: UnixMillis,
    /// What [`Policy::check`] is asked about the token's times.
    pub policy: &'a Policy,
}

/// A body and what is to be said about it.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// The cookie's name.
    pub name: &'a str,
    /// The payload, or the id of a record.
    pub body: &'a str,
    /// Kept as far as the format carries it.
    pub meta: &'a Meta,
}

/// What was inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The id of a record in a store.
    Id(String),
    /// The session itself.
    Payload(String),
}

/// An opened token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The payload or the id.
    pub body: Body,
    /// What else the token told.
    pub meta: Meta,
    /// Which key opened it; 0 is the current one.
    pub key: usize,
}

/// Unpadded base64url of the payload; of its zlib form, behind a `.`, where that is shorter. The very rule of
/// itsdangerous and Django.
///
/// ```
/// use shortcrust::format::{pack, unpack};
/// assert_eq!(pack(b"{}", true), "e30");
/// assert_eq!(unpack(&pack(&[b' '; 99], true))?, [b' '; 99]);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn pack(body: &[u8], may_compress: bool) -> String {
    let mut token = String::with_capacity(body.len() * 4 / 3 + 128);
    let compressed = if may_compress { compress(body) } else { Vec::new() };
    if may_compress && compressed.len() + 1 < body.len() {
        token.push('.');
        base64url_into(&compressed, &mut token);
    } else {
        base64url_into(body, &mut token);
    }
    token
}

/// What [`pack`] packed, up to [`MAX_PAYLOAD`].
pub fn unpack(payload: &str) -> Result<Vec<u8>, Reason> {
    unpack_within(payload, MAX_PAYLOAD)
}

/// What [`pack`] packed; what was compressed up to a cap of the caller's, since a record may be longer than a cookie.
pub fn unpack_within(payload: &str, most: usize) -> Result<Vec<u8>, Reason> {
    let decode = |text: &str| from_base64url(text).ok_or(Reason::Malformed);
    match payload.strip_prefix('.') {
        Some(compressed) => inflate(&decode(compressed)?, most),
        None => decode(payload),
    }
}

fn unpack_text(payload: &str) -> Result<String, Reason> {
    String::from_utf8(unpack(payload)?).map_err(|_| Reason::Malformed)
}
