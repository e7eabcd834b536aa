//! What browsers, proxies and caches will do with a response's cookies. The hosts fetch; the rules are here.

mod checks;
mod line;
mod rules;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

pub use rules::{Level, RULES, Rule};

use self::{checks::Checker, line::Page, rules as rule};
use super::{
    facts::visible,
    json::Json,
    run::{Call, Printed},
    text::Paint,
};

/// A response that was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// What was asked for.
    pub url: String,
    /// The request said that a proxy had taken it over https.
    pub is_forwarded: bool,
    /// The status.
    pub status: u16,
    /// The response's fields, in their order; each Set-Cookie apart.
    pub headers: Vec<(String, String)>,
}

/// What the host found out of an application that it started; nothing of an URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The bytes of the shortest secret.
    pub secret_bytes: Option<usize>,
    /// Whether it runs in its framework's debug mode.
    pub is_debug: bool,
}

/// A rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The cookie's name, where it is one's fault.
    pub cookie: Option<String>,
    /// The page, where it is one's fault.
    pub url: Option<String>,
}

/// Everything that is wrong, each thing once.
///
/// ```
/// use shortcrust::{UnixMillis, tool::{Configuration, Visit, diagnose}};
/// let line = "session=abc; Path=/; SameSite=None; HttpOnly".to_owned();
/// let headers = vec![("Set-Cookie".to_owned(), line), ("Cache-Control".to_owned(), "no-store".to_owned())];
/// let visit = Visit { url: "http://localhost/".into(), is_forwarded: false, status: 200, headers };
/// let found = diagnose(&[visit], Configuration::default(), None, UnixMillis(0));
/// assert_eq!(found.iter().map(|finding| finding.rule.name).collect::<Vec<_>>(), ["samesite-none"]);
/// ```
pub fn diagnose(
    visits: &[Visit],
    configuration: Configuration,
    only: Option<&str>,
    now: crate::UnixMillis,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for visit in visits {
        let page = Page::read(&visit.url);
        for finding in (Checker { visit, page: &page, only, now }).findings() {
            let is_known = |known: &Finding| known.rule == finding.rule && known.cookie == finding.cookie;
            if !found.iter().any(is_known) {
                found.push(finding);
            }
        }
    }
    let of_all = |rule: Rule| Finding { rule, cookie: None, url: None };
    let sets = |visit: &Visit| visit.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    if !visits.iter().any(sets) {
        found.push(of_all(rule::UNSET));
    }
    if configuration.secret_bytes.is_some_and(|bytes| bytes < 16) {
        found.push(of_all(rule::SECRET));
    }
    if configuration.is_debug {
        found.push(of_all(rule::DEBUG));
    }
    found.sort_by_key(|finding| finding.rule.level != Level::Error);
    found
}

/// What `doctor` prints; 1 where something was found.
pub fn report(call: &Call<'_>, visits: &[Visit], configuration: Configuration) -> Printed {
    let paint = match call.paint() {
        Ok(paint) => paint,
        Err(error) => return error.into(),
    };
    let found = diagnose(visits, configuration, call.option("name"), call.now);
    let out = if call.is_json() { json(&found, visits) } else { text(&found, visits, paint) };
    Printed::out(out, u8::from(!found.is_empty()))
}

fn json(found: &[Finding], visits: &[Visit]) -> String {
    let mut json = Json::new();
    json.object(|json| {
        json.list("findings", found, |json, finding| {
            json.object(|json| {
                json.text("rule", Some(finding.rule.name));
                json.text("level", Some(finding.rule.level.name()));
                json.text("cookie", finding.cookie.as_deref());
                json.text("url", finding.url.as_deref());
                json.text("message", Some(finding.rule.text));
                json.text("source", Some(finding.rule.source).filter(|source| !source.is_empty()));
            });
        });
        json.list("visits", visits, |json, visit| {
            json.object(|json| {
                json.text("url", Some(&visit.url));
                json.flag("forwarded", visit.is_forwarded);
                json.number("status", Some(visit.status.into()));
            });
        });
    });
    json.finish()
}

fn text(found: &[Finding], visits: &[Visit], paint: Paint) -> String {
    let mut out = String::new();
    for visit in visits {
        let forwarded = if visit.is_forwarded { ", forwarded as https" } else { "" };
        let _ = writeln!(out, "{}: {}{forwarded}", visible(&visit.url), visit.status);
    }
    for Finding { rule, cookie, .. } in found {
        let level = match rule.level {
            Level::Error => paint.bad(rule.level.name()),
            Level::Warning => paint.doubtful(rule.level.name()),
        };
        let whose = cookie.as_ref().map_or_else(String::new, |name| format!(" {}", visible(name)));
        let source = if rule.source.is_empty() { String::new() } else { format!(" ({})", rule.source) };
        let _ = writeln!(out, "  {level}{whose}: {}: {}{source}", rule.name, rule.text);
    }
    let count = match found.len() {
        0 => paint.good("nothing was found"),
        1 => "1 finding".to_string(),
        several => format!("{several} findings"),
    };
    let _ = writeln!(out, "{count}");
    out
}
