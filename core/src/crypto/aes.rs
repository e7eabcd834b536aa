//! AES as iron uses it; whoever calls has checked a MAC.

use alloc::vec::Vec;

use aes::{Aes128, Aes256};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, StreamCipher, block_padding::Pkcs7};

type Ctr128 = ctr::Ctr128BE<Aes128>;

/// The ciphers of iron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// Counter mode: 16 bytes of key.
    Aes128Ctr,
    /// Cipher block chaining: 32 bytes of key.
    #[default]
    Aes256Cbc,
}

impl Cipher {
    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Aes128Ctr => 16,
            Self::Aes256Cbc => 32,
        }
    }

    /// `None` where the key or the initialization vector has another length than the cipher's.
    pub(crate) fn encrypt(self, key: &[u8], iv: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes128Ctr => counter(key, iv, text),
            Self::Aes256Cbc => {
                let cipher = cbc::Encryptor::<Aes256>::new_from_slices(key, iv).ok()?;
                Some(cipher.encrypt_padded_vec::<Pkcs7>(text))
            }
        }
    }

    /// `None` for wrong lengths and for wrong padding.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes128Ctr => counter(key, iv, text),
            Self::Aes256Cbc => {
                let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, iv).ok()?;
                cipher.decrypt_padded_vec::<Pkcs7>(text).ok()
            }
        }
    }
}

fn counter(key: &[u8], iv: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    Ctr128::new_from_slices(key, iv).ok()?.apply_keystream(&mut text);
    Some(text)
}
