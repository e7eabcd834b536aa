//! Whose fault, with a code that stays.

use alloc::string::String;
use core::{error::Error, fmt};

/// Why a cookie was not accepted, or not set: the cookie's fault, never an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The MAC is wrong under every key.
    BadSignature,
    /// Other requests were first too often.
    Conflict,
    /// Another request ended the session.
    Ended,
    /// The lifetime that the policy or the token gives has passed.
    Expired,
    /// Another request made it another user's session.
    Identity,
    /// A defect of ours, caught at the language border.
    Internal,
    /// The value has not the format's shape, or the payload inside is no JSON.
    Malformed,
    /// The request has no cookie of the session's name.
    NoCookie,
    /// A well-sealed payload that is not a JSON object.
    NotAnObject,
    /// The store has no record for the id.
    NotFound,
    /// Issued further in the future than the skew allows.
    NotYetValid,
    /// The session, or all of its user's until then, were revoked.
    Revoked,
    /// Over one of the caps, sealed or inflated.
    TooLarge,
    /// More values of one name, or more bytes to authenticate, than one request may bring.
    TooMany,
    /// The store failed, and the session was served without it.
    Unavailable,
    /// The token names a key that is not in the keyring.
    UnknownKey,
}

impl Reason {
    /// The stable code: the same string in every language and in the vectors.
    ///
    /// ```
    /// assert_eq!(shortcrust::Reason::BadSignature.code(), "bad_signature");
    /// ```
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Conflict => "conflict",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Identity => "identity",
            Self::Internal => "internal",
            Self::Malformed => "malformed",
            Self::NoCookie => "no_cookie",
            Self::NotAnObject => "not_an_object",
            Self::NotFound => "not_found",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::UnknownKey => "unknown_key",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Error for Reason {}

/// Our own configuration is wrong; the message says what to change and never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    code: &'static str,
    message: String,
}

impl ConfigError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The kind, stable: `cookie`, `merge`, `option`, `policy`, `reader` or `secret`.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConfigError {}

/// A session that can't be written: what open would refuse, seal refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealError {
    reason: Reason,
    message: String,
}

impl SealError {
    /// Other readers of JSON know no NaN.
    pub(crate) fn not_finite() -> Self {
        let message = "NaN or an infinity is in the session, which is no JSON: store it as text";
        Self::new(Reason::Malformed, message)
    }

    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The code that open would give for such a token.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for SealError {}

/// Configuration that works and may surprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Every host below the domain gets the cookie and can set it.
    Domain,
    /// Browsers cut a lifetime to 400 days.
    LongLived,
    /// Scripts can read the cookie.
    NotHttpOnly,
    /// The cookie goes over plain http.
    NotSecure,
    /// Browsers decide, and send young cookies with cross-site posts.
    NoSameSite,
}

impl Warning {
    /// What to change.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Domain => {
                "the session cookie has a Domain: every host below it gets the cookie and can set it"
            }
            Self::LongLived => "the session lives over 400 days: browsers cut the cookie's lifetime to 400",
            Self::NotHttpOnly => "the session cookie is not HttpOnly: scripts can read it",
            Self::NotSecure => "the session cookie is not Secure: it goes over plain http",
            Self::NoSameSite => "the session cookie has no SameSite: set Lax or Strict",
        }
    }
}
