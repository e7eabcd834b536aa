//! What the keys say of a value.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use super::{facts, kind::Kind, settings::Settings};
use crate::{
    crypto::{Digest, secretbox},
    encoding::{from_base64, hex_digit, percent_decode},
    error::{ConfigError, Reason},
    format::{
        Body, Cipher, Format, IronKey, KeyDerivation, OpenContext, SigningKey, iron_open, keygrip_sign,
    },
    keyring::Keyring,
    meta::Meta,
    policy::Policy,
    time::{Seconds, UnixMillis},
};

/// A value that was tried with every key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unlocked {
    /// Which key it is of; 0 is the current one. `None`: of none of them.
    pub(super) key: Option<usize>,
    pub(super) meta: Meta,
    pub(super) payload: Option<String>,
    pub(super) id: Option<String>,
    /// Why it does not open, the times aside.
    pub(super) refusal: Option<Reason>,
}

/// Any time will do: what is to be said of times is said apart.
const ANY_TIME: Policy = Policy { skew: Seconds(u64::MAX), ..Policy::NONE };

/// What the cookie's neighbours in the header say of it.
#[derive(Clone, Copy)]
pub(super) struct Cookie<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// The cookie `NAME.sig`.
    pub(super) signature: Option<&'a str>,
}

/// `Err` where the keys do not fit the format at all.
pub(super) fn unlock(
    kind: Kind,
    cookie: Cookie<'_>,
    settings: &Settings<'_>,
    keys: &Keyring,
) -> Result<Unlocked, ConfigError> {
    Ok(match kind {
        Kind::FastifySession => fastify(cookie, keys),
        Kind::CookieSession | Kind::KoaSession => beside(kind, cookie, keys),
        Kind::Iron | Kind::IronSession => iron(kind, cookie, keys),
        Kind::SecureSession => secure(cookie, keys),
        Kind::Id | Kind::DjangoId | Kind::UuidId => {
            Unlocked { id: Some(cookie.value.to_owned()), ..Unlocked::default() }
        }
        Kind::Jwt | Kind::Paseto => refused(None, Reason::Malformed),
        _ => front(kind, cookie, settings, keys)?,
    })
}

fn refused(key: Option<usize>, reason: Reason) -> Unlocked {
    Unlocked { key, refusal: Some(reason), ..Unlocked::default() }
}

fn front(
    kind: Kind,
    Cookie { name, value, .. }: Cookie<'_>,
    settings: &Settings<'_>,
    keys: &Keyring,
) -> Result<Unlocked, ConfigError> {
    let format = settings.spec(kind).build(keys)?;
    let cx = OpenContext { name, token: value, now: UnixMillis(0), policy: &ANY_TIME };
    Ok(match format.open(&cx) {
        Ok(opened) => {
            let (payload, id) = match opened.body {
                Body::Payload(payload) => (Some(payload), None),
                Body::Id(id) => (None, Some(id)),
            };
            Unlocked { key: Some(opened.key), meta: opened.meta, payload, id, refusal: None }
        }
        Err(reason) => refused(signed_by(kind, value, settings, keys), reason),
    })
}

/// The key that a value was signed with, where it does not open for another reason.
fn signed_by(kind: Kind, value: &str, settings: &Settings<'_>, keys: &Keyring) -> Option<usize> {
    let separator = if kind == Kind::Django { ':' } else { '.' };
    let (salt, hash, derivation): (&[u8], _, _) = match kind {
        Kind::Flask => (b"cookie-session", Digest::Sha1, KeyDerivation::Hmac),
        Kind::Starlette => (b"itsdangerous.Signer", Digest::Sha1, KeyDerivation::DjangoConcat),
        Kind::Django => {
            let salt = b"django.contrib.sessions.backends.signed_cookies";
            (salt, Digest::Sha256, KeyDerivation::DjangoConcat)
        }
        _ => return None,
    };
    if settings.digest.is_some() || settings.key_derivation.is_some() {
        return None;
    }
    let salt = settings.salt.map_or(salt, str::as_bytes);
    let (signed, signature) = value.rsplit_once(separator)?;
    let fits =
        |secret| SigningKey::derive(secret, salt, hash, derivation).verify(signed.as_bytes(), signature);
    keys.iter().position(fits)
}

fn fastify(cookie: Cookie<'_>, keys: &Keyring) -> Unlocked {
    let value = percent_decode(cookie.value).unwrap_or_default();
    let Some((id, signature)) = value.rsplit_once('.') else { return refused(None, Reason::Malformed) };
    let signature = signature.replace('+', "-").replace('/', "_");
    match keys.iter().position(|key| same(&keygrip_sign(Digest::Sha256, key, id.as_bytes()), &signature)) {
        Some(key) => Unlocked { key: Some(key), id: Some(id.to_owned()), ..Unlocked::default() },
        None => refused(None, Reason::BadSignature),
    }
}

