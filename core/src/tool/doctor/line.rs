//! A Set-Cookie line as a browser reads it (RFC 6265bis, section 5.6), and where it came from.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use crate::time::{Seconds, UnixMillis};

/// One line. An attribute that comes twice counts as the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    attributes: Vec<(String, String)>,
}

impl Line {
    pub(super) fn read(text: &str) -> Self {
        let mut parts = text.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let attribute = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_ascii_lowercase(), value.trim().to_owned())
        };
        Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            attributes: parts.map(attribute).filter(|(name, _)| !name.is_empty()).collect(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = &(String, String)> {
        self.attributes.iter()
    }

    /// Without the dot in front; an empty one is as none.
    pub(super) fn domain(&self) -> Option<String> {
        let domain = self.get("domain")?.trim_start_matches('.');
        (!domain.is_empty()).then(|| domain.to_ascii_lowercase())
    }

    pub(super) fn is_prefixed(&self, prefix: &str) -> bool {
        let head = self.name.get(..prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    }

    /// When it ends: `Max-Age` goes before `Expires`. `Err` for what browsers ignore.
    pub(super) fn end(&self, now: UnixMillis) -> Result<Option<UnixMillis>, &'static str> {
        if let Some(age) = self.get("max-age") {
            let seconds = age.parse::<i64>().map_err(|_| "Max-Age")?;
            let span = u64::try_from(seconds).unwrap_or(0);
            return Ok(Some(if seconds > 0 { now.plus(Seconds(span)) } else { UnixMillis(i64::MIN) }));
        }
        match self.get("expires") {
            None => Ok(None),
            Some(date) => cookie_date(date).map(Some).ok_or("Expires"),
        }
    }

    pub(super) fn is_deletion(&self, now: UnixMillis) -> bool {
        matches!(self.end(now), Ok(Some(end)) if end <= now)
    }
}

/// A cookie's date: RFC 1123's, with dashes too, and Netscape's two digits of the year.
fn cookie_date(text: &str) -> Option<UnixMillis> {
    let spaced = text.replace('-', " ");
    if let Some(time) = UnixMillis::from_http_date(&spaced) {
        return Some(time);
    }
    let mut words: Vec<String> = spaced.split_ascii_whitespace().map(ToString::to_string).collect();
    let year = words.get(3)?.parse::<u32>().ok().filter(|year| *year < 100)?;
    words[3] = (if year < 70 { 2000 + year } else { 1900 + year }).to_string();
    let weekday = words.first_mut()?;
    *weekday = alloc::format!("{},", weekday.get(..3)?);
    UnixMillis::from_http_date(&words.join(" "))
}

/// What is asked of an URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) is_https: bool,
    pub(super) host: String,
    pub(super) path: String,
}

impl Page {
    pub(super) fn read(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest[..end].rsplit('@').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let path = rest[end..].split(['?', '#']).next().filter(|path| path.starts_with('/')).unwrap_or("/");
        Self {
            is_https: scheme.eq_ignore_ascii_case("https"),
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
        }
    }

    /// What a browser trusts without https.
    pub(super) fn is_local(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host == "::1"
            || self.host.starts_with("127.")
    }

    pub(super) fn is_ip(&self) -> bool {
        self.host.contains(':') || self.host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    }

    /// RFC 6265bis, section 5.1.3.
    pub(super) fn is_within(&self, domain: &str) -> bool {
        self.host == domain
            || (!self.is_ip() && self.host.strip_suffix(domain).is_some_and(|head| head.ends_with('.')))
    }

    /// RFC 6265bis, section 5.1.4: whether a cookie of the path comes back to this page.
    pub(super) fn is_below(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_has_the_dates_that_browsers_read() {
        let want = UnixMillis::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(cookie_date(date), want, "{date}");
        }
        for date in ["", "0", "never", "Sun, 06 Nov 1994", "2026-01-01T00:00:00Z"] {
            assert_eq!(cookie_date(date), None, "{date}");
        }
    }

    #[test]
    fn an_url_is_host_and_path() {
        let page = Page::read("https://me@Shop.example.com:8443/a/b?c=/d#e");
        assert_eq!(
            (page.is_https, page.host.as_str(), page.path.as_str()),
            (true, "shop.example.com", "/a/b")
        );
        assert!(
            page.is_within("example.com")
                && !page.is_within("ample.com")
                && page.is_within("shop.example.com")
        );
        assert!(
            page.is_below("/a") && page.is_below("/a/") && page.is_below("/a/b") && !page.is_below("/a/b/")
        );
        assert!(!Page::read("http://x/ab").is_below("/a"));
        assert!(Page::read("http://[::1]:80").is_local() && Page::read("http://[::1]:80").is_ip());
    }
}
