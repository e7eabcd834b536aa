//! JSON text to the host's values, tags resolved on the way, in one pass.

use alloc::vec::Vec;
use core::ops::Range;

use super::{
    Tag,
    ahead::Ahead,
    cursor::{Cursor, MAX_DEPTH, NumberKind},
    text::Text,
};
use crate::{
    encoding::{from_base64, uuid_from_hex},
    error::Reason,
    time::UnixMillis,
};

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
///
/// What is open is kept in a list, not on the thread's stack, which some hosts make small.
pub fn decode<S: Sink>(text: &str, tags: bool, sink: &mut S) -> Result<S::Value, DecodeError<S::Error>> {
    let mut decoder = Decoder {
        cursor: Cursor::new(text),
        scratch: Vec::new(),
        ahead: Ahead::default(),
        tags,
        open: Vec::new(),
        depth: 0,
        sink,
    };
    let value = decoder.document()?;
    decoder.cursor.end()?;
    Ok(value)
}

struct Decoder<'t, 's, S: Sink> {
    cursor: Cursor<'t>,
    scratch: Vec<u8>,
    ahead: Ahead,
    tags: bool,
    open: Vec<Frame<S>>,
    depth: usize,
    sink: &'s mut S,
}

/// A container whose next value comes now.
struct Frame<S: Sink> {
    start: usize,
    /// Whether it stands inside a tag: `{" t":[` or `{" di":{`.
    tagged: bool,
    content: Content<S>,
}

enum Content<S: Sink> {
    List(S::List),
    /// With the key of the value that comes.
    Map(S::Map, Option<S::Key>),
}

type Outcome<S> = Result<<S as Sink>::Value, DecodeError<<S as Sink>::Error>>;

/// `None` where a container has begun or goes on, so that another value comes first.
type Step<S> = Result<Option<<S as Sink>::Value>, DecodeError<<S as Sink>::Error>>;

impl<S: Sink> Decoder<'_, '_, S> {
    fn document(&mut self) -> Outcome<S> {
        loop {
            let mut done = self.begin()?;
            while let Some(value) = done {
                if self.open.is_empty() {
                    return Ok(value);
                }
                done = self.resume(value)?;
            }
        }
    }

    fn begin(&mut self) -> Step<S> {
        let first = self.cursor.token().ok_or(Reason::Malformed)?;
        let start = self.cursor.at;
        let value = match first {
            b'"' => {
                let text = self.cursor.string(&mut self.scratch)?;
                self.sink.text(text).map_err(DecodeError::Sink)?
            }
            b'{' => return self.object(start),
            b'[' => {
                self.deeper()?;
                return self.list(start, false);
            }
            b't' => self.word("true", |sink| sink.bool(true))?,
            b'f' => self.word("false", |sink| sink.bool(false))?,
            b'n' => self.word("null", S::null)?,
            _ => self.number()?,
        };
        Ok(Some(self.placed(value, start)))
    }

