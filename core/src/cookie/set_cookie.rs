//! Set-Cookie with every attribute, and the rules under which browsers keep a cookie (RFC 6265bis, section 5.7).

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::fmt::Write;

use crate::{
    error::{ConfigError, Reason, SealError, Warning},
    time::{Seconds, UnixMillis},
};

/// The `SameSite` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent with same-site requests and with top-level navigations.
    Lax,
    /// Sent everywhere; browsers demand `Secure`.
    None,
    /// Sent with same-site requests only.
    Strict,
}

impl SameSite {
    /// The attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::None => "None",
            Self::Strict => "Strict",
        }
    }
}

/// The `Priority` attribute, a Chromium extension: which cookies go first when there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Kept longest.
    High,
    /// Dropped first.
    Low,
    /// Chromium's default.
    Medium,
}

impl Priority {
    /// The attribute's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Low => "Low",
            Self::Medium => "Medium",
        }
    }
}

/// Whether the cookie goes over https only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secure {
    /// As the connection is; always where a prefix, `SameSite=None` or `Partitioned` demands it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Under which `Domain` and `Path` a cookie may lie: browsers keep one of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `Domain`; `None` is this host only.
    pub domain: Option<String>,
    /// `Path`.
    pub path: String,
}

/// A cookie's attributes: one struct for setting and deleting, so that the two can't diverge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// `Path`, `/` by default. No boundary of security.
    pub path: String,
    /// `Domain`; without it the cookie goes to this host only.
    pub domain: Option<String>,
    /// `HttpOnly`, on by default.
    pub http_only: bool,
    /// `Secure`.
    pub secure: Secure,
    /// `SameSite`, `Lax` by default.
    pub same_site: Option<SameSite>,
    /// `Partitioned` (CHIPS).
    pub partitioned: bool,
    /// `Priority`.
    pub priority: Option<Priority>,
    /// Where else a cookie of the name may lie that opens a session, such as the one of the framework's own: a logout
    /// deletes it there too.
    pub elsewhere: Vec<Place>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            domain: None,
            http_only: true,
            secure: Secure::Auto,
            same_site: Some(SameSite::Lax),
            partitioned: false,
            priority: None,
            elsewhere: Vec::new(),
        }
    }
}

/// Browsers drop a longer name and value without a word.
pub(crate) const MAX_NAME_AND_VALUE: usize = 4096;
const MAX_ATTRIBUTE: usize = 1024;
const MAX_AGE: Seconds = Seconds::days(400);

impl Attributes {
    /// Errors are what every browser drops or a header injection; warnings are what surprises later.
    pub(crate) fn check(&self, name: &str) -> Result<Vec<Warning>, ConfigError> {
        let wrong = |message: String| Err(ConfigError::new("cookie", message));
        if name.is_empty() || !name.bytes().all(is_token) {
            return wrong(format!(
                "cookie name {name:?} must be one or more letters, digits or -_.!#$%&'*+^`|~"
            ));
        }
        let elsewhere = self.elsewhere.iter().map(|place| (place.domain.as_deref(), place.path.as_str()));
        for (domain, path) in [(self.domain.as_deref(), self.path.as_str())].into_iter().chain(elsewhere) {
            check_place(domain, path)?;
        }
        self.check_prefix(name)?;
        if self.secure == Secure::Never && self.same_site == Some(SameSite::None) {
            return wrong(
                "SameSite=None needs Secure, or browsers drop the cookie: set secure, or use SameSite=Lax"
                    .into(),
            );
        }
        if self.secure == Secure::Never && self.partitioned {
            return wrong("Partitioned needs Secure, or browsers drop the cookie: set secure".into());
        }
        Ok(self.warnings())
    }

