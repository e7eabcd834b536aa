//! The one place that names a crypto or zlib crate.

mod aes;
mod deflate;
mod kdf;
mod mac;
mod paseto;
pub mod secretbox;
mod zlib;

pub use aes::Cipher;
pub(crate) use kdf::{Derivation, pbkdf2_sha1};
pub use mac::{Digest, same};
pub(crate) use mac::{Mac, digest};
pub(crate) use paseto::{HEADER as PASETO_HEADER, LocalKey, Refusal, pae};
pub(crate) use zlib::{compress, inflate};
