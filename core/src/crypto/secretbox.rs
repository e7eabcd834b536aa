//! libsodium's secretbox (XSalsa20-Poly1305), in which @fastify/secure-session (8) keeps a session, and how libsodium
//! makes its key.

#![expect(clippy::missing_panics_doc, reason = "none happens: what is expected holds by construction")]

use alloc::{string::String, vec::Vec};

use argon2::{Algorithm, Argon2, Params, Version};
use blake2::{Blake2b, Digest as _, digest::consts::U32};
use crypto_secretbox::{KeyInit, XSalsa20Poly1305, aead::Aead};
use zeroize::Zeroizing;

use crate::encoding::{base64, from_base64};

/// Bytes of a key.
pub const KEY: usize = 32;
/// Bytes of a nonce.
pub const NONCE: usize = 24;
/// Bytes of a salt.
pub const SALT: usize = 16;

/// `crypto_secretbox_easy`: the tag and the ciphertext. A nonce must never be used twice with a key.
///
/// ```
/// use shortcrust::format::secretbox;
/// let boxed = secretbox::seal(&[7; 32], &[9; 24], b"{}");
/// assert_eq!(secretbox::open(&[7; 32], &[9; 24], &boxed).as_deref(), Some(&b"{}"[..]));
/// assert_eq!(secretbox::open(&[8; 32], &[9; 24], &boxed), None);
/// ```
pub fn seal(key: &[u8; KEY], nonce: &[u8; NONCE], message: &[u8]) -> Vec<u8> {
    let cipher = XSalsa20Poly1305::new(key.into());
    cipher.encrypt(nonce.into(), message).expect("a message in memory is within the cipher's limit")
}

/// `crypto_secretbox_open_easy`; `None` where the tag is not the key's.
pub fn open(key: &[u8; KEY], nonce: &[u8; NONCE], boxed: &[u8]) -> Option<Vec<u8>> {
    XSalsa20Poly1305::new(key.into()).decrypt(nonce.into(), boxed).ok()
}

/// A cookie of @fastify/secure-session: what `seal` gives, a semicolon and the nonce, both in base64.
pub fn seal_text(key: &[u8; KEY], nonce: &[u8; NONCE], message: &str) -> String {
    let mut cookie = base64(&seal(key, nonce, message.as_bytes()));
    cookie.push(';');
    cookie.push_str(&base64(nonce));
    cookie
}

/// The message of such a cookie; `None` too where its base64 has another spelling than ours.
///
/// ```
/// use shortcrust::format::secretbox;
/// let cookie = secretbox::seal_text(&[7; 32], &[9; 24], "{}");
/// assert_eq!(secretbox::open_text(&[7; 32], &cookie).as_deref(), Some("{}"));
/// assert_eq!(secretbox::open_text(&[8; 32], &cookie), None);
/// ```
pub fn open_text(key: &[u8; KEY], cookie: &str) -> Option<String> {
    let (boxed, nonce) = cookie.split_once(';')?;
    let nonce = from_base64(nonce)?.try_into().ok()?;
    String::from_utf8(open(key, &nonce, &from_base64(boxed)?)?).ok()
}

/// `crypto_pwhash` at its moderate limits: Argon2id, 3 passes over 256 MiB, which takes most of a second.
pub fn password_key(password: &[u8], salt: &[u8; SALT]) -> Zeroizing<[u8; KEY]> {
    let limits = Params::new(256 * 1024, 3, 1, Some(KEY)).expect("libsodium's limits are Argon2's too");
    let mut key = Zeroizing::new([0; KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, limits)
        .hash_password_into(password, salt, key.as_mut())
        .expect("a salt of 16 bytes is long enough");
    key
}

/// `crypto_generichash` without a key: `BLAKE2b` of 32 bytes.
pub fn generic_hash(message: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(message).into()
}
