//! Every case of tests/vectors, made by the reference libraries: what they say is the law.

use std::{collections::HashSet, fs, path::Path};

use serde_json::Value;
use shortcrust::{
    Chain, Content, Digest, Duplicates, Engine, EntropyError, Keyring, Policy, Reason, Seconds, Secret,
    UnixMillis,
    format::{
        Body, Django, DjangoOptions, Express, Flask, FlaskOptions, KeyDerivation, Opened, Sealed, Starlette,
    },
    payload::{Dialect, project, scan},
    record::express_payload,
};

const CASE_FIELDS: [&str; 12] = [
    "id", "comment", "keys", "name", "now_ms", "cookies", "header", "expect", "payload", "entropy",
    "options", "policy",
];

#[test]
fn flask_vectors_hold() {
    run("flask.json", session_case);
}

#[test]
fn refused_flask_vectors_hold() {
    run("refused-flask.json", session_case);
}

#[test]
fn sealed_vectors_hold() {
    run("sealed.json", session_case);
}

#[test]
fn refused_sealed_vectors_hold() {
    run("refused-sealed.json", session_case);
}

#[test]
fn starlette_vectors_hold() {
    run("starlette.json", session_case);
}

#[test]
fn refused_starlette_vectors_hold() {
    run("refused-starlette.json", session_case);
}

#[test]
fn django_vectors_hold() {
    run("django.json", session_case);
}

#[test]
fn refused_django_vectors_hold() {
    run("refused-django.json", session_case);
}

#[test]
fn express_vectors_hold() {
    run("express.json", express_case);
}

fn run(file: &str, check: impl Fn(&str, &Value)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(file);
    let suite: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(cases.len() as u64, suite["count"].as_u64().unwrap(), "{file}: count");
    let mut ids = HashSet::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
        assert!(ids.insert(id), "{id}: twice");
        for field in case.as_object().unwrap().keys() {
            assert!(CASE_FIELDS.contains(&field.as_str()), "{id}: unknown field {field}");
        }
        check(suite["format"].as_str().unwrap(), case);
    }
}

fn session_case(format: &str, case: &Value) {
    let id = &case["id"];
    let name = case["name"].as_str().unwrap();
    let now = UnixMillis(case["now_ms"].as_i64().unwrap());
    let chain = match format {
        "flask" => Chain::from(Flask::new(&keyring(case), &flask_options(case))),
        "sealed" => {
            let audience = case["options"]["audience"].as_str().unwrap_or("");
            Chain::from(Sealed::new(&keyring(case), audience).unwrap())
        }
        "starlette" => Chain::from(Starlette::new(&keyring(case))),
        "django" => Chain::from(Django::new(&keyring(case), &django_options(case))),
        _ => panic!("unknown format {format}"),
    };
    let dialect = if matches!(format, "starlette" | "django") { Dialect::Plain } else { Dialect::Tagged };
    let engine = Engine::builder(chain)
        .name(name)
        .dialect(dialect)
        .policy(policy(case))
        .duplicates(Duplicates::First)
        .drop_in()
        .build()
        .unwrap();
    let session = engine.open(&header(case), now);
    assert_eq!(session.reason().map_or("ok", Reason::code), case["expect"], "{id}");
    assert_eq!(session.payload(), case["payload"].as_str(), "{id}");
    if let Some(entropy) = case["entropy"].as_str() {
        let mut fresh = engine.open("", now);
        let payload = case["payload"].as_str().unwrap();
        let mut rng = Rng(hex(entropy));
        let token = fresh.seal(payload, now, &mut |out: &mut [u8]| rng.fill(out)).unwrap();
        assert!(rng.0.is_empty(), "{id}: entropy is left");
        assert_eq!(serde_json::json!([[name, token]]), case["cookies"], "{id}");
        let mut rng = Rng(hex(entropy));
        let head = fresh.head(&Content::Changed(payload), false, now, &mut |out: &mut [u8]| rng.fill(out));
        if name.len() + token.len() <= 4096 && payload != "{}" {
            assert_eq!(head.unwrap().cookies[0].value(), token, "{id}");
        }
    }
}