    /// `__Secure-`, `__Host-` (RFC 6265bis, section 4.1.3), `__Http-` and `__Host-Http-` (layered cookies), in any case.
    fn check_prefix(&self, name: &str) -> Result<(), ConfigError> {
        let prefix = prefix(name);
        let needs = [
            (self.secure == Secure::Never && !prefix.is_empty(), "Secure: set secure"),
            (prefix.contains("Host-") && self.domain.is_some(), "no Domain: remove domain"),
            (prefix.contains("Host-") && self.path != "/", "Path=/: set path to /"),
            (prefix.contains("Http-") && !self.http_only, "HttpOnly: set httponly"),
        ];
        match needs.iter().find(|need| need.0) {
            None => Ok(()),
            Some((_, need)) => {
                Err(ConfigError::new("cookie", format!("a cookie named {prefix}... must have {need}")))
            }
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let found = [
            (self.same_site.is_none(), Warning::NoSameSite),
            (self.secure == Secure::Never, Warning::NotSecure),
            (!self.http_only, Warning::NotHttpOnly),
            (self.domain.is_some(), Warning::Domain),
        ];
        found.into_iter().filter_map(|(yes, warning)| yes.then_some(warning)).collect()
    }

    fn is_secure(&self, name: &str, connection: bool) -> bool {
        let demanded = self.same_site == Some(SameSite::None) || self.partitioned || !prefix(name).is_empty();
        match self.secure {
            Secure::Always => true,
            Secure::Auto => connection || demanded,
            Secure::Never => false,
        }
    }
}

/// One cookie for the response: hosts take the struct, or the header line from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    name: String,
    value: String,
    attributes: Attributes,
    secure: bool,
    max_age: Option<Seconds>,
}

impl SetCookie {
    /// Refuses what a browser would drop. `max_age` of `None` makes a cookie that ends with the browser; over 400
    /// days it is cut to 400, as browsers do. `connection` says whether the request came over https.
    ///
    /// ```
    /// use shortcrust::{Attributes, Seconds, SetCookie};
    /// let cookie = SetCookie::new("id", "v1", &Attributes::default(), true, Some(Seconds(60)))?;
    /// assert_eq!(cookie.header(), "id=v1; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
    /// # Ok::<(), shortcrust::SealError>(())
    /// ```
    pub fn new(
        name: &str,
        value: &str,
        attributes: &Attributes,
        connection: bool,
        max_age: Option<Seconds>,
    ) -> Result<Self, SealError> {
        let size = name.len() + value.len();
        if size > MAX_NAME_AND_VALUE {
            let message = format!(
                "the session's cookie would have {size} bytes and browsers keep at most {MAX_NAME_AND_VALUE}: \
                 put less into the session, or keep sessions in a store"
            );
            return Err(SealError::new(Reason::TooLarge, message));
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(SealError::new(
                Reason::Malformed,
                "a cookie's value must be plain ASCII without ;,\"\\",
            ));
        }
        Ok(Self::unchecked(name, value, attributes, connection, max_age.map(|age| age.min(MAX_AGE))))
    }

    /// Carries the attributes of the cookie that it deletes.
    pub fn deletion(name: &str, attributes: &Attributes, connection: bool) -> Self {
        Self::unchecked(name, "", attributes, connection, Some(Seconds(0)))
    }

