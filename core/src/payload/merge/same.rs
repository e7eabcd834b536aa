//! Which parts of two documents are the same.

use alloc::{vec, vec::Vec};

use super::{
    super::tree::{Node, Value},
    side::{Side, is_float},
};

/// What of another document still is what it was in the base. Each part is compared once, from the leaves upwards:
/// compared anew at every level, the work would be depth times size.
pub(super) struct Same(Vec<bool>);

type Pair<'t> = (&'t Node, &'t Node);

impl Same {
    pub(super) fn new(base: Side<'_>, other: Side<'_>) -> Self {
        let mut pairs = Vec::with_capacity(other.node.id + 1);
        pairs.push((base.node, other.node));
        let mut at = 0;
        while let Some(&pair) = pairs.get(at) {
            below(pair, &mut pairs);
            at += 1;
        }
        let mut same = vec![false; other.node.id + 1];
        for (one, two) in pairs.into_iter().rev() {
            let is_same = match (&one.value, &two.value) {
                (Value::List(ones), Value::List(twos)) | (Value::Tuple(ones), Value::Tuple(twos)) => {
                    ones.len() == twos.len() && twos.iter().all(|item| same[item.id])
                }
                (Value::Map(ones), Value::Map(twos)) => {
                    ones.entries().len() == twos.entries().len()
                        && twos.entries().iter().all(|entry| same[entry.value.id])
                }
                _ => leaves(Side { node: one, ..base }, Side { node: two, ..other }),
            };
            same[two.id] = is_same;
        }
        Self(same)
    }

    /// Whether a part of the other document is what stands at its place in the base.
    pub(super) fn is(&self, part: &Node) -> bool {
        self.0[part.id]
    }
}

/// Whether two values are the same, up to the first difference.
pub(super) fn equal(one: Side<'_>, two: Side<'_>) -> bool {
    let mut pairs = vec![(one.node, two.node)];
    while let Some(pair) = pairs.pop() {
        let before = pairs.len();
        below(pair, &mut pairs);
        let found = pairs.len() - before;
        let is_same = match (&pair.0.value, &pair.1.value) {
            (Value::List(ones), Value::List(twos)) | (Value::Tuple(ones), Value::Tuple(twos)) => {
                found == ones.len() && found == twos.len()
            }
            (Value::Map(ones), Value::Map(twos)) => {
                found == ones.entries().len() && found == twos.entries().len()
            }
            _ => leaves(Side { node: pair.0, ..one }, Side { node: pair.1, ..two }),
        };
        if !is_same {
            return false;
        }
    }
    true
}

/// What stands in two containers under one key or at one position.
fn below<'t>((one, two): Pair<'t>, pairs: &mut Vec<Pair<'t>>) {
    match (&one.value, &two.value) {
        (Value::List(ones), Value::List(twos)) | (Value::Tuple(ones), Value::Tuple(twos)) => {
            pairs.extend(ones.iter().zip(twos));
        }
        (Value::Map(ones), Value::Map(twos)) => {
            let pair = |(key, two)| Some((&ones.get(key)?.value, two));
            let entries = twos.entries().iter().map(|entry| (entry.key.as_slice(), &entry.value));
            pairs.extend(entries.filter_map(pair));
        }
        _ => {}
    }
}

fn leaves(one: Side<'_>, two: Side<'_>) -> bool {
    match (&one.node.value, &two.node.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => same_number((*a, one.raw()), (*b, two.raw())),
        (Value::Text(a), Value::Text(b))
        | (Value::Markup(a), Value::Markup(b))
        | (Value::Bytes(a), Value::Bytes(b))
        | (Value::Datetime(a, _), Value::Datetime(b, _)) => a == b,
        (Value::Uuid(a), Value::Uuid(b)) => a == b,
        _ => false,
    }
}

/// `1` and `1.0` are two values for some, and integers may have more digits than a float holds.
#[expect(clippy::float_cmp, reason = "two spellings of one number are meant")]
fn same_number(one: (f64, &str), two: (f64, &str)) -> bool {
    one.1 == two.1 || (is_float(one.1) && is_float(two.1) && one.0 == two.0)
}
