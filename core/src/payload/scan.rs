//! What a payload holds, without building anything: the reader's whole check, once a request.

use core::convert::Infallible;

use super::{
    Dialect, Tag,
    decode::{DecodeError, Sink, decode},
    patch::is_hidden,
    skim::skim,
    text::Text,
};
use crate::{error::Reason, time::UnixMillis};

/// Facts about a payload that decide what its host may skip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// A list, tuple or object stands below the top level, so that a change may hide in it.
    pub nested: bool,
    /// Tags, or keys that JavaScript must not see: `JSON.parse` alone won't do.
    pub special: bool,
    /// NaN or an infinity, which is no JSON for other readers.
    pub non_finite: bool,
}

/// Checks that a payload is a JSON object (tags well-formed, not too deep) and says what is in it.
pub fn scan(text: &str, dialect: Dialect) -> Result<Facts, Reason> {
    if let Ok(found) = skim(text)
        && !(found.tag && dialect == Dialect::Tagged)
    {
        return if found.is_object { Ok(found.facts) } else { Err(Reason::NotAnObject) };
    }
    let mut scanner = Scanner::default();
    let is_object = match decode(text, dialect == Dialect::Tagged, &mut scanner) {
        Ok(is_object) => is_object,
        Err(DecodeError::Text(reason)) => return Err(reason),
        Err(DecodeError::Sink(never)) => match never {},
    };
    scanner.facts.nested = scanner.containers > 1;
    if is_object { Ok(scanner.facts) } else { Err(Reason::NotAnObject) }
}

/// Where there are tags, or a fault.
#[derive(Default)]
struct Scanner {
    facts: Facts,
    containers: usize,
}

impl Scanner {
    #[expect(clippy::unnecessary_wraps, reason = "what the methods below return")]
    fn tag(&mut self) -> Result<bool, Infallible> {
        self.facts.special = true;
        Ok(false)
    }
}

/// A value is whether it is an object.
impl Sink for Scanner {
    type Value = bool;
    type Key = ();
    type List = ();
    type Map = ();
    type Error = Infallible;

    fn null(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }
    fn bool(&mut self, _: bool) -> Result<bool, Infallible> {
        Ok(false)
    }
    fn int(&mut self, _: &str) -> Result<bool, Infallible> {
        Ok(false)
    }
    fn float(&mut self, value: f64) -> Result<bool, Infallible> {
        // 1e400 is finite in JSON's grammar, but no host writes it.
        self.facts.non_finite |= !value.is_finite();
        Ok(false)
    }
    fn text(&mut self, _: Text<'_>) -> Result<bool, Infallible> {
        Ok(false)
    }
    fn list(&mut self) -> Result<(), Infallible> {
        self.containers += 1;
        Ok(())
    }
    fn push(&mut self, (): &mut (), _: bool) -> Result<(), Infallible> {
        Ok(())
    }
    fn end_list(&mut self, (): ()) -> Result<bool, Infallible> {
        Ok(false)
    }
    fn end_tuple(&mut self, (): ()) -> Result<bool, Infallible> {
        self.tag()
    }
    fn map(&mut self) -> Result<(), Infallible> {
        self.containers += 1;
        Ok(())
    }
    fn key(&mut self, key: Text<'_>) -> Result<(), Infallible> {
        self.facts.special |= is_hidden(key.bytes()) || Tag::of(key.bytes()).is_some();
        Ok(())
    }
    fn insert(&mut self, (): &mut (), (): (), _: bool) -> Result<(), Infallible> {
        Ok(())
    }
    fn end_map(&mut self, (): ()) -> Result<bool, Infallible> {
        Ok(true)
    }
    fn bytes(&mut self, _: &[u8]) -> Result<bool, Infallible> {
        self.tag()
    }
    fn markup(&mut self, _: Text<'_>) -> Result<bool, Infallible> {
        self.tag()
    }
    fn uuid(&mut self, _: [u8; 16]) -> Result<bool, Infallible> {
        self.tag()
    }
    fn datetime(&mut self, _: Text<'_>, _: Option<UnixMillis>) -> Result<bool, Infallible> {
        self.tag()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec};

    use proptest::prelude::*;

    use super::*;

    /// By the reader that builds values.
    fn decoded(text: &str, dialect: Dialect) -> Result<Facts, Reason> {
        let mut scanner = Scanner::default();
        match decode(text, dialect == Dialect::Tagged, &mut scanner) {
            Ok(true) => Ok(Facts { nested: scanner.containers > 1, ..scanner.facts }),
            Ok(false) => Err(Reason::NotAnObject),
            Err(DecodeError::Text(reason)) => Err(reason),
            Err(DecodeError::Sink(never)) => match never {},
        }
    }

    fn is_as_decoded(text: &str) {
        for dialect in [Dialect::Plain, Dialect::Tagged] {
            assert_eq!(scan(text, dialect), decoded(text, dialect), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_of_json_s_pieces_is_scanned_as_it_is_decoded(
            text in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", " ", "\n", "\"a\"", "\" t\"", "\" b\"", "\"__proto__\"", "\"\\u0020t\"",
                "\"\\ud800\"", "\"\\x\"", "\"é\u{1}\"", "\"", "{\"a\":", "[1,", "1", "-", "0", "1.5", "1e400", "1e", "NaN",
                "-Infinity", "true", "null", "nul", "\"a long text without anything\"",
            ]), 0..12).prop_map(|pieces| pieces.concat())
        ) {
            is_as_decoded(&text);
        }

        #[test]
        fn any_text_is_scanned_as_it_is_decoded(text in any::<String>()) {
            is_as_decoded(&text);
            is_as_decoded(&format!("{{\"{text}\":[\"{text}\"]}}"));
        }
    }

    #[test]
    fn numbers_over_the_largest_one_are_infinite() {
        let digits = "9".repeat(309);
        for (number, is_infinite) in [
            ("1e308", false),
            ("1E309", true),
            (&*digits, false),
            (&*format!("{digits}.0"), true),
            ("NaN", true),
        ] {
            let facts = scan(&format!("{{\"a\":{number}}}"), Dialect::Plain).unwrap();
            assert_eq!(facts.non_finite, is_infinite, "{number}");
        }
    }
}
