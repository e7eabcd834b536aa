//! Each rule of the doctor with a mistake that breaks it and nothing else, and the same done right.

use shortcrust::{
    UnixMillis,
    tool::{Configuration, Level, RULES, Visit, diagnose},
};

const NOW: UnixMillis = UnixMillis::from_secs(1_800_000_000);
const DATE: &str = "Fri, 15 Jan 2027 08:00:00 GMT";
const GOOD: &str = "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax";

fn visit(url: &str, lines: &[&str], fields: &[(&str, &str)]) -> Visit {
    let set = lines.iter().map(|line| ("Set-Cookie".to_owned(), (*line).to_owned()));
    let others = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Visit { url: url.into(), is_forwarded: false, status: 200, headers: set.chain(others).collect() }
}

fn found(visits: &[Visit], configuration: Configuration) -> Vec<&'static str> {
    diagnose(visits, configuration, None, NOW).into_iter().map(|finding| finding.rule.name).collect()
}

/// On `https://www.example.com/shop/cart`, kept from caches.
fn of(lines: &[&str]) -> Vec<&'static str> {
    let fields = [("Cache-Control", "private"), ("Date", DATE)];
    found(&[visit("https://www.example.com/shop/cart", lines, &fields)], Configuration::default())
}

fn cached(fields: &[(&str, &str)]) -> Vec<&'static str> {
    found(&[visit("https://www.example.com/", &[GOOD], fields)], Configuration::default())
}

#[test]
fn a_cookie_that_is_done_right_breaks_no_rule() {
    let none: [&str; 0] = [];
    let host = "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict; Partitioned";
    let gone = "session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    let token = "csrftoken=abcdefghijklmnopqrstuvwxyz; Path=/; Secure; SameSite=Lax; Max-Age=31449600";
    let dated =
        "session=abc; Expires=Fri, 22-Jan-2027 08:00:00 GMT; Path=/shop; Secure; HttpOnly; SameSite=Lax";
    for line in [GOOD, host, gone, token, dated, "theme=\"dark\"; Path=/; Secure"] {
        assert_eq!(of(&[line]), none, "{line}");
    }
    assert_eq!(cached(&[("cache-control", "no-cache"), ("vary", "Cookie")]), none);
    assert_eq!(cached(&[("Vary", "Accept-Encoding, cookie")]), none);
    let local = "session=abc; Path=/; HttpOnly; SameSite=Lax";
    let fields = [("Cache-Control", "no-store")];
    assert_eq!(found(&[visit("http://localhost:5000/", &[local], &fields)], Configuration::default()), none);
}

