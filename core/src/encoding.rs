//! The text forms of bytes: canonical only, so that a token has one spelling.

use alloc::{string::String, vec::Vec};

use base64::{Engine, engine::general_purpose};

pub(crate) fn base64url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn base64url_into(bytes: &[u8], out: &mut String) {
    general_purpose::URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// Refuses padding, stray trailing bits and foreign characters.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    general_purpose::STANDARD.decode(text).ok()
}

pub(crate) fn base64_unpadded(bytes: &[u8]) -> String {
    general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Exactly 32 hex digits of either case.
pub(crate) fn uuid_from_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    let mut uuid = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(uuid)
}

pub(crate) fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Django's base62, with a minus in front of negative numbers.
pub(crate) fn base62(value: i64) -> String {
    let mut rest = value.unsigned_abs();
    let mut digits = Vec::with_capacity(11);
    while rest > 0 || digits.is_empty() {
        digits.push(BASE62[usize::try_from(rest % 62).unwrap_or(0)]);
        rest /= 62;
    }
    digits.extend((value < 0).then_some(b'-'));
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

/// `None` for anything but a number of 64 bits.
pub(crate) fn from_base62(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let value =
        |byte: u8| BASE62.iter().position(|&digit| digit == byte).and_then(|at| i64::try_from(at).ok());
    // The sign goes into every step, since the least number has no positive twin.
    let sum = |sum: i64, byte| sum.checked_mul(62)?.checked_add(sign * value(byte)?);
    if digits.is_empty() { None } else { digits.bytes().try_fold(0, sum) }
}

/// JavaScript's `decodeURIComponent`; `None` where that throws.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// JavaScript's `encodeURIComponent`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}
