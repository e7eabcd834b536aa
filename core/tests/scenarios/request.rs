//! One request: its session, and what its handler has.

use serde_json::{Map, Value};
use shortcrust::{Content, EntropyError, Session};

pub(crate) type Data = Map<String, Value>;

pub(crate) struct Request {
    pub(crate) session: Session,
    /// The cookies that it came with.
    pub(crate) header: String,
    /// A session came in.
    pub(crate) has_come: bool,
    pub(crate) has_logged_out: bool,
    /// What it has from now on is a session of its own, by a login or after an end.
    pub(crate) is_anew: bool,
    pub(crate) data: Data,
    /// What was read or saved last; none where the session has moved since.
    pub(crate) seen: Option<String>,
    /// All of its random bytes are this one, until its next command that may draw an id.
    pub(crate) roll: u8,
    /// Set-Cookie headers that have not arrived yet.
    pub(crate) on_its_way: Vec<String>,
    pub(crate) browsers: Vec<String>,
    pub(crate) raised: Vec<String>,
    /// Set-Cookie headers of its response, once it has one.
    pub(crate) cookies: Option<Vec<String>>,
    /// What it ends with.
    pub(crate) reason: Option<String>,
}

impl Request {
    pub(crate) fn new(session: Session, header: String, browsers: Vec<String>) -> Self {
        Self {
            session,
            header,
            has_come: false,
            has_logged_out: false,
            is_anew: false,
            data: Data::new(),
            seen: Some("{}".into()),
            roll: 0,
            on_its_way: Vec::new(),
            browsers,
            raised: Vec::new(),
            cookies: None,
            reason: None,
        }
    }

    /// The handler sees what the session has.
    pub(crate) fn read(&mut self) {
        if let Some(payload) = self.session.payload() {
            self.data = serde_json::from_str(payload).expect("a payload is an object");
            self.seen = Some(payload.to_owned());
        }
    }

    pub(crate) fn set(&mut self, change: &Data) {
        for (key, value) in change {
            if value.is_null() {
                self.data.shift_remove(key);
            } else {
                self.data.insert(key.clone(), value.clone());
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.data).expect("data are JSON")
    }

    /// With what the handler has left until now.
    pub(crate) fn with_content<T>(&mut self, then: impl FnOnce(&mut Session, &Content<'_>) -> T) -> T {
        let text = self.text();
        let is_as_read = self.seen.as_ref() == Some(&text);
        let content = if is_as_read { Content::Unchanged } else { Content::Changed(&text) };
        then(&mut self.session, &content)
    }

    /// Later writes are told from this one.
    pub(crate) fn saved(&mut self) {
        if self.session.failure().is_none() {
            self.seen = self.session.key().is_some().then(|| self.text());
        }
    }
}

pub(crate) fn rng(byte: u8) -> impl FnMut(&mut [u8]) -> Result<(), EntropyError> {
    move |out| {
        out.fill(byte);
        Ok(())
    }
}
