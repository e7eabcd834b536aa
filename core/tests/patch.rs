//! What a host left alone keeps its bytes; what it changed is what it says.

use proptest::prelude::*;
use shortcrust::payload::{Dialect, patch, project, scan};

/// A tagged document as Flask writes it, with everything that JavaScript can't express.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        Just("123456789012345678901234567890".to_owned()),
        prop_oneof![Just("1.0"), Just("-0.0"), Just("1e+22"), Just("NaN"), Just("-Infinity")]
            .prop_map(String::from),
        "[a-z\\\\\"é日]{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\ud800""#.to_owned()),
        Just(r#"{" u":"0123456789abcdef0123456789abcdef"}"#.to_owned()),
        Just(r#"{" b":"AAECAw=="}"#.to_owned()),
        Just(r#"{" m":"<b>"}"#.to_owned()),
        Just(r#"{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}"#.to_owned()),
        Just(r#"{" d":"no date"}"#.to_owned()),
        Just(r#"{" di":{" t__":[1]}}"#.to_owned()),
    ];
    let value = leaf.prop_recursive(5, 40, 6, |inner| {
        let list =
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(",")));
        let tuple = prop::collection::vec(inner.clone(), 0..5)
            .prop_map(|items| format!("{{\" t\":[{}]}}", items.join(",")));
        prop_oneof![list, tuple, map(inner)]
    });
    map(value)
}

fn map(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let key = prop_oneof![3 => "[a-z0-9]{1,4}", 1 => Just(String::new()), 1 => Just("a/b~c".to_owned()),
        1 => Just("__proto__".to_owned())];
    prop::collection::btree_map(key, value, 0..6).prop_map(|entries| {
        let entry =
            |(key, value): (&String, &String)| format!("{}:{value}", serde_json::to_string(key).unwrap());
        format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn what_the_host_leaves_alone_keeps_every_byte(text in document()) {
        prop_assert!(scan(&text, Dialect::Tagged).is_ok());
        let shown = project(&text).unwrap();
        prop_assert_eq!(patch(Some(&text), &shown.text, &shown.kinds).unwrap(), text);
    }

    #[test]
    fn a_key_that_the_host_adds_changes_nothing_else(text in document()) {
        let shown = project(&text).unwrap();
        let comma = if shown.text == "{}" { "" } else { "," };
        let host = format!("{}{comma}\"added\":[1]}}", shown.text.strip_suffix('}').unwrap());
        let comma = if text == "{}" { "" } else { "," };
        let want = format!("{}{comma}\"added\":[1]}}", text.strip_suffix('}').unwrap());
        prop_assert_eq!(patch(Some(&text), &host, &shown.kinds).unwrap(), want);
    }

    #[test]
    fn the_projection_is_json_for_every_reader(text in document()) {
        let shown = project(&text).unwrap();
        let plain = shown.text.replace("\\ud800", "?");
        prop_assert!(serde_json::from_str::<serde_json::Value>(&plain).is_ok(), "{}", plain);
        prop_assert!(!shown.text.contains("__proto__"));
    }
}

proptest! {
    #[test]
    fn no_text_whatever_makes_a_panic(text in "[\\[\\]{}:,\"\\\\ tubmdi_0-9.eE+NInfa-]{0,60}", host in "\\PC{0,40}") {
        let facts = scan(&text, Dialect::Tagged);
        prop_assert_eq!(facts.is_ok(), facts.is_ok() && project(&text).is_ok());
        let _ = patch(Some(&text), &host, &text);
        let _ = patch(Some(&host), &text, &host);
    }
}

fn patched(original: &str, host: &str) -> String {
    patch(Some(original), host, "").unwrap()
}

#[test]
fn an_element_keeps_its_type_when_others_go() {
    let original = r#"{"l":[{" u":"0123456789abcdef0123456789abcdef"},1.0,{" t":[2]}]}"#;
    assert_eq!(patched(original, r#"{"l":[1,[2]]}"#), r#"{"l":[1.0,{" t":[2]}]}"#);
    assert_eq!(patched(original, r#"{"l":[0,[2,3]]}"#), r#"{"l":[0,[2,3]]}"#);
}

#[test]
fn a_tuple_that_the_host_changed_stays_a_tuple() {
    assert_eq!(patched(r#"{"p":{" t":[1.0,2]}}"#, r#"{"p":[1,2,3]}"#), r#"{"p":{" t":[1.0,2,3]}}"#);
}

#[test]
fn changed_markup_is_text_for_nobody_vouches_for_it() {
    assert_eq!(patched(r#"{"m":{" m":"<b>"}}"#, r#"{"m":"<script>"}"#), r#"{"m":"<script>"}"#);
}

#[test]
fn an_object_whose_only_key_looks_like_a_tag_is_escaped_and_freed_again() {
    assert_eq!(patched("{}", r#"{"x":{" t":[1]}}"#), r#"{"x":{" di":{" t__":[1]}}}"#);
    assert_eq!(
        patched(r#"{"x":{" di":{" t__":[1.0]}}}"#, r#"{"x":{" t":[1],"y":2}}"#),
        r#"{"x":{" t":[1.0],"y":2}}"#
    );
    assert_eq!(
        patched(r#"{"x":{" t":[1.0],"y":2}}"#, r#"{"x":{" t":[1]}}"#),
        r#"{"x":{" di":{" t__":[1.0]}}}"#
    );
}

#[test]
fn new_dates_and_bytes_become_tags() {
    let host = r#"{"at":"2021-03-04T05:06:07.890Z","raw":["AQ=="]}"#;
    let kinds = r#"{"/at":"date","/raw/0":"bytes"}"#;
    assert_eq!(
        patch(None, host, kinds).unwrap(),
        r#"{"at":{" d":"Thu, 04 Mar 2021 05:06:07 GMT"},"raw":[{" b":"AQ=="}]}"#
    );
}

#[test]
fn a_document_of_many_keys_is_patched_by_lookup() {
    let entries =
        |value: &str| (0..5000).map(|at| format!("\"k{at}\":{value}")).collect::<Vec<_>>().join(",");
    let (original, host) = (format!("{{{}}}", entries("1.0")), format!("{{\"new\":0,{}}}", entries("1")));
    assert_eq!(patched(&original, &host), format!("{{{},\"new\":0}}", entries("1.0")));
}

mod merging {
    //! Two requests' changes are joined.
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};
    use shortcrust::payload::{Dialect, merge};

    fn joined(base: &str, mine: &str, theirs: &str) -> Value {
        serde_json::from_str(&merge(Dialect::Plain, base, mine, theirs).unwrap()).unwrap()
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(|n| json!(n)),
            "[a-c]{0,2}".prop_map(|t| json!(t))
        ];
        let inner = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::btree_map("[a-d]", inner.clone(), 0..4).prop_map(|map| json!(map)),
                prop::collection::vec(inner, 0..3).prop_map(|list| json!(list)),
            ]
        });
        prop::collection::btree_map("[a-d]", inner, 0..5).prop_map(|map| json!(map))
    }

    proptest! {
        #[test]
        fn who_changed_nothing_takes_nothing_away(base in document(), other in document()) {
            let (base, other_text) = (base.to_string(), other.to_string());
            prop_assert_eq!(&joined(&base, &base, &other_text), &other);
            prop_assert_eq!(&joined(&base, &other_text, &base), &other);
            prop_assert_eq!(&joined(&base, &other_text, &other_text), &other);
        }

        #[test]
        fn changes_of_different_keys_are_all_there(base in document(), mine in document(), theirs in document()) {
            let with = |prefix: &str, document: &Value| {
                let mut all: BTreeMap<String, Value> = serde_json::from_value(base.clone()).unwrap();
                for (key, value) in document.as_object().unwrap() { all.insert(format!("{prefix}{key}"), value.clone()); }
                json!(all)
            };
            let (mine, theirs) = (with("mine ", &mine), with("theirs ", &theirs));
            let joined = joined(&base.to_string(), &mine.to_string(), &theirs.to_string());
            for side in [&mine, &theirs] {
                for (key, value) in side.as_object().unwrap() { prop_assert_eq!(&joined[key], value); }
            }
        }
    }

    #[test]
    fn a_deletion_beats_a_change_and_the_later_change_an_earlier_one() {
        let base = r#"{"a":1,"b":1,"c":{"x":1,"y":1}}"#;
        let merged = joined(base, r#"{"b":2,"c":{"x":2,"y":1}}"#, r#"{"a":9,"b":3,"c":{"y":1,"z":1}}"#);
        assert_eq!(merged, json!({"b": 2, "c": {"y": 1, "z": 1}}));
    }

    #[test]
    fn tagged_values_and_lists_are_one_value() {
        let (base, mine, theirs) =
            (r#"{"t":{" t":[1]},"l":[1]}"#, r#"{"t":{" t":[1,2]},"l":[1,2]}"#, r#"{"t":{" t":[3]},"l":[3]}"#);
        assert_eq!(merge(Dialect::Tagged, base, mine, theirs).unwrap(), mine);
    }

    #[test]
    fn an_object_whose_one_key_looks_like_a_tag_stays_an_object() {
        let base = r#"{"m":{" t":1,"a":1}}"#;
        let mine = r#"{"m":{" di":{" t__":1}}}"#;
        let theirs = r#"{"m":{" t":2,"a":1}}"#;
        let merged = merge(Dialect::Tagged, base, mine, theirs);
        assert_eq!(merged.as_deref().unwrap_or("refused"), r#"{"m":{" di":{" t__":2}}}"#);
    }
}
