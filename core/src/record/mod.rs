//! What lies in a store for a session: the same text in every language. `docs/record-v1.md` is the law.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
};
use core::fmt::Write;

use crate::{
    crypto::{Digest, digest},
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
///     content: Content::Payload(r#"{"n":1}"#.into()),
/// };
/// assert_eq!(record.to_text(), r#"{"v":1,"c":1000,"r":2000,"e":0,"u":"ada","d":{"n":1}}"#);
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
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The session's data.
    Payload(String),
    /// Nothing any more: the session ended, or goes on under another id.
    Tombstone,
}

impl Record {
    /// JSON in one line.
    pub fn to_text(&self) -> String {
        let mut text = format!(r#"{{"v":1,"c":{},"r":{}"#, self.created.0, self.renewed.0);
        if let Some(expires) = self.expires {
            let _ = write!(text, r#","x":{}"#, expires.0);
        }
        let _ = write!(text, r#","e":{}"#, self.epoch);
        if let Some(user) = &self.user {
            let mut writer = Writer::new(false);
            writer.text(Text::Utf8(user));
            let _ = write!(text, r#","u":{}"#, writer.finish());
        }
        if let Content::Payload(payload) = &self.content {
            let _ = write!(text, r#","d":{payload}"#);
        }
        text.push('}');
        text
    }

    /// `malformed` for anything but version 1.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let root = Node::parse_top(text, false)?;
        let map = root.as_map().ok_or(Reason::Malformed)?;
        let time = |key: &str| number(map, key).map(UnixMillis);
        if number(map, "v") != Some(1) {
            return Err(Reason::Malformed);
        }
        let payload = map.get(b"d").map(|entry| text[entry.value.range.clone()].to_owned());
        Ok(Self {
            created: time("c").ok_or(Reason::Malformed)?,
            renewed: time("r").ok_or(Reason::Malformed)?,
            expires: time("x"),
            epoch: number(map, "e").and_then(|epoch| u32::try_from(epoch).ok()).ok_or(Reason::Malformed)?,
            user: map.get(b"u").and_then(|entry| entry.value.as_text()).map(ToString::to_string),
            content: payload.map_or(Content::Tombstone, Content::Payload),
        })
    }
}

/// Under what a store keeps the record of an id: it never sees the id itself.
///
/// ```
/// assert_eq!(shortcrust::record::key("id").len(), 43);
/// ```
pub fn key(id: &str) -> String {
    base64url(&digest(Digest::Sha256, &[b"shortcrust/v1 record ", id.as_bytes()]))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn number(map: &Map, key: &str) -> Option<i64> {
    let number = map.get(key.as_bytes())?.value.as_number()?;
    (number.abs() < 9e15).then_some(number as i64)
}
