//! The one place that names a crypto or zlib crate.

mod deflate;
mod kdf;
mod mac;
mod paseto;
mod zlib;

pub(crate) use kdf::Derivation;
pub use mac::Digest;
pub(crate) use mac::{Mac, digest};
pub(crate) use paseto::{HEADER as PASETO_HEADER, LocalKey, Refusal, pae};
pub(crate) use zlib::{compress, inflate};