    /// Deletions of the cookies that may lie elsewhere; with `host_only` also without the `Domain`, under which a
    /// cookie from before there was one lies.
    pub(crate) fn deletions_elsewhere(
        name: &str,
        attributes: &Attributes,
        host_only: bool,
        connection: bool,
    ) -> Vec<Self> {
        if prefix(name).contains("Host-") {
            // Such a cookie has no Domain and Path=/, so it lies nowhere else.
            return Vec::new();
        }
        let here = Place { domain: attributes.domain.clone(), path: attributes.path.clone() };
        let mut places: Vec<Place> = Vec::new();
        for place in [&here].into_iter().chain(&attributes.elsewhere) {
            let bare = Place { domain: None, path: place.path.clone() };
            for place in [Some(place.clone()), host_only.then_some(bare)].into_iter().flatten() {
                if place != here && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
            .into_iter()
            .map(|Place { domain, path }| {
                let attributes = Attributes { domain, path, elsewhere: Vec::new(), ..attributes.clone() };
                Self::deletion(name, &attributes, connection)
            })
            .collect()
    }

    fn unchecked(
        name: &str,
        value: &str,
        attributes: &Attributes,
        connection: bool,
        max_age: Option<Seconds>,
    ) -> Self {
        let secure = attributes.is_secure(name, connection);
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: attributes.clone(),
            secure,
            max_age,
        }
    }

    /// The cookie's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token; empty in a deletion.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The line after `Set-Cookie: `.
    pub fn header(&self) -> String {
        let Attributes { path, domain, http_only, same_site, partitioned, priority, .. } = &self.attributes;
        let mut line = format!("{}={}; Path={path}", self.name, self.value);
        let add = |line: &mut String, yes: bool, text: &str| line.push_str(if yes { text } else { "" });
        if let Some(domain) = domain {
            let _ = write!(line, "; Domain={}", domain.trim_start_matches('.'));
        }
        if let Some(Seconds(age)) = self.max_age {
            let _ = write!(line, "; Max-Age={age}");
            if age == 0 {
                let epoch = UnixMillis(0).to_http_date().unwrap_or_default();
                let _ = write!(line, "; Expires={epoch}");
            }
        }
        add(&mut line, self.secure, "; Secure");
        add(&mut line, *http_only, "; HttpOnly");
        if let Some(same_site) = same_site {
            let _ = write!(line, "; SameSite={}", same_site.as_str());
        }
        add(&mut line, *partitioned, "; Partitioned");
        if let Some(priority) = priority {
            let _ = write!(line, "; Priority={}", priority.as_str());
        }
        line
    }
}

/// The prefix in its proper spelling, or nothing. The longest comes first, since `__Host-Http-` begins with `__Host-`.
fn prefix(name: &str) -> &'static str {
    const PREFIXES: [&str; 4] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];
    let begins =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    PREFIXES.into_iter().find(begins).unwrap_or("")
}

/// The name that binds a token, without a prefix: `__Host-session` and `session` are one session.
pub(crate) fn base_name(name: &str) -> &str {
    &name[prefix(name).len()..]
}

/// `token` of RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `cookie-octet` of RFC 6265bis, section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

fn is_attribute(value: &str) -> bool {
    value.len() <= MAX_ATTRIBUTE && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';')
}

fn check_place(domain: Option<&str>, path: &str) -> Result<(), ConfigError> {
    let wrong = |message: String| Err(ConfigError::new("cookie", message));
    if !path.starts_with('/') || !is_attribute(path) {
        return wrong(format!("cookie path {path:?} must begin with / and be plain text under 1,025 bytes"));
    }
    match domain.filter(|domain| !is_domain(domain)) {
        None => Ok(()),
        Some(domain) => wrong(format!(
            "cookie domain {domain:?} must be a bare host name with a dot, such as example.com"
        )),
    }
}

