//! The engine that a scenario describes.

use serde_json::Value;
use shortcrust::{
    Chain, Engine, Format, Keyring, Policy, Reader, Seconds,
    format::{Flask, FlaskOptions, Id, Sealed},
    payload::MergeRules,
};

const SECRET: &str = "the first secret of the tests, over 32 bytes";

/// How a front is configured.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) engine: Engine,
}

impl Config {
    pub(crate) fn new(config: &Value) -> Self {
        let fields = config.as_object().expect("a config is an object");
        let keeps = config["keeps"].as_str().unwrap_or("sessions");
        let mut builder = Engine::builder(chain(config, keeps)).policy(policy(&config["policy"]));
        builder = match keeps {
            "sessions" => builder.stored(),
            "revocations" => builder.revocable(),
            "nothing" => builder,
            other => panic!("a store keeps no {other}"),
        };
        for (field, value) in fields {
            let text = value.as_str().unwrap_or_default();
            builder = match field.as_str() {
                "keeps" | "format" | "reader" | "policy" => builder,
                "user_key" => builder.user_key(text),
                "namespace" => builder.namespace(text),
                "merge" => builder.merge(merge_rules(value)),
                "name" => builder.name(text),
                "audience" => builder.audience(text),
                "outage" if text == "empty" => builder.tolerate_outage(),
                other => panic!("a config has no {other}"),
            };
        }
        Self { engine: builder.build().expect("the config holds") }
    }
}

fn chain(config: &Value, keeps: &str) -> Chain {
    let written = config["format"].as_str().unwrap_or(if keeps == "sessions" { "id" } else { "sealed" });
    let chain = Chain::from(format(written, config));
    match config["reader"].as_str() {
        Some(read) => chain.read(Reader::forever(format(read, config))).expect("the reader can be read"),
        None => chain,
    }
}

fn format(name: &str, config: &Value) -> Box<dyn Format> {
    let keys = Keyring::newest_first([SECRET]).expect("the secret is long enough");
    match name {
        "id" => Box::new(Id::default()),
        "flask" => Box::new(Flask::new(&keys, &FlaskOptions::default())),
        "sealed" => {
            let audience = config["audience"].as_str().unwrap_or("");
            Box::new(Sealed::new(&keys, audience).expect("the audience is allowed"))
        }
        other => panic!("no scenario has format {other}"),
    }
}

fn merge_rules(rules: &Value) -> MergeRules {
    let rules = rules.as_object().expect("rules have paths");
    let rules = rules.iter().map(|(path, rule)| (path.as_str(), rule.as_str().expect("a rule is a word")));
    MergeRules::named(rules).expect("the rules hold")
}

fn policy(spans: &Value) -> Policy {
    let mut policy = Policy::default();
    if let Some(idle) = spans.get("idle") {
        policy.renew_after = idle.as_u64().map(|idle| Seconds(idle / 4));
    }
    for (name, span) in spans.as_object().into_iter().flatten() {
        let span = span.as_u64().map(Seconds);
        match name.as_str() {
            "idle" => policy.idle = span,
            "absolute" => policy.absolute = span,
            "renew_after" => policy.renew_after = span,
            other => panic!("a policy has no {other}"),
        }
    }
    policy
}