    fn placed(&mut self, value: S::Value, start: usize) -> S::Value {
        self.sink.place(value, start..self.cursor.at)
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

    fn deeper(&mut self) -> Result<(), Reason> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Reason::TooLarge) } else { Ok(()) }
    }

    fn list(&mut self, start: usize, tagged: bool) -> Step<S> {
        self.cursor.expect(b'[')?;
        let list = self.sink.list().map_err(DecodeError::Sink)?;
        let frame = Frame { start, tagged, content: Content::List(list) };
        if self.cursor.token() == Some(b']') {
            return self.end(frame).map(Some);
        }
        self.open.push(frame);
        Ok(None)
    }

    fn object(&mut self, start: usize) -> Step<S> {
        self.deeper()?;
        self.cursor.expect(b'{')?;
        if self.cursor.token() == Some(b'}') {
            let map = self.sink.map().map_err(DecodeError::Sink)?;
            return self.end(Frame { start, tagged: false, content: Content::Map(map, None) }).map(Some);
        }
        let text = self.cursor.string(&mut self.scratch)?;
        let Some(tag) = Tag::of(text.bytes()).filter(|_| self.tags) else {
            let map = self.sink.map().map_err(DecodeError::Sink)?;
            let key = self.sink.key(text).map_err(DecodeError::Sink)?;
            return self.entries(start, false, map, key);
        };
        self.cursor.expect(b':')?;
        if self.ahead.is_alone(&self.cursor) {
            return self.tagged(start, tag);
        }
        let map = self.sink.map().map_err(DecodeError::Sink)?;
        let key = self.sink.key(Text::Utf8(tag.key())).map_err(DecodeError::Sink)?;
        self.open.push(Frame { start, tagged: false, content: Content::Map(map, Some(key)) });
        Ok(None)
    }

    /// From behind the first key on.
    fn entries(&mut self, start: usize, tagged: bool, map: S::Map, first: S::Key) -> Step<S> {
        self.cursor.expect(b':')?;
        self.open.push(Frame { start, tagged, content: Content::Map(map, Some(first)) });
        Ok(None)
    }

    /// Gives the innermost container its value.
    fn resume(&mut self, value: S::Value) -> Step<S> {
        let Self { cursor, scratch, sink, open, .. } = self;
        let Some(frame) = open.last_mut() else { return Ok(Some(value)) };
        let goes_on = match &mut frame.content {
            Content::List(list) => {
                sink.push(list, value).map_err(DecodeError::Sink)?;
                another(cursor, b']')?
            }
            Content::Map(map, key) => {
                if let Some(key) = key.take() {
                    sink.insert(map, key, value).map_err(DecodeError::Sink)?;
                }
                // What `{" di":{` escapes has one entry.
                let goes_on = !frame.tagged && another(cursor, b'}')?;
                if goes_on {
                    let text = cursor.string(scratch)?;
                    *key = Some(sink.key(text).map_err(DecodeError::Sink)?);
                    cursor.expect(b':')?;
                }
                goes_on
            }
        };
        if goes_on {
            return Ok(None);
        }
        match self.open.pop() {
            Some(frame) => self.end(frame).map(Some),
            None => Ok(None),
        }
    }

    /// At the closing bracket.
    fn end(&mut self, Frame { start, tagged, content }: Frame<S>) -> Outcome<S> {
        let value = match content {
            Content::List(list) => {
                self.cursor.expect(b']')?;
                if tagged { self.sink.end_tuple(list) } else { self.sink.end_list(list) }
            }
            Content::Map(map, _) => {
                self.cursor.expect(b'}')?;
                self.sink.end_map(map)
            }
        }
        .map_err(DecodeError::Sink)?;
        if tagged {
            self.cursor.expect(b'}')?;
        }
        self.depth -= 1 + usize::from(tagged);
        Ok(self.placed(value, start))
    }

    fn tagged(&mut self, start: usize, tag: Tag) -> Step<S> {
        match (tag, self.cursor.token()) {
            (Tag::Tuple, Some(b'[')) => {
                self.deeper()?;
                self.list(start, true)
            }
            (Tag::Dict, Some(b'{')) => {
                self.deeper()?;
                self.escaped(start)
            }
            (Tag::Dict | Tag::Tuple, _) => Err(Reason::Malformed.into()),
            (tag, _) => {
                let value = self.tagged_text(tag)?;
                self.cursor.expect(b'}')?;
                self.depth -= 1;
                Ok(Some(self.placed(value, start)))
            }
        }
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
    fn escaped(&mut self, start: usize) -> Step<S> {
        self.cursor.expect(b'{')?;
        let text = self.cursor.string(&mut self.scratch)?;
        let key = text.bytes().strip_suffix(b"__").ok_or(Reason::Malformed)?;
        let map = self.sink.map().map_err(DecodeError::Sink)?;
        let key = self.sink.key(Text::from(key)).map_err(DecodeError::Sink)?;
        self.entries(start, true, map, key)
    }
}

/// Whether a comma stands here, and another element comes.
fn another(cursor: &mut Cursor<'_>, close: u8) -> Result<bool, Reason> {
    match cursor.token() {
        Some(b',') => {
            cursor.at += 1;
            Ok(true)
        }
        Some(byte) if byte == close => Ok(false),
        _ => Err(Reason::Malformed),
    }
}
