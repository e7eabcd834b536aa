//! What a token tells besides its body.

use alloc::string::String;

use crate::time::UnixMillis;

#[expect(clippy::struct_excessive_bools, reason = "a set of capabilities")]
/// What a format's tokens tell; a policy that needs more is refused when it is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carries {
    /// When the token was sealed.
    pub issued: bool,
    /// When the session began.
    pub created: bool,
    /// When the token ends.
    pub expires: bool,
    /// The session's id.
    pub id: bool,
    /// Whose session it is.
    pub user: bool,
}

/// What a token told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// When the token was sealed.
    pub issued: Option<UnixMillis>,
    /// When the session began.
    pub created: Option<UnixMillis>,
    /// When the token ends.
    pub expires: Option<UnixMillis>,
    /// The session's id, drawn when it began.
    pub id: Option<[u8; 16]>,
    /// Whose session it is.
    pub user: Option<String>,
}
