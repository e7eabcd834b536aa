//! Deflate (RFC 1951) as zlib's level 6 does it, for cookies.
//!
//! A well-kept crate would do, but none is right here. itsdangerous keeps a payload compressed only where that is
//! shorter, so a compressor that finds other lengths makes other cookies; and the tables of the general ones, made for
//! megabytes, cost more time than the 300 bytes of a session. This one takes zlib's own decisions (1.3, `deflate_slow`
//! and `trees.c`), so that the bytes are zlib's, with tables as large as the input.

use alloc::{vec, vec::Vec};

const MIN_MATCH: usize = 3;
const MAX_MATCH: usize = 258;
const MAX_DISTANCE: usize = 32_768 - (MAX_MATCH + MIN_MATCH + 1);
/// A match of three bytes from further away costs more than three literals.
const TOO_FAR: usize = 4096;
/// Symbols of a block: zlib's buffer at memory level 8.
const BLOCK_SYMBOLS: usize = 16_383;

/// Level 6.
const GOOD_MATCH: usize = 8;
const MAX_LAZY: usize = 16;
const NICE_MATCH: usize = 128;
const MAX_CHAIN: usize = 128;

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

/// A literal byte, or a match of `length` bytes from `distance` before.
#[derive(Clone, Copy)]
struct Symbol {
    /// 0 for a literal.
    distance: u16,
    value: u16,
}

impl Symbol {
    fn len(self) -> usize {
        if self.distance == 0 { 1 } else { usize::from(self.value) }
    }
}

/// Lazy matching: a match is taken only if the next position has no longer one.
struct Matcher<'d> {
    data: &'d [u8],
    at: usize,
    /// Chains of earlier positions; 0 ends one, so that position 0 is never matched, as in zlib.
    head: Vec<u32>,
    previous: Vec<u32>,
    shift: u32,
    match_len: usize,
    match_start: usize,
    literal_waits: bool,
}

impl<'d> Matcher<'d> {
    fn new(data: &'d [u8]) -> Self {
        let bits = (usize::BITS - data.len().leading_zeros()).saturating_add(2).clamp(8, 15);
        Self {
            data,
            at: 0,
            head: vec![0; 1 << bits],
            previous: vec![0; data.len()],
            shift: 15 - bits,
            match_len: MIN_MATCH - 1,
            match_start: 0,
            literal_waits: false,
        }
    }

    /// zlib's hash. A smaller table makes positions with other hashes share a chain.
    fn hash(&self, at: usize) -> u16 {
        let bytes = &self.data[at..at + MIN_MATCH];
        (u16::from(bytes[0]) << 10 ^ u16::from(bytes[1]) << 5 ^ u16::from(bytes[2])) & 0x7FFF
    }

    /// Notes the position, and returns the newest earlier one in its chain.
    fn insert(&mut self, at: usize) -> usize {
        if at + MIN_MATCH > self.data.len() {
            return 0;
        }
        let slot = usize::from(self.hash(at) >> self.shift);
        self.previous[at] = core::mem::replace(&mut self.head[slot], position(at));
        self.previous[at] as usize
    }

    /// The first position of a chain that really has this hash.
    fn with_hash(&self, hash: u16, mut candidate: usize) -> usize {
        while candidate != 0 && self.hash(candidate) != hash {
            candidate = self.previous[candidate] as usize;
        }
        candidate
    }

    fn longest_match(&mut self, first: usize, longer_than: usize) -> usize {
        let (data, at) = (self.data, self.at);
        let ahead = data.len() - at;
        let (nice, most) = (NICE_MATCH.min(ahead), MAX_MATCH.min(ahead));
        let limit = at.saturating_sub(MAX_DISTANCE);
        let hash = self.hash(at);
        let mut chain = if longer_than >= GOOD_MATCH { MAX_CHAIN / 4 } else { MAX_CHAIN };
        let mut best = longer_than;
        let mut candidate = first;
        loop {
            let could_be_longer = best < ahead && data[candidate + best] == data[at + best];
            if could_be_longer {
                let pairs = data[candidate..].iter().zip(&data[at..at + most]);
                let len = pairs.take_while(|(a, b)| a == b).count();
                if len > best {
                    (self.match_start, best) = (candidate, len);
                    if len >= nice {
                        break;
                    }
                }
            }
            chain -= 1;
            candidate = self.with_hash(hash, self.previous[candidate] as usize);
            if candidate <= limit || chain == 0 {
                break;
            }
        }
        best.min(ahead)
    }

