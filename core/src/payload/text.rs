//! A decoded JSON string, which in Python and JavaScript may hold half a surrogate pair.

/// Text as the hosts know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// The usual case.
    Utf8(&'a str),
    /// With lone surrogates: each as the three bytes that UTF-8 would use for it (WTF-8; Python's `surrogatepass`).
    Wtf8(&'a [u8]),
}

impl<'a> Text<'a> {
    /// UTF-8, or WTF-8 where there are lone surrogates.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Utf8(text) => text.as_bytes(),
            Self::Wtf8(bytes) => bytes,
        }
    }

    pub(crate) fn utf8(self) -> Option<&'a str> {
        match self {
            Self::Utf8(text) => Some(text),
            Self::Wtf8(_) => None,
        }
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        core::str::from_utf8(bytes).map_or(Self::Wtf8(bytes), Self::Utf8)
    }
}
