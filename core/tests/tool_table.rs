//! The table of command lines that Python's tool and Node's run, as far as the core alone answers.

use serde_json::Value;
use shortcrust::{
    UnixMillis,
    tool::{Call, Printed, Verb, help, misuse, run},
};

type Options = Vec<(String, String)>;

/// As the hosts' parsers read it; `None` where there is nothing to run.
fn parsed(verb: &Verb, args: &[String]) -> Option<Options> {
    let mut options = Options::new();
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let Some(name) = word.strip_prefix("--") else {
            options.push((String::new(), word.clone()));
            continue;
        };
        let known = verb.each().find(|option| option.name == name)?;
        let value = if known.value.is_empty() { String::new() } else { rest.next()?.clone() };
        options.push((name.to_owned(), value));
    }
    (options.iter().filter(|(name, _)| name.is_empty()).count() < 2).then_some(options)
}

fn option<'o>(options: &'o Options, name: &str) -> Option<&'o str> {
    options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// `Err` where what was named is not there: that is the hosts' to say.
fn secrets<'c>(case: &'c Value, options: &Options, prefix: &str) -> Result<Option<&'c str>, ()> {
    if let Some(file) = option(options, &format!("{prefix}secret-file")) {
        return case["files"][file].as_str().map(Some).ok_or(());
    }
    if let Some(name) = option(options, &format!("{prefix}secret-env")) {
        return case["env"][name].as_str().map(Some).ok_or(());
    }
    Ok(if prefix.is_empty() { case["env"]["SHORTCRUST_SECRETS"].as_str() } else { None })
}

fn answer(case: &Value, args: &[String]) -> Option<Printed> {
    let words = args.iter().take_while(|word| !word.starts_with('-')).cloned().collect::<Vec<_>>();
    let two = words.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    let verb = Verb::named(&two).or_else(|| Verb::named(words.first().map_or("", String::as_str)));
    if args.is_empty() || args.last().is_some_and(|word| word == "--help") {
        return Some(Printed { out: help(verb.map_or("", |verb| verb.name)), ..Printed::default() });
    }
    let Some((verb, mut options)) =
        verb.and_then(|verb| Some((verb, parsed(verb, &args[verb.name.split(' ').count()..])?)))
    else {
        return Some(Printed::wrong(&misuse(args)));
    };
    if matches!(verb.name, "sweep" | "sessions list" | "sessions revoke" | "doctor") {
        return None;
    }
    for (name, value) in &mut options {
        if name.is_empty() && value == "-" {
            case["stdin"].as_str().unwrap().clone_into(value);
        }
    }
    let call = Call {
        verb: verb.name,
        options: &options,
        secrets: secrets(case, &options, "").ok()?,
        new_secrets: secrets(case, &options, "to-").ok()?,
        now: UnixMillis(0),
        terminal: false,
    };
    Some(run(&call, &mut |_: &mut [u8]| panic!("nothing is made at random here")))
}

#[test]
fn the_core_prints_what_the_table_says() {
    let table: Value = serde_json::from_str(include_str!("../../tests/tool/cases.json")).unwrap();
    let cases = table["cases"].as_array().unwrap();
    assert_eq!(table["count"], cases.len());
    let mut count = 0;
    for case in cases {
        let args: Vec<String> =
            case["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        let Some(printed) = answer(case, &args) else { continue };
        count += 1;
        let text = |name: &str| case[name].as_str().unwrap_or("").to_owned();
        let code = u8::try_from(case["code"].as_u64().unwrap()).unwrap();
        assert_eq!(printed, Printed { out: text("out"), err: text("err"), code }, "{}", case["does"]);
    }
    assert!(count > 60, "{count}");
}
