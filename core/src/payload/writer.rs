//! The host's values to JSON text, as `json.dumps(separators=(",", ":"))` of Python 3 spells it, tags included.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

use super::{
    Tag,
    cursor::{plain_len, special_in},
    text::Text,
};
use crate::{encoding, time::UnixMillis};

/// Writes one document; the host calls it value by value.
///
/// ```
/// use shortcrust::payload::{Text, Writer};
/// let mut writer = Writer::new(true);
/// let scope = writer.begin_map(None);
/// writer.key(scope, Text::Utf8("at"));
/// writer.begin_tuple();
/// writer.float(1.0);
/// writer.text(Text::Utf8("é"));
/// writer.end_tuple();
/// writer.end_map(scope);
/// assert_eq!(writer.finish(), r#"{"at":{" t":[1.0,"\u00e9"]}}"#);
/// ```
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    ascii: bool,
    spaced: bool,
}

/// Whether an object had to be escaped because its only key looks like a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapScope {
    escaped: bool,
}

impl MapScope {
    pub(crate) const PLAIN: Self = Self { escaped: false };
}

impl Writer {
    /// With `ascii`, everything else is written as `\uXXXX` (`ensure_ascii`).
    pub fn new(ascii: bool) -> Self {
        Self { out: Vec::with_capacity(512), ascii, spaced: false }
    }

    /// With `", "` and `": "`, the defaults of Python's `json.dumps`.
    ///
    /// ```
    /// use shortcrust::payload::{Text, Writer};
    /// let mut writer = Writer::new(true).spaced();
    /// let scope = writer.begin_map(None);
    /// writer.key(scope, Text::Utf8("a"));
    /// writer.int(1);
    /// writer.key(scope, Text::Utf8("b"));
    /// writer.int(2);
    /// writer.end_map(scope);
    /// assert_eq!(writer.finish(), r#"{"a": 1, "b": 2}"#);
    /// ```
    #[must_use]
    pub fn spaced(self) -> Self {
        Self { spaced: true, ..self }
    }

    /// The text.
    ///
    /// # Panics
    ///
    /// Never: hosts hand over valid text, and lone surrogates are written as escapes.
    pub fn finish(self) -> String {
        String::from_utf8(self.out).expect("only UTF-8 is written, lone surrogates as escapes")
    }

    /// `null`.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// An integer that fits a machine word.
    pub fn int(&mut self, value: i64) {
        self.separate();
        let _ = write!(Utf8(&mut self.out), "{value}");
    }

    /// A value that is JSON already, such as the digits of a big integer.
    pub fn raw(&mut self, text: &str) {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
    }

    /// As Python's `float.__repr__`: the shortest digits that read back.
    pub fn float(&mut self, value: f64) {
        self.separate();
        if value.is_finite() {
            write_float(&mut self.out, value);
        } else {
            let word = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            self.out.extend_from_slice(word.as_bytes());
        }
    }

    /// A string.
    pub fn text(&mut self, text: Text<'_>) {
        self.separate();
        self.quoted(text, "");
    }

    /// `[`.
    pub fn begin_list(&mut self) {
        self.raw("[");
    }

    /// `]`.
    pub fn end_list(&mut self) {
        self.out.push(b']');
    }

    /// A tuple is `{" t": [...]}`.
    pub fn begin_tuple(&mut self) {
        self.raw("{\" t\":[");
    }

    /// The end of a tuple.
    pub fn end_tuple(&mut self) {
        self.out.extend_from_slice(b"]}");
    }

    /// Begins an object. `only_key` is its key if it has exactly one.
    pub fn begin_map(&mut self, only_key: Option<Text<'_>>) -> MapScope {
        let escaped = only_key.is_some_and(|key| Tag::of(key.bytes()).is_some());
        self.raw(if escaped { "{\" di\":{" } else { "{" });
        MapScope { escaped }
    }

    /// A key of the object that `scope` began.
    pub fn key(&mut self, scope: MapScope, key: Text<'_>) {
        self.separate();
        self.quoted(key, if scope.escaped { "__" } else { "" });
        self.punctuate(b':');
    }

    /// Ends an object.
    pub fn end_map(&mut self, scope: MapScope) {
        self.out.extend_from_slice(if scope.escaped { b"}}" } else { b"}" });
    }

