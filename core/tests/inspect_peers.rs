//! The tool names the format of the peers' cookies, by the vectors of what the peers do.

use std::{fs, path::Path};

use serde_json::Value;
use shortcrust::{
    Keyring, Reason, Secret, UnixMillis,
    tool::{Kind, Report, Settings, Verdict, inspect},
};

fn cases(file: &str, ops: &[&str]) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/vectors/peers/{file}.json"));
    let suite: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let all = suite["cases"].as_array().unwrap();
    let found: Vec<Value> =
        all.iter().filter(|case| ops.contains(&case["op"].as_str().unwrap())).cloned().collect();
    assert!(!found.is_empty(), "{file}");
    found
}

/// A secret, a list of them, or a table by number of which the highest is the newest.
fn secrets(given: &Value) -> Vec<Secret> {
    match given {
        Value::String(text) => vec![Secret::new(text)],
        Value::Array(list) => list.iter().flat_map(secrets).collect(),
        Value::Object(map) if map.contains_key("hex") => vec![Secret::new(hex(map["hex"].as_str().unwrap()))],
        Value::Object(map) => map.values().flat_map(secrets).collect(),
        _ => Vec::new(),
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn seen(cookie: &str, keys: Option<Vec<Secret>>, now_ms: i64) -> Report {
    let keys = keys.map(|keys| Keyring::newest_first(keys).unwrap());
    let reports = inspect(cookie, &Settings::default(), keys.as_ref(), UnixMillis(now_ms)).unwrap();
    assert_eq!(reports.len(), 1, "{cookie}");
    reports.into_iter().next().unwrap()
}

fn named(format: Kind, id: &str, cookie: &str, keys: Vec<Secret>, now_ms: i64) {
    assert_eq!(seen(cookie, None, now_ms).format, Some(format), "{id}: {cookie}");
    let report = seen(cookie, Some(keys), now_ms);
    assert_eq!((report.format, report.verdict), (Some(format), Verdict::Accepted), "{id}: {cookie}");
}

/// The lines that set a session; a deletion has no value.
fn set_cookies(case: &Value) -> Option<String> {
    let lines = case["expect"]["ok"]["set_cookie"].as_array()?;
    let lines: Vec<String> =
        lines.iter().map(|line| format!("Set-Cookie: {}", line.as_str().unwrap())).collect();
    let is_deletion = |line: &String| line.split(';').next().unwrap().split_once('=').unwrap().1.is_empty();
    // A signature that is made anew comes alone.
    let is_whole = lines.first().is_some_and(|line| !line.contains(".sig="));
    (is_whole && !lines.iter().any(is_deletion)).then(|| lines.join("\n"))
}

/// How many of the peer's answers were looked at.
fn each_request(file: &str, format: Kind, options: fn(&Value) -> Vec<Secret>) -> usize {
    let mut count = 0;
    for case in cases(file, &["request"]) {
        let keys = options(&case["input"]);
        if let Some(cookie) = set_cookies(&case).filter(|_| !keys.is_empty()) {
            count += 1;
            named(
                format,
                case["id"].as_str().unwrap(),
                &cookie,
                keys,
                case["input"]["now_ms"].as_i64().unwrap(),
            );
        }
    }
    count
}

#[test]
fn what_express_session_and_fastify_session_set_is_an_id_of_theirs() {
    let options = |input: &Value| {
        // With that prefix @fastify/session signs as express-session does.
        let is_plain = input["options"]["cookiePrefix"].is_null();
        if is_plain { secrets(&input["options"]["secret"]) } else { Vec::new() }
    };
    assert!(each_request("express-session", Kind::Express, options) > 3);
    assert!(each_request("fastify-session", Kind::FastifySession, options) > 3);
}

#[test]
fn what_cookie_session_and_koa_session_set_is_a_session_with_a_signature_beside_it() {
    let options = |input: &Value| {
        let is_signed = input["options"]["signed"] != false;
        let keys = [&input["options"]["keys"], &input["options"]["secret"]].map(secrets).concat();
        if is_signed { keys } else { Vec::new() }
    };
    assert!(each_request("cookie-session", Kind::CookieSession, options) > 4);
    let options = |input: &Value| match &input["options"]["signed"] {
        Value::Bool(false) => Vec::new(),
        _ => secrets(&input["keys"]),
    };
    assert!(each_request("koa-session", Kind::KoaSession, options) > 4);
}

#[test]
fn a_seal_of_iron_session_is_one_and_tells_why_it_is_refused() {
    let mut reasons = Vec::new();
    for case in cases("iron-session9", &["sealData", "reason", "unsealData"]) {
        let (id, input) = (case["id"].as_str().unwrap(), &case["input"]);
        let keys = secrets(&input["password"]);
        let now = input["now_ms"].as_i64().unwrap();
        if let (Some(seal), "sealData") = (case["expect"]["ok"].as_str(), case["op"].as_str().unwrap()) {
            if input["data"].is_object() {
                named(Kind::IronSession, id, seal, keys, now);
            } else {
                assert_eq!(
                    seen(seal, Some(keys), now).verdict,
                    Verdict::Refused(Reason::NotAnObject),
                    "{id}"
                );
            }
        } else if let (Some(reason), Some(seal)) =
            (case["expect"]["ok"]["reason"].as_str(), input["seal"].as_str().filter(|seal| !seal.is_empty()))
        {
            let verdict = seen(seal, Some(keys), now).verdict;
            let allowed: &[Reason] = match reason {
                "expired" => &[Reason::Expired],
                // The tool tries every secret, whatever number the seal names.
                "unknown-password" => continue,
                _ => &[Reason::BadSignature, Reason::Malformed, Reason::NotAnObject],
            };
            assert!(allowed.iter().any(|&reason| verdict == Verdict::Refused(reason)), "{id}: {verdict:?}");
            reasons.push(reason.to_owned());
        }
    }
    assert!(reasons.contains(&"expired".to_owned()) && reasons.contains(&"invalid".to_owned()));
}

#[test]
fn a_seal_of_iron_session_in_pieces_is_one_cookie() {
    let mut count = 0;
    for case in cases("iron-session9", &["save", "getIronSession"]) {
        let (id, input) = (case["id"].as_str().unwrap(), &case["input"]);
        let cookie = input["cookie"].as_str().unwrap_or("");
        let (Some(name), true) = (input["cookieName"].as_str(), case["expect"]["ok"].is_object()) else {
            continue;
        };
        let opens = case["expect"]["ok"].as_object().is_some_and(|session| !session.is_empty());
        if !opens || !cookie.contains(&format!("{name}.1=Fe26")) && !cookie.contains(&format!("{name}.1=")) {
            continue;
        }
        count += 1;
        let keys = Keyring::newest_first(secrets(&input["password"])).unwrap();
        let settings = Settings { name: Some(name), ..Settings::default() };
        let now = UnixMillis(input["now_ms"].as_i64().unwrap());
        let reports = inspect(&format!("Cookie: {cookie}"), &settings, Some(&keys), now).unwrap();
        assert_eq!(
            (reports[0].format, reports[0].verdict),
            (Some(Kind::IronSession), Verdict::Accepted),
            "{id}"
        );
        assert!(reports[0].pieces > 1, "{id}");
    }
    assert!(count > 0);
}

#[test]
fn a_seal_of_iron_is_one() {
    let mut count = 0;
    for case in cases("iron", &["seal"]) {
        let input = &case["input"];
        let is_default = input["options"]["encryption"]["algorithm"].is_null()
            && input["options"]["encryption"]["iterations"].is_null()
            && input["options"]["localtimeOffsetMsec"].is_null()
            && input["object"].is_object()
            && input["password"].is_string();
        if let Some(seal) = case["expect"]["ok"].as_str().filter(|_| is_default) {
            count += 1;
            let now = input["now_ms"].as_i64().unwrap();
            named(Kind::Iron, case["id"].as_str().unwrap(), seal, secrets(&input["password"]), now);
        }
    }
    assert!(count > 1);
}

#[test]
fn a_box_of_fastify_secure_session_is_one_with_every_key_that_opens_it() {
    let mut count = 0;
    for case in cases("fastify-secure-session", &["encode"]) {
        let input = &case["input"];
        let keys = secrets(&input["keys"]);
        if let Some(value) = case["expect"]["ok"].as_str().filter(|_| !keys.is_empty()) {
            count += 1;
            let cookie =
                format!("session={}", value.replace('/', "%2F").replace('+', "%2B").replace(';', "%3B"));
            let now = input["now_ms"].as_i64().unwrap();
            named(Kind::SecureSession, case["id"].as_str().unwrap(), &cookie, keys, now);
        }
    }
    assert!(count > 2);
}
