//! Two requests changed one session: their changes are joined, key by key.

use alloc::{string::String, vec::Vec};
use core::ops::Range;

use super::{
    Dialect,
    text::Text,
    tree::{Map, Node, Value},
    writer::Writer,
};
use crate::error::Reason;

/// Joins what changed from `base` to `mine` with what changed from `base` to `theirs`.
///
/// Objects are merged key by key, at every level; lists, tuples and other tagged values are one value. A deletion beats
/// a change. Where both changed a value, `mine`, the later one, wins.
///
/// ```
/// use shortcrust::payload::{Dialect, merge};
/// let merged = merge(Dialect::Plain, r#"{"n":1,"cart":{}}"#, r#"{"n":2,"cart":{}}"#, r#"{"n":1,"cart":{"tea":1}}"#)?;
/// assert_eq!(merged, r#"{"n":2,"cart":{"tea":1}}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn merge(dialect: Dialect, base: &str, mine: &str, theirs: &str) -> Result<String, Reason> {
    let tags = dialect == Dialect::Tagged;
    let nodes = [Node::parse(base, tags)?, Node::parse(mine, tags)?, Node::parse(theirs, tags)?];
    let texts = [base, mine, theirs];
    let [base, mine, theirs] = [0, 1, 2].map(|at| Side { text: texts[at], node: &nodes[at] });
    let mut out = Writer::new(false);
    if let Some(joined) = join(Some(base), Some(mine), Some(theirs)) {
        write(&joined, tags, &mut out);
    }
    Ok(out.finish())
}

/// A value and the text that it stands in.
#[derive(Clone, Copy)]
struct Side<'t> {
    text: &'t str,
    node: &'t Node,
}

enum Joined<'t> {
    Map(Vec<(&'t [u8], Joined<'t>)>),
    Raw(&'t str),
}

impl<'t> Side<'t> {
    fn raw(self) -> &'t str {
        let Range { start, end } = self.node.range;
        &self.text[start..end]
    }

    fn map(self) -> Option<&'t Map> {
        self.node.as_map()
    }

    fn get(self, key: &[u8]) -> Option<Self> {
        let entry = self.map()?.get(key)?;
        Some(Self { text: self.text, node: &entry.value })
    }
}

fn join<'t>(base: Option<Side<'t>>, mine: Option<Side<'t>>, theirs: Option<Side<'t>>) -> Option<Joined<'t>> {
    if alike(base, mine) {
        return theirs.map(|side| Joined::Raw(side.raw()));
    }
    if alike(base, theirs) {
        return mine.map(|side| Joined::Raw(side.raw()));
    }
    // Both changed it, so where one is gone it was deleted.
    let (mine, theirs) = (mine?, theirs?);
    let (Some(my_map), Some(their_map)) = (mine.map(), theirs.map()) else {
        return Some(Joined::Raw(mine.raw()));
    };
    let fresh = my_map.entries().iter().filter(|entry| their_map.get(&entry.key).is_none());
    let entries = their_map.entries().iter().chain(fresh).filter_map(|entry| {
        let key = entry.key.as_slice();
        let joined = join(base.and_then(|base| base.get(key)), mine.get(key), theirs.get(key))?;
        Some((key, joined))
    });
    Some(Joined::Map(entries.collect()))
}

fn alike(one: Option<Side<'_>>, other: Option<Side<'_>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => equal(one, other),
        _ => false,
    }
}

fn equal(one: Side<'_>, other: Side<'_>) -> bool {
    match (&one.node.value, &other.node.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => same_number((*a, one.raw()), (*b, other.raw())),
        (Value::Text(a), Value::Text(b))
        | (Value::Markup(a), Value::Markup(b))
        | (Value::Bytes(a), Value::Bytes(b))
        | (Value::Datetime(a, _), Value::Datetime(b, _)) => a == b,
        (Value::Uuid(a), Value::Uuid(b)) => a == b,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            let pairs = a.iter().zip(b);
            let side = |text, node| Side { text, node };
            a.len() == b.len()
                && pairs.into_iter().all(|(a, b)| equal(side(one.text, a), side(other.text, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |key: &[u8]| alike(one.get(key), other.get(key));
            a.entries().len() == b.entries().len() && a.entries().iter().all(|entry| same(&entry.key))
        }
        _ => false,
    }
}

/// `1` and `1.0` are two values for some, and integers may have more digits than a float holds.
#[expect(clippy::float_cmp, reason = "two spellings of one number are meant")]
fn same_number(one: (f64, &str), other: (f64, &str)) -> bool {
    let is_float = |text: &str| text.contains(['.', 'e', 'E']);
    one.1 == other.1 || (is_float(one.1) && is_float(other.1) && one.0 == other.0)
}

fn write(joined: &Joined<'_>, tags: bool, out: &mut Writer) {
    match joined {
        Joined::Raw(text) => out.raw(text),
        Joined::Map(entries) => {
            let only_key = match entries.as_slice() {
                [(key, _)] if tags => Some(Text::from(*key)),
                _ => None,
            };
            let scope = out.begin_map(only_key);
            for (key, value) in entries {
                out.key(scope, Text::from(*key));
                write(value, tags, out);
            }
            out.end_map(scope);
        }
    }
}
