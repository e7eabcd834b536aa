//! What a user knows a session by, such as "Firefox on Linux".

use alloc::{borrow::ToOwned, string::String};

use super::Session;
use crate::record::Record;

/// Bytes of UTF-8.
pub(crate) const LONGEST: usize = 200;

/// The session's label, and the one that it gets if it has none.
#[derive(Clone, Debug, Default)]
pub(super) struct Label {
    own: Option<String>,
    default: Option<String>,
}

impl Label {
    pub(super) fn of(record: &Record) -> Self {
        Self { own: record.label.clone(), default: None }
    }

    pub(super) fn set(&mut self, own: Option<String>) {
        self.own = own;
    }

    /// What stands in the record. Nobody's sessions are on no list, so they need no default.
    pub(super) fn in_record(&self, has_user: bool) -> Option<String> {
        self.own.clone().or_else(|| self.of_new_user(has_user))
    }

    /// As `in_record`, where the session becomes another user's under one id.
    pub(super) fn of_new_user(&self, has_user: bool) -> Option<String> {
        self.default.clone().filter(|_| has_user)
    }
}

impl Session {
    /// What the user knows the session by from the next write on, at most 200 bytes of UTF-8: a longer text is cut at a
    /// character. A login and a logout forget it, so it comes after [`login`](Self::login). Only a session in a store
    /// has one.
    pub fn describe(&mut self, label: &str) {
        self.label.own = some(label);
    }

    /// As [`describe`](Self::describe), for where the session is a user's and has no label when it is written.
    pub fn describe_by_default(&mut self, label: &str) {
        self.label.default = some(label);
    }

    /// What the user knows the session by.
    pub fn label(&self) -> Option<&str> {
        self.label.own.as_deref()
    }
}

fn some(label: &str) -> Option<String> {
    let end = (0..=LONGEST.min(label.len())).rev().find(|end| label.is_char_boundary(*end)).unwrap_or(0);
    (end > 0).then(|| label[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_at_a_character() {
        let label = |text: &str| some(text).unwrap_or_default();
        assert_eq!(some(""), None);
        assert_eq!(label("Firefox"), "Firefox");
        assert_eq!(label(&"a".repeat(201)), "a".repeat(200));
        assert_eq!(label(&"é".repeat(101)), "é".repeat(100));
        assert_eq!(label(&("a".to_owned() + &"é".repeat(100))), "a".to_owned() + &"é".repeat(99));
    }
}
