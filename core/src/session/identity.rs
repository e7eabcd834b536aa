//! Whose session it is: what an application keeps in it, and when that changes.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::ops::Range;

use crate::payload::{
    entries,
    tree::{Node, Value},
};

/// Where the frameworks that people use keep it: Flask-Login, Django, Passport.
const FRAMEWORKS: [&str; 3] = ["_user_id", "_auth_user_id", "passport"];
/// Where tutorials and applications keep it.
const HABITS: [&str; 9] =
    ["user_id", "userId", "userid", "uid", "account_id", "accountId", "user", "username", "userName"];
/// Of these the last are as often about a user as who it is.
const NAMES: usize = 3;
/// Of an object that is a user.
const INNER: [&str; 8] = ["id", "_id", "user_id", "userId", "uid", "sub", "username", "user"];

/// Which keys of a session say whose it is.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    paths: Vec<Vec<String>>,
    /// The first path was configured.
    is_configured: bool,
}

/// What they say, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity(Vec<Option<String>>);

impl Default for Keys {
    fn default() -> Self {
        let known = FRAMEWORKS.iter().chain(&HABITS).map(|key| path(key)).collect();
        Self { paths: known, is_configured: false }
    }
}

impl Keys {
    /// A user key that is configured counts in the place of the habits.
    pub(super) fn configured(user_key: &str) -> Self {
        let known = FRAMEWORKS.iter().filter(|key| **key != user_key).map(|key| path(key));
        Self { paths: core::iter::once(path(user_key)).chain(known).collect(), is_configured: true }
    }

    pub(super) fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// A configured key that no session can have.
    pub(super) fn names_nothing(&self) -> bool {
        self.paths.iter().flatten().any(String::is_empty)
    }

    pub(super) fn of(&self, payload: &str) -> Identity {
        if payload.len() <= 2 {
            return Identity::default();
        }
        let mut values = vec![None; self.paths.len()];
        let mut keep = |key: &[u8], range: Range<usize>| {
            for (path, value) in self.paths.iter().zip(&mut values) {
                if path.first().is_some_and(|first| first.as_bytes() == key) {
                    *value = Some(&payload[range.clone()]);
                }
            }
        };
        if entries(payload, true, &mut keep).is_err() {
            return Identity::default();
        }
        let found = |(path, value): (&Vec<String>, Option<&str>)| {
            let (value, rest) = (value?, path.get(1..)?);
            let root = Node::parse(value, true).ok()?;
            let node = rest.iter().try_fold(&root, |node, step| {
                node.as_map()?.get(step.as_bytes()).map(|entry| &entry.value)
            })?;
            text(value, node)
        };
        Identity(self.paths.iter().zip(values).map(found).collect())
    }
}

impl Identity {
    /// The user, where the session names one.
    pub(super) fn user(&self) -> Option<&str> {
        self.0.iter().flatten().next().map(String::as_str)
    }

    /// Whether it is another's from `self` to `new`. Where a login `told` who it is, a name that only appears is more
    /// about the same user, and an id is if it is theirs.
    pub(super) fn is_changed(&self, new: &Self, told: Option<&str>) -> bool {
        let len = self.0.len().max(new.0.len());
        let at = |identity: &Self, index: usize| identity.0.get(index).cloned().flatten();
        let pairs: Vec<_> = (0..len).map(|index| (at(self, index), at(new, index))).collect();
        let both = || pairs.iter().filter(|(old, new)| old.is_some() && new.is_some());
        if both().any(|(old, new)| old != new) {
            return true;
        }
        if both().next().is_some() {
            return false;
        }
        let is_gone = pairs.iter().any(|(old, _)| old.is_some());
        let is_another = |(index, (_, new)): (usize, &(Option<String>, Option<String>))| match (new, told) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(new), Some(told)) => index + NAMES < len.max(NAMES) && new != told,
        };
        is_gone || pairs.iter().enumerate().any(is_another)
    }
}

fn path(key: &str) -> Vec<String> {
    key.split('.').map(ToOwned::to_owned).collect()
}

/// A text, a number, a UUID or Markup by its text; an object by its id.
fn text(payload: &str, node: &Node) -> Option<String> {
    let utf8 = |bytes: &[u8]| {
        core::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
    };
    match &node.value {
        Value::Bytes(bytes) | Value::Markup(bytes) | Value::Text(bytes) => utf8(bytes),
        Value::Number(_) => Some(payload[node.range.clone()].to_string()),
        Value::Uuid(bytes) => Some(hyphenated(bytes)),
        Value::Map(map) => {
            let inner = |key: &&str| map.get(key.as_bytes()).and_then(|entry| text(payload, &entry.value));
            INNER.iter().find_map(inner)
        }
        _ => None,
    }
}

/// As Python's `str(uuid)` and as databases show it.
fn hyphenated(bytes: &[u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(*bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(payload: &str) -> Option<String> {
        Keys::default().of(payload).user().map(ToOwned::to_owned)
    }

    #[test]
    fn a_user_is_a_text_a_number_a_uuid_or_markup_and_an_object_is_its_id() {
        assert_eq!(user(r#"{"a":1,"user_id":7}"#).as_deref(), Some("7"));
        assert_eq!(user(r#"{"user":{"name":"Ada","id":"ada"}}"#).as_deref(), Some("ada"));
        assert_eq!(user(r#"{"passport":{"user":{"id":3}}}"#).as_deref(), Some("3"));
        assert_eq!(user(r#"{"uid":{" m":"ada"}}"#).as_deref(), Some("ada"));
        let uuid = r#"{"uid":{" u":"12345678123456781234567812345678"}}"#;
        assert_eq!(user(uuid).as_deref(), Some("12345678-1234-5678-1234-567812345678"));
        assert_eq!(user(r#"{"user":{"theme":"dark"}}"#), None);
        assert_eq!(user(r#"{"user":true,"uid":null,"username":""}"#), None);
    }

    #[test]
    fn another_user_is_told_from_more_about_the_same() {
        let keys = Keys::default();
        let changed = |old: &str, new: &str, is_told: bool| {
            keys.of(old).is_changed(&keys.of(new), is_told.then_some("7"))
        };
        assert!(changed("{}", r#"{"user_id":8}"#, true));
        assert!(!changed("{}", r#"{"user_id":7}"#, true));
        assert!(changed("{}", r#"{"user_id":1}"#, false));
        assert!(changed(r#"{"user_id":1}"#, "{}", false));
        assert!(changed(r#"{"user_id":1,"uid":5}"#, r#"{"user_id":2,"uid":5}"#, false));
        assert!(!changed(r#"{"user_id":1}"#, r#"{"user_id":1,"username":"ada"}"#, false));
        assert!(!changed("{}", r#"{"username":"ada"}"#, true));
        assert!(!changed(r#"{"user":{"id":1}}"#, r#"{"user":{"id":1,"seen":2}}"#, false));
    }
}
