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

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    /// It does not compile where a crate lacks its feature `zeroize`.
    #[test]
    fn what_holds_a_key_wipes_it_when_dropped() {
        fn wipes<T: ZeroizeOnDrop>() {}
        wipes::<::aes::Aes128>();
        wipes::<::aes::Aes256>();
        wipes::<blake2::Blake2bMac512>();
        wipes::<cbc::Decryptor<::aes::Aes256>>();
        wipes::<cbc::Encryptor<::aes::Aes256>>();
        wipes::<chacha20::XChaCha20>();
        wipes::<ctr::Ctr128BE<::aes::Aes128>>();
        // An HMAC is made of these.
        wipes::<sha1::Sha1>();
        wipes::<sha2::Sha256>();
        wipes::<sha2::Sha384>();
        wipes::<sha2::Sha512>();
    }
}
