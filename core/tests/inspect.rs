//! The tool names the format of every cookie that there is a vector of, and the reason why it is refused.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::Value;
use shortcrust::{
    Keyring, Seconds, Secret, UnixMillis,
    tool::{Call, Kind, Limits, Report, Settings, Verdict, inspect, run},
};

const FRONTS: [&str; 9] = [
    "flask",
    "refused-flask",
    "sealed",
    "refused-sealed",
    "starlette",
    "refused-starlette",
    "django",
    "refused-django",
    "express",
];

struct Case<'a> {
    format: Kind,
    case: &'a Value,
}

fn each(check: impl Fn(&Case<'_>)) {
    for file in FRONTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/vectors/{file}.json"));
        let suite: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let format = Kind::named(suite["format"].as_str().unwrap()).unwrap();
        for case in suite["cases"].as_array().unwrap() {
            check(&Case { format, case });
        }
    }
}

impl Case<'_> {
    fn is_ok(&self) -> bool {
        self.case["expect"] == "ok"
    }

    fn report(&self, format: Option<Kind>, with_keys: bool) -> Report {
        let option = |name: &str| self.case["options"][name].as_str();
        let seconds = |name: &str| self.case["policy"][name].as_u64().map(Seconds);
        let settings = Settings {
            format,
            name: self.case["name"].as_str(),
            audience: option("audience"),
            digest: option("digest"),
            key_derivation: option("key_derivation"),
            salt: option("salt"),
            policy: Limits {
                idle: seconds("idle_s"),
                absolute: seconds("absolute_s"),
                skew: seconds("skew_s").unwrap_or_default(),
            },
        };
        let keys = with_keys.then(|| self.keys());
        let now = UnixMillis(self.case["now_ms"].as_i64().unwrap());
        let mut reports = inspect(&self.input(), &settings, keys.as_ref(), now).unwrap();
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }

    fn keys(&self) -> Keyring {
        let secret = |key: &Value| match key["hex"].as_str() {
            Some(bytes) => Secret::new(hex(bytes)),
            None => Secret::new(key.as_str().unwrap()),
        };
        Keyring::newest_first(self.case["keys"].as_array().unwrap().iter().map(secret)).unwrap()
    }

    fn input(&self) -> String {
        if let Some(header) = self.case["header"].as_str() {
            return format!("Cookie: {header}");
        }
        let text = |value: &Value| match value.as_object() {
            None => value.as_str().unwrap().to_owned(),
            Some(huge) => {
                let part = |field: &str| huge[field].as_str().unwrap();
                let times = usize::try_from(huge["times"].as_u64().unwrap()).unwrap();
                format!("{}{}{}", part("prefix"), part("repeat").repeat(times), part("suffix"))
            }
        };
        let pair = |pair: &Value| format!("{}={}", pair[0].as_str().unwrap(), text(&pair[1]));
        let pairs: Vec<String> = self.case["cookies"].as_array().unwrap().iter().map(pair).collect();
        format!("Cookie: {}", pairs.join("; "))
    }

    fn check(&self, report: &Report) {
        let id = &self.case["id"];
        let verdict = match report.verdict {
            Verdict::Accepted => "ok",
            Verdict::Refused(reason) => reason.code(),
            Verdict::Unchecked => "unchecked",
        };
        assert_eq!(verdict, self.case["expect"], "{id}");
        if self.is_ok() {
            assert_eq!(report.format, Some(self.format), "{id}");
            let inside = report.id.as_deref().or(report.payload.as_deref());
            assert_eq!(inside, self.case["payload"].as_str(), "{id}");
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_cookie_of_a_named_format_has_the_vectors_answer() {
    each(|case| case.check(&case.report(Some(case.format), true)));
}

/// Where a cookie is no more of the vector's format, it may be one of another: a reader of that format would not see it.
#[test]
fn with_its_keys_a_cookie_tells_its_format_and_why_it_is_refused() {
    each(|case| {
        let report = case.report(None, true);
        if case.is_ok() || report.format == Some(case.format) {
            case.check(&report);
        } else if report.verdict == Verdict::Accepted {
            let id = case.case["id"].as_str().unwrap();
            let of_another = [
                "refused-starlette/format-flask",
                "refused-django/format-flask",
                "express/refused-no-prefix",
            ];
            assert!(of_another.contains(&id), "{id}");
        }
    });
}

#[test]
fn without_a_key_a_cookie_tells_its_format() {
    each(|case| {
        if case.is_ok() {
            let report = case.report(None, false);
            let id = case.case["id"].as_str().unwrap();
            // Starlette's reader takes compact JSON too, which without a key looks like Flask's.
            let is_either = id.starts_with("starlette/raw-") && report.could_be.contains(&case.format);
            assert!(report.format == Some(case.format) || is_either, "{id}");
            assert!(report.key.is_none() && !report.is_authentic, "{id}");
        }
    });
}

/// Pieces of real cookies and what may stand between them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("v4.local.".to_owned()),
        Just("Fe26.2*".to_owned()),
        Just("s%3A".to_owned()),
        Just("eyJhIjoxfQ".to_owned()),
        Just(".eJyrVkpUsjKsBQAKiAJr".to_owned()),
        Just("aVc1pQ".to_owned()),
        Just("1vbVSP".to_owned()),
        "[.:;=*~%,\" \n]",
        "\\PC{0,8}",
        "[A-Za-z0-9_-]{0,64}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_is_given_there_is_an_answer_of_one_line_of_json(
        cookie in pieces(),
        verb in prop_oneof![Just("inspect"), Just("verify"), Just("convert"), Just("mint")],
        format in prop::option::of(0..Kind::ALL.len()),
        now in any::<i64>(),
    ) {
        // The password of a box takes a second.
        let format = format.map(|at| Kind::ALL[at]).filter(|kind| *kind != Kind::SecureSession);
        prop_assume!(format.is_some() || !cookie.contains(';'));
        let mut options = vec![(String::new(), cookie), ("json".into(), String::new())];
        options.extend(format.map(|kind| ("format".to_owned(), kind.name().to_owned())));
        let call = Call {
            verb,
            options: &options,
            secrets: Some("a secret of at least thirty-two bytes"),
            new_secrets: None,
            now: UnixMillis(now),
            terminal: true,
        };
        let printed = run(&call, &mut |buffer: &mut [u8]| { buffer.fill(7); Ok(()) });
        prop_assert!(printed.code <= 2);
        if printed.out.is_empty() {
            prop_assert!(printed.code > 0 && printed.err.starts_with("shortcrust: "));
        } else {
            prop_assert!(printed.out.is_ascii() && printed.out.matches('\n').count() == 1);
            prop_assert!(serde_json::from_str::<Value>(&printed.out).is_ok());
        }
    }
}