    fn find(&mut self, candidate: usize, longer_than: usize) -> usize {
        if candidate == 0 || longer_than >= MAX_LAZY {
            return MIN_MATCH - 1;
        }
        let candidate = self.with_hash(self.hash(self.at), candidate);
        if candidate == 0 || self.at - candidate > MAX_DISTANCE {
            return MIN_MATCH - 1;
        }
        let len = self.longest_match(candidate, longer_than);
        let poor = len == MIN_MATCH && self.at - self.match_start > TOO_FAR;
        if poor { MIN_MATCH - 1 } else { len }
    }

    fn literal(&self) -> Symbol {
        Symbol { distance: 0, value: u16::from(self.data[self.at - 1]) }
    }
}

impl Iterator for Matcher<'_> {
    type Item = Symbol;

    fn next(&mut self) -> Option<Symbol> {
        while self.at < self.data.len() {
            let candidate = self.insert(self.at);
            let (last_len, last_start) = (self.match_len, self.match_start);
            self.match_len = self.find(candidate, last_len);
            if last_len >= MIN_MATCH && self.match_len <= last_len {
                let distance = self.at - 1 - last_start;
                let end = self.at - 1 + last_len;
                for at in self.at + 1..end {
                    self.insert(at);
                }
                (self.at, self.match_len, self.literal_waits) = (end, MIN_MATCH - 1, false);
                return Some(Symbol { distance: short(distance), value: short(last_len) });
            }
            let literal = self.literal_waits.then(|| self.literal());
            self.literal_waits = true;
            self.at += 1;
            if literal.is_some() {
                return literal;
            }
        }
        core::mem::take(&mut self.literal_waits).then(|| self.literal())
    }
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

/// A prefix code: a length and bits for every symbol.
struct Code<const N: usize> {
    lengths: [u8; N],
    codes: [u16; N],
    /// One more than the last symbol that is sent.
    used: usize,
}

impl<const N: usize> Code<N> {
    const fn from_lengths(lengths: [u8; N], used: usize) -> Self {
        let mut next = [0_u16; 17];
        let mut symbol = 0;
        while symbol < N {
            next[lengths[symbol] as usize + 1] += 1;
            symbol += 1;
        }
        next[1] = 0;
        let mut length = 1;
        while length < 16 {
            next[length] = (next[length - 1] + next[length]) << 1;
            length += 1;
        }
        let mut codes = [0; N];
        symbol = 0;
        while symbol < N {
            let length = lengths[symbol] as usize;
            if length > 0 {
                codes[symbol] = next[length].reverse_bits() >> (16 - length);
                next[length] += 1;
            }
            symbol += 1;
        }
        Self { lengths, codes, used }
    }

    /// Huffman's code for these counts, cut to `longest` bits, with zlib's choices among equals.
    fn optimal(counts: &[u32; N], longest: u8) -> Self {
        let mut huffman = Huffman::new(counts);
        let used = huffman.used;
        let order = huffman.build();
        Self::from_lengths(huffman.lengths(&order, longest), used)
    }

    fn cost(&self, counts: &[u32; N]) -> u32 {
        counts.iter().zip(&self.lengths).map(|(&count, &length)| count * u32::from(length)).sum()
    }

    fn send(&self, bits: &mut BitWriter, symbol: usize) {
        bits.put(u32::from(self.codes[symbol]), self.lengths[symbol]);
    }

    /// A symbol and the extra bits behind it.
    fn send_with(&self, bits: &mut BitWriter, (symbol, extra, value): (usize, u8, u32)) {
        let length = self.lengths[symbol];
        bits.put(u32::from(self.codes[symbol]) | value << length, length + extra);
    }
}

const NODES: usize = 2 * LITERALS;

/// Symbols first, then the nodes above them.
struct Huffman<const N: usize> {
    parents: [u16; NODES],
    nodes: u16,
    /// A binary heap from index 1, the rarest on top.
    heap: [Ranked; LITERALS + 1],
    heap_len: usize,
    used: usize,
}

