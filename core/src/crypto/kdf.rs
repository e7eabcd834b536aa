//! Keys from secrets.

use alloc::vec::Vec;

use hkdf::Hkdf;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What `sealed` derives: docs/sealed-v1.md is the law. The secret goes in as the message of HKDF-Extract behind a fixed salt. Expanding the secret directly would equal
/// what cookie-signature publishes for a text that a client may choose.
pub(crate) struct Derivation(Hkdf<Sha256>);

impl Derivation {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(Hkdf::new(Some(b"shortcrust/v1"), secret))
    }

    pub(crate) fn expand<const N: usize>(&self, label: &str) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        self.0.expand(label.as_bytes(), key.as_mut()).expect("32 bytes are within HKDF's limit");
        key
    }
}

/// PBKDF2 with HMAC-SHA1.
pub(crate) fn pbkdf2_sha1(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(alloc::vec![0; length]);
    pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut key);
    key
}
