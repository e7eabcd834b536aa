//! Fe26.2, the seals of @hapi/iron (7), iron-webcrypto (2) and iron-session (8 and 9):
//! `Fe26.2*id*salt*iv*ciphertext*expiration*salt of the MAC*MAC`.

use alloc::{format, string::String, vec::Vec};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use crate::crypto::Cipher;
use crate::{
    crypto::{Digest, Mac, pbkdf2_sha1},
    encoding::{base64url, from_base64url},
    error::Reason,
};

/// Where a key comes from. Neither the iteration count nor the cipher is in the token: they are configuration.
#[derive(Clone, Copy)]
pub enum IronKey<'a> {
    /// The bytes themselves; those beyond the cipher's need are refused by it.
    Bytes(&'a [u8]),
    /// PBKDF2 with HMAC-SHA1.
    Password {
        /// UTF-8.
        password: &'a [u8],
        /// 1 in the peers' defaults, 8192 in h3's.
        iterations: u32,
    },
}

/// What is sealed, besides the keys.
#[derive(Clone, Copy, Debug)]
pub struct IronSeal<'a> {
    /// JSON.
    pub payload: &'a [u8],
    /// Which of several passwords; none is empty.
    pub password_id: &'a str,
    /// Hex from fresh random bytes in the peers; empty with a key of bytes.
    pub salt: &'a str,
    /// 16 fresh random bytes.
    pub iv: &'a [u8],
    /// Milliseconds since 1970 in decimal; none is empty.
    pub expiration: &'a str,
    /// As `salt`, for the MAC's key.
    pub mac_salt: &'a str,
}

const PREFIX: &str = "Fe26.2";
const MAC_KEY: usize = 32;

/// The token; `None` where a key of bytes or the initialization vector does not fit the cipher.
///
/// ```
/// use shortcrust::format::{Cipher, IronKey, IronSeal, iron_open, iron_seal};
/// let key = IronKey::Password { password: b"a password of 32 characters......", iterations: 1 };
/// let seal = IronSeal {
///     payload: b"{}", password_id: "", salt: "5a17", iv: &[0; 16], expiration: "", mac_salt: "5a18",
/// };
/// let token = iron_seal(Cipher::Aes256Cbc, key, key, &seal).unwrap();
/// assert_eq!(iron_open(Cipher::Aes256Cbc, key, key, &token).as_deref(), Ok(&b"{}"[..]));
/// ```
pub fn iron_seal(
    cipher: Cipher,
    encryption: IronKey<'_>,
    integrity: IronKey<'_>,
    seal: &IronSeal<'_>,
) -> Option<String> {
    let key = encryption.derive(seal.salt, cipher.key_length());
    let encrypted = base64url(&cipher.encrypt(&key, seal.iv, seal.payload)?);
    let IronSeal { password_id, salt, expiration, mac_salt, .. } = seal;
    let iv = base64url(seal.iv);
    let base = format!("{PREFIX}*{password_id}*{salt}*{iv}*{encrypted}*{expiration}");
    let tag = integrity.mac(mac_salt, &base);
    Some(format!("{base}*{mac_salt}*{tag}"))
}

/// The payload. The MAC comes first; who has a time looks at the expiration, which it covers.
pub fn iron_open(
    cipher: Cipher,
    encryption: IronKey<'_>,
    integrity: IronKey<'_>,
    token: &str,
) -> Result<Vec<u8>, Reason> {
    let (sealed, tag) = token.rsplit_once('*').ok_or(Reason::Malformed)?;
    let (base, mac_salt) = sealed.rsplit_once('*').ok_or(Reason::Malformed)?;
    let parts: Vec<&str> = base.split('*').collect();
    let [PREFIX, _, salt, iv, encrypted, _] = parts[..] else { return Err(Reason::Malformed) };
    if !bool::from(integrity.mac(mac_salt, base).as_bytes().ct_eq(tag.as_bytes())) {
        return Err(Reason::BadSignature);
    }
    let decode = |text: &str| from_base64url(text).ok_or(Reason::Malformed);
    let key = encryption.derive(salt, cipher.key_length());
    cipher.decrypt(&key, &decode(iv)?, &decode(encrypted)?).ok_or(Reason::Malformed)
}

impl IronKey<'_> {
    fn derive(self, salt: &str, length: usize) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Zeroizing::new(bytes.to_vec()),
            Self::Password { password, iterations } => {
                pbkdf2_sha1(password, salt.as_bytes(), iterations, length)
            }
        }
    }

    fn mac(self, salt: &str, base: &str) -> String {
        base64url(&Mac::new(Digest::Sha256, &self.derive(salt, MAC_KEY)).sign(base.as_bytes()))
    }
}
