//! Deflate (RFC 1951) as zlib's level 6 does it, for cookies.
//!
//! A well-kept crate would do, but none is right here. itsdangerous keeps a payload compressed only where that is
//! shorter, so a compressor that finds other lengths makes other cookies; and the tables of the general ones, made for
//! megabytes, cost more time than the 300 bytes of a session. This one takes zlib's own decisions (1.3, `deflate_slow`
//! and `trees.c`), so that the bytes are zlib's, with tables as large as the input.

mod huffman;
mod matcher;

use alloc::vec::Vec;

use huffman::Code;
use matcher::{MAX_MATCH, MIN_MATCH, Matcher, Symbol};

/// Symbols of a block: zlib's buffer at memory level 8.
const BLOCK_SYMBOLS: usize = 16_383;

/// The data in zlib's wrapping (RFC 1950).
pub(super) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut bits = BitWriter { out: Vec::with_capacity(data.len() / 2 + 64), buffer: 0, used: 0 };
    bits.out.extend([0x78, 0x9C]);
    let mut block = Block::new(data);
    for symbol in Matcher::new(data) {
        block.symbols.push(symbol);
        block.end += symbol.len();
        if block.symbols.len() == BLOCK_SYMBOLS {
            block.write(&mut bits, false);
        }
    }
    block.write(&mut bits, true);
    bits.align();
    bits.out.extend(adler32(data).to_be_bytes());
    bits.out
}

fn adler32(data: &[u8]) -> u32 {
    // 5552 bytes are what fits before `b` can overflow.
    let (a, b) = data.chunks(5552).fold((1, 0), |(a, b): (u32, u32), chunk| {
        let (a, b) =
            chunk.iter().fold((a, b), |(a, b), &byte| (a + u32::from(byte), b + a + u32::from(byte)));
        (a % 65_521, b % 65_521)
    });
    b << 16 | a
}

const END_OF_BLOCK: usize = 256;
/// The last two are never sent, but the fixed code counts them.
const LITERALS: usize = 288;
const DISTANCES: usize = 30;
const LENGTHS: usize = 19;
const EXTRA_LENGTH_BITS: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/// The order in which the lengths of the code for lengths are sent.
const LENGTH_ORDER: [usize; LENGTHS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The code of a match's length, its extra bits and their value.
fn length_code(len: usize) -> (usize, u8, u32) {
    let offset = len - MIN_MATCH;
    if len == MAX_MATCH {
        return (285, 0, 0);
    }
    if offset < 8 {
        return (257 + offset, 0, 0);
    }
    let bits = offset.ilog2() - 2;
    let code = 4 * bits as usize + (offset >> bits);
    (257 + code, EXTRA_LENGTH_BITS[code], low_bits(offset, bits))
}

/// The code of a match's distance, its extra bits and their value.
fn distance_code(distance: usize) -> (usize, u8, u32) {
    let offset = distance - 1;
    if offset < 4 {
        return (offset, 0, 0);
    }
    let bits = offset.ilog2() - 1;
    (2 * bits as usize + (offset >> bits), extra_distance_bits(2 * bits as usize + 2), low_bits(offset, bits))
}

fn extra_distance_bits(code: usize) -> u8 {
    u8::try_from((code / 2).saturating_sub(1)).unwrap_or(0)
}

struct Block<'d> {
    data: &'d [u8],
    symbols: Vec<Symbol>,
    start: usize,
    end: usize,
}

impl<'d> Block<'d> {
    fn new(data: &'d [u8]) -> Self {
        Self { data, symbols: Vec::with_capacity(data.len().min(BLOCK_SYMBOLS)), start: 0, end: 0 }
    }

    /// In the shortest of the three ways: stored, with the fixed code, or with a code of its own.
    fn write(&mut self, bits: &mut BitWriter, last: bool) {
        let (literal_counts, distance_counts) = self.count();
        let literals = Code::<LITERALS>::optimal(&literal_counts, 15);
        let distances = Code::<DISTANCES>::optimal(&distance_counts, 15);
        let header = Header::new(&literals, &distances);
        let extra = extra_bits(&literal_counts, &distance_counts);
        let own = header.cost() + literals.cost(&literal_counts) + distances.cost(&distance_counts) + extra;
        let fixed = FIXED_LITERALS.cost(&literal_counts) + FIXED_DISTANCES.cost(&distance_counts) + extra;
        let bytes = |cost: u32| (cost + 3).div_ceil(8);
        let stored = position(self.end - self.start);
        let shortest = bytes(own).min(bytes(fixed));
        let last = u32::from(last);
        if stored + 4 <= shortest && u16::try_from(stored).is_ok() {
            bits.put(last, 3);
            bits.store(&self.data[self.start..self.end]);
        } else if bytes(fixed) == shortest {
            bits.put(1 << 1 | last, 3);
            self.send(bits, &FIXED_LITERALS, &FIXED_DISTANCES);
        } else {
            bits.put(2 << 1 | last, 3);
            header.send(bits);
            self.send(bits, &literals, &distances);
        }
        self.symbols.clear();
        self.start = self.end;
    }

    fn count(&self) -> ([u32; LITERALS], [u32; DISTANCES]) {
        let (mut literals, mut distances) = ([0; LITERALS], [0; DISTANCES]);
        literals[END_OF_BLOCK] = 1;
        for symbol in &self.symbols {
            if symbol.distance == 0 {
                literals[usize::from(symbol.value)] += 1;
            } else {
                literals[length_code(usize::from(symbol.value)).0] += 1;
                distances[distance_code(usize::from(symbol.distance)).0] += 1;
            }
        }
        (literals, distances)
    }

