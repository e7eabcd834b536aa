//! zlib (RFC 1950) with a cap on what comes out.

use alloc::{vec, vec::Vec};

use miniz_oxide::{
    deflate::compress_to_vec_zlib,
    inflate::core::{DecompressorOxide, decompress, inflate_flags},
};

use crate::error::Reason;

/// Level 6, zlib's own default, as `zlib.compress` in Python.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(bytes, 6)
}

/// Refuses damage, trailing bytes and more than `cap` bytes of output.
pub(crate) fn inflate(bytes: &[u8], cap: usize) -> Result<Vec<u8>, Reason> {
    use miniz_oxide::inflate::TINFLStatus::{Done, HasMoreOutput};
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = DecompressorOxide::new();
    let mut out = vec![0; (bytes.len() * 4).clamp(64, cap)];
    let (mut read, mut written) = (0, 0);
    loop {
        let (status, taken, given) = decompress(&mut state, &bytes[read..], &mut out, written, flags);
        (read, written) = (read + taken, written + given);
        match status {
            Done if read == bytes.len() => {
                out.truncate(written);
                return Ok(out);
            }
            HasMoreOutput if out.len() < cap => out.resize((out.len() * 2).min(cap), 0),
            HasMoreOutput => return Err(Reason::TooLarge),
            _ => return Err(Reason::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_cap_comes_out_and_one_byte_more_is_too_large() {
        let bomb = compress(&vec![b'a'; 4096]);
        assert_eq!(inflate(&bomb, 4096).map(|out| out.len()), Ok(4096));
        assert_eq!(inflate(&bomb, 4095), Err(Reason::TooLarge));
    }

    #[test]
    fn damage_and_trailing_bytes_are_malformed() {
        let good = compress(b"{}");
        for len in 0..good.len() {
            assert_eq!(inflate(&good[..len], 64), Err(Reason::Malformed));
        }
        assert_eq!(inflate(&[&good[..], b"x"].concat(), 64), Err(Reason::Malformed));
    }
}