#[test]
fn each_mistake_in_a_line_breaks_its_rule_alone() {
    let large = format!("{GOOD}; X=1").replace("abc", &"a".repeat(4090));
    let attribute = format!("{GOOD}; Comment={}", "a".repeat(1025));
    let cases = [
        ("name", "a b=abc; Path=/; Secure"),
        ("value", "session=a b; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("value", "session={\"a\":1}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("too-large", large.as_str()),
        ("attribute-too-large", attribute.as_str()),
        ("secure-missing", "session=abc; Path=/; HttpOnly; SameSite=Lax"),
        ("samesite-none", "session=abc; Path=/; HttpOnly; SameSite=None"),
        ("samesite-missing", "session=abc; Path=/; Secure; HttpOnly"),
        ("samesite-unknown", "session=abc; Path=/; Secure; HttpOnly; SameSite=Loose"),
        ("host-prefix", "__Host-session=abc; Path=/shop; Secure; HttpOnly; SameSite=Lax"),
        ("http-prefix", "__Http-session=abc; Path=/; Secure; SameSite=Lax"),
        ("httponly-missing", "session=abc; Path=/; Secure; SameSite=Lax"),
        ("domain-single", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=localhost"),
        ("domain-single", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=127.0.0.1"),
        ("domain-foreign", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=example.org"),
        ("domain-wide", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=.example.com"),
        ("path-missing", "session=abc; Secure; HttpOnly; SameSite=Lax"),
        ("path-relative", "session=abc; Path=shop; Secure; HttpOnly; SameSite=Lax"),
        ("path-narrow", "session=abc; Path=/admin; Secure; HttpOnly; SameSite=Lax"),
        ("lifetime-invalid", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=a day"),
        ("lifetime-invalid", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Expires=2027-02-01"),
        ("lifetime", "session=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=63072000"),
        ("joined", "session=abc; Secure; HttpOnly; SameSite=Lax; Path=/, lang=en"),
    ];
    for (rule, line) in cases {
        let found = of(&[line]);
        // What is joined spoils the attribute that it is joined to.
        let extra: &[&str] = if rule == "joined" { &["path-narrow"] } else { &[] };
        assert_eq!(found.iter().filter(|name| !extra.contains(name)).collect::<Vec<_>>(), [&rule], "{line}");
    }
    let insecure = of(&["__Secure-session=abc; Path=/; HttpOnly; SameSite=Lax"]);
    assert_eq!(insecure, ["secure-missing", "secure-prefix"]);
    let insecure = of(&["session=abc; Path=/; HttpOnly; SameSite=Lax; Partitioned"]);
    assert_eq!(insecure, ["secure-missing", "partitioned"]);
}

#[test]
fn each_mistake_of_a_response_breaks_its_rule_alone() {
    assert_eq!(of(&[GOOD, GOOD]), ["twice"]);
    assert_eq!(of(&[GOOD, &GOOD.replace("Path=/", "Path=/shop")]), ["two-places"]);
    let big = |name: &str| format!("{name}={}; Path=/; Secure", "a".repeat(2700));
    assert_eq!(of(&[&big("a"), &big("b"), &big("c")]), ["total"]);
    assert_eq!(cached(&[("Cache-Control", "public, max-age=60")]), ["cache-public"]);
    assert_eq!(cached(&[("Cache-Control", "s-maxage=60"), ("Vary", "Cookie")]), ["cache-public"]);
    assert_eq!(cached(&[]), ["cache-unsaid"]);
    assert_eq!(cached(&[("Vary", "Accept")]), ["cache-unsaid"]);
    let late = "Fri, 15 Jan 2027 08:02:00 GMT";
    assert_eq!(cached(&[("Cache-Control", "private"), ("Date", late)]), ["clock"]);
    let none = Configuration::default();
    assert_eq!(found(&[visit("https://www.example.com/", &[], &[])], none), ["no-cookie"]);
    let failed = Visit { status: 500, ..visit("https://www.example.com/", &[], &[]) };
    assert_eq!(found(&[failed], none), ["status", "no-cookie"]);
}

#[test]
fn a_secure_cookie_over_http_is_dropped_but_on_this_machine() {
    let fields = [("Cache-Control", "private")];
    let at = |url: &str| found(&[visit(url, &[GOOD], &fields)], Configuration::default());
    assert_eq!(at("http://www.example.com/"), ["secure-over-http"]);
    for url in ["http://localhost:3000/", "http://127.0.0.1/", "http://app.localhost/", "http://[::1]:8000/"]
    {
        assert_eq!(at(url), [""; 0], "{url}");
    }
}

#[test]
fn an_application_that_does_not_trust_its_proxy_sets_no_secure_cookie() {
    let fields = [("Cache-Control", "private")];
    let plain = visit("http://localhost/", &["session=abc; Path=/; HttpOnly; SameSite=Lax"], &fields);
    let forwarded = Visit { is_forwarded: true, ..plain.clone() };
    assert_eq!(found(&[plain.clone(), forwarded], Configuration::default()), ["proxy"]);
    let trusted = Visit { is_forwarded: true, ..visit("http://localhost/", &[GOOD], &fields) };
    assert_eq!(found(&[plain, trusted], Configuration::default()), [""; 0]);
}

#[test]
fn a_short_secret_and_a_debugger_are_said() {
    let fields = [("Cache-Control", "private")];
    let visits = [visit("https://www.example.com/", &[GOOD], &fields)];
    let configuration = Configuration { secret_bytes: Some(3), is_debug: true };
    assert_eq!(found(&visits, configuration), ["secret-short", "debug"]);
    let configuration = Configuration { secret_bytes: Some(16), is_debug: false };
    assert_eq!(found(&visits, configuration), [""; 0]);
}

#[test]
fn one_cookie_may_be_asked_for_and_a_fault_is_told_once() {
    let bad = visit("https://www.example.com/", &["other=abc", GOOD], &[("Cache-Control", "private")]);
    let only = diagnose(std::slice::from_ref(&bad), Configuration::default(), Some("session"), NOW);
    assert_eq!(only, []);
    let twice = diagnose(&[bad.clone(), bad], Configuration::default(), None, NOW);
    assert_eq!(twice.len(), 1);
    assert_eq!((twice[0].rule.name, twice[0].cookie.as_deref()), ("secure-missing", Some("other")));
}

#[test]
fn the_manual_has_every_rule_with_its_level() {
    let manual = include_str!("../src/manual/tool.md");
    for rule in RULES {
        let row = format!("| `{}` | {} | ", rule.name, rule.level.name());
        assert!(manual.contains(&row), "{row}");
    }
    assert_eq!(manual.matches(" | error | ").count() + manual.matches(" | warning | ").count(), RULES.len());
}

#[test]
fn a_rule_has_a_name_of_its_own_and_errors_come_first() {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
    let found = diagnose(
        &[visit("https://www.example.com/", &["sid=a b"], &[])],
        Configuration::default(),
        None,
        NOW,
    );
    let levels: Vec<Level> = found.iter().map(|finding| finding.rule.level).collect();
    let first_warning = levels.iter().position(|&level| level == Level::Warning).unwrap();
    assert!(levels[first_warning..].iter().all(|&level| level == Level::Warning) && first_warning > 0);
}