fn is_domain(domain: &str) -> bool {
    let name = domain.trim_start_matches('.');
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(plain)
    };
    let is_ip = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    name.len() <= MAX_ATTRIBUTE && name.contains('.') && !is_ip && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn refusal(name: &str, change: impl FnOnce(&mut Attributes)) -> String {
        let mut attributes = Attributes::default();
        change(&mut attributes);
        alloc::string::ToString::to_string(&attributes.check(name).unwrap_err())
    }

    #[test]
    fn prefixes_are_checked_in_any_case() {
        assert!(refusal("__hOsT-s", |a| a.domain = Some("example.com".into())).contains("no Domain"));
        assert!(refusal("__Host-s", |a| a.path = "/app".into()).contains("Path=/"));
        assert!(refusal("__Secure-s", |a| a.secure = Secure::Never).contains("set secure"));
        assert!(refusal("__http-s", |a| a.http_only = false).contains("HttpOnly"));
        assert!(refusal("__Host-Http-s", |a| a.domain = Some("example.com".into())).contains("__Host-Http-"));
    }

    #[test]
    fn what_browsers_drop_is_refused() {
        assert!(
            refusal("s", |a| (a.secure, a.same_site) = (Secure::Never, Some(SameSite::None)))
                .contains("Secure")
        );
        assert!(refusal("s", |a| (a.secure, a.partitioned) = (Secure::Never, true)).contains("Secure"));
        for name in ["", "a b", "a;b", "a=b", "ü", "a\n"] {
            assert!(refusal(name, |_| ()).contains("cookie name"), "{name:?}");
        }
        for path in ["", "app", "/a;b", "/a\r\nX: y", "/ü"] {
            assert!(refusal("s", |a| a.path = path.into()).contains("cookie path"), "{path:?}");
        }
        assert!(refusal("s", |a| a.path = format!("/{}", "a".repeat(1024))).contains("cookie path"));
        for domain in ["", "localhost", "127.0.0.1", "a.b:80", "https://a.b", "a..b", "-a.b", "a b.c"] {
            assert!(refusal("s", |a| a.domain = Some(domain.into())).contains("cookie domain"), "{domain:?}");
        }
    }

    #[test]
    fn an_oversized_or_strange_value_is_refused() {
        let attributes = Attributes::default();
        let set = |value: &str| SetCookie::new("s", value, &attributes, true, None);
        assert!(set(&"a".repeat(4095)).is_ok());
        assert_eq!(set(&"a".repeat(4096)).unwrap_err().reason(), Reason::TooLarge);
        for value in ["a;b", "a b", "a\tb", "a,b", "\"a\"", "a\\b", "ü", "a\r\nSet-Cookie: b=c"] {
            assert_eq!(set(value).unwrap_err().reason(), Reason::Malformed, "{value:?}");
        }
    }

    #[test]
    fn a_deletion_carries_the_attributes_of_the_cookie_it_deletes() {
        let attributes = Attributes {
            domain: Some(".example.com".into()),
            same_site: Some(SameSite::None),
            partitioned: true,
            ..Attributes::default()
        };
        assert_eq!(
            SetCookie::deletion("s", &attributes, false).header(),
            "s=; Path=/; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; \
             SameSite=None; Partitioned"
        );
    }

    fn elsewhere(name: &str, attributes: &Attributes, host_only: bool) -> Vec<String> {
        let places = SetCookie::deletions_elsewhere(name, attributes, host_only, false);
        places
            .iter()
            .map(|cookie| cookie.header().replace("s=; ", "").replace("; HttpOnly; SameSite=Lax", ""))
            .collect()
    }

    #[test]
    fn a_cookie_is_deleted_wherever_it_may_lie_once() {
        let gone = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let place = |domain: &str, path: &str| Place { domain: Some(domain.into()), path: path.into() };
        let attributes = Attributes {
            domain: Some("example.com".into()),
            elsewhere: vec![place("example.com", "/app"), place("example.com", "/")],
            ..Attributes::default()
        };
        assert_eq!(elsewhere("s", &attributes, false), [format!("Path=/app; Domain=example.com{gone}")]);
        let all = ["Path=/", "Path=/app; Domain=example.com", "Path=/app"];
        assert_eq!(elsewhere("s", &attributes, true), all.map(|place| format!("{place}{gone}")));
        assert_eq!(elsewhere("s", &Attributes::default(), true), [""; 0]);
        assert_eq!(elsewhere("__Host-s", &attributes, true), [""; 0]);
    }

    #[test]
    fn a_place_elsewhere_is_checked_as_the_cookies_own() {
        let place = |domain: Option<&str>, path: &str| {
            let elsewhere = vec![Place { domain: domain.map(Into::into), path: path.into() }];
            refusal("s", |a| a.elsewhere = elsewhere)
        };
        assert!(place(None, "app").contains("cookie path"));
        assert!(place(Some("a b"), "/").contains("cookie domain"));
    }

    #[test]
    fn max_age_is_cut_to_400_days_as_browsers_do() {
        let cookie =
            SetCookie::new("s", "v", &Attributes::default(), false, Some(Seconds(u64::MAX))).unwrap();
        assert_eq!(cookie.header(), "s=v; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn auto_is_secure_where_the_connection_or_a_rule_is() {
        let auto = Attributes::default();
        assert!(!auto.is_secure("s", false));
        assert!(auto.is_secure("s", true));
        assert!(auto.is_secure("__Host-s", false));
    }
}
