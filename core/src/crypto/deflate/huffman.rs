//! Prefix codes: zlib's `trees.c`.

use alloc::vec::Vec;

use super::{BitWriter, LITERALS, short};

/// A prefix code: a length and bits for every symbol.
pub(super) struct Code<const N: usize> {
    pub(super) lengths: [u8; N],
    codes: [u16; N],
    /// One more than the last symbol that is sent.
    pub(super) used: usize,
}

impl<const N: usize> Code<N> {
    pub(super) const fn from_lengths(lengths: [u8; N], used: usize) -> Self {
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
    pub(super) fn optimal(counts: &[u32; N], longest: u8) -> Self {
        let mut huffman = Huffman::new(counts);
        let used = huffman.used;
        let order = huffman.build();
        Self::from_lengths(huffman.lengths(&order, longest), used)
    }

    pub(super) fn cost(&self, counts: &[u32; N]) -> u32 {
        counts.iter().zip(&self.lengths).map(|(&count, &length)| count * u32::from(length)).sum()
    }

    pub(super) fn send(&self, bits: &mut BitWriter, symbol: usize) {
        bits.put(u32::from(self.codes[symbol]), self.lengths[symbol]);
    }

    /// A symbol and the extra bits behind it.
    pub(super) fn send_with(&self, bits: &mut BitWriter, (symbol, extra, value): (usize, u8, u32)) {
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
