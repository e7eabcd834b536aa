//! One response against the rules.

use alloc::{string::ToString, vec::Vec};

use super::{
    Finding, Visit,
    line::{Line, Page},
    rules::{self as rule, Rule},
};
use crate::{
    time::{Seconds, UnixMillis},
    tool::shape::guess,
};

const LONGEST: Seconds = Seconds::days(400);

pub(super) struct Checker<'a> {
    pub(super) visit: &'a Visit,
    pub(super) page: &'a Page,
    pub(super) only: Option<&'a str>,
    pub(super) now: UnixMillis,
}

impl Checker<'_> {
    pub(super) fn findings(&self) -> Vec<Finding> {
        let all: Vec<Line> = self.fields("set-cookie").map(Line::read).collect();
        let lines: Vec<&Line> =
            all.iter().filter(|line| self.only.is_none_or(|name| line.name == name)).collect();
        let mut found: Vec<(Rule, Option<&Line>)> = Vec::new();
        for &line in &lines {
            let one = self.of_line(line).into_iter().filter(|(is_broken, _)| *is_broken);
            found.extend(one.map(|(_, rule)| (rule, Some(line))));
        }
        found.extend(self.of_pairs(&lines).into_iter().map(|(rule, line)| (rule, Some(line))));
        found.extend(self.of_response(&lines).into_iter().map(|rule| (rule, None)));
        let finding = |(rule, line): (Rule, Option<&Line>)| Finding {
            rule,
            cookie: line.map(|line| line.name.clone()),
            url: Some(self.visit.url.clone()),
        };
        found.into_iter().map(finding).collect()
    }

    fn fields<'v>(&'v self, name: &'v str) -> impl Iterator<Item = &'v str> {
        let is_named =
            move |field: &&(alloc::string::String, alloc::string::String)| field.0.eq_ignore_ascii_case(name);
        self.visit.headers.iter().filter(is_named).map(|(_, value)| value.as_str())
    }

    fn of_line(&self, line: &Line) -> Vec<(bool, Rule)> {
        if line.is_deletion(self.now) {
            return self.of_deletion(line);
        }
        let mut rules = self.of_security(line);
        rules.extend(self.of_place(line));
        rules.extend(self.of_size(line));
        rules
    }

    /// It must lie where the cookie lies; the rest goes with it.
    fn of_deletion(&self, line: &Line) -> Vec<(bool, Rule)> {
        let mut rules = self.of_place(line);
        rules.push(prefix_rule(line, "__Host-", rule::HOST_PREFIX));
        rules
    }

    fn of_security(&self, line: &Line) -> Vec<(bool, Rule)> {
        let is_secure = line.has("secure");
        let same_site = line.get("samesite").map(str::to_ascii_lowercase);
        let same_site = same_site.as_deref();
        let is_https = self.page.is_https && !self.visit.is_forwarded;
        let is_unknown = same_site.is_some_and(|word| !matches!(word, "strict" | "lax" | "none"));
        let is_http = line.is_prefixed("__Http-") || line.is_prefixed("__Host-Http-");
        let is_none = same_site == Some("none") && !is_secure;
        Vec::from([
            (is_https && !is_secure && !is_none, rule::SECURE_MISSING),
            (self.visit.is_forwarded && !is_secure && !is_none, rule::PROXY),
            (
                !self.page.is_https && !self.page.is_local() && is_secure && !self.visit.is_forwarded,
                rule::SECURE_OVER_HTTP,
            ),
            (is_none, rule::NONE_INSECURE),
            (same_site.is_none() && is_session(line), rule::SAME_SITE_MISSING),
            (is_unknown, rule::SAME_SITE_UNKNOWN),
            prefix_rule(line, "__Host-", rule::HOST_PREFIX),
            ((line.is_prefixed("__Secure-") || is_http) && !is_secure, rule::SECURE_PREFIX),
            (is_http && !line.has("httponly"), rule::HTTP_PREFIX),
            (line.has("partitioned") && !is_secure, rule::PARTITIONED),
            (!line.has("httponly") && is_session(line) && !is_http, rule::HTTP_ONLY),
        ])
    }

    fn of_place(&self, line: &Line) -> Vec<(bool, Rule)> {
        let domain = line.domain();
        let is_single = |domain: &str| {
            !domain.contains('.') || domain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        let is_single = domain.as_deref().is_some_and(is_single);
        let is_foreign = domain.as_deref().is_some_and(|domain| !self.page.is_within(domain));
        let path = line.get("path");
        let is_relative = path.is_some_and(|path| !path.starts_with('/'));
        let is_deep = self.page.path.matches('/').count() > 1;
        Vec::from([
            (is_single, rule::DOMAIN_SINGLE),
            (is_foreign && !is_single, rule::DOMAIN_FOREIGN),
            (domain.is_some() && !is_foreign && !is_single && is_session(line), rule::DOMAIN_WIDE),
            (path.is_none() && is_deep, rule::PATH_MISSING),
            (is_relative, rule::PATH_RELATIVE),
            (path.is_some_and(|path| !is_relative && !self.page.is_below(path)), rule::PATH_NARROW),
        ])
    }

    fn of_size(&self, line: &Line) -> Vec<(bool, Rule)> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let bare = line.value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let is_octet = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
        let is_long =
            matches!(line.end(self.now), Ok(Some(end)) if end > self.now.plus(LONGEST).plus(Seconds(60)));
        let is_joined = line.attributes().any(|(_, value)| is_another(value));
        Vec::from([
            (line.name.is_empty() || !line.name.bytes().all(is_token), rule::NAME),
            (!bare.unwrap_or(&line.value).bytes().all(is_octet), rule::VALUE),
            (line.name.len() + line.value.len() > 4096, rule::TOO_LARGE),
            (line.attributes().any(|(_, value)| value.len() > 1024), rule::ATTRIBUTE_TOO_LARGE),
            (line.end(self.now).is_err(), rule::LIFETIME_INVALID),
            (is_long, rule::LIFETIME),
            (is_joined, rule::JOINED),
        ])
    }

    fn of_pairs<'l>(&self, lines: &[&'l Line]) -> Vec<(Rule, &'l Line)> {
        let mut found = Vec::new();
        for (at, &line) in lines.iter().enumerate() {
            for &other in lines[..at].iter().filter(|other| other.name == line.name) {
                let is_one_place = place(other) == place(line);
                let is_gone = other.is_deletion(self.now) || line.is_deletion(self.now);
                if is_one_place {
                    found.push((rule::TWICE, line));
                } else if !is_gone {
                    found.push((rule::TWO_PLACES, line));
                }
            }
        }
        found
    }

    fn of_response(&self, lines: &[&Line]) -> Vec<Rule> {
        let control = self.fields("cache-control").collect::<Vec<_>>().join(",").to_ascii_lowercase();
        let says = |word: &str| {
            control.split(',').any(|part| part.split('=').next().unwrap_or_default().trim() == word)
        };
        let is_kept_apart = says("private") || says("no-store");
        let is_asked_for =
            says("no-cache") || control.replace(' ', "").split(',').any(|part| part == "max-age=0");
        let is_public = says("public") || says("s-maxage") || (says("max-age") && !is_asked_for);
        let vary = self.fields("vary").collect::<Vec<_>>().join(",");
        let has_vary = vary
            .split(',')
            .any(|field| matches!(field.trim(), "*") || field.trim().eq_ignore_ascii_case("cookie"));
        let sets = !lines.is_empty();
        let total: usize = lines.iter().map(|line| line.name.len() + line.value.len() + 3).sum();
        let date = self.fields("date").next().and_then(UnixMillis::from_http_date);
        let is_off = date.is_some_and(|date| date.secs().abs_diff(self.now.secs()) > 60);
        let rules = [
            (self.visit.status >= 400 && !sets, rule::FAILED),
            (total > 8000, rule::TOTAL),
            (sets && is_public && !is_kept_apart, rule::CACHE_PUBLIC),
            (sets && !is_public && !is_kept_apart && !is_asked_for && !has_vary, rule::CACHE_UNSAID),
            (is_off, rule::CLOCK),
        ];
        rules.into_iter().filter_map(|(is_broken, rule)| is_broken.then_some(rule)).collect()
    }
}

/// `Secure`, `Path=/` and no `Domain`, or the rule.
fn prefix_rule(line: &Line, prefix: &str, rule: Rule) -> (bool, Rule) {
    let is_whole = line.has("secure") && line.get("path") == Some("/") && !line.has("domain");
    (line.is_prefixed(prefix) && !is_whole, rule)
}

fn place(line: &Line) -> (Option<alloc::string::String>, Option<alloc::string::String>) {
    (line.domain(), line.get("path").map(ToString::to_string))
}

/// By its name or its looks; what a page's own script must read, such as a CSRF token, is none.
fn is_session(line: &Line) -> bool {
    let name = line.name.to_ascii_lowercase();
    if name.contains("csrf") || name.contains("xsrf") {
        return false;
    }
    let is_named =
        ["sess", "sid", "auth", "login", "token", "remember"].iter().any(|word| name.contains(word));
    is_named || !guess(&line.value).is_empty()
}

/// `/, b=2`: the comma of a date is followed by no `=`.
fn is_another(value: &str) -> bool {
    value.split(',').skip(1).any(|rest| {
        let name = rest.split_once('=').map_or("", |(name, _)| name.trim());
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    })
}
