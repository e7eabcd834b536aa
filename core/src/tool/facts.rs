//! What a value tells without a key. Nothing of it is authenticated: anyone may have written it.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};

use super::{kind::Kind, shape::is_uuid};
use crate::{
    encoding::{from_base64, percent_decode},
    error::Reason,
    format::{DjangoSigner, Format, Id, OpenContext, read_timestamp, unpack},
    payload::tree::{Map, Node},
    policy::Policy,
    time::UnixMillis,
};

/// What can be seen of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The session, where it is readable; or why it is not.
    pub(super) payload: Option<Result<String, Reason>>,
    /// The id of a session in a store.
    pub(super) id: Option<String>,
    pub(super) issued: Option<UnixMillis>,
    pub(super) expires: Option<UnixMillis>,
}

/// `Err` where the value has not the format's shape.
pub(super) fn of(kind: Kind, value: &str) -> Result<Facts, Reason> {
    match kind {
        Kind::Sealed => sealed(value),
        Kind::Flask | Kind::Starlette => timed(kind, value),
        Kind::Django => django(value),
        Kind::Express => id(&signed_id(&decoded(value)?, Some("s:"))?),
        Kind::FastifySession => id(&signed_id(&decoded(value)?, None)?),
        Kind::FlaskSession => id(&signed_id(value, None)?),
        Kind::CookieSession | Kind::KoaSession => beside(kind, value),
        Kind::Iron | Kind::IronSession => iron(value),
        Kind::SecureSession => secure(&decoded(value)?),
        Kind::Id => bare_id(value),
        Kind::DjangoId | Kind::UuidId => id(value),
        Kind::Jwt | Kind::Paseto => Ok(Facts::default()),
    }
}

fn decoded(value: &str) -> Result<String, Reason> {
    percent_decode(value).ok_or(Reason::Malformed)
}

fn text(bytes: Result<alloc::vec::Vec<u8>, Reason>) -> Result<String, Reason> {
    bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| Reason::Malformed))
}

fn sealed(value: &str) -> Result<Facts, Reason> {
    value.strip_prefix("v4.local.").ok_or(Reason::Malformed)?;
    Ok(Facts::default())
}

fn timed(kind: Kind, value: &str) -> Result<Facts, Reason> {
    let (signed, _) = value.rsplit_once('.').ok_or(Reason::Malformed)?;
    let (payload, timestamp) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
    let seconds = read_timestamp(timestamp).ok_or(Reason::Malformed)?;
    let bytes = match kind {
        Kind::Flask => unpack(payload),
        _ => from_base64(payload).ok_or(Reason::Malformed),
    };
    let issued = Some(UnixMillis::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
    Ok(Facts { payload: Some(text(bytes)), issued, ..Facts::default() })
}

fn django(value: &str) -> Result<Facts, Reason> {
    let (signed, _) = value.rsplit_once(':').ok_or(Reason::Malformed)?;
    let (payload, seconds) = DjangoSigner::unstamp(signed, ":").ok_or(Reason::Malformed)?;
    let issued = Some(UnixMillis::from_secs(seconds));
    Ok(Facts { payload: Some(text(unpack(payload))), issued, ..Facts::default() })
}

/// The part before the last dot, as it is.
pub(super) fn signed_id(value: &str, prefix: Option<&str>) -> Result<String, Reason> {
    let signed = value.strip_prefix(prefix.unwrap_or("")).ok_or(Reason::Malformed)?;
    let (id, _) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
    Ok(id.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "as its neighbours")]
fn id(id: &str) -> Result<Facts, Reason> {
    Ok(Facts { id: Some(id.to_owned()), ..Facts::default() })
}

fn bare_id(value: &str) -> Result<Facts, Reason> {
    let cx = OpenContext { name: "", token: value, now: UnixMillis(0), policy: &Policy::NONE };
    if is_uuid(value) { id(value) } else { Id::default().open(&cx).and_then(|_| id(value)) }
}

/// cookie-session and koa-session write padded base64 and take what is not padded too.
pub(super) fn beside(kind: Kind, value: &str) -> Result<Facts, Reason> {
    if kind == Kind::KoaSession && is_koas_id(value) {
        return id(value);
    }
    let payload = text(from_base64(value).ok_or(Reason::Malformed))?;
    let millis = |map: &Map| map.get(b"_expire")?.value.as_number().and_then(whole);
    let node = Node::parse_top(&payload, false).ok();
    let expires = node.as_ref().and_then(Node::as_map).and_then(millis).filter(|_| kind == Kind::KoaSession);
    Ok(Facts { payload: Some(Ok(payload)), expires, ..Facts::default() })
}

/// With a store koa-session's cookie has a key, which is no JSON in base64.
pub(super) fn is_koas_id(value: &str) -> bool {
    let is_json = || from_base64(value).is_some_and(|bytes| bytes.starts_with(b"{"));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    value.len() >= 16 && value.bytes().all(known) && !is_json()
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub(super) fn whole(number: f64) -> Option<UnixMillis> {
    (number.abs() < 9e15).then_some(UnixMillis(number as i64))
}

fn iron(value: &str) -> Result<Facts, Reason> {
    let mut parts = value.split('*');
    let expiration = parts.nth(5).ok_or(Reason::Malformed)?;
    if parts.count() != 2 {
        return Err(Reason::Malformed);
    }
    let millis = match expiration {
        "" => None,
        digits => Some(digits.parse::<i64>().map_err(|_| Reason::Malformed)?),
    };
    Ok(Facts { expires: millis.map(UnixMillis), ..Facts::default() })
}

fn secure(value: &str) -> Result<Facts, Reason> {
    let (boxed, nonce) = value.split_once(';').ok_or(Reason::Malformed)?;
    let length = |text: &str| from_base64(text).map(|bytes| bytes.len());
    match (length(boxed), length(nonce)) {
        (Some(16..), Some(24)) => Ok(Facts::default()),
        _ => Err(Reason::Malformed),
    }
}

/// The seconds that @fastify/secure-session puts into the session, as a time.
pub(super) fn written_at(payload: &str) -> Option<UnixMillis> {
    let node = Node::parse_top(payload, false).ok()?;
    let seconds = node.as_map()?.get(b"__ts")?.value.as_number()?;
    whole(seconds * 1000.0)
}

/// A name for people, where a control character could harm a terminal.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let is_strange = char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if is_strange {
            out.push_str(&char.escape_unicode().to_string());
        } else {
            out.push(char);
        }
    }
    out
}
