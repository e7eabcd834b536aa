//! What JavaScript does not see.

use super::super::tree::{Entry, Map};

/// A key that JavaScript must not meet in data. It stays in the payload.
pub fn is_hidden(key: &[u8]) -> bool {
    key == b"__proto__"
}

pub(super) fn visible(map: &Map) -> impl Iterator<Item = &Entry> {
    map.entries().iter().filter(|entry| !is_hidden(&entry.key))
}
