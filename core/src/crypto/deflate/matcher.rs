//! Where a text repeats itself: zlib's `deflate_slow`.

use alloc::{vec, vec::Vec};

use super::{position, short};

pub(super) const MIN_MATCH: usize = 3;
pub(super) const MAX_MATCH: usize = 258;
const MAX_DISTANCE: usize = 32_768 - (MAX_MATCH + MIN_MATCH + 1);
/// A match of three bytes from further away costs more than three literals.
const TOO_FAR: usize = 4096;
/// Level 6.
const GOOD_MATCH: usize = 8;
const MAX_LAZY: usize = 16;
const NICE_MATCH: usize = 128;
const MAX_CHAIN: usize = 128;

/// A literal byte, or a match of `length` bytes from `distance` before.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    /// 0 for a literal.
    pub(super) distance: u16,
    pub(super) value: u16,
}

impl Symbol {
    pub(super) fn len(self) -> usize {
        if self.distance == 0 { 1 } else { usize::from(self.value) }
    }
}

/// Lazy matching: a match is taken only if the next position has no longer one.
pub(super) struct Matcher<'d> {
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
    pub(super) fn new(data: &'d [u8]) -> Self {
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
