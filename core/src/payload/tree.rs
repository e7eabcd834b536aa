//! A document as values that know their place in the text.

use alloc::vec::Vec;
use core::{convert::Infallible, ops::Range};

use super::{
    decode::{DecodeError, Sink, decode},
    text::Text,
};
use crate::{error::Reason, time::UnixMillis};

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) range: Range<usize>,
    /// How many nodes end before it: a place for what is found out about it. Children come before their parents.
    pub(super) id: usize,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Bool(bool),
    Bytes(Vec<u8>),
    /// The text, and the time where it is an HTTP date.
    Datetime(Vec<u8>, Option<UnixMillis>),
    List(Vec<Node>),
    Map(Map),
    Markup(Vec<u8>),
    Null,
    /// As JavaScript sees it.
    Number(f64),
    Text(Vec<u8>),
    Tuple(Vec<Node>),
    Uuid([u8; 16]),
}

/// Entries in the text's order, one a key, with an index where there are many.
#[derive(Debug, Default)]
pub(crate) struct Map {
    entries: Vec<Entry>,
    by_key: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Node,
}

impl Map {
    const SMALL: usize = 16;

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        if self.by_key.is_empty() {
            return self.entries.iter().find(|entry| entry.key == key);
        }
        let at = self.by_key.binary_search_by(|&at| self.entries[at].key.as_slice().cmp(key)).ok()?;
        Some(&self.entries[self.by_key[at]])
    }

    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// The last of several entries with one key counts, in the place of that last one.
    fn settle(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|&a, &b| self.entries[a].key.cmp(&self.entries[b].key).then(a.cmp(&b)));
        let replaced = |pair: &[usize]| self.entries[pair[0]].key == self.entries[pair[1]].key;
        let mut gone: Vec<usize> =
            order.windows(2).filter(|pair| replaced(pair)).map(|pair| pair[0]).collect();
        if !gone.is_empty() {
            gone.sort_unstable();
            let mut at = 0;
            self.entries.retain(|_| (gone.binary_search(&at).is_err(), at += 1).0);
            return self.settle();
        }
        if self.entries.len() > Self::SMALL {
            self.by_key = order;
        }
        self
    }
}

impl Node {
    pub(crate) fn parse(text: &str, tags: bool) -> Result<Self, Reason> {
        Self::build(text, tags, usize::MAX)
    }

    /// The entries of a document's object; what is inside their containers is checked and not kept.
    pub(crate) fn parse_top(text: &str, tags: bool) -> Result<Self, Reason> {
        Self::build(text, tags, 1)
    }

    fn build(text: &str, tags: bool, levels: usize) -> Result<Self, Reason> {
        match decode(text, tags, &mut Builder { levels, depth: 0, count: 0 }) {
            Ok(node) => Ok(node),
            Err(DecodeError::Text(reason)) => Err(reason),
            Err(DecodeError::Sink(never)) => match never {},
        }
    }

    /// The node and all below it, each before what is inside it.
    pub(super) fn parts(&self) -> Vec<&Self> {
        let mut parts = Vec::with_capacity(self.id + 1);
        parts.push(self);
        let mut at = 0;
        while let Some(&node) = parts.get(at) {
            match &node.value {
                Value::List(items) | Value::Tuple(items) => parts.extend(items),
                Value::Map(map) => parts.extend(map.entries.iter().map(|entry| &entry.value)),
                _ => {}
            }
            at += 1;
        }
        parts
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => core::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl Value {
    fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_) | Self::Tuple(_))
    }

    /// Takes out the containers that stand in it.
    fn hoist(&mut self, into: &mut Vec<Node>) {
        match self {
            Self::List(items) | Self::Tuple(items) => {
                into.extend(items.drain(..).filter(|item| item.value.is_container()));
            }
            Self::Map(map) => {
                let values = map.entries.drain(..).map(|entry| entry.value);
                into.extend(values.filter(|value| value.value.is_container()));
            }
            _ => {}
        }
    }
}

/// Level by level: a tree as deep as a visitor's data must not need that much of the thread's stack.
impl Drop for Node {
    fn drop(&mut self) {
        if !self.value.is_container() {
            return;
        }
        let mut rest = Vec::new();
        self.value.hoist(&mut rest);
        while let Some(mut node) = rest.pop() {
            node.value.hoist(&mut rest);
        }
    }
}

struct Builder {
    levels: usize,
    depth: usize,
    count: usize,
}

impl Builder {
    fn keeps(&self) -> bool {
        self.depth <= self.levels
    }

    fn bytes_of(&self, text: Text<'_>) -> Vec<u8> {
        if self.keeps() { text.bytes().to_vec() } else { Vec::new() }
    }
}

type Built<T> = Result<T, Infallible>;

#[expect(clippy::unnecessary_wraps, reason = "what the methods below return")]
fn node(value: Value) -> Built<Node> {
    Ok(Node { range: 0..0, id: 0, value })
}

impl Sink for Builder {
    type Value = Node;
    type Key = Vec<u8>;
    type List = Vec<Node>;
    type Map = Map;
    type Error = Infallible;

    fn null(&mut self) -> Built<Node> {
        node(Value::Null)
    }
    fn bool(&mut self, value: bool) -> Built<Node> {
        node(Value::Bool(value))
    }
    fn int(&mut self, digits: &str) -> Built<Node> {
        node(Value::Number(if self.keeps() { digits.parse().unwrap_or(f64::NAN) } else { 0.0 }))
    }
    fn float(&mut self, value: f64) -> Built<Node> {
        node(Value::Number(value))
    }
    fn text(&mut self, text: Text<'_>) -> Built<Node> {
        node(Value::Text(self.bytes_of(text)))
    }
    fn list(&mut self) -> Built<Vec<Node>> {
        self.depth += 1;
        Ok(Vec::new())
    }
    fn push(&mut self, list: &mut Vec<Node>, value: Node) -> Built<()> {
        if self.keeps() {
            list.push(value);
        }
        Ok(())
    }
    fn end_list(&mut self, list: Vec<Node>) -> Built<Node> {
        self.depth -= 1;
        node(Value::List(list))
    }
    fn end_tuple(&mut self, list: Vec<Node>) -> Built<Node> {
        self.depth -= 1;
        node(Value::Tuple(list))
    }
    fn map(&mut self) -> Built<Map> {
        self.depth += 1;
        Ok(Map::default())
    }
    fn key(&mut self, key: Text<'_>) -> Built<Vec<u8>> {
        Ok(self.bytes_of(key))
    }
    fn insert(&mut self, map: &mut Map, key: Vec<u8>, value: Node) -> Built<()> {
        if self.keeps() {
            map.entries.push(Entry { key, value });
        }
        Ok(())
    }
    fn end_map(&mut self, map: Map) -> Built<Node> {
        self.depth -= 1;
        node(Value::Map(map.settle()))
    }
    fn bytes(&mut self, bytes: &[u8]) -> Built<Node> {
        node(Value::Bytes(bytes.to_vec()))
    }
    fn markup(&mut self, text: Text<'_>) -> Built<Node> {
        node(Value::Markup(self.bytes_of(text)))
    }
    fn uuid(&mut self, uuid: [u8; 16]) -> Built<Node> {
        node(Value::Uuid(uuid))
    }
    fn datetime(&mut self, text: Text<'_>, time: Option<UnixMillis>) -> Built<Node> {
        node(Value::Datetime(self.bytes_of(text), time))
    }
    fn place(&mut self, mut value: Node, range: Range<usize>) -> Node {
        value.range = range;
        value.id = self.count;
        self.count += 1;
        value
    }
}
