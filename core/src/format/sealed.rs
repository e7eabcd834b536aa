//! Our own format: PASETO v4.local with the claims and derivations that `docs/sealed-v1.md` freezes.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt::Write;

use zeroize::Zeroizing;

use super::{Body, Carries, Format, MAX_PAYLOAD, Meta, OpenContext, Opened, SealContext};
use crate::{
    cookie::base_name,
    crypto::{Derivation, LocalKey, PASETO_HEADER, Refusal, pae},
    encoding::{base64url_into, from_base64url},
    entropy::{Entropy, draw},
    error::{ConfigError, Reason, SealError},
    keyring::Keyring,
    payload::{Dialect, Text, Writer, entries, scan, tree::Node},
    time::UnixMillis,
};

/// The format `sealed`, the default of our own fronts: encrypted, and bound to one cookie name and audience.
pub struct Sealed {
    keys: Vec<Key>,
    audience: String,
}

struct Key {
    id: [u8; 8],
    local: LocalKey,
}

impl Sealed {
    /// Shorter secrets are refused.
    pub const LEAST_SECRET: usize = 32;

    /// Derives a key and its id from each secret. A token opens only for the audience it was sealed for.
    pub fn new(keys: &Keyring, audience: &str) -> Result<Self, ConfigError> {
        keys.require_strong("sealed", Self::LEAST_SECRET)?;
        let keys: Vec<Key> = keys.iter().map(Key::derive).collect();
        Ok(Self { keys, audience: audience.to_owned() })
    }

    fn assertion(&self, name: &str) -> Vec<u8> {
        let parts = ["shortcrust/v1", "session", &self.audience, base_name(name)];
        pae(&parts.map(str::as_bytes))
    }
}

impl Key {
    fn derive(secret: &[u8]) -> Self {
        let derivation = Derivation::new(secret);
        let key: Zeroizing<[u8; 32]> = derivation.expand("sealed v4.local key");
        Self { id: *derivation.expand("sealed v4.local kid"), local: LocalKey::new(key) }
    }
}

impl Format for Sealed {
    fn name(&self) -> &'static str {
        "sealed"
    }

    fn carries(&self) -> Carries {
        Carries { issued: true, created: true, expires: true, id: true, user: true }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let token = cx.token.strip_prefix(PASETO_HEADER).ok_or(Reason::Malformed)?;
        let (body, footer) = token.split_once('.').ok_or(Reason::UnknownKey)?;
        if footer.contains('.') {
            return Err(Reason::Malformed);
        }
        let footer = from_base64url(footer).ok_or(Reason::UnknownKey)?;
        let known = |key: &Key| key.id.as_slice() == footer;
        let key = self.keys.iter().position(known).ok_or(Reason::UnknownKey)?;
        let opened = self.keys[key].local.open(body, &footer, &self.assertion(cx.name));
        let claims = opened.map_err(|refusal| match refusal {
            Refusal::Shape => Reason::Malformed,
            Refusal::Tag => Reason::BadSignature,
        })?;
        let claims = String::from_utf8(claims).map_err(|_| Reason::Malformed)?;
        let claims = Claims::read(&claims)?;
        let meta = claims.meta()?;
        cx.policy.check(&meta, cx.now)?;
        let data = claims.data.ok_or(Reason::Malformed)?;
        if data.len() > MAX_PAYLOAD {
            return Err(Reason::TooLarge);
        }
        Ok(Opened { body: Body::Payload(data.to_owned()), meta, key })
    }

    fn seal(&self, cx: &SealContext<'_>, entropy: &mut dyn Entropy) -> Result<String, SealError> {
        let id = match cx.meta.id {
            Some(id) => id,
            None => draw(entropy)?,
        };
        let nonce = draw(entropy)?;
        let key = &self.keys[0];
        let claims = write_claims(cx, id);
        check(&claims)?;
        Ok(key.local.seal(&nonce, claims.as_bytes(), &key.id, &self.assertion(cx.name)))
    }

    fn keys(&self) -> usize {
        // The footer names the one key that is tried.
        1
    }
}

/// The claims are one level deeper than the payload, and other readers know no NaN.
fn check(claims: &str) -> Result<(), SealError> {
    match scan(claims, Dialect::Plain) {
        Ok(facts) if facts.non_finite => Err(SealError::not_finite()),
        Ok(_) => Ok(()),
        Err(reason) => Err(SealError::new(reason, "the session nests too deep: put less into it")),
    }
}

/// The JSON of each claim that we know. Nothing is built of the data, which are read a moment later.
#[derive(Default)]
struct Claims<'t> {
    issued: Option<&'t str>,
    expires: Option<&'t str>,
    id: Option<&'t str>,
    created: Option<&'t str>,
    user: Option<&'t str>,
    data: Option<&'t str>,
}

impl<'t> Claims<'t> {
    fn read(text: &'t str) -> Result<Self, Reason> {
        let mut claims = Self::default();
        entries(text, false, &mut |key, range| {
            let claim = match key {
                b"iat" => &mut claims.issued,
                b"exp" => &mut claims.expires,
                b"jti" => &mut claims.id,
                b"c" => &mut claims.created,
                b"sub" => &mut claims.user,
                b"d" => &mut claims.data,
                _ => return,
            };
            *claim = Some(&text[range]);
        })?;
        Ok(claims)
    }

    fn meta(&self) -> Result<Meta, Reason> {
        let required = |json: &str| text(json).and_then(|text| UnixMillis::from_rfc3339(&text));
        let required = |json: &str| required(json).ok_or(Reason::Malformed);
        let issued = required(self.issued.ok_or(Reason::Malformed)?)?;
        let created = match self.created {
            Some(json) => json.parse().ok().and_then(whole_seconds).ok_or(Reason::Malformed)?,
            None => issued,
        };
        let id = self.id.and_then(text).and_then(|id| from_base64url(&id));
        Ok(Meta {
            issued: Some(issued),
            created: Some(created),
            expires: self.expires.map(required).transpose()?,
            id: id.and_then(|id| id.try_into().ok()),
            user: self.user.and_then(text),
        })
    }
}

/// `None` for what is no string, or one with half a surrogate pair.
fn text(json: &str) -> Option<String> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        Node::parse(json, false).ok()?.as_text().map(ToOwned::to_owned)
    } else {
        Some(inner.to_owned())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole_seconds(number: f64) -> Option<UnixMillis> {
    (number.abs() < 1e13).then_some(UnixMillis::from_secs(number as i64))
}

/// The order of the claims is frozen too, so that the bytes are.
fn write_claims(cx: &SealContext<'_>, id: [u8; 16]) -> String {
    let meta = cx.meta;
    let issued = meta.issued.unwrap_or_default();
    let mut claims = String::with_capacity(cx.body.len() + 160);
    for part in [r#"{"iat":""#, &issued.to_rfc3339(), r#"","#] {
        claims.push_str(part);
    }
    if let Some(end) = meta.expires {
        for part in [r#""exp":""#, &end.to_rfc3339(), r#"","#] {
            claims.push_str(part);
        }
    }
    claims.push_str(r#""jti":""#);
    base64url_into(&id, &mut claims);
    let _ = write!(claims, r#"","c":{},"#, meta.created.unwrap_or(issued).secs());
    if let Some(user) = &meta.user {
        let mut writer = Writer::new(false);
        writer.text(Text::Utf8(user));
        let _ = write!(claims, r#""sub":{},"#, writer.finish());
    }
    for part in [r#""d":"#, cx.body, "}"] {
        claims.push_str(part);
    }
    claims
}
