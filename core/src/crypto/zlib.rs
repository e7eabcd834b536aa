//! zlib (RFC 1950) with a cap on what comes out.

use alloc::{vec, vec::Vec};

use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::error::Reason;

/// Level 6, zlib's own default, as `zlib.compress` in Python.
pub(crate) fn compress(bytes: &[u8]) -> Vec<u8> {
    super::deflate::zlib(bytes)
}

/// Refuses damage, trailing bytes and more than `cap` bytes of output.
pub(crate) fn inflate(bytes: &[u8], cap: usize) -> Result<Vec<u8>, Reason> {
    use miniz_oxide::inflate::TINFLStatus::{Done, HasMoreOutput};
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = DecompressorOxide::new();
    let mut out = vec![0; (bytes.len() * 4).max(64).min(cap)];
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
    use proptest::prelude::*;

    use super::*;

    /// Few letters, so that there are matches of every length and distance.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let run = (prop::collection::vec(97_u8..103, 1..40), 1_usize..200)
            .prop_map(|(bytes, times)| bytes.repeat(times));
        let noise = prop::collection::vec(any::<u8>(), 0..3000);
        prop::collection::vec(prop_oneof![run, noise], 0..24).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn what_was_compressed_inflates_again(bytes in text()) {
            prop_assert_eq!(inflate(&compress(&bytes), bytes.len().max(1)), Ok(bytes));
        }
    }

    #[test]
    fn skewed_counts_make_no_code_over_15_bits() {
        let (mut bytes, mut a, mut b) = (Vec::new(), 1, 1);
        for letter in 0..22_u8 {
            // No letter follows another twice, so that nothing matches.
            bytes.extend(core::iter::repeat_n(letter, a));
            (a, b) = (b, a + b);
        }
        let mut order: Vec<usize> = (0..bytes.len()).collect();
        order.sort_by_key(|&at| at.wrapping_mul(2_654_435_761) % 1_000_003);
        let shuffled: Vec<u8> = order.into_iter().map(|at| bytes[at]).collect();
        assert_eq!(inflate(&compress(&shuffled), shuffled.len()), Ok(shuffled));
    }

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
