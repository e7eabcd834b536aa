//! What one request wrote, without what it had read.

use alloc::{format, string::String};

use super::{
    Dialect,
    text::Text,
    tree::{Map, Node, Value},
    writer::Writer,
};
use crate::error::Reason;

/// What `mine` has that `base` has not: for a session whose past must not come along.
///
/// Objects are compared key by key; of a list that was only appended to, what was appended stays; any other value that
/// differs stays whole.
///
/// ```
/// use shortcrust::payload::{Dialect, written};
/// let base = r#"{"cart":["tea"],"name":"ada","seen":["a"]}"#;
/// let mine = r#"{"cart":["tea"],"name":"bob","seen":["a","b"]}"#;
/// assert_eq!(written(Dialect::Plain, base, mine)?, r#"{"name":"bob","seen":["b"]}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn written(dialect: Dialect, base: &str, mine: &str) -> Result<String, Reason> {
    let tags = dialect == Dialect::Tagged;
    let (base_node, mine_node) = (Node::parse(base, tags)?, Node::parse(mine, tags)?);
    let (Some(base_map), Some(mine_map)) = (base_node.as_map(), mine_node.as_map()) else {
        return Err(Reason::NotAnObject);
    };
    let texts = Texts { base, mine, tags };
    let mut out = Writer::new(false);
    texts.map(base_map, mine_map, &mut out);
    Ok(out.finish())
}

struct Texts<'t> {
    base: &'t str,
    mine: &'t str,
    tags: bool,
}

impl Texts<'_> {
    fn is_same(&self, base: &Node, mine: &Node) -> bool {
        self.base[base.range.clone()] == self.mine[mine.range.clone()]
    }

    fn map(&self, base: &Map, mine: &Map, out: &mut Writer) {
        let differs =
            |key: &[u8], value: &Node| !base.get(key).is_some_and(|old| self.is_same(&old.value, value));
        let kept = || mine.entries().iter().filter(|entry| differs(&entry.key, &entry.value));
        let only_key = match (kept().next(), kept().nth(1)) {
            (Some(entry), None) if self.tags => Some(Text::from(entry.key.as_slice())),
            _ => None,
        };
        let scope = out.begin_map(only_key);
        for entry in kept() {
            out.key(scope, Text::from(entry.key.as_slice()));
            match (base.get(&entry.key).map(|old| &old.value.value), &entry.value.value) {
                (Some(Value::Map(old)), Value::Map(new)) => self.map(old, new, out),
                (Some(Value::List(old)), Value::List(new)) => self.list(old, new, &entry.value, out),
                _ => out.raw(&self.mine[entry.value.range.clone()]),
            }
        }
        out.end_map(scope);
    }

    fn list(&self, old: &[Node], new: &[Node], whole: &Node, out: &mut Writer) {
        let is_longer = new.len() > old.len() && old.iter().zip(new).all(|(old, new)| self.is_same(old, new));
        match new.get(old.len()).filter(|_| is_longer) {
            None => out.raw(&self.mine[whole.range.clone()]),
            Some(first) => {
                out.raw(&format!("[{}", &self.mine[first.range.start..whole.range.end]));
            }
        }
    }
}