fn express_case(_format: &str, case: &Value) {
    let id = &case["id"];
    let (name, now) = (case["name"].as_str().unwrap(), UnixMillis(case["now_ms"].as_i64().unwrap()));
    let chain = Chain::from(Express::new(&keyring(case)));
    let (code, body) = match chain.open_cookie(&header(case), name, now, &Policy::NONE, Dialect::Plain) {
        Ok(Opened { body: Body::Id(id), .. }) => ("ok", Some(id)),
        Ok(_) => panic!("express carries ids"),
        Err(reason) => (reason.code(), None),
    };
    assert_eq!(code, case["expect"], "{id}");
    assert_eq!(body.as_deref(), case["payload"].as_str(), "{id}");
    if case["entropy"].is_string() {
        let mut none = |_: &mut [u8]| Err(EntropyError);
        let token = chain.seal_cookie(name, body.as_deref().unwrap(), now, &Policy::NONE, &mut none).unwrap();
        assert_eq!(serde_json::json!([[name, token]]), case["cookies"], "{id}");
    }
}

fn header(case: &Value) -> String {
    if let Some(header) = case["header"].as_str() {
        return header.to_owned();
    }
    let pair = |pair: &Value| format!("{}={}", pair[0].as_str().unwrap(), value(&pair[1]));
    case["cookies"].as_array().unwrap().iter().map(pair).collect::<Vec<_>>().join("; ")
}

fn value(value: &Value) -> String {
    let Some(huge) = value.as_object() else { return value.as_str().unwrap().to_owned() };
    let text = |field: &str| huge[field].as_str().unwrap();
    let times = usize::try_from(huge["times"].as_u64().unwrap()).unwrap();
    format!("{}{}{}", text("prefix"), text("repeat").repeat(times), text("suffix"))
}

fn keyring(case: &Value) -> Keyring {
    let secret = |key: &Value| match key["hex"].as_str() {
        Some(bytes) => Secret::new(hex(bytes)),
        None => Secret::new(key.as_str().unwrap()),
    };
    Keyring::newest_first(case["keys"].as_array().unwrap().iter().map(secret)).unwrap()
}

fn policy(case: &Value) -> Policy {
    let seconds = |field: &str| case["policy"][field].as_u64().map(Seconds);
    Policy {
        idle: seconds("idle_s"),
        absolute: seconds("absolute_s"),
        skew: seconds("skew_s").unwrap_or_default(),
        ..Policy::NONE
    }
}

fn flask_options(case: &Value) -> FlaskOptions {
    let mut options = FlaskOptions::default();
    for (name, value) in case["options"].as_object().into_iter().flatten() {
        match (name.as_str(), value.as_str().unwrap()) {
            ("salt", salt) => options.salt = salt.as_bytes().to_vec(),
            ("digest", digest) => options.digest = digest_named(digest),
            ("key_derivation", "concat") => options.key_derivation = KeyDerivation::Concat,
            ("key_derivation", "django-concat") => options.key_derivation = KeyDerivation::DjangoConcat,
            ("key_derivation", "hmac") => options.key_derivation = KeyDerivation::Hmac,
            ("key_derivation", "none") => options.key_derivation = KeyDerivation::None,
            unknown => panic!("unknown option {unknown:?}"),
        }
    }
    options
}

fn django_options(case: &Value) -> DjangoOptions {
    let mut options = DjangoOptions::default();
    for (name, value) in case["options"].as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("salt", Value::String(salt)) => options.salt = salt.as_bytes().to_vec(),
            ("digest", Value::String(digest)) => options.digest = digest_named(digest),
            ("compress", Value::Bool(compress)) => options.compress = *compress,
            unknown => panic!("unknown option {unknown:?}"),
        }
    }
    options
}

fn digest_named(name: &str) -> Digest {
    match name {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        unknown => panic!("unknown digest {unknown}"),
    }
}

struct Rng(Vec<u8>);

impl Rng {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyError> {
        if self.0.len() < out.len() {
            return Err(EntropyError);
        }
        out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<_>>());
        Ok(())
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What express-session shows of a row of its own, ours shows of the payload that it becomes.
#[test]
fn rows_of_express_session_hold() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/rows/express-session.json");
    let suite: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = suite["cases"].as_array().unwrap();
    assert_eq!(suite["count"], cases.len());
    for case in cases {
        let payload = express_payload(case["row"].as_str().unwrap()).unwrap();
        assert!(!scan(&payload, Dialect::Tagged).unwrap().non_finite);
        let shown: Value = serde_json::from_str(&project(&payload).unwrap().text).unwrap();
        assert_eq!(shown, case["data"], "{}", case["id"]);
    }
}
