//! What `sealed` derives from a secret: docs/sealed-v1.md is the law.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The secret goes in as the message of HKDF-Extract behind a fixed salt. Expanding the secret directly would equal
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
