//! Values keep their type in a language that can't express them.
//!
//! JavaScript has no tuple, UUID, `1.0` or big integer. So it is shown a projection of the text ([`project`]), and when
//! it hands its own JSON back, [`patch`] copies every part that still equals the projection from the original text,
//! byte for byte. Only what was changed is newly encoded.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{
    text::Text,
    tree::{Entry, Map, Node, Value},
    writer::{MapScope, Writer},
};
use crate::{
    encoding::{base64, from_base64},
    error::Reason,
    time::UnixMillis,
};

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

/// JSON for `JSON.parse`, and the places in it that stand for more than a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// Plain JSON.
    pub text: String,
    /// A JSON object from JSON Pointer (RFC 6901) to `"date"` or `"bytes"`.
    pub kinds: String,
}

/// A key that JavaScript must not meet in data. It stays in the payload.
pub fn is_hidden(key: &[u8]) -> bool {
    key == b"__proto__"
}

/// Shows a tagged payload to JavaScript: tuples as arrays, UUIDs and Markup as strings, NaN as null, no `__proto__`.
///
/// ```
/// let shown = shortcrust::payload::project(r#"{"pair":{" t":[1,{" b":"AQ=="}]}}"#)?;
/// assert_eq!(shown.text, r#"{"pair":[1,"AQ=="]}"#);
/// assert_eq!(shown.kinds, r#"{"/pair/1":"bytes"}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
pub fn project(text: &str) -> Result<Projection, Reason> {
    let root = Node::parse(text, true)?;
    let mut projector =
        Projector { text, out: Writer::new(false), kinds: Writer::new(true), path: String::new() };
    let scope = projector.kinds.begin_map(None);
    projector.node(&root);
    projector.kinds.end_map(scope);
    Ok(Projection { text: projector.out.finish(), kinds: projector.kinds.finish() })
}

struct Projector<'t> {
    text: &'t str,
    out: Writer,
    kinds: Writer,
    /// Keys with lone surrogates can't be pointed at; Dates below them read as strings.
    path: String,
}

impl Projector<'_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) | Value::Tuple(items) => self.list(items),
            Value::Map(map) => self.map(map),
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
        self.kinds.key(MapScope::PLAIN, Text::Utf8(&self.path));
        self.kinds.text(Text::Utf8(kind.code()));
    }

    fn list(&mut self, items: &[Node]) {
        self.out.begin_list();
        for (at, item) in items.iter().enumerate() {
            self.below(&alloc::format!("{at}"), |this| this.node(item));
        }
        self.out.end_list();
    }

    fn map(&mut self, map: &Map) {
        let scope = self.out.begin_map(None);
        for entry in visible(map) {
            self.out.key(scope, Text::from(entry.key.as_slice()));
            let key = String::from_utf8_lossy(&entry.key).replace('~', "~0").replace('/', "~1");
            self.below(&key, |this| this.node(&entry.value));
        }
        self.out.end_map(scope);
    }

    fn below(&mut self, step: &str, show: impl FnOnce(&mut Self)) {
        let len = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        show(self);
        self.path.truncate(len);
    }
}

/// The host's JSON as a payload: what equals the projection of `original` is copied from it.
///
/// `kinds` has the shape of [`Projection::kinds`]; empty text means none.
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
        mark(&mut theirs, kinds)?;
    }
    let ours = original.map(|text| Node::parse(text, true)).transpose()?;
    let mut patcher = Patcher { original: original.unwrap_or(""), host, out: Writer::new(false) };
    patcher.node(ours.as_ref(), &theirs);
    Ok(patcher.out.finish())
}

/// Turns the strings that `kinds` points at into what they stand for.
fn mark(root: &mut Node, kinds: &str) -> Result<(), Reason> {
    let kinds = Node::parse(kinds, false)?;
    for entry in kinds.as_map().ok_or(Reason::Malformed)?.entries() {
        let pointer = core::str::from_utf8(&entry.key).map_err(|_| Reason::Malformed)?;
        let Some(node) = at_pointer(root, pointer) else { continue };
        let Some(text) = node.as_text().map(ToOwned::to_owned) else { continue };
        let marked = match entry.value.as_text() {
            Some("bytes") => from_base64(&text).map(Value::Bytes),
            Some("date") => {
                UnixMillis::from_rfc3339(&text).map(|time| Value::Datetime(text.into_bytes(), Some(time)))
            }
            _ => return Err(Reason::Malformed),
        };
        if let Some(value) = marked {
            node.value = value;
        }
    }
    Ok(())
}

fn at_pointer<'n>(root: &'n mut Node, pointer: &str) -> Option<&'n mut Node> {
    pointer.split('/').skip(1).try_fold(root, |node, step| match &mut node.value {
        Value::List(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Map(map) => map.get_mut(step.replace("~1", "/").replace("~0", "~").as_bytes()),
        _ => None,
    })
}

