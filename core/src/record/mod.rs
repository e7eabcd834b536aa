//! What lies in a store for a session: the same text in every language. `docs/record-v1.md` is the law. Rows of other
//! libraries are read besides.

mod at_rest;
mod express;

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

pub use express::express_payload;

use crate::{
    cookie::base_name,
    crypto::{Digest, digest, pae},
    encoding::base64url,
    error::Reason,
    payload::{
        Text, Writer,
        tree::{Map, Node},
    },
    time::UnixMillis,
};

/// A session at rest.
///
/// ```
/// use shortcrust::{UnixMillis, record::{Content, Record}};
/// let record = Record {
///     created: UnixMillis(1_000),
///     renewed: UnixMillis(2_000),
///     expires: None,
///     epoch: 0,
///     user: Some("ada".into()),
///     label: Some("Firefox".into()),
///     converted: false,
///     content: Content::Payload(r#"{"n":1}"#.into()),
/// };
/// assert_eq!(record.to_text(), r#"{"v":1,"c":1000,"r":2000,"e":0,"u":"ada","l":"Firefox","d":{"n":1}}"#);
/// assert_eq!(Record::parse(&record.to_text()), Ok(record));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the session began.
    pub created: UnixMillis,
    /// When it was last written or renewed.
    pub renewed: UnixMillis,
    /// When it ends, if ever.
    pub expires: Option<UnixMillis>,
    /// Raised where the identity changes under one id; nothing is merged across it.
    pub epoch: u32,
    /// Whose it is.
    pub user: Option<String>,
    /// What the user knows it by; at most 200 bytes.
    pub label: Option<String>,
    /// The session came in an old cookie, which would open again if its tombstone were swept.
    pub converted: bool,
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The session's data.
    Payload(String),
    /// The session's data and its user, sealed; the record's user is then the index of the user.
    Sealed(String),
    /// Nothing any more: the session ended, or goes on under another id.
    Tombstone,
}

impl Record {
    /// Nothing any more, since `now`.
    pub(crate) fn tombstone(now: UnixMillis) -> Self {
        Self {
            created: now,
            renewed: now,
            expires: None,
            epoch: 0,
            user: None,
            label: None,
            converted: false,
            content: Content::Tombstone,
        }
    }

    /// JSON in one line.
    pub fn to_text(&self) -> String {
        let mut text = format!(r#"{{"v":1,"c":{},"r":{}"#, self.created.0, self.renewed.0);
        if let Some(expires) = self.expires {
            let _ = write!(text, r#","x":{}"#, expires.0);
        }
        let _ = write!(text, r#","e":{}"#, self.epoch);
        for (key, value) in [("u", &self.user), ("l", &self.label)] {
            if let Some(value) = value {
                let mut writer = Writer::new(false);
                writer.text(Text::Utf8(value));
                let _ = write!(text, r#","{key}":{}"#, writer.finish());
            }
        }
        if self.converted {
            text.push_str(r#","o":1"#);
        }
        let _ = match &self.content {
            Content::Payload(payload) => write!(text, r#","d":{payload}"#),
            Content::Sealed(token) => write!(text, r#","s":"{token}""#),
            Content::Tombstone => Ok(()),
        };
        text.push('}');
        text
    }

    /// `malformed` for anything but version 1.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let root = Node::parse_top(text, false)?;
        let map = root.as_map().ok_or(Reason::Malformed)?;
        let time = |key: &str| time(map, key);
        if number(map, "v") != Some(1) {
            return Err(Reason::Malformed);
        }
        let words =
            |key: &[u8]| map.get(key).and_then(|entry| entry.value.as_text()).map(ToString::to_string);
        let payload = map.get(b"d").map(|entry| text[entry.value.range.clone()].to_owned());
        let data = payload.map(Content::Payload).or_else(|| words(b"s").map(Content::Sealed));
        Ok(Self {
            created: time("c").ok_or(Reason::Malformed)?,
            renewed: time("r").ok_or(Reason::Malformed)?,
            expires: time("x"),
            epoch: number(map, "e").and_then(|epoch| u32::try_from(epoch).ok()).ok_or(Reason::Malformed)?,
            user: words(b"u"),
            label: words(b"l"),
            converted: number(map, "o") == Some(1),
            content: data.unwrap_or(Content::Tombstone),
        })
    }
}

/// What the keys of one front's records are bound to, so that applications may share a store: a cookie of one opens
/// nothing of another, and their users are not mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The cookie's name; its prefix does not count.
    pub name: String,
    /// As of the sealed format.
    pub audience: String,
    /// Of the application's choice.
    pub namespace: String,
    /// The key of a record is the id itself: the store keeps the rows of another library, which lie there.
    pub bare_keys: bool,
}

impl Scope {
    /// Under what a store keeps the record of an id: it never sees the id itself, unless with `bare_keys`.
    ///
    /// ```
    /// use shortcrust::record::Scope;
    /// let scope = Scope { name: "session".into(), ..Scope::default() };
    /// assert_eq!(scope.key("id").len(), 43);
    /// assert_eq!(scope.key("id"), Scope { name: "__Host-session".into(), ..scope.clone() }.key("id"));
    /// assert_ne!(scope.key("id"), Scope { namespace: "shop".into(), ..scope.clone() }.key("id"));
    /// assert_eq!(Scope { bare_keys: true, ..scope }.key("id"), "id");
    /// ```
    pub fn key(&self, id: &str) -> String {
        if self.bare_keys {
            return id.to_owned();
        }
        self.hash("record", id.as_bytes())
    }

    /// By what a store finds the sessions of one user.
    pub fn user(&self, user: &str) -> String {
        self.hash("user", user.as_bytes())
    }

    /// The key of a mark, such as that of a user whose sessions were revoked.
    pub(crate) fn mark(&self, what: &str) -> String {
        self.hash("mark", what.as_bytes())
    }

    /// The id of a session that comes in an old cookie: the same at each request, so that it ends with one logout.
    pub(crate) fn converted(&self, token: &str) -> [u8; 32] {
        digest(Digest::Sha256, &[&self.text("converted", token.as_bytes())])
            .as_slice()
            .try_into()
            .expect("SHA-256 has 32 bytes")
    }

    fn hash(&self, purpose: &str, body: &[u8]) -> String {
        base64url(&digest(Digest::Sha256, &[&self.text(purpose, body)]))
    }

    fn text(&self, purpose: &str, body: &[u8]) -> Vec<u8> {
        let name = base_name(&self.name).as_bytes();
        pae(&[
            b"shortcrust/v1",
            purpose.as_bytes(),
            self.audience.as_bytes(),
            name,
            self.namespace.as_bytes(),
            body,
        ])
    }
}

/// Within what every language has a time for: another one must not fail the request that lists sessions.
#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
fn time(map: &Map, key: &str) -> Option<UnixMillis> {
    let number = map.get(key.as_bytes())?.value.as_number()?;
    (!number.is_nan()).then(|| UnixMillis(number as i64).clamp(UnixMillis::FIRST, UnixMillis::LAST))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn number(map: &Map, key: &str) -> Option<i64> {
    let number = map.get(key.as_bytes())?.value.as_number()?;
    (number.abs() < 9e15).then_some(number as i64)
}
