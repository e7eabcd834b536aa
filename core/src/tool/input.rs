//! What was pasted: a value, `name=value`, a Cookie header, or Set-Cookie lines.

use alloc::{string::String, vec::Vec};

use super::shape::guess;
use crate::cookie;

/// The cookies of what was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// As a Cookie header, in the order in which they came.
    pub(super) header: String,
    /// Set-Cookie lines, each without the header's name.
    pub(super) set: Vec<String>,
    /// A bare value has no name.
    pub(super) is_bare: bool,
}

const DEFAULT_NAME: &str = "session";

/// Total: whatever it is, it is some cookie.
pub(super) fn read(input: &str, name: Option<&str>) -> Given {
    let text = input.trim_matches(['\n', '\r', ' ', '\t']);
    let field = |line: &str, field: &str| -> Option<String> {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(field).then(|| value.trim().into())
    };
    let set: Vec<String> = text.lines().filter_map(|line| field(line, "set-cookie")).collect();
    if !set.is_empty() {
        return Given { header: joined(&set), set, is_bare: false };
    }
    // HTTP/2 may bring the header in several lines.
    let lines: Vec<String> = text.lines().filter_map(|line| field(line, "cookie")).collect();
    if !lines.is_empty() || text.is_empty() {
        return Given { header: lines.join("; "), ..Given::default() };
    }
    if is_set_cookie(text) {
        let set: Vec<String> = text.lines().map(Into::into).collect();
        return Given { header: joined(&set), set, is_bare: false };
    }
    let has_names = text.contains("; ") || (guess(text).is_empty() && is_pair(text));
    if has_names {
        return Given { header: text.into(), ..Given::default() };
    }
    let name = name.unwrap_or(DEFAULT_NAME);
    Given { header: alloc::format!("{name}={text}"), set: Vec::new(), is_bare: true }
}

/// The names in a Cookie header, each once, without those that only sign another.
pub(super) fn names(header: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for pair in header.split(';') {
        let name = pair.split_once('=').map_or("", |(name, _)| name.trim_matches([' ', '\t']));
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let signs_another = |name: &&str| {
        name.strip_suffix(".sig").is_some_and(|base| cookie::values(header, base).next().is_some())
    };
    let kept: Vec<&str> = names.iter().copied().filter(|name| !signs_another(name)).collect();
    kept
}

fn joined(set: &[String]) -> String {
    let pair = |line: &String| String::from(line.split(';').next().unwrap_or_default().trim());
    set.iter().map(pair).collect::<Vec<_>>().join("; ")
}

/// An attribute that no Cookie header has.
fn is_set_cookie(text: &str) -> bool {
    text.contains('=')
        && text.split([';', '\n']).skip(1).any(|part| {
            let key = part.split('=').next().unwrap_or_default().trim();
            ["httponly", "secure", "path", "max-age", "expires", "samesite", "domain"]
                .iter()
                .any(|known| key.eq_ignore_ascii_case(known))
        })
}

/// `name=value`, where base64's padding is no such thing.
fn is_pair(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !name.is_empty() && name.bytes().all(known) && !value.trim_matches('=').is_empty()
    })
}
