//! The session's data as JSON text.
//!
//! One reader ([`decode`]) drives a [`Sink`] over whatever the host builds its values from, and one [`Writer`] is
//! driven by the host. Both know Python's JSON (NaN, big integers, lone surrogates, which `serde_json` refuses) and the
//! tagged dialect of Flask's `TaggedJSONSerializer` (3.1), which lives here and nowhere else.

mod ahead;
mod cursor;
mod decode;
mod merge;
mod patch;
mod scan;
mod skim;
mod text;
pub(crate) mod tree;
mod writer;
mod written;

pub use cursor::MAX_DEPTH;
pub use decode::{DecodeError, Sink, decode};
pub use merge::{MergeRules, merge};
pub use patch::{Kind, Projection, is_hidden, patch, project};
pub use scan::{Facts, scan};
pub(crate) use skim::entries;
pub use text::Text;
pub use writer::{MapScope, Writer};
pub use written::written;

/// What an object with one of Flask's tags as its only key means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// An object: Django, Starlette, express.
    Plain,
    /// What the tag stands for: Flask, and our own `sealed`.
    #[default]
    Tagged,
}

/// The keys of Flask's tags; an object whose only key is one of them is not an ordinary object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Bytes,
    Datetime,
    Dict,
    Markup,
    Tuple,
    Uuid,
}

impl Tag {
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b" b" => Self::Bytes,
            b" d" => Self::Datetime,
            b" di" => Self::Dict,
            b" m" => Self::Markup,
            b" t" => Self::Tuple,
            b" u" => Self::Uuid,
            _ => return None,
        })
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Bytes => " b",
            Self::Datetime => " d",
            Self::Dict => " di",
            Self::Markup => " m",
            Self::Tuple => " t",
            Self::Uuid => " u",
        }
    }
}