    /// `{" b": base64}`.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.tag("{\" b\":", Text::Utf8(&encoding::base64(bytes)));
    }

    /// `{" m": text}`.
    pub fn markup(&mut self, text: Text<'_>) {
        self.tag("{\" m\":", text);
    }

    /// `{" u": hex}`.
    pub fn uuid(&mut self, hex: &str) {
        self.tag("{\" u\":", Text::Utf8(hex));
    }

    /// `{" d": HTTP date}`; `false`, and nothing written, outside the years 1 to 9999.
    pub fn datetime(&mut self, time: UnixMillis) -> bool {
        let date = time.to_http_date();
        if let Some(date) = &date {
            self.tag("{\" d\":", Text::Utf8(date));
        }
        date.is_some()
    }

    fn tag(&mut self, open: &str, text: Text<'_>) {
        self.raw(open);
        self.quoted(text, "");
        self.out.push(b'}');
    }

    /// A comma, unless the value is a container's or a key's first.
    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'[' | b'{' | b':' | b' ')) {
            self.punctuate(b',');
        }
    }

    fn punctuate(&mut self, mark: u8) {
        self.out.push(mark);
        if self.spaced {
            self.out.push(b' ');
        }
    }

    fn quoted(&mut self, text: Text<'_>, suffix: &str) {
        self.out.push(b'"');
        let (mut rest, may_have_lone) = (text.bytes(), text.utf8().is_none());
        while !rest.is_empty() {
            let plain = self.plain_prefix(rest, may_have_lone);
            self.out.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            if !rest.is_empty() {
                rest = self.escape(rest);
            }
        }
        self.out.extend_from_slice(suffix.as_bytes());
        self.out.push(b'"');
    }

    fn plain_prefix(&self, bytes: &[u8], may_have_lone: bool) -> usize {
        if self.ascii {
            return ascii_len(bytes);
        }
        // A lone surrogate can only be written as an escape; in WTF-8 it begins with ED A0 to ED BF.
        let plain = plain_len(bytes);
        let lone = |pair: &[u8]| pair[0] == 0xED && pair[1] >= 0xA0;
        if may_have_lone { bytes[..plain].windows(2).position(lone).unwrap_or(plain) } else { plain }
    }

    /// Writes the first character as an escape and returns what follows.
    fn escape<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let short = match bytes[0] {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            8 => b'b',
            12 => b'f',
            _ => {
                let (code, rest) = split_code_point(bytes);
                let mut units = [0; 2];
                match char::from_u32(code) {
                    Some(char) => char.encode_utf16(&mut units).iter().for_each(|unit| self.unit(*unit)),
                    None => self.unit(u16::try_from(code).unwrap_or(0xFFFD)),
                }
                return rest;
            }
        };
        self.out.extend([b'\\', short]);
        &bytes[1..]
    }

    fn unit(&mut self, unit: u16) {
        let _ = write!(Utf8(&mut self.out), "\\u{unit:04x}");
    }
}

/// As `plain_len`, and before what is not printable ASCII.
fn ascii_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut len = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // With 1 added, DEL has a high bit as well.
        let wide = (word | word.wrapping_add(u64::from_le_bytes([1; 8]))) & u64::from_le_bytes([0x80; 8]);
        if special_in(word) | wide != 0 {
            break;
        }
        len += 8;
    }
    let special = |&byte: &u8| !matches!(byte, b' '..=b'~') || byte == b'"' || byte == b'\\';
    len + bytes[len..].iter().position(special).unwrap_or(rest.len() + words.len() * 8 - len)
}

/// The bytes are UTF-8 or WTF-8, so a lead byte tells how many follow.
fn split_code_point(bytes: &[u8]) -> (u32, &[u8]) {
    let (len, lead) = match bytes[0] {
        byte @ ..0x80 => (1, byte),
        byte @ ..0xE0 => (2, byte & 0x1F),
        byte @ ..0xF0 => (3, byte & 0x0F),
        byte => (4, byte & 0x07),
    };
    let (head, rest) = bytes.split_at(len.min(bytes.len()));
    let code = head[1..].iter().fold(u32::from(lead), |code, byte| code << 6 | u32::from(byte & 0x3F));
    (code, rest)
}

struct Utf8<'a>(&'a mut Vec<u8>);

impl Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Rust's `{:?}` has as many digits as Python's and its thresholds, but of two neighbours that are equally near it may
/// take the odd one, and it spells the exponent otherwise: `1e16` for `1e+16`.
fn write_float(out: &mut Vec<u8>, value: f64) {
    let shortest = format!("{value:?}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let is_plain = mantissa.len() == shortest.len();
    let decimals = mantissa.split('.').nth(1).map_or(0, str::len);
    // Halfway between two decimals lies only what has one binary digit more behind the point than they have decimal
    // ones. Nearly no number has, and half of the work is spared.
    if is_plain && fraction_bits(value) != decimals + 1 {
        out.extend_from_slice(shortest.as_bytes());
        return;
    }
    let even = if is_plain { format!("{value:.decimals$}") } else { format!("{value:.decimals$e}") };
    // Below a power of two numbers are closer together, and the nearest decimal may be another number's.
    let text = if even.parse() == Ok(value) { even } else { shortest };
    let _ = match text.split_once('e') {
        None => Utf8(out).write_str(&text),
        Some((mantissa, exponent)) => {
            write!(Utf8(out), "{mantissa}e{:+03}", exponent.parse().unwrap_or(0_i32))
        }
    };
}

/// How many binary digits stand behind the point.
fn fraction_bits(value: f64) -> usize {
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7FF).max(1);
    let hidden = if value.is_normal() { 1 << 52 } else { 0 };
    let mantissa = bits & ((1 << 52) - 1) | hidden;
    let behind = 1075 - i64::try_from(exponent).unwrap_or(0) - i64::from(mantissa.trailing_zeros());
    usize::try_from(behind).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::new(true);
        write(&mut writer);
        writer.finish()
    }

    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        for (value, want) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (f64::from(1_u32 << 31) * 262_144.0 + 0.25, "562949953421312.2"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.5, "0.5"),
            (2_251_799_813_685_248.5, "2251799813685248.5"),
            (4_503_599_627_370_495.5, "4503599627370495.5"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(written(|writer| writer.float(value)), want);
        }
    }

    #[test]
    fn strings_are_escaped_as_python_escapes_them() {
        let text = Text::Utf8("\"\\/\n\u{7f}é日🍪\u{0}");
        assert_eq!(written(|writer| writer.text(text)), r#""\"\\/\n\u007f\u00e9\u65e5\ud83c\udf6a\u0000""#);
        let mut writer = Writer::new(false);
        writer.text(Text::Wtf8(b"\xC3\xA9\xED\xA0\x80\x7f"));
        assert_eq!(writer.finish(), "\"é\\ud800\u{7f}\"");
    }
}
