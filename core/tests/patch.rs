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

#[test]
fn what_stands_for_a_date_is_told_under_any_key() {
    let original = r#"{"a/b~c":{"\ud800":[0,{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}]},"":{" b":"AQ=="}}"#;
    let shown = project(original).unwrap();
    assert_eq!(shown.kinds, r#"{"a/b~c":{"\ud800":{"1":"date"}},"":"bytes"}"#);
    assert_eq!(patch(Some(original), &shown.text, &shown.kinds).unwrap(), original);
    let changed = shown.text.replace("05:06:07", "05:06:08");
    assert_eq!(
        patch(Some(original), &changed, &shown.kinds).unwrap(),
        original.replace("05:06:07", "05:06:08")
    );
}

#[test]
fn to_tell_of_many_dates_takes_no_more_room_the_deeper_they_are() {
    let date = r#"{" d":"Thu, 04 Mar 2021 05:06:07 GMT"}"#;
    let kinds = |levels: usize| {
        let dates = vec![date; 1000].join(",");
        let text = format!("{}[{dates}]{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        project(&text).unwrap().kinds.len()
    };
    assert_eq!(kinds(101) - kinds(1), 100 * r#"{"a":}"#.len());
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
    let kinds = r#"{"at":"date","raw":{"0":"bytes"}}"#;
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
