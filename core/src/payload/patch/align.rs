//! Which part of the original each part of the host's JSON comes from, and whether it is still what was shown.

use alloc::{vec, vec::Vec};
use core::cell::OnceCell;

use super::{
    super::tree::{Map, Node, Value},
    hidden::{is_hidden, visible},
    project::hyphenated,
};

/// Each part of the host's has at most one partner and is compared with it once, from the leaves upwards: compared
/// anew at every level, the work would be depth times size.
pub(super) struct Aligned<'t> {
    partners: Vec<Option<&'t Node>>,
    same: Vec<bool>,
}

impl<'t> Aligned<'t> {
    pub(super) fn new(ours: Option<&'t Node>, theirs: &'t Node) -> Self {
        let mut aligned = Self { partners: vec![None; theirs.id + 1], same: vec![false; theirs.id + 1] };
        let Some(ours) = ours else { return aligned };
        let marks = Marks { ours, theirs, found: OnceCell::new() };
        let mut pairs = Vec::with_capacity(theirs.id + 1);
        pairs.push((ours, theirs));
        let mut at = 0;
        while let Some(&(one, two)) = pairs.get(at) {
            aligned.partners[two.id] = Some(one);
            match (&one.value, &two.value) {
                (Value::Map(ones), Value::Map(twos)) => {
                    let pair = |(key, two)| Some((&ones.get(key)?.value, two));
                    pairs.extend(visible(twos).map(|entry| (&*entry.key, &entry.value)).filter_map(pair));
                }
                (Value::List(ones) | Value::Tuple(ones), Value::List(twos)) => {
                    marks.align(ones, twos, &mut pairs);
                }
                _ => {}
            }
            at += 1;
        }
        for (one, two) in pairs.into_iter().rev() {
            aligned.same[two.id] = aligned.shows_as(one, two);
        }
        aligned
    }

    pub(super) fn partner(&self, theirs: &Node) -> Option<&'t Node> {
        self.partners[theirs.id]
    }

    /// Whether the projection of the partner is what the host has.
    pub(super) fn is_same(&self, theirs: &Node) -> bool {
        self.same[theirs.id]
    }

    /// As `is_same`, where that is known of what is inside.
    fn shows_as(&self, ours: &Node, theirs: &Node) -> bool {
        match (&ours.value, &theirs.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(ours), Value::Bool(theirs)) => ours == theirs,
            #[expect(clippy::float_cmp, reason = "the host gives back the very number it was shown")]
            (Value::Number(ours), Value::Number(theirs)) => ours == theirs,
            (Value::Number(ours), Value::Null) => !ours.is_finite(),
            (Value::Text(ours) | Value::Markup(ours) | Value::Datetime(ours, None), Value::Text(theirs))
            | (Value::Bytes(ours), Value::Bytes(theirs)) => ours == theirs,
            (Value::Datetime(_, Some(ours)), Value::Datetime(_, Some(theirs))) => ours == theirs,
            (Value::Uuid(ours), Value::Text(theirs)) => hyphenated(*ours).as_bytes() == theirs.as_slice(),
            // Partners stand in one order, so where there are as many as elements, they are these.
            (Value::List(ours) | Value::Tuple(ours), Value::List(theirs)) => {
                ours.len() == theirs.len() && theirs.iter().all(|item| self.is_same(item))
            }
            (Value::Map(ours), Value::Map(theirs)) => {
                visible(ours).count() == visible(theirs).count()
                    && visible(theirs).all(|entry| self.is_same(&entry.value))
            }
            _ => false,
        }
    }
}

/// A number for every part, the same for all that show as the same. Others may have it too: it only says which element
/// of a list to compare with which.
struct Marks<'t> {
    ours: &'t Node,
    theirs: &'t Node,
    found: OnceCell<[Vec<u64>; 2]>,
}

impl<'t> Marks<'t> {
    /// An element keeps its type when others were put in or taken out around it.
    fn align(&self, ours: &'t [Node], theirs: &'t [Node], pairs: &mut Vec<(&'t Node, &'t Node)>) {
        /// How far to look for an element that moved: bounds the work at a multiple of the length.
        const REACH: usize = 64;
        if ours.is_empty() {
            return;
        }
        let [our_marks, their_marks] = self.found.get_or_init(|| [marks(self.ours), marks(self.theirs)]);
        let mut next = 0;
        for their in theirs {
            let mark = their_marks[their.id];
            let ahead = ours[next..].iter().take(REACH).position(|our| our_marks[our.id] == mark);
            let at = next + ahead.unwrap_or(0);
            pairs.extend(ours.get(at).map(|our| (our, their)));
            next = (at + 1).min(ours.len());
        }
    }
}

fn marks(root: &Node) -> Vec<u64> {
    let mut marks = vec![0; root.id + 1];
    for node in root.parts().into_iter().rev() {
        marks[node.id] = mark(node, &marks);
    }
    marks
}

/// Of a part whose insides have theirs.
fn mark(node: &Node, inside: &[u64]) -> u64 {
    match &node.value {
        Value::Null => 1,
        Value::Bool(value) => 2 + u64::from(*value),
        Value::Number(number) if !number.is_finite() => 1,
        // Minus zero and zero are equal.
        Value::Number(number) => mix(4, (number + 0.0).to_bits()),
        Value::Text(text) | Value::Markup(text) | Value::Datetime(text, None) => of_bytes(5, text),
        Value::Uuid(uuid) => of_bytes(5, hyphenated(*uuid).as_bytes()),
        Value::Bytes(bytes) => of_bytes(6, bytes),
        Value::Datetime(_, Some(time)) => mix(7, time.0.cast_unsigned()),
        Value::List(items) | Value::Tuple(items) => {
            items.iter().fold(8, |mark, item| mix(mark, inside[item.id]))
        }
        Value::Map(map) => of_map(map, inside),
    }
}

/// In any order.
fn of_map(map: &Map, inside: &[u64]) -> u64 {
    let entries = map.entries().iter().filter(|entry| !is_hidden(&entry.key));
    entries.fold(9, |mark, entry| mark.wrapping_add(mix(of_bytes(10, &entry.key), inside[entry.value.id])))
}

fn of_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mark = words.iter().fold(seed, |mark, &word| mix(mark, u64::from_le_bytes(word)));
    rest.iter().fold(mark, |mark, &byte| mix(mark, u64::from(byte)))
}

/// The step of `FxHash`, turned so that high bits count.
fn mix(mark: u64, word: u64) -> u64 {
    (mark.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}
