//! What was pasted: a value, `name=value`, a Cookie header, or Set-Cookie lines.

use alloc::{string::String, vec::Vec};

use crate::{cookie, encoding::from_base64};

/// The cookies of what was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// As a Cookie header, in the order in which they came.
    pub(super) header: String,
    /// Set-Cookie lines, each without the header's name.
    pub(super) set: Vec<String>,
    /// A bare value has no name.
    pub(super) is_bare: bool,
    /// Names of cookies that came in pieces, and in how many.
    pub(super) pieces: Vec<(String, usize)>,
}

const DEFAULT_NAME: &str = "session";

/// Total: whatever it is, it is some cookie.
pub(super) fn read(input: &str, name: Option<&str>) -> Given {
    joined_pieces(parse(input, name))
}

/// iron-session (9) cuts a long seal into the cookies `NAME.0`, `NAME.1` and so on, at most ten.
fn joined_pieces(mut given: Given) -> Given {
    let first = |name: &str| cookie::values(&given.header, name).next();
    let mut joined = Vec::new();
    for name in names(&given.header) {
        let Some(base) = name.strip_suffix(".0").filter(|base| !base.is_empty()) else { continue };
        if !first(name).is_some_and(|value| value.starts_with("Fe26.2*")) {
            continue;
        }
        let piece = |at: usize| first(&alloc::format!("{base}.{at}"));
        let pieces: Vec<&str> = (0..10).map_while(piece).collect();
        joined.push((String::from(base), pieces.len(), pieces.concat()));
    }
    for (base, count, value) in joined {
        given.header = alloc::format!("{base}={value}; {}", given.header);
        given.pieces.push((base, count));
    }
    given
}

fn parse(input: &str, name: Option<&str>) -> Given {
    let text = input.trim_matches(['\n', '\r', ' ', '\t']);
    let field = |line: &str, field: &str| -> Option<String> {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(field).then(|| value.trim().into())
    };
    let set: Vec<String> = text.lines().filter_map(|line| field(line, "set-cookie")).collect();
    if !set.is_empty() {
        return Given { header: joined(&set), set, ..Given::default() };
    }
    // HTTP/2 may bring the header in several lines.
    let lines: Vec<String> = text.lines().filter_map(|line| field(line, "cookie")).collect();
    if !lines.is_empty() || text.is_empty() {
        return Given { header: lines.join("; "), ..Given::default() };
    }
    if is_set_cookie(text) {
        let set: Vec<String> = text.lines().map(Into::into).collect();
        return Given { header: joined(&set), set, ..Given::default() };
    }
    let has_names = text.contains("; ") || is_pair(text);
    if has_names {
        return Given { header: text.into(), ..Given::default() };
    }
    let name = name.unwrap_or(DEFAULT_NAME);
    Given { header: alloc::format!("{name}={text}"), is_bare: true, ..Given::default() }
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

/// `name=value`, where the padding of base64 is no such thing: behind it is nothing, or a separator.
fn is_pair(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        // Flask's compressed values begin with a dot, too.
        let is_padded = || from_base64(&alloc::format!("{name}=")).is_some_and(|json| json.starts_with(b"{"));
        let is_rest = value.starts_with(['=', ';']) || (value.starts_with('.') && is_padded());
        !name.is_empty() && name.bytes().all(known) && !value.is_empty() && !is_rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_padding_is_no_name_with_a_value() {
        for value in ["eyJhIjoxfQ==", "eyJhIjogMX0=.aVc1pQ.2Fw", "S0M=;gUle", "v4.local.abc", "abc"] {
            assert_eq!(read(value, None).header, alloc::format!("session={value}"), "{value}");
        }
    }

    #[test]
    fn a_pair_a_header_and_lines_of_set_cookie_are_told_apart() {
        let header = |input: &str| read(input, None).header;
        for pair in ["sid=eyJhIjoxfQ.aVc1pQ.2Fw", "sid=.eJyrVipT.aVc1pQ.2Fw"] {
            assert_eq!(header(pair), pair);
        }
        assert_eq!(header("Cookie: a=1; b=2\n"), "a=1; b=2");
        assert_eq!(header("cookie: a=1\ncookie: b=2"), "a=1; b=2");
        assert_eq!(header("Set-Cookie: a=1; Path=/\r\nset-cookie: a.sig=2; Path=/"), "a=1; a.sig=2");
        assert_eq!(header("a=1; Path=/; HttpOnly"), "a=1");
        assert_eq!(names("a=1; a.sig=2; b.sig=3; a=4"), ["a", "b.sig"]);
    }
}
