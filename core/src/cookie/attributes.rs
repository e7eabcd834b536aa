//! A cookie's attributes, and the rules under which browsers keep a cookie (RFC 6265bis, section 5.7).

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use crate::error::{ConfigError, Warning};

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

const MAX_ATTRIBUTE: usize = 1024;

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

    pub(super) fn is_secure(&self, name: &str, connection: bool) -> bool {
        let demanded = self.same_site == Some(SameSite::None) || self.partitioned || !prefix(name).is_empty();
        match self.secure {
            Secure::Always => true,
            Secure::Auto => connection || demanded,
            Secure::Never => false,
        }
    }
}

/// The prefix in its proper spelling, or nothing. The longest comes first, since `__Host-Http-` begins with `__Host-`.
pub(super) fn prefix(name: &str) -> &'static str {
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
    fn a_place_elsewhere_is_checked_as_the_cookies_own() {
        let place = |domain: Option<&str>, path: &str| {
            let elsewhere = vec![Place { domain: domain.map(Into::into), path: path.into() }];
            refusal("s", |a| a.elsewhere = elsewhere)
        };
        assert!(place(None, "app").contains("cookie path"));
        assert!(place(Some("a b"), "/").contains("cookie domain"));
    }

    #[test]
    fn auto_is_secure_where_the_connection_or_a_rule_is() {
        let auto = Attributes::default();
        assert!(!auto.is_secure("s", false));
        assert!(auto.is_secure("s", true));
        assert!(auto.is_secure("__Host-s", false));
    }
}
