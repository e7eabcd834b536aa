//! JSON's grammar (RFC 8259) over a text, with the three number words of Python.

use alloc::vec::Vec;

use super::text::Text;
use crate::{encoding::hex_digit, error::Reason};

/// How deep arrays and objects may nest, tags included.
pub const MAX_DEPTH: usize = 200;

#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) at: usize,
}

/// What a number's text is; `NaN`, `Infinity` and `-Infinity` are floats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    Float,
    Int,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, not consumed.
    #[inline]
    pub(super) fn token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        if self.token() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(Reason::Malformed)
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), Reason> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(Reason::Malformed)
    }

    pub(super) fn end(&mut self) -> Result<(), Reason> {
        self.token().map_or(Ok(()), |_| Err(Reason::Malformed))
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<(&'a str, NumberKind), Reason> {
        let start = self.at;
        self.skip(b'-');
        match self.peek() {
            Some(b'I') => self.word("Infinity")?,
            Some(b'N') if start == self.at => self.word("NaN")?,
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        let whole = self.at;
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let is_int = self.at == whole && text.as_bytes()[text.len() - 1].is_ascii_digit();
        Ok((text, if is_int { NumberKind::Int } else { NumberKind::Float }))
    }

    #[inline]
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Reason> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Reason::Malformed) }
    }

    /// A string, borrowed from the text where it has no escapes.
    pub(super) fn string<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Result<Text<'s>, Reason>
    where
        'a: 's,
    {
        self.expect(b'"')?;
        let start = self.at;
        self.at += plain_len(&self.text.as_bytes()[start..]);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Text::Utf8(&self.text[start..self.at - 1]));
        }
        scratch.clear();
        scratch.extend_from_slice(&self.text.as_bytes()[start..self.at]);
        let mut lone = false;
        loop {
            match self.peek() {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => lone |= self.escape(scratch)?,
                Some(b' '..) => {
                    let len = plain_len(&self.text.as_bytes()[self.at..]);
                    scratch.extend_from_slice(&self.text.as_bytes()[self.at..self.at + len]);
                    self.at += len;
                }
                _ => return Err(Reason::Malformed),
            }
        }
        let text = Text::from(scratch.as_slice());
        debug_assert_eq!(lone, matches!(text, Text::Wtf8(_)));
        Ok(text)
    }

    /// As `string`, of which nothing is wanted.
    #[inline]
    pub(super) fn skip_string(&mut self, scratch: &mut Vec<u8>) -> Result<(), Reason> {
        let bytes = self.text.as_bytes();
        let end = self.at + 1 + plain_len(&bytes[self.at + 1..]);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(());
        }
        self.string(scratch).map(drop)
    }

    /// Whether the escape left a lone surrogate.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<bool, Reason> {
        self.at += 1;
        let escaped = self.peek().ok_or(Reason::Malformed)?;
        self.at += 1;
        out.push(match escaped {
            b'"' | b'\\' | b'/' => escaped,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode_escape(out),
            _ => return Err(Reason::Malformed),
        });
        Ok(false)
    }

    fn unicode_escape(&mut self, out: &mut Vec<u8>) -> Result<bool, Reason> {
        let unit = self.hex4(self.at)?;
        self.at += 4;
        if let 0xD800..0xDC00 = unit
            && self.text.as_bytes()[self.at..].starts_with(b"\\u")
            && let Ok(low @ 0xDC00..0xE000) = self.hex4(self.at + 2)
        {
            self.at += 6;
            push_code_point(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
            return Ok(false);
        }
        push_code_point(out, unit);
        Ok((0xD800..0xE000).contains(&unit))
    }

    fn hex4(&self, at: usize) -> Result<u32, Reason> {
        let digits = self.text.as_bytes().get(at..at + 4).ok_or(Reason::Malformed)?;
        digits.iter().try_fold(0, |value, &digit| {
            Ok(value << 4 | u32::from(hex_digit(digit).ok_or(Reason::Malformed)?))
        })
    }
}

/// How many bytes stand before a quote, a backslash or a control character: eight at a time, since most of a payload
/// is text.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let special = special_in(u64::from_le_bytes(*word));
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
    words.len() * 8 + rest.iter().position(special).unwrap_or(rest.len())
}

/// The high bits of bytes that are special. Above the lowest of them there may be false ones, by a borrow.
#[inline]
pub(super) fn special_in(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | below(word, b' ')) & (ONES << 7)
}

/// UTF-8; a surrogate as the three bytes that UTF-8 would use for it.
#[expect(clippy::cast_possible_truncation, reason = "every byte is masked or below 16")]
fn push_code_point(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([
            0xE0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
}
