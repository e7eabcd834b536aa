//! One of the documents that are merged.

use super::super::tree::{Map, Node, Value};

/// A value and the text that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Side<'t> {
    pub(super) text: &'t str,
    pub(super) node: &'t Node,
}

impl<'t> Side<'t> {
    pub(super) fn raw(self) -> &'t str {
        &self.text[self.node.range.clone()]
    }

    pub(super) fn map(self) -> Option<&'t Map> {
        self.node.as_map()
    }

    pub(super) fn list(self) -> Option<&'t [Node]> {
        match &self.node.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn get(self, key: &[u8]) -> Option<Self> {
        let entry = self.map()?.get(key)?;
        Some(Self { text: self.text, node: &entry.value })
    }

    /// All elements, or those from a position on.
    pub(super) fn items(self, from: usize) -> Items<'t> {
        Items { text: self.text, nodes: self.list().and_then(|items| items.get(from..)).unwrap_or_default() }
    }
}

/// Elements of a list.
#[derive(Clone, Copy)]
pub(super) struct Items<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: &'t [Node],
}

pub(super) fn is_float(text: &str) -> bool {
    text.contains(['.', 'e', 'E'])
}