    fn send(&self, bits: &mut BitWriter, literals: &Code<LITERALS>, distances: &Code<DISTANCES>) {
        for symbol in &self.symbols {
            if symbol.distance == 0 {
                literals.send(bits, usize::from(symbol.value));
            } else {
                literals.send_with(bits, length_code(usize::from(symbol.value)));
                distances.send_with(bits, distance_code(usize::from(symbol.distance)));
            }
        }
        literals.send(bits, END_OF_BLOCK);
    }
}

fn extra_bits(literals: &[u32; LITERALS], distances: &[u32; DISTANCES]) -> u32 {
    let lengths = literals[257..].iter().zip(EXTRA_LENGTH_BITS);
    let distances = distances.iter().zip((0..).map(extra_distance_bits));
    lengths.chain(distances).map(|(&count, bits)| count * u32::from(bits)).sum()
}

/// The code that needs no header (RFC 1951, section 3.2.6).
static FIXED_LITERALS: Code<LITERALS> = {
    let mut lengths = [8; LITERALS];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    Code::from_lengths(lengths, LITERALS)
};
static FIXED_DISTANCES: Code<DISTANCES> = Code::from_lengths([5; DISTANCES], DISTANCES);

/// The two codes' lengths, run-length coded, and a third code for them.
struct Header {
    runs: Vec<(usize, u8, u32)>,
    code: Code<LENGTHS>,
    counts: [u32; LENGTHS],
    sent: usize,
    literals: usize,
    distances: usize,
}

impl Header {
    fn new(literals: &Code<LITERALS>, distances: &Code<DISTANCES>) -> Self {
        let mut runs = Vec::with_capacity(64);
        push_runs(&mut runs, &literals.lengths[..literals.used]);
        push_runs(&mut runs, &distances.lengths[..distances.used]);
        let mut counts = [0; LENGTHS];
        for (symbol, ..) in &runs {
            counts[*symbol] += 1;
        }
        let code = Code::optimal(&counts, 7);
        let sent =
            LENGTH_ORDER.iter().rposition(|&symbol| code.lengths[symbol] != 0).map_or(4, |at| at.max(3) + 1);
        Self { runs, code, counts, sent, literals: literals.used, distances: distances.used }
    }

    fn cost(&self) -> u32 {
        let extra: u32 = self.runs.iter().map(|run| u32::from(run.1)).sum();
        14 + 3 * position(self.sent) + self.code.cost(&self.counts) + extra
    }

    fn send(&self, bits: &mut BitWriter) {
        bits.put(low_bits(self.literals - 257, 5), 5);
        bits.put(low_bits(self.distances - 1, 5), 5);
        bits.put(low_bits(self.sent - 4, 4), 4);
        for &symbol in &LENGTH_ORDER[..self.sent] {
            bits.put(u32::from(self.code.lengths[symbol]), 3);
        }
        for &run in &self.runs {
            self.code.send_with(bits, run);
        }
    }
}

/// Lengths as symbols: 16 repeats the last one 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros.
fn push_runs(runs: &mut Vec<(usize, u8, u32)>, lengths: &[u8]) {
    for run in lengths.chunk_by(|a, b| a == b) {
        let (length, mut left) = (usize::from(run[0]), run.len());
        if length != 0 {
            runs.push((length, 0, 0));
            left -= 1;
        }
        while left >= 3 {
            let (symbol, extra, least, most) = match (length, left) {
                (0, 11..) => (18, 7, 11, 138),
                (0, _) => (17, 3, 3, 10),
                _ => (16, 2, 3, 6),
            };
            let taken = left.min(most);
            runs.push((symbol, extra, low_bits(taken - least, 7)));
            left -= taken;
        }
        runs.extend(core::iter::repeat_n((length, 0, 0), left));
    }
}

struct BitWriter {
    out: Vec<u8>,
    buffer: u64,
    used: u8,
}

impl BitWriter {
    /// At most 32 bits.
    fn put(&mut self, value: u32, bits: u8) {
        self.buffer |= u64::from(value) << self.used;
        self.used += bits;
        if self.used >= 32 {
            self.out.extend_from_slice(&self.buffer.to_le_bytes()[..4]);
            self.buffer >>= 32;
            self.used -= 32;
        }
    }

    fn align(&mut self) {
        let bytes = usize::from(self.used.div_ceil(8));
        self.out.extend_from_slice(&self.buffer.to_le_bytes()[..bytes]);
        (self.buffer, self.used) = (0, 0);
    }

    fn store(&mut self, bytes: &[u8]) {
        self.align();
        let len = short(bytes.len());
        self.out.extend(len.to_le_bytes());
        self.out.extend((!len).to_le_bytes());
        self.out.extend_from_slice(bytes);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "masked to at most 15 bits")]
fn low_bits(value: usize, bits: u32) -> u32 {
    (value & ((1 << bits) - 1)) as u32
}

/// Lengths, distances and nodes are all below 2^16.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn short(value: usize) -> u16 {
    value as u16
}

/// A payload is far below 4 GiB, and so is every cost in bits.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn position(at: usize) -> u32 {
    at as u32
}
