//! A record that a dump of the store does not open: its data are sealed under a key that is made of the id, and the
//! store has only a hash of the id. `docs/record-v1.md` is the law.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use zeroize::Zeroizing;

use super::{Content, Record, Scope};
use crate::{
    crypto::{Derivation, Digest, LocalKey, Mac, PASETO_HEADER, Refusal, pae},
    error::Reason,
    payload::{Text, Writer, tree::Node},
};

/// The keys of one id.
struct Keys {
    local: LocalKey,
    nonce: Mac,
}

impl Keys {
    fn of(id: &str) -> Self {
        let derivation = Derivation::new(id.as_bytes());
        Self {
            local: LocalKey::new(derivation.expand("record v4.local key")),
            nonce: Mac::new(Digest::Sha256, derivation.expand::<32>("record v4.local nonce").as_ref()),
        }
    }

    /// Made of what is sealed, since the same nonce for two texts would open both.
    fn nonce(&self, message: &[u8], assertion: &[u8]) -> [u8; 32] {
        let text = Zeroizing::new(pae(&[assertion, message]));
        self.nonce.sign(&text).try_into().expect("SHA-256 has 32 bytes")
    }
}

impl Record {
    /// With its data and its user sealed under its id; in the user's place is the index that the store has anyway.
    /// A tombstone stays what it is.
    ///
    /// ```
    /// use shortcrust::record::{Record, Scope};
    /// let record = Record::parse(r#"{"v":1,"c":1,"r":2,"e":0,"u":"ada","d":{"n":1}}"#)?;
    /// let (scope, id) = (Scope::default(), "the session's id");
    /// let sealed = record.clone().sealed(&scope, id);
    /// assert!(!sealed.to_text().contains("ada"));
    /// assert_eq!(sealed.opened(id, &scope.key(id)), Ok(record));
    /// # Ok::<(), shortcrust::Reason>(())
    /// ```
    #[must_use]
    pub fn sealed(self, scope: &Scope, id: &str) -> Self {
        let Content::Payload(payload) = &self.content else { return self };
        let message = message(self.user.as_deref(), payload);
        let index = self.user.as_deref().map(|user| scope.user(user));
        let clear = Self { user: index, content: Content::Tombstone, ..self };
        let (keys, assertion) = (Keys::of(id), assertion(&scope.key(id), &clear));
        let nonce = keys.nonce(message.as_bytes(), &assertion);
        let token = keys.local.seal(&nonce, message.as_bytes(), b"", &assertion);
        Self { content: Content::Sealed(token), ..clear }
    }

    /// What [`sealed`](Self::sealed) made, as it was before, where `key` is the record's; any other record as it is.
    ///
    /// # Errors
    ///
    /// `bad_signature` where it was sealed under another id or key, or where anything of it was changed; `malformed`
    /// where it is no sealed text.
    pub fn opened(self, id: &str, key: &str) -> Result<Self, Reason> {
        let Content::Sealed(token) = &self.content else { return Ok(self) };
        let body = token.strip_prefix(PASETO_HEADER).ok_or(Reason::Malformed)?.to_owned();
        let clear = Self { content: Content::Tombstone, ..self };
        let message = Keys::of(id).local.open(&body, b"", &assertion(key, &clear)).map_err(reason_of)?;
        let message = String::from_utf8(message).map_err(|_| Reason::Malformed)?;
        let root = Node::parse_top(&message, false)?;
        let map = root.as_map().ok_or(Reason::Malformed)?;
        let data = map.get(b"d").ok_or(Reason::Malformed)?;
        let user = map.get(b"u").and_then(|entry| entry.value.as_text()).map(ToString::to_string);
        let payload = message[data.value.range.clone()].to_owned();
        Ok(Self { user, content: Content::Payload(payload), ..clear })
    }
}

fn reason_of(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::Shape => Reason::Malformed,
        Refusal::Tag => Reason::BadSignature,
    }
}

fn message(user: Option<&str>, payload: &str) -> Zeroizing<String> {
    let user = user.map_or_else(String::new, |user| {
        let mut writer = Writer::new(false);
        writer.text(Text::Utf8(user));
        format!(r#""u":{},"#, writer.finish())
    });
    Zeroizing::new(format!(r#"{{{user}"d":{payload}}}"#))
}

/// Nothing of a record can be put under another key, and nothing beside the data be changed.
fn assertion(key: &str, clear: &Record) -> Vec<u8> {
    pae(&[b"shortcrust/v1", b"record at rest", key.as_bytes(), clear.to_text().as_bytes()])
}