struct Patcher<'t> {
    original: &'t str,
    host: &'t str,
    out: Writer,
}

impl Patcher<'_> {
    fn node(&mut self, ours: Option<&Node>, theirs: &Node) {
        let Some(ours) = ours else { return self.fresh(theirs) };
        if shows_as(ours, theirs) {
            return self.out.raw(&self.original[ours.range.clone()]);
        }
        match (&ours.value, &theirs.value) {
            (Value::Map(ours), Value::Map(theirs)) => self.map(ours, theirs),
            (Value::List(ours), Value::List(theirs)) => {
                self.out.begin_list();
                self.items(ours, theirs);
                self.out.end_list();
            }
            (Value::Tuple(ours), Value::List(theirs)) => {
                self.out.begin_tuple();
                self.items(ours, theirs);
                self.out.end_tuple();
            }
            _ => self.fresh(theirs),
        }
    }

    fn fresh(&mut self, node: &Node) {
        match &node.value {
            Value::List(items) => {
                self.out.begin_list();
                for item in items {
                    self.fresh(item);
                }
                self.out.end_list();
            }
            Value::Map(map) => self.map(&Map::default(), map),
            Value::Bytes(bytes) => self.out.bytes(bytes),
            Value::Datetime(text, time) => {
                if !time.is_some_and(|time| self.out.datetime(time)) {
                    self.out.text(Text::from(text.as_slice()));
                }
            }
            _ => self.out.raw(&self.host[node.range.clone()]),
        }
    }

    /// Our order for the keys that stay, hidden ones included; then their new keys in their order.
    fn map(&mut self, ours: &Map, theirs: &Map) {
        let stays = |entry: &&Entry| is_hidden(&entry.key) || theirs.get(&entry.key).is_some();
        let kept: Vec<&Entry> = ours.entries().iter().filter(stays).collect();
        let fresh = || visible(theirs).filter(|entry| ours.get(&entry.key).is_none());
        let mut keys = kept.iter().copied().chain(fresh()).map(|entry| Text::from(entry.key.as_slice()));
        let only_key = keys.next().filter(|_| keys.next().is_none());
        let scope = self.out.begin_map(only_key);
        for entry in kept {
            self.out.key(scope, Text::from(entry.key.as_slice()));
            match theirs.get(&entry.key).filter(|_| !is_hidden(&entry.key)) {
                Some(their) => self.node(Some(&entry.value), &their.value),
                None => self.out.raw(&self.original[entry.value.range.clone()]),
            }
        }
        for entry in fresh() {
            self.out.key(scope, Text::from(entry.key.as_slice()));
            self.fresh(&entry.value);
        }
        self.out.end_map(scope);
    }

    /// An element keeps its type when others were put in or taken out around it.
    fn items(&mut self, ours: &[Node], theirs: &[Node]) {
        /// How far to look for an element that moved: bounds the work at a multiple of the length.
        const REACH: usize = 64;
        let mut next = 0;
        for their in theirs {
            let ahead = ours[next..].iter().take(REACH).position(|our| shows_as(our, their));
            let at = next + ahead.unwrap_or(0);
            self.node(ours.get(at), their);
            next = (at + 1).min(ours.len());
        }
    }
}

/// Whether the projection of `ours` is what the host has.
fn shows_as(ours: &Node, theirs: &Node) -> bool {
    match (&ours.value, &theirs.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        #[expect(clippy::float_cmp, reason = "the host gives back the very number it was shown")]
        (Value::Number(ours), Value::Number(theirs)) => ours == theirs,
        (Value::Number(ours), Value::Null) => !ours.is_finite(),
        (Value::Text(ours) | Value::Markup(ours) | Value::Datetime(ours, None), Value::Text(theirs))
        | (Value::Bytes(ours), Value::Bytes(theirs)) => ours == theirs,
        (Value::Datetime(_, Some(ours)), Value::Datetime(_, Some(theirs))) => ours == theirs,
        (Value::Uuid(ours), Value::Text(theirs)) => hyphenated(*ours).as_bytes() == theirs.as_slice(),
        (Value::List(ours) | Value::Tuple(ours), Value::List(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| shows_as(ours, theirs))
        }
        (Value::Map(ours), Value::Map(theirs)) => {
            let same =
                |entry: &Entry| theirs.get(&entry.key).is_some_and(|it| shows_as(&entry.value, &it.value));
            visible(ours).count() == visible(theirs).count() && visible(ours).all(same)
        }
        _ => false,
    }
}

fn visible(map: &Map) -> impl Iterator<Item = &Entry> {
    map.entries().iter().filter(|entry| !is_hidden(&entry.key))
}

/// The usual spelling, 8-4-4-4-12.
fn hyphenated(uuid: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    text
}
