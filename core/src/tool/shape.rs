//! Which formats a value may be in, by its looks alone: the likeliest first.

use alloc::{vec, vec::Vec};

use super::kind::Kind;
use crate::{
    encoding::{from_base64, from_base64url, percent_decode},
    format::unpack,
    payload::tree::Node,
};

/// Nothing where the value looks like no format that the tool knows.
pub(super) fn guess(value: &str) -> Vec<Kind> {
    let decoded = percent_decode(value);
    let plain = decoded.as_deref().unwrap_or(value);
    if value.starts_with("v4.local.") {
        return vec![Kind::Sealed];
    }
    if is_paseto(value) {
        return vec![Kind::Paseto];
    }
    if value.starts_with("Fe26.2*") {
        let is_sessions = value.contains('~');
        return if is_sessions { vec![Kind::IronSession] } else { vec![Kind::Iron, Kind::IronSession] };
    }
    if plain.starts_with("s:") {
        return vec![Kind::Express];
    }
    if plain.split_once(';').is_some_and(|(boxed, nonce)| is_base64(boxed) && is_base64(nonce)) {
        return vec![Kind::SecureSession];
    }
    if value.matches(':').count() >= 2 {
        return vec![Kind::Django];
    }
    if is_jwt(value) {
        return vec![Kind::Jwt];
    }
    if let Some(kinds) = dotted(value, plain) {
        return kinds;
    }
    if let Some(kinds) = json_in_base64(value) {
        return kinds;
    }
    bare(value)
}

fn is_paseto(value: &str) -> bool {
    let mut parts = value.split('.');
    let version = parts.next().and_then(|part| part.strip_prefix('v'));
    version.is_some_and(|digit| matches!(digit, "1" | "2" | "3" | "4"))
        && matches!(parts.next(), Some("local" | "public"))
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    !digits.is_empty() && digits.bytes().all(known)
}

/// RFC 7519: the first part is an object with `alg`.
fn is_jwt(value: &str) -> bool {
    let head = value.split_once('.').map_or("", |(head, _)| head);
    let text = from_base64url(head).and_then(|bytes| alloc::string::String::from_utf8(bytes).ok());
    let node = text.and_then(|text| Node::parse_top(&text, false).ok());
    node.as_ref().and_then(Node::as_map).is_some_and(|map| map.get(b"alg").is_some())
}

/// What has dots: two or more for a payload with a time, one for a signed id.
fn dotted(value: &str, plain: &str) -> Option<Vec<Kind>> {
    let (signed, signature) = plain.rsplit_once('.')?;
    if let Some((payload, _)) = value.rsplit_once('.').and_then(|(signed, _)| signed.rsplit_once('.')) {
        let (flask, starlette) = (Kind::Flask, Kind::Starlette);
        return Some(if is_starlettes(payload) { vec![starlette, flask] } else { vec![flask, starlette] });
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_itsdangerous = signature.len() < 43 && signature.bytes().all(known);
    let (flask, fastify) = (Kind::FlaskSession, Kind::FastifySession);
    (!signed.is_empty()).then(|| if is_itsdangerous { vec![flask, fastify] } else { vec![fastify, flask] })
}

/// Starlette writes `json.dumps` with its spaces in padded base64; Flask writes neither.
fn is_starlettes(payload: &str) -> bool {
    if payload.contains(['=', '+', '/']) {
        return true;
    }
    let has_space = |bytes: &[u8]| bytes.windows(3).any(|three| three == b"\": ");
    from_base64(payload).is_some_and(|bytes| has_space(&bytes))
        && unpack(payload).is_ok_and(|bytes| has_space(&bytes))
}

fn json_in_base64(value: &str) -> Option<Vec<Kind>> {
    let bytes = from_base64(value)?;
    let text = core::str::from_utf8(&bytes).ok().filter(|text| text.starts_with('{'))?;
    let (koa, cookie) = (Kind::KoaSession, Kind::CookieSession);
    let node = Node::parse_top(text, false).ok();
    let map = node.as_ref().and_then(Node::as_map);
    let is_koas = map.is_some_and(|map| map.get(b"_expire").is_some() || map.get(b"_session").is_some());
    Some(if is_koas { vec![koa, cookie] } else { vec![cookie, koa] })
}

fn bare(value: &str) -> Vec<Kind> {
    let all = |known: fn(u8) -> bool| value.bytes().all(known);
    if is_uuid(value) {
        vec![Kind::UuidId, Kind::Id]
    } else if value.len() == 32 && all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        vec![Kind::DjangoId, Kind::Id]
    } else if (22..=128).contains(&value.len())
        && all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    {
        vec![Kind::Id]
    } else {
        Vec::new()
    }
}

pub(super) fn is_uuid(value: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    value.len() == 36 && value.bytes().enumerate().all(fits)
}
