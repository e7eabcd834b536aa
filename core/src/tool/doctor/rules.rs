//! The rules: what each finding means, and where it is written.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A browser drops the cookie, or somebody else may get the session.
    Error,
    /// It works, and surprises.
    Warning,
}

impl Level {
    /// The word in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A rule that a cookie or a response breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, which stays.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What happens, and what to change.
    pub text: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

const fn error(name: &'static str, text: &'static str, source: &'static str) -> Rule {
    Rule { name, level: Level::Error, text, source }
}

const fn warning(name: &'static str, text: &'static str, source: &'static str) -> Rule {
    Rule { name, level: Level::Warning, text, source }
}

const BIS_STORE: &str = "RFC 6265bis, section 5.7";
const BIS_PREFIX: &str = "RFC 6265bis, section 4.1.3";
const OWASP: &str = "OWASP Session Management Cheat Sheet";

pub(super) const NAME: Rule = error(
    "name",
    "the name has characters that no cookie's name may have: parsers cut it or drop it",
    "RFC 6265bis, section 4.1.1",
);
pub(super) const VALUE: Rule = error(
    "value",
    "the value has a space, a comma, a quote, a backslash, or is not ASCII: parsers read it differently; encode it",
    "RFC 6265bis, section 4.1.1",
);
pub(super) const TOO_LARGE: Rule = error(
    "too-large",
    "name and value have over 4096 bytes: browsers drop the cookie; put less into it, or use a store",
    BIS_STORE,
);
pub(super) const ATTRIBUTE_TOO_LARGE: Rule = warning(
    "attribute-too-large",
    "an attribute has over 1024 bytes: browsers ignore it",
    "RFC 6265bis, section 5.6",
);
pub(super) const TOTAL: Rule = warning(
    "total",
    "the page's cookies have over 8000 bytes together: nginx and others refuse so long a Cookie header with 400 or 431",
    "nginx, large_client_header_buffers",
);
pub(super) const SECURE_MISSING: Rule = error(
    "secure-missing",
    "the page came over https and the cookie is not Secure, so it goes over http too: set Secure; if it should follow the \
     connection, the application does not know of its proxy's https: let it trust X-Forwarded-Proto",
    OWASP,
);
pub(super) const PROXY: Rule = error(
    "proxy",
    "with X-Forwarded-Proto: https the cookie is not Secure: behind a proxy the application takes its visitors for http \
     ones; let it trust its proxy (ProxyFix, SECURE_PROXY_SSL_HEADER, trust proxy), or set Secure",
    OWASP,
);
pub(super) const SECURE_OVER_HTTP: Rule = error(
    "secure-over-http",
    "the cookie is Secure and the page came over http: browsers drop it",
    BIS_STORE,
);
pub(super) const NONE_INSECURE: Rule = error(
    "samesite-none",
    "SameSite=None without Secure: browsers drop the cookie; set Secure, or SameSite=Lax",
    BIS_STORE,
);
pub(super) const SAME_SITE_MISSING: Rule = warning(
    "samesite-missing",
    "there is no SameSite: browsers decide, and some send the cookie with other sites' posts; set Lax or Strict",
    "RFC 6265bis, section 4.1.2.7",
);
pub(super) const SAME_SITE_UNKNOWN: Rule = warning(
    "samesite-unknown",
    "SameSite is none of Strict, Lax and None: browsers ignore it",
    "RFC 6265bis, section 5.6.7",
);
pub(super) const HOST_PREFIX: Rule = error(
    "host-prefix",
    "a name with __Host- needs Secure, Path=/ and no Domain: browsers drop the cookie",
    BIS_PREFIX,
);
pub(super) const SECURE_PREFIX: Rule = error(
    "secure-prefix",
    "a name with __Secure- or __Http- needs Secure: browsers drop the cookie",
    BIS_PREFIX,
);
pub(super) const HTTP_PREFIX: Rule = error(
    "http-prefix",
    "a name with __Http- or __Host-Http- needs HttpOnly: browsers drop the cookie",
    "draft-ietf-httpbis-layered-cookies",
);
pub(super) const PARTITIONED: Rule = error(
    "partitioned",
    "Partitioned without Secure: browsers drop the cookie",
    "CHIPS (draft-cutler-httpbis-partitioned-cookies)",
);
pub(super) const HTTP_ONLY: Rule = warning(
    "httponly-missing",
    "a session's cookie is not HttpOnly: a script that slips in can read it",
    OWASP,
);
pub(super) const DOMAIN_SINGLE: Rule = error(
    "domain-single",
    "Domain is localhost, or another name without a dot, or an address: browsers drop or ignore it; leave Domain out",
    BIS_STORE,
);
pub(super) const DOMAIN_FOREIGN: Rule =
    error("domain-foreign", "Domain does not cover the page's host: browsers drop the cookie", BIS_STORE);
pub(super) const DOMAIN_WIDE: Rule = warning(
    "domain-wide",
    "a session's cookie has a Domain: every host below it gets the cookie and can set it; leave Domain out",
    "RFC 6265bis, section 8.6",
);
pub(super) const PATH_MISSING: Rule = warning(
    "path-missing",
    "there is no Path, and the page is not at the top: the cookie comes back to pages of this folder alone; set Path=/",
    "RFC 6265bis, section 5.1.4",
);
pub(super) const PATH_RELATIVE: Rule =
    warning("path-relative", "Path does not begin with /: browsers ignore it", "RFC 6265bis, section 5.6.4");
pub(super) const PATH_NARROW: Rule = warning(
    "path-narrow",
    "Path does not cover the page: the cookie does not come back to it",
    "RFC 6265bis, section 5.1.4",
);
pub(super) const LIFETIME_INVALID: Rule = warning(
    "lifetime-invalid",
    "Max-Age or Expires is none: the cookie ends with the browser",
    "RFC 6265bis, section 5.6",
);
pub(super) const LIFETIME: Rule =
    warning("lifetime", "the cookie lives over 400 days: browsers cut it to 400", "RFC 6265bis, section 5.5");
pub(super) const TWICE: Rule = warning(
    "twice",
    "the response sets the cookie twice in one place: the last line counts, and the first is lost",
    "RFC 6265bis, section 4.1.1",
);
pub(super) const TWO_PLACES: Rule = error(
    "two-places",
    "two cookies of one name under different Domain or Path: browsers keep and send both, and which counts is a parser's choice",
    "RFC 6265bis, section 5.8.3",
);
pub(super) const JOINED: Rule = error(
    "joined",
    "two cookies stand in one Set-Cookie line, joined by a comma: browsers lose the second",
    "RFC 9110, section 5.3",
);
pub(super) const CACHE_PUBLIC: Rule = error(
    "cache-public",
    "the response sets a cookie and lets shared caches keep it: they give one visitor's cookie to another; say \
     Cache-Control: private or no-store",
    "RFC 9111, section 7.3",
);
pub(super) const CACHE_UNSAID: Rule = warning(
    "cache-unsaid",
    "the response sets a cookie, and says neither Cache-Control nor Vary: Cookie: a cache may keep it and give it to \
     another visitor",
    "RFC 9111, sections 4.1 and 4.2.2",
);
pub(super) const CLOCK: Rule = warning(
    "clock",
    "the server's clock is over a minute off: a session that it issues may be of the future or over for others",
    "RFC 9110, section 6.6.1",
);
pub(super) const SECRET: Rule = error(
    "secret-short",
    "the secret has under 16 bytes: it can be guessed; make one with `shortcrust keygen`",
    OWASP,
);
pub(super) const DEBUG: Rule = warning(
    "debug",
    "the application runs with its debugger: not for strangers",
    "the framework's own manual",
);

/// Each rule once, in the manual's order.
pub const RULES: [Rule; 34] = [
    NAME,
    VALUE,
    TOO_LARGE,
    ATTRIBUTE_TOO_LARGE,
    TOTAL,
    SECURE_MISSING,
    PROXY,
    SECURE_OVER_HTTP,
    NONE_INSECURE,
    SAME_SITE_MISSING,
    SAME_SITE_UNKNOWN,
    HOST_PREFIX,
    SECURE_PREFIX,
    HTTP_PREFIX,
    PARTITIONED,
    HTTP_ONLY,
    DOMAIN_SINGLE,
    DOMAIN_FOREIGN,
    DOMAIN_WIDE,
    PATH_MISSING,
    PATH_RELATIVE,
    PATH_NARROW,
    LIFETIME_INVALID,
    LIFETIME,
    TWICE,
    TWO_PLACES,
    JOINED,
    CACHE_PUBLIC,
    CACHE_UNSAID,
    CLOCK,
    SECRET,
    DEBUG,
    UNSET,
    FAILED,
];
pub(super) const UNSET: Rule = warning(
    "no-cookie",
    "no response set a cookie, so there was nothing to look at: give a page that begins a session, such as a login",
    "",
);
pub(super) const FAILED: Rule =
    warning("status", "the page answered with an error: look at another one, by --path", "");
