//! What the tool is told besides the cookie.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{kind::Kind, open::from_hex};
use crate::{
    encoding::from_base64,
    error::ConfigError,
    keyring::{Keyring, Secret},
    policy::Policy,
    session::FormatSpec,
    time::{Seconds, UnixMillis},
};

/// What is known of the application that the cookie is of. What is `None` has the format's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings<'a> {
    /// The format; without one the cookie's looks and the keys decide.
    pub format: Option<Kind>,
    /// The cookie's name. `sealed` and keygrip bind a cookie to it.
    pub name: Option<&'a str>,
    /// For `sealed`.
    pub audience: Option<&'a str>,
    /// For `flask` and `django`.
    pub digest: Option<&'a str>,
    /// For `flask`.
    pub key_derivation: Option<&'a str>,
    /// For `flask`, `django` and `flask-session`.
    pub salt: Option<&'a str>,
    /// What is said of the times.
    pub policy: Limits,
}

/// The lifetimes that a cookie is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Since the token was sealed.
    pub idle: Option<Seconds>,
    /// Since the session began.
    pub absolute: Option<Seconds>,
    /// How far clocks may differ; 60 seconds by default.
    pub skew: Seconds,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle: None, absolute: None, skew: Seconds(60) }
    }
}

impl Limits {
    pub(super) fn policy(self) -> Policy {
        let Self { idle, absolute, skew } = self;
        Policy { idle, absolute, skew, ..Policy::NONE }
    }
}

impl<'a> Settings<'a> {
    /// As the core's own formats are configured.
    pub(super) fn spec(&self, kind: Kind) -> FormatSpec<'a> {
        let Self { audience, digest, key_derivation, salt, .. } = *self;
        let salt = salt.map(str::as_bytes);
        match kind {
            Kind::Sealed => FormatSpec { format: "sealed", audience, ..FormatSpec::default() },
            Kind::Flask => {
                FormatSpec { format: "flask", digest, key_derivation, salt, ..FormatSpec::default() }
            }
            Kind::Django => FormatSpec { format: "django", digest, salt, ..FormatSpec::default() },
            Kind::FlaskSession => {
                FormatSpec { format: "id", salt: salt.or(Some(b"flask-session")), ..FormatSpec::default() }
            }
            _ => FormatSpec { format: kind.name(), ..FormatSpec::default() },
        }
    }

    /// Whether the core has the format, so that a front's own reading can be asked.
    pub(super) fn is_front(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Sealed
                | Kind::Flask
                | Kind::Starlette
                | Kind::Django
                | Kind::Express
                | Kind::FlaskSession
                | Kind::Id
        )
    }
}

/// Secrets as a file or a variable has them: one a line, the newest first. `hex:` and `base64:` in front say that the
/// rest is bytes.
///
/// ```
/// use shortcrust::{Keyring, tool::secrets};
/// assert_eq!(secrets("new\n\nhex:6f6c64\n")?, Keyring::newest_first(["new", "old"])?);
/// # Ok::<(), shortcrust::ConfigError>(())
/// ```
pub fn secrets(text: &str) -> Result<Keyring, ConfigError> {
    let lines = text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty());
    Keyring::newest_first(lines.map(secret).collect::<Result<Vec<Secret>, _>>()?)
}

fn secret(line: &str) -> Result<Secret, ConfigError> {
    Ok(encoded_secret(line)?.map_or_else(|| Secret::new(line), Secret::new))
}

/// The bytes of a secret that is written with `hex:` or `base64:` in front; `None` for one that is text.
pub fn encoded_secret(line: &str) -> Result<Option<Vec<u8>>, ConfigError> {
    let bytes = match (line.strip_prefix("hex:"), line.strip_prefix("base64:")) {
        (Some(digits), _) => from_hex(digits),
        (_, Some(text)) => from_base64(text),
        _ => return Ok(None),
    };
    bytes.map(Some).ok_or_else(|| {
        ConfigError::new("secret", "a secret begins with hex: or base64: and is not that: check the line")
    })
}

/// `90`, `90s`, `30m`, `12h`, `14d` or `none`.
pub(super) fn span(option: &str, text: &str) -> Result<Option<Seconds>, ConfigError> {
    if text == "none" {
        return Ok(None);
    }
    let (digits, unit) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 3600),
        Some(b'd') => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let wrong = || wrong(option, text, "a number of seconds, or such as 30m, 12h, 14d, or none");
    seconds.map(|seconds| Some(Seconds(seconds))).ok_or_else(wrong)
}

/// RFC 3339, or seconds since 1970.
pub(super) fn moment(option: &str, text: &str) -> Result<UnixMillis, ConfigError> {
    let seconds = || text.parse::<i64>().ok().map(UnixMillis::from_secs);
    let time = UnixMillis::from_rfc3339(text).or_else(seconds);
    time.ok_or_else(|| wrong(option, text, "a time such as 2026-01-31T12:00:00Z, or seconds since 1970"))
}

pub(super) fn kind(option: &str, text: &str) -> Result<Kind, ConfigError> {
    let known = || {
        let names: Vec<String> = Kind::ALL.iter().map(|kind| kind.name().to_string()).collect();
        names.join(", ")
    };
    Kind::named(text).ok_or_else(|| wrong(option, text, &known()))
}

pub(super) fn wrong(option: &str, given: &str, known: &str) -> ConfigError {
    ConfigError::new("option", format!("--{option} {given:?} is unknown: give {known}"))
}