/// From the top bits down: how common, how deep among equals (8 bits), and which node (16 bits).
#[derive(Clone, Copy, Default)]
struct Ranked(u64);

impl Ranked {
    fn new(count: u64, depth: u64, node: u16) -> Self {
        Self(count << 24 | depth << 16 | u64::from(node))
    }

    /// Two nodes may be equal in this.
    fn rank(self) -> u64 {
        self.0 >> 16
    }

    fn node(self) -> u16 {
        short((self.0 & 0xFFFF) as usize)
    }

    fn above(self, other: Self, node: u16) -> Self {
        let depth = (self.rank() & 0xFF).max(other.rank() & 0xFF) + 1;
        Self::new((self.0 >> 24) + (other.0 >> 24), depth, node)
    }
}

impl<const N: usize> Huffman<N> {
    fn new(counts: &[u32; N]) -> Self {
        let (parents, heap) = ([0; NODES], [Ranked::default(); LITERALS + 1]);
        let mut this = Self { parents, nodes: short(N), heap, heap_len: 0, used: 0 };
        for (symbol, &count) in counts.iter().enumerate().filter(|(_, count)| **count != 0) {
            this.add(symbol, count);
        }
        // A code has at least two symbols.
        while this.heap_len < 2 {
            this.add(if this.used < 3 { this.used } else { 0 }, 1);
        }
        this
    }

    fn add(&mut self, symbol: usize, count: u32) {
        self.heap_len += 1;
        self.heap[self.heap_len] = Ranked::new(u64::from(count), 0, short(symbol));
        self.used = self.used.max(symbol + 1);
    }

    /// Every symbol and node, each before what is below it.
    fn build(&mut self) -> Vec<u16> {
        let mut order = Vec::with_capacity(2 * self.heap_len);
        for at in (1..=self.heap_len / 2).rev() {
            self.sift_down(at);
        }
        while self.heap_len > 1 {
            let rarest = self.heap[1];
            self.heap[1] = self.heap[self.heap_len];
            self.heap_len -= 1;
            self.sift_down(1);
            let second = self.heap[1];
            order.extend([rarest.node(), second.node()]);
            self.parents[usize::from(rarest.node())] = self.nodes;
            self.parents[usize::from(second.node())] = self.nodes;
            self.heap[1] = rarest.above(second, self.nodes);
            self.nodes += 1;
            self.sift_down(1);
        }
        order.push(self.heap[1].node());
        order.reverse();
        order
    }

    fn sift_down(&mut self, mut at: usize) {
        let heap = &mut self.heap[..=self.heap_len];
        let node = heap[at];
        while 2 * at < heap.len() {
            let mut child = 2 * at;
            child += usize::from(child + 1 < heap.len() && heap[child + 1].rank() <= heap[child].rank());
            if node.rank() <= heap[child].rank() {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = node;
    }

    /// Depths in the tree, none over `longest`.
    fn lengths(&self, order: &[u16], longest: u8) -> [u8; N] {
        let mut lengths = [0_u8; NODES];
        let mut of_length = [0_usize; 16];
        let mut overflow = 0_usize;
        for &node in &order[1..] {
            let node = usize::from(node);
            let length = lengths[usize::from(self.parents[node])] + 1;
            lengths[node] = length.min(longest);
            overflow += usize::from(length > longest);
            of_length[usize::from(lengths[node])] += usize::from(node < N);
        }
        if overflow > 0 {
            rebalance(&mut of_length, overflow, usize::from(longest));
            let mut leaves = order.iter().rev().map(|&node| usize::from(node)).filter(|&node| node < N);
            for length in (1..=longest).rev() {
                for leaf in leaves.by_ref().take(of_length[usize::from(length)]) {
                    lengths[leaf] = length;
                }
            }
        }
        core::array::from_fn(|symbol| lengths[symbol])
    }
}

/// Moves leaves up from the longest length until the code fits again.
fn rebalance(of_length: &mut [usize; 16], mut overflow: usize, longest: usize) {
    while overflow > 0 {
        let mut length = longest - 1;
        while of_length[length] == 0 {
            length -= 1;
        }
        of_length[length] -= 1;
        of_length[length + 1] += 2;
        of_length[longest] -= 1;
        overflow = overflow.saturating_sub(2);
    }
}

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
