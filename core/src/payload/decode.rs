//! JSON text to the host's values, tags resolved on the way, in one pass.

use alloc::vec::Vec;
use core::ops::Range;

use super::{
    Tag,
    cursor::{Cursor, NumberKind},
    text::Text,
};
use crate::{
    encoding::{from_base64, uuid_from_hex},
    error::Reason,
    time::UnixMillis,
};

/// How deep arrays and objects may nest, tags included.
pub const MAX_DEPTH: usize = 200;

/// Builds the host's values. Where a method fails, decoding ends with that error.
#[expect(missing_docs, reason = "each method is named after what it builds")]
pub trait Sink {
    type Value;
    type Key;
    type List;
    type Map;
    type Error;

    fn null(&mut self) -> Result<Self::Value, Self::Error>;
    fn bool(&mut self, value: bool) -> Result<Self::Value, Self::Error>;
    /// Any number of digits, perhaps behind a minus.
    fn int(&mut self, digits: &str) -> Result<Self::Value, Self::Error>;
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    fn text(&mut self, text: Text<'_>) -> Result<Self::Value, Self::Error>;
    fn list(&mut self) -> Result<Self::List, Self::Error>;
    fn push(&mut self, list: &mut Self::List, value: Self::Value) -> Result<(), Self::Error>;
    fn end_list(&mut self, list: Self::List) -> Result<Self::Value, Self::Error>;
    fn end_tuple(&mut self, list: Self::List) -> Result<Self::Value, Self::Error>;
    fn map(&mut self) -> Result<Self::Map, Self::Error>;
    fn key(&mut self, key: Text<'_>) -> Result<Self::Key, Self::Error>;
    /// A later entry replaces an earlier one of the same key.
    fn insert(&mut self, map: &mut Self::Map, key: Self::Key, value: Self::Value) -> Result<(), Self::Error>;
    fn end_map(&mut self, map: Self::Map) -> Result<Self::Value, Self::Error>;
    fn bytes(&mut self, bytes: &[u8]) -> Result<Self::Value, Self::Error>;
    fn markup(&mut self, text: Text<'_>) -> Result<Self::Value, Self::Error>;
    fn uuid(&mut self, uuid: [u8; 16]) -> Result<Self::Value, Self::Error>;
    /// `time` is given where the text is an HTTP date.
    fn datetime(&mut self, text: Text<'_>, time: Option<UnixMillis>) -> Result<Self::Value, Self::Error>;
    /// Called with every value and its place in the text.
    fn place(&mut self, value: Self::Value, range: Range<usize>) -> Self::Value {
        let _ = range;
        value
    }
}

/// The text's fault, or the sink's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError<E> {
    /// `Malformed`, or `TooLarge` where it nests too deep.
    Text(Reason),
    /// What a method of the sink returned.
    Sink(E),
}

impl<E> From<Reason> for DecodeError<E> {
    fn from(reason: Reason) -> Self {
        Self::Text(reason)
    }
}

/// Reads a whole text. With `tags`, objects of one tagged key become what they stand for.
pub fn decode<S: Sink>(text: &str, tags: bool, sink: &mut S) -> Result<S::Value, DecodeError<S::Error>> {
    let mut decoder = Decoder { cursor: Cursor::new(text), scratch: Vec::new(), tags, depth: 0, sink };
    let value = decoder.value()?;
    decoder.cursor.end()?;
    Ok(value)
}

struct Decoder<'t, 's, S> {
    cursor: Cursor<'t>,
    scratch: Vec<u8>,
    tags: bool,
    depth: usize,
    sink: &'s mut S,
}

type Outcome<S> = Result<<S as Sink>::Value, DecodeError<<S as Sink>::Error>>;

impl<S: Sink> Decoder<'_, '_, S> {
    fn value(&mut self) -> Outcome<S> {
        let first = self.cursor.token().ok_or(Reason::Malformed)?;
        let start = self.cursor.at;
        let value = match first {
            b'"' => {
                let text = self.cursor.string(&mut self.scratch)?;
                self.sink.text(text).map_err(DecodeError::Sink)?
            }
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(|this| {
                let list = this.elements()?;
                this.sink.end_list(list).map_err(DecodeError::Sink)
            })?,
            b't' => self.word("true", |sink| sink.bool(true))?,
            b'f' => self.word("false", |sink| sink.bool(false))?,
            b'n' => self.word("null", S::null)?,
            _ => self.number()?,
        };
        Ok(self.sink.place(value, start..self.cursor.at))
    }

    fn word(&mut self, word: &str, build: impl FnOnce(&mut S) -> Result<S::Value, S::Error>) -> Outcome<S> {
        self.cursor.word(word)?;
        build(self.sink).map_err(DecodeError::Sink)
    }

    fn number(&mut self) -> Outcome<S> {
        let (text, kind) = self.cursor.number()?;
        match kind {
            NumberKind::Int => self.sink.int(text),
            NumberKind::Float => self.sink.float(text.parse().map_err(|_| Reason::Malformed)?),
        }
        .map_err(DecodeError::Sink)
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError<S::Error>>,
    ) -> Result<T, DecodeError<S::Error>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Reason::TooLarge.into());
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn elements(&mut self) -> Result<S::List, DecodeError<S::Error>> {
        self.cursor.expect(b'[')?;
        let mut list = self.sink.list().map_err(DecodeError::Sink)?;
        if self.cursor.token() != Some(b']') {
            loop {
                let value = self.value()?;
                self.sink.push(&mut list, value).map_err(DecodeError::Sink)?;
                if !self.another(b']')? {
                    break;
                }
            }
        }
        self.cursor.expect(b']')?;
        Ok(list)
    }

    fn another(&mut self, close: u8) -> Result<bool, Reason> {
        match self.cursor.token() {
            Some(b',') => {
                self.cursor.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => Ok(false),
            _ => Err(Reason::Malformed),
        }
    }

    fn object(&mut self) -> Outcome<S> {
        self.cursor.expect(b'{')?;
        if self.cursor.token() == Some(b'}') {
            self.cursor.at += 1;
            let map = self.sink.map().map_err(DecodeError::Sink)?;
            return self.sink.end_map(map).map_err(DecodeError::Sink);
        }
        let text = self.cursor.string(&mut self.scratch)?;
        let Some(tag) = Tag::of(text.bytes()).filter(|_| self.tags) else {
            let map = self.sink.map().map_err(DecodeError::Sink)?;
            let key = self.sink.key(text).map_err(DecodeError::Sink)?;
            self.cursor.expect(b':')?;
            return self.entries(map, key);
        };
        self.cursor.expect(b':')?;
        if self.is_alone() {
            return self.tagged(tag);
        }
        let map = self.sink.map().map_err(DecodeError::Sink)?;
        let key = self.sink.key(Text::Utf8(tag.key())).map_err(DecodeError::Sink)?;
        self.entries(map, key)
    }

    /// From the first key's value on.
    fn entries(&mut self, mut map: S::Map, first: S::Key) -> Outcome<S> {
        let mut key = first;
        loop {
            let value = self.value()?;
            self.sink.insert(&mut map, key, value).map_err(DecodeError::Sink)?;
            if !self.another(b'}')? {
                break;
            }
            let text = self.cursor.string(&mut self.scratch)?;
            key = self.sink.key(text).map_err(DecodeError::Sink)?;
            self.cursor.expect(b':')?;
        }
        self.cursor.expect(b'}')?;
        self.sink.end_map(map).map_err(DecodeError::Sink)
    }

    /// Whether the object ends behind the value that begins here: looks ahead, without recursion, to the comma or
    /// brace at this level. Only tag-like keys pay for it.
    fn is_alone(&self) -> bool {
        let mut ahead = self.cursor.clone();
        let mut scratch = Vec::new();
        let mut open = 0_usize;
        while let Some(byte) = ahead.token() {
            match byte {
                b'"' if ahead.string(&mut scratch).is_err() => return false,
                b'"' => continue,
                b'[' | b'{' => open += 1,
                b'}' if open == 0 => return true,
                b']' | b'}' => open = open.saturating_sub(1),
                b',' if open == 0 => return false,
                _ => {}
            }
            ahead.at += 1;
        }
        false
    }

    fn tagged(&mut self, tag: Tag) -> Outcome<S> {
        let value = match (tag, self.cursor.token()) {
            (Tag::Tuple, Some(b'[')) => {
                let list = self.nested(Self::elements)?;
                self.sink.end_tuple(list).map_err(DecodeError::Sink)?
            }
            (Tag::Dict, Some(b'{')) => self.nested(Self::escaped)?,
            (Tag::Dict | Tag::Tuple, _) => return Err(Reason::Malformed.into()),
            (tag, _) => self.tagged_text(tag)?,
        };
        self.cursor.expect(b'}')?;
        Ok(value)
    }

    fn tagged_text(&mut self, tag: Tag) -> Outcome<S> {
        let text = self.cursor.string(&mut self.scratch)?;
        let ascii = || text.utf8().ok_or(Reason::Malformed);
        match tag {
            Tag::Bytes => self.sink.bytes(&from_base64(ascii()?).ok_or(Reason::Malformed)?),
            Tag::Uuid => self.sink.uuid(uuid_from_hex(ascii()?).ok_or(Reason::Malformed)?),
            Tag::Markup => self.sink.markup(text),
            _ => self.sink.datetime(text, text.utf8().and_then(UnixMillis::from_http_date)),
        }
        .map_err(DecodeError::Sink)
    }

    /// `{" di": {"KEY__": value}}` is the object `{KEY: value}`, whose key looks like a tag.
    fn escaped(&mut self) -> Outcome<S> {
        self.cursor.expect(b'{')?;
        let text = self.cursor.string(&mut self.scratch)?;
        let key = text.bytes().strip_suffix(b"__").ok_or(Reason::Malformed)?;
        let key = self.sink.key(Text::from(key)).map_err(DecodeError::Sink)?;
        self.cursor.expect(b':')?;
        let value = self.value()?;
        self.cursor.expect(b'}')?;
        let mut map = self.sink.map().map_err(DecodeError::Sink)?;
        self.sink.insert(&mut map, key, value).map_err(DecodeError::Sink)?;
        self.sink.end_map(map).map_err(DecodeError::Sink)
    }
}
