//! What peers keep inside the payload about the session itself.

mod reserved;

pub use reserved::Reserved;

use crate::payload::tree::{Node, Value};

/// Flask's `session.permanent` (3.1): the key `_permanent`, which decides whether the cookie outlives the browser.
pub(crate) fn flask_permanent(payload: &str) -> Option<bool> {
    // Most payloads don't have the key: look before parsing.
    if !payload.contains("\"_permanent\"") {
        return None;
    }
    let root = Node::parse_top(payload, true).ok()?;
    match root.as_map()?.get(b"_permanent")?.value.value {
        Value::Bool(permanent) => Some(permanent),
        _ => None,
    }
}
