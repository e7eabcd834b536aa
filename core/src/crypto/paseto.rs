//! PASETO's v4.local: `XChaCha20` and keyed `BLAKE2b` over a pre-authentication encoding.
//!
//! The steps and names are those of the standard (paseto-spec, Version 4, sections "Encrypt" and "Decrypt").

use alloc::{string::String, vec::Vec};

use blake2::{
    Blake2bMac,
    digest::{KeyInit, Mac, array::ArraySize, consts, typenum::IsLessOrEqual},
};
use chacha20::{
    XChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::encoding;

pub(crate) const HEADER: &str = "v4.local.";
const NONCE: usize = 32;
const TAG: usize = 32;

/// A v4.local key.
pub(crate) struct LocalKey(Zeroizing<[u8; 32]>);

/// Why a body did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Shape,
    Tag,
}

impl LocalKey {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE],
        message: &[u8],
        footer: &[u8],
        assertion: &[u8],
    ) -> String {
        let mut body = Vec::with_capacity(NONCE + message.len() + TAG);
        body.extend_from_slice(nonce);
        body.extend_from_slice(message);
        self.cipher(nonce).apply_keystream(&mut body[NONCE..]);
        let tag = self.tag(nonce, &body[NONCE..], footer, assertion);
        body.extend_from_slice(&tag);
        let mut token = String::with_capacity(HEADER.len() + (body.len() + footer.len()) * 4 / 3 + 4);
        token.push_str(HEADER);
        encoding::base64url_into(&body, &mut token);
        if !footer.is_empty() {
            token.push('.');
            encoding::base64url_into(footer, &mut token);
        }
        token
    }

    /// `body` is the text between the header and the footer.
    pub(crate) fn open(&self, body: &str, footer: &[u8], assertion: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut body = encoding::from_base64url(body).ok_or(Refusal::Shape)?;
        let sealed = body.len().checked_sub(TAG).ok_or(Refusal::Shape)?;
        let (nonce, rest) = body.split_first_chunk_mut::<NONCE>().ok_or(Refusal::Shape)?;
        let at = sealed.checked_sub(NONCE).ok_or(Refusal::Shape)?;
        let (ciphertext, tag) = rest.split_at_mut(at);
        if !bool::from(self.tag(nonce, ciphertext, footer, assertion).ct_eq(tag)) {
            return Err(Refusal::Tag);
        }
        self.cipher(nonce).apply_keystream(ciphertext);
        Ok(ciphertext.to_vec())
    }

    fn cipher(&self, nonce: &[u8; NONCE]) -> XChaCha20 {
        let bytes: Zeroizing<[u8; 56]> = self.derive::<consts::U56, 56>(b"paseto-encryption-key", nonce);
        let (key, iv) = bytes.split_first_chunk::<32>().expect("56 is more than 32");
        let iv: &[u8; 24] = iv.try_into().expect("56 - 32 = 24");
        XChaCha20::new(key.into(), iv.into())
    }

    fn tag(&self, nonce: &[u8; NONCE], ciphertext: &[u8], footer: &[u8], assertion: &[u8]) -> [u8; TAG] {
        let key: Zeroizing<[u8; 32]> = self.derive::<consts::U32, 32>(b"paseto-auth-key-for-aead", nonce);
        blake2b::<consts::U32, TAG>(
            &*key,
            &[&pae(&[HEADER.as_bytes(), nonce, ciphertext, footer, assertion])],
        )
    }

    fn derive<N, const LEN: usize>(&self, label: &[u8], nonce: &[u8; NONCE]) -> Zeroizing<[u8; LEN]>
    where
        N: ArraySize<ArrayType<u8> = [u8; LEN]> + IsLessOrEqual<consts::U64, Output = consts::True>,
    {
        Zeroizing::new(blake2b::<N, LEN>(&*self.0, &[label, nonce]))
    }
}

fn blake2b<N, const LEN: usize>(key: &[u8], parts: &[&[u8]]) -> [u8; LEN]
where
    N: ArraySize<ArrayType<u8> = [u8; LEN]> + IsLessOrEqual<consts::U64, Output = consts::True>,
{
    let mut mac = Blake2bMac::<N>::new_from_slice(key).expect("BLAKE2b takes keys up to 64 bytes");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The standard's pre-authentication encoding: every piece behind its length.
pub(crate) fn pae(pieces: &[&[u8]]) -> Vec<u8> {
    let length = |len: usize| (len as u64 & (u64::MAX >> 1)).to_le_bytes();
    let mut out = Vec::with_capacity(8 + pieces.iter().map(|piece| piece.len() + 8).sum::<usize>());
    out.extend_from_slice(&length(pieces.len()));
    for piece in pieces {
        out.extend_from_slice(&length(piece.len()));
        out.extend_from_slice(piece);
    }
    out
}
