//! Values keep their type in a language that can't express them.
//!
//! JavaScript has no tuple, UUID, `1.0` or big integer. So it is shown a projection of the text ([`project`]), and when
//! it hands its own JSON back, [`patch`] copies every part that still equals the projection from the original text,
//! byte for byte. Only what was changed is newly encoded.

mod align;
mod hidden;
mod kinds;
mod project;

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use self::{align::Aligned, hidden::visible};
pub use self::{
    hidden::is_hidden,
    kinds::Kind,
    project::{Projection, project},
};
use super::{
    text::Text,
    tree::{Map, Node, Value},
    writer::{MapScope, Writer},
};
use crate::error::Reason;

/// The host's JSON as a payload: what equals the projection of `original` is copied from it.
///
/// `kinds` has the shape of [`Projection::kinds`]; empty text means none. The work grows with the length of the texts,
/// however deep they are.
///
/// ```
/// use shortcrust::payload::patch;
/// let original = r#"{"id":{" u":"12345678123456781234567812345678"},"n":1.0}"#;
/// let host = r#"{"id":"12345678-1234-5678-1234-567812345678","n":1,"new":[2]}"#;
/// assert_eq!(
///     patch(Some(original), host, "")?,
///     r#"{"id":{" u":"12345678123456781234567812345678"},"n":1.0,"new":[2]}"#,
/// );
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn patch(original: Option<&str>, host: &str, kinds: &str) -> Result<String, Reason> {
    if original == Some(host) {
        return Ok(host.to_owned());
    }
    let mut theirs = Node::parse(host, false)?;
    if !kinds.is_empty() {
        kinds::mark(&mut theirs, kinds)?;
    }
    let ours = original.map(|text| Node::parse(text, true)).transpose()?;
    let aligned = Aligned::new(ours.as_ref(), &theirs);
    let patcher = Patcher { original: original.unwrap_or(""), host, aligned, out: Writer::new(false) };
    Ok(patcher.document(&theirs))
}

struct Patcher<'t> {
    original: &'t str,
    host: &'t str,
    aligned: Aligned<'t>,
    out: Writer,
}

/// What is still to be written; the last comes first.
enum Task<'t> {
    EndList,
    EndMap(MapScope),
    EndTuple,
    Key(MapScope, &'t [u8]),
    /// Of the host's.
    Node(&'t Node),
    /// Of the original.
    Raw(&'t Node),
}

impl<'t> Patcher<'t> {
    fn document(mut self, root: &'t Node) -> String {
        let mut tasks = vec![Task::Node(root)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::EndList => self.out.end_list(),
                Task::EndMap(scope) => self.out.end_map(scope),
                Task::EndTuple => self.out.end_tuple(),
                Task::Key(scope, key) => self.out.key(scope, Text::from(key)),
                Task::Node(node) => self.node(node, &mut tasks),
                Task::Raw(node) => self.out.raw(&self.original[node.range.clone()]),
            }
        }
        self.out.finish()
    }

    fn node(&mut self, theirs: &'t Node, tasks: &mut Vec<Task<'t>>) {
        let ours = self.aligned.partner(theirs);
        if let Some(ours) = ours.filter(|_| self.aligned.is_same(theirs)) {
            return self.out.raw(&self.original[ours.range.clone()]);
        }
        match (ours.map(|node| &node.value), &theirs.value) {
            (Some(Value::Map(ours)), Value::Map(theirs)) => self.map(Some(ours), theirs, tasks),
            (_, Value::Map(theirs)) => self.map(None, theirs, tasks),
            (Some(Value::Tuple(_)), Value::List(items)) => {
                self.out.begin_tuple();
                tasks.push(Task::EndTuple);
                tasks.extend(items.iter().rev().map(Task::Node));
            }
            (_, Value::List(items)) => {
                self.out.begin_list();
                tasks.push(Task::EndList);
                tasks.extend(items.iter().rev().map(Task::Node));
            }
            (_, Value::Bytes(bytes)) => self.out.bytes(bytes),
            (_, Value::Datetime(text, time)) => {
                if !time.is_some_and(|time| self.out.datetime(time)) {
                    self.out.text(Text::from(text.as_slice()));
                }
            }
            _ => self.out.raw(&self.host[theirs.range.clone()]),
        }
    }

    /// Our order for the keys that stay, hidden ones included; then their new keys in their order.
    fn map(&mut self, ours: Option<&'t Map>, theirs: &'t Map, tasks: &mut Vec<Task<'t>>) {
        let kept = ours.map(Map::entries).unwrap_or_default().iter().filter_map(|entry| {
            if is_hidden(&entry.key) {
                return Some((entry.key.as_slice(), Task::Raw(&entry.value)));
            }
            let their = theirs.get(&entry.key)?;
            Some((entry.key.as_slice(), Task::Node(&their.value)))
        });
        let fresh = visible(theirs)
            .filter(|entry| ours.is_none_or(|ours| ours.get(&entry.key).is_none()))
            .map(|entry| (entry.key.as_slice(), Task::Node(&entry.value)));
        let entries: Vec<_> = kept.chain(fresh).collect();
        let only_key = match entries.as_slice() {
            [(key, _)] => Some(Text::from(*key)),
            _ => None,
        };
        let scope = self.out.begin_map(only_key);
        tasks.push(Task::EndMap(scope));
        for (key, value) in entries.into_iter().rev() {
            tasks.extend([value, Task::Key(scope, key)]);
        }
    }
}
