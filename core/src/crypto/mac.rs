//! HMAC under the digests that session cookies use.

use alloc::vec::Vec;

use hmac::{EagerHash, Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// The hash inside a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// What itsdangerous, Flask, Starlette and keygrip sign with; sound inside HMAC.
    #[default]
    Sha1,
    /// What Django and cookie-signature sign with.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A keyed state, made once a key and cloned for every message; wiped when dropped, as its clones are.
#[derive(Clone)]
pub(crate) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    pub(crate) fn new(digest: Digest, key: &[u8]) -> Self {
        match digest {
            Digest::Sha1 => Self::Sha1(keyed(key)),
            Digest::Sha256 => Self::Sha256(keyed(key)),
            Digest::Sha384 => Self::Sha384(keyed(key)),
            Digest::Sha512 => Self::Sha512(keyed(key)),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => mac.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha256(mac) => mac.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha384(mac) => mac.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.clone().chain_update(message).finalize().into_bytes().to_vec(),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.sign(message).ct_eq(tag).into()
    }
}

/// Whether two secrets are the same, in a time that depends on their lengths alone.
///
/// ```
/// assert!(shortcrust::same(b"id", b"id") && !shortcrust::same(b"id", b"other"));
/// ```
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// The plain hash of the parts in a row.
pub(crate) fn digest(digest: Digest, parts: &[&[u8]]) -> Vec<u8> {
    fn hash<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().fold(D::new(), D::chain_update).finalize().to_vec()
    }
    match digest {
        Digest::Sha1 => hash::<Sha1>(parts),
        Digest::Sha256 => hash::<Sha256>(parts),
        Digest::Sha384 => hash::<Sha384>(parts),
        Digest::Sha512 => hash::<Sha512>(parts),
    }
}

fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D>
where
    Hmac<D>: KeyInit,
{
    <Hmac<D> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}