fn same(one: &str, other: &str) -> bool {
    crate::crypto::same(one.as_bytes(), other.as_bytes())
}

/// keygrip signs `name=value`. Without the cookie beside it the session is as good as unsigned.
fn beside(kind: Kind, cookie: Cookie<'_>, keys: &Keyring) -> Unlocked {
    let signed = format!("{}={}", cookie.name, cookie.value);
    let fits = |signature: &str| {
        keys.iter().position(|key| same(&keygrip_sign(Digest::Sha1, key, signed.as_bytes()), signature))
    };
    let Some(key) = cookie.signature.and_then(fits) else { return refused(None, Reason::BadSignature) };
    match facts::beside(kind, cookie.value) {
        Ok(facts) => Unlocked {
            key: Some(key),
            meta: Meta { expires: facts.expires, ..Meta::default() },
            payload: facts.payload.and_then(Result::ok),
            id: facts.id,
            ..Unlocked::default()
        },
        Err(reason) => refused(Some(key), reason),
    }
}

/// PBKDF2's rounds in the peers' defaults, and in h3's.
const ITERATIONS: [u32; 2] = [1, 8192];

/// The version behind `~` is outside the MAC.
fn iron(kind: Kind, cookie: Cookie<'_>, keys: &Keyring) -> Unlocked {
    let token = cookie.value.split('~').next().unwrap_or_default();
    let expires = token.split('*').nth(5).and_then(|digits| digits.parse().ok()).map(UnixMillis);
    let mut found = refused(None, Reason::Malformed);
    for (at, secret) in keys.iter().enumerate() {
        let rounds = if kind == Kind::IronSession { &ITERATIONS[..1] } else { &ITERATIONS };
        let passwords = rounds.iter().map(|&iterations| IronKey::Password { password: secret, iterations });
        for key in passwords.chain((secret.len() == 32).then_some(IronKey::Bytes(secret))) {
            match iron_open(Cipher::Aes256Cbc, key, key, token) {
                Ok(bytes) => return iron_opened(at, expires, bytes),
                Err(reason) => found.refusal = Some(reason),
            }
        }
    }
    found
}

fn iron_opened(key: usize, expires: Option<UnixMillis>, bytes: Vec<u8>) -> Unlocked {
    let meta = Meta { expires, ..Meta::default() };
    match String::from_utf8(bytes) {
        Ok(payload) => Unlocked { key: Some(key), meta, payload: Some(payload), ..Unlocked::default() },
        Err(_) => refused(Some(key), Reason::Malformed),
    }
}

/// @fastify/secure-session's own salt, where the application has none.
const SALT: [u8; secretbox::SALT] = *b"\x9a\xaf\x61\x0f\x10\x55\x0d\xbb\x29\x0d\x1e\xa7\x2d\xf1\x53\xd6";

/// A secret is a key of 32 bytes, plain or in base64 or hex; another one is a password, which costs a second.
fn secure(cookie: Cookie<'_>, keys: &Keyring) -> Unlocked {
    let value = percent_decode(cookie.value).unwrap_or_default();
    let parts =
        value.split_once(';').and_then(|(boxed, nonce)| Some((from_base64(boxed)?, from_base64(nonce)?)));
    let Some((boxed, nonce)) = parts else { return refused(None, Reason::Malformed) };
    let Ok(nonce) = nonce.as_slice().try_into() else { return refused(None, Reason::Malformed) };
    let opens = |(at, secret): (usize, &[u8])| {
        let key = box_key(secret);
        secretbox::open(&key, nonce, &boxed).map(|message| (at, message))
    };
    let Some((key, message)) = keys.iter().enumerate().find_map(opens) else {
        return refused(None, Reason::BadSignature);
    };
    let Ok(payload) = String::from_utf8(message) else { return refused(Some(key), Reason::Malformed) };
    let meta = Meta { issued: facts::written_at(&payload), ..Meta::default() };
    Unlocked { key: Some(key), meta, payload: Some(payload), ..Unlocked::default() }
}

pub(super) fn box_key(secret: &[u8]) -> zeroize::Zeroizing<[u8; secretbox::KEY]> {
    let text = core::str::from_utf8(secret).unwrap_or_default();
    let written = [Some(secret.to_vec()), from_base64(text), from_hex(text)];
    let key = written.into_iter().flatten().find_map(|bytes| <[u8; secretbox::KEY]>::try_from(bytes).ok());
    key.map_or_else(|| secretbox::password_key(secret, &SALT), Into::into)
}

/// The bytes that an even number of hex digits writes.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?);
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(byte).collect())?
}

/// The peer's own reading of the end of its token, where it differs from ours.
pub(super) fn peers_end(kind: Kind, end: UnixMillis, now: UnixMillis) -> Option<bool> {
    match kind {
        Kind::KoaSession => Some(now > end),
        // Both have a skew of a minute, and the limit itself is over.
        Kind::Iron | Kind::IronSession => Some(now >= end.plus(Seconds(60))),
        _ => None,
    }
}
