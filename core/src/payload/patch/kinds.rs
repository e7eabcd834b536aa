//! Which strings of the host's JSON stand for more than a string.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use core::fmt::Write;

use super::super::{
    text::Text,
    tree::{Entry, Node, Value},
    writer::{MapScope, Writer},
};
use crate::{encoding::from_base64, error::Reason, time::UnixMillis};

/// What a string in the host's JSON stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Base64 of a `Uint8Array`.
    Bytes,
    /// ISO 8601 of a `Date`.
    Date,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Date => "date",
        }
    }
}

/// Turns the strings that `kinds` names into what they stand for.
pub(super) fn mark(root: &mut Node, kinds: &str) -> Result<(), Reason> {
    let kinds = Node::parse(kinds, false)?;
    kinds.as_map().ok_or(Reason::Malformed)?;
    let mut pairs = vec![(root, &kinds)];
    while let Some((node, kind)) = pairs.pop() {
        match &kind.value {
            Value::Text(code) => mark_one(node, code)?,
            Value::Map(steps) => match &mut node.value {
                Value::List(items) => pairs.extend(at_positions(items, steps.entries())),
                Value::Map(map) => pairs.extend(
                    map.entries_mut()
                        .iter_mut()
                        .filter_map(|entry| Some((&mut entry.value, &steps.get(&entry.key)?.value))),
                ),
                _ => {}
            },
            _ => return Err(Reason::Malformed),
        }
    }
    Ok(())
}

fn at_positions<'n, 'k>(
    items: &'n mut [Node],
    steps: &'k [Entry],
) -> impl Iterator<Item = (&'n mut Node, &'k Node)> {
    let position = |key: &[u8]| core::str::from_utf8(key).ok()?.parse::<usize>().ok();
    let mut steps: Vec<(usize, &Node)> =
        steps.iter().filter_map(|step| Some((position(&step.key)?, &step.value))).collect();
    steps.sort_by_key(|&(at, _)| at);
    let mut steps = steps.into_iter().peekable();
    items.iter_mut().enumerate().filter_map(move |(at, item)| {
        while steps.next_if(|&(next, _)| next < at).is_some() {}
        steps.next_if(|&(next, _)| next == at).map(|(_, kind)| (item, kind))
    })
}

fn mark_one(node: &mut Node, code: &[u8]) -> Result<(), Reason> {
    let Some(text) = node.as_text().map(ToOwned::to_owned) else { return Ok(()) };
    let marked = match code {
        b"bytes" => from_base64(&text).map(Value::Bytes),
        b"date" => UnixMillis::from_rfc3339(&text).map(|time| Value::Datetime(text.into_bytes(), Some(time))),
        _ => return Err(Reason::Malformed),
    };
    if let Some(value) = marked {
        node.value = value;
    }
    Ok(())
}

/// Writes kinds while a document is walked. An object begins only when there is something to say below it.
pub(super) struct Kinds<'t> {
    out: Writer,
    path: Vec<Step<'t>>,
    /// How many objects are open below the outermost one.
    open: usize,
}

/// From a container to what is in it.
#[derive(Clone, Copy)]
pub(super) enum Step<'t> {
    Key(&'t [u8]),
    Position(usize),
}

impl<'t> Kinds<'t> {
    pub(super) fn new() -> Self {
        let mut out = Writer::new(true);
        out.begin_map(None);
        Self { out, path: Vec::new(), open: 0 }
    }

    pub(super) fn enter(&mut self, step: Step<'t>) {
        self.path.push(step);
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
        if self.open > self.path.len() {
            self.out.end_map(MapScope::PLAIN);
            self.open -= 1;
        }
    }

    /// What stands here is of this kind.
    pub(super) fn say(&mut self, kind: Kind) {
        let Some((&last, above)) = self.path.split_last() else { return };
        for &step in &above[self.open..] {
            key(&mut self.out, step);
            self.out.begin_map(None);
        }
        self.open = above.len();
        key(&mut self.out, last);
        self.out.text(Text::Utf8(kind.code()));
    }

    pub(super) fn finish(mut self) -> String {
        self.out.end_map(MapScope::PLAIN);
        self.out.finish()
    }
}

fn key(out: &mut Writer, step: Step<'_>) {
    match step {
        Step::Key(key) => out.key(MapScope::PLAIN, Text::from(key)),
        Step::Position(at) => {
            let mut digits = String::new();
            let _ = write!(digits, "{at}");
            out.key(MapScope::PLAIN, Text::Utf8(&digits));
        }
    }
}
