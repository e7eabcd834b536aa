//! A reserved key in the payload, for what a format does not carry (`meta = "payload"`).

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
};

use crate::{
    encoding::{base64url, from_base64url},
    entropy::{Entropy, draw},
    error::{ConfigError, Reason, SealError},
    format::{Body, Carries, Format, Meta, OpenContext, Opened, SealContext},
    payload::{
        Dialect, Text, Writer,
        tree::{Map, Node},
    },
    time::UnixMillis,
};

/// The key. The handler does not see it; the stock peer does, as data.
const KEY: &str = "_sc";

/// A format whose payloads carry when the session began, its id and its user under the key `_sc`.
///
/// A token without the key began when it was issued.
pub struct Reserved {
    format: Box<dyn Format>,
    dialect: Dialect,
}

impl Reserved {
    /// Wraps a format that carries a payload.
    pub fn new(format: impl Format + 'static) -> Self {
        Self { format: Box::new(format), dialect: Dialect::default() }
    }

    /// How the format's payloads are read; default tagged.
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The other entries, byte for byte but for keys that look like tags.
    fn without_key(&self, text: &str, map: &Map) -> String {
        let rest = || map.entries().iter().filter(|entry| entry.key != KEY.as_bytes());
        let only_key = match (rest().next(), rest().count()) {
            (Some(entry), 1) if self.dialect == Dialect::Tagged => Some(Text::from(entry.key.as_slice())),
            _ => None,
        };
        let mut writer = Writer::new(true);
        let scope = writer.begin_map(only_key);
        for entry in rest() {
            writer.key(scope, Text::from(entry.key.as_slice()));
            writer.raw(&text[entry.value.range.clone()]);
        }
        writer.end_map(scope);
        writer.finish()
    }
}

impl Format for Reserved {
    fn name(&self) -> &'static str {
        self.format.name()
    }

    fn carries(&self) -> Carries {
        Carries { created: true, id: true, user: true, ..self.format.carries() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let opened = self.format.open(cx)?;
        let Body::Payload(text) = &opened.body else { return Ok(opened) };
        let root = Node::parse(text, self.dialect == Dialect::Tagged)?;
        let map = root.as_map().ok_or(Reason::NotAnObject)?;
        let issued = opened.meta.issued;
        let Some(ours) = map.get(KEY.as_bytes()).and_then(|entry| entry.value.as_map()) else {
            return Ok(Opened { meta: Meta { created: issued, ..opened.meta }, ..opened });
        };
        let meta = Meta { issued, expires: opened.meta.expires, ..read(ours) };
        cx.policy.check(&meta, cx.now)?;
        Ok(Opened { body: Body::Payload(self.without_key(text, map)), meta, ..opened })
    }

    fn seal(&self, cx: &SealContext<'_>, entropy: &mut dyn Entropy) -> Result<String, SealError> {
        let id = match cx.meta.id {
            Some(id) => id,
            None => draw(entropy)?,
        };
        let ours = write(cx.meta, id);
        let rest = cx.body.strip_suffix('}').unwrap_or_default();
        let comma = if rest.ends_with('{') { "" } else { "," };
        // Last, so that ours counts if the application uses the key too.
        let body = format!("{rest}{comma}\"{KEY}\":{ours}}}");
        self.format.seal(&SealContext { body: &body, ..*cx }, entropy)
    }

    fn weakness(&self) -> Option<ConfigError> {
        self.format.weakness()
    }

    fn keys(&self) -> usize {
        self.format.keys()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
fn read(ours: &Map) -> Meta {
    let get = |name: &[u8]| ours.get(name).map(|entry| &entry.value);
    Meta {
        created: get(b"c").and_then(Node::as_number).map(|seconds| UnixMillis::from_secs(seconds as i64)),
        id: get(b"jti").and_then(Node::as_text).and_then(from_base64url).and_then(|id| id.try_into().ok()),
        user: get(b"sub").and_then(Node::as_text).map(ToString::to_string),
        ..Meta::default()
    }
}

fn write(meta: &Meta, id: [u8; 16]) -> String {
    let mut writer = Writer::new(true);
    let scope = writer.begin_map(None);
    writer.key(scope, Text::Utf8("c"));
    writer.int(meta.created.or(meta.issued).unwrap_or_default().secs());
    writer.key(scope, Text::Utf8("jti"));
    writer.text(Text::Utf8(&base64url(&id)));
    if let Some(user) = &meta.user {
        writer.key(scope, Text::Utf8("sub"));
        writer.text(Text::Utf8(user));
    }
    writer.end_map(scope);
    writer.finish()
}
