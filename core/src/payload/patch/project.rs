//! A payload as JavaScript sees it.

use alloc::{string::String, vec::Vec};

use super::{
    super::{
        text::Text,
        tree::{Node, Value},
        writer::{MapScope, Writer},
    },
    hidden::visible,
    kinds::{Kind, Kinds, Step},
};
use crate::{encoding::base64, error::Reason};

/// JSON for `JSON.parse`, and the places in it that stand for more than a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// Plain JSON.
    pub text: String,
    /// A JSON object of the same shape, with what leads to such a place and nothing else: keys and positions as keys,
    /// and in the place `"date"` or `"bytes"`. Empty for a document that is no container.
    pub kinds: String,
}

/// Shows a tagged payload to JavaScript: tuples as arrays, UUIDs and Markup as strings, NaN as null, no `__proto__`.
///
/// ```
/// let shown = shortcrust::payload::project(r#"{"pair":{" t":[1,{" b":"AQ=="}]}}"#)?;
/// assert_eq!(shown.text, r#"{"pair":[1,"AQ=="]}"#);
/// assert_eq!(shown.kinds, r#"{"pair":{"1":"bytes"}}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn project(text: &str) -> Result<Projection, Reason> {
    let root = Node::parse(text, true)?;
    let projector = Projector { text, out: Writer::new(false), kinds: Kinds::new() };
    Ok(projector.document(&root))
}

struct Projector<'t> {
    text: &'t str,
    out: Writer,
    kinds: Kinds<'t>,
}

/// What is still to be shown; the last comes first.
enum Task<'t> {
    EndList,
    EndMap(MapScope),
    Key(MapScope, &'t [u8]),
    Leave,
    Node(Step<'t>, &'t Node),
}

impl<'t> Projector<'t> {
    fn document(mut self, root: &'t Node) -> Projection {
        let mut tasks = Vec::new();
        self.node(root, &mut tasks);
        while let Some(task) = tasks.pop() {
            match task {
                Task::EndList => self.out.end_list(),
                Task::EndMap(scope) => self.out.end_map(scope),
                Task::Key(scope, key) => self.out.key(scope, Text::from(key)),
                Task::Leave => self.kinds.leave(),
                Task::Node(step, node) => {
                    self.kinds.enter(step);
                    tasks.push(Task::Leave);
                    self.node(node, &mut tasks);
                }
            }
        }
        Projection { text: self.out.finish(), kinds: self.kinds.finish() }
    }

    fn node(&mut self, node: &'t Node, tasks: &mut Vec<Task<'t>>) {
        match &node.value {
            Value::List(items) | Value::Tuple(items) => {
                self.out.begin_list();
                tasks.push(Task::EndList);
                let item = |(at, item)| Task::Node(Step::Position(at), item);
                tasks.extend(items.iter().enumerate().rev().map(item));
            }
            Value::Map(map) => {
                let scope = self.out.begin_map(None);
                tasks.push(Task::EndMap(scope));
                let from = tasks.len();
                for entry in visible(map) {
                    tasks.extend([
                        Task::Key(scope, &entry.key),
                        Task::Node(Step::Key(&entry.key), &entry.value),
                    ]);
                }
                tasks[from..].reverse();
            }
            Value::Number(number) if !number.is_finite() => self.out.null(),
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => {
                self.out.raw(&self.text[node.range.clone()]);
            }
            Value::Markup(text) | Value::Datetime(text, None) => self.out.text(Text::from(text.as_slice())),
            Value::Uuid(uuid) => self.out.text(Text::Utf8(&hyphenated(*uuid))),
            Value::Bytes(bytes) => self.special(&base64(bytes), Kind::Bytes),
            Value::Datetime(_, Some(time)) => self.special(&time.to_iso().unwrap_or_default(), Kind::Date),
        }
    }

    fn special(&mut self, text: &str, kind: Kind) {
        self.out.text(Text::Utf8(text));
        self.kinds.say(kind);
    }
}

/// The usual spelling, 8-4-4-4-12.
pub(super) fn hyphenated(uuid: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    text
}
