//! Two requests' changes are joined.
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use shortcrust::payload::{Dialect, MergeRules, merge};

fn joined(base: &str, mine: &str, theirs: &str) -> Value {
    serde_json::from_str(&merge(Dialect::Plain, base, mine, theirs).unwrap()).unwrap()
}

fn joined_values(base: &Value, mine: &Value, theirs: &Value) -> Value {
    joined(&base.to_string(), &mine.to_string(), &theirs.to_string())
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(null)), any::<i32>().prop_map(|n| json!(n)), "[a-c]{0,2}".prop_map(|t| json!(t))]
}

fn document() -> impl Strategy<Value = Value> {
    let inner = leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::btree_map("[a-d]", inner.clone(), 0..4).prop_map(|map| json!(map)),
            prop::collection::vec(inner, 0..3).prop_map(|list| json!(list)),
        ]
    });
    prop::collection::btree_map("[a-d]", inner, 0..5).prop_map(|map| json!(map))
}

fn document_without_lists() -> impl Strategy<Value = Value> {
    let inner = leaf().prop_recursive(3, 24, 4, |inner| {
        prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| json!(map))
    });
    prop::collection::btree_map("[a-d]", inner, 0..5).prop_map(|map| json!(map))
}

fn object(key: &str, lists: &[&[Value]]) -> Value {
    json!({key: Value::Array(lists.concat())})
}

fn list() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(prop_oneof![leaf(), document()], 0..5)
}

proptest! {
    #[test]
    fn who_changed_nothing_takes_nothing_away(base in document(), other in document()) {
        prop_assert_eq!(&joined_values(&base, &base, &other), &other);
        prop_assert_eq!(&joined_values(&base, &other, &base), &other);
    }

    #[test]
    fn a_change_that_both_made_is_one_change(base in document_without_lists(), other in document_without_lists()) {
        prop_assert_eq!(&joined_values(&base, &other, &other), &other);
    }

    #[test]
    fn changes_of_different_keys_are_all_there(base in document(), mine in document(), theirs in document()) {
        let with = |prefix: &str, document: &Value| {
            let mut all: BTreeMap<String, Value> = serde_json::from_value(base.clone()).unwrap();
            for (key, value) in document.as_object().unwrap() { all.insert(format!("{prefix}{key}"), value.clone()); }
            json!(all)
        };
        let (mine, theirs) = (with("mine ", &mine), with("theirs ", &theirs));
        let joined = joined_values(&base, &mine, &theirs);
        for side in [&mine, &theirs] {
            for (key, value) in side.as_object().unwrap() { prop_assert_eq!(&joined[key], value); }
        }
    }

    #[test]
    fn what_both_append_to_a_list_is_all_there(base in list(), mine in list(), theirs in list()) {
        let with = |more: &[&[Value]]| json!({"deep": object("list", &[&[base.as_slice()], more].concat())});
        let (mine, theirs) = (mine.as_slice(), theirs.as_slice());
        prop_assert_eq!(joined_values(&with(&[]), &with(&[mine]), &with(&[theirs])), with(&[theirs, mine]));
    }

    #[test]
    fn what_is_appended_goes_behind_what_the_other_made_of_the_list(
        base in list(), more in list(), other in list(),
    ) {
        prop_assume!(!other.starts_with(&base));
        let list = |one: &[Value], two: &[Value]| object("list", &[one, two]);
        let (before, appended, other) = (list(&base, &[]), list(&base, &more), list(&other, &[]));
        let want = list(other["list"].as_array().unwrap(), &more);
        prop_assert_eq!(&joined_values(&before, &appended, &other), &want);
        prop_assert_eq!(&joined_values(&before, &other, &appended), &want);
    }

    #[test]
    fn both_differences_of_a_named_number_are_added(base in any::<i64>(), mine in any::<i64>(), theirs in any::<i64>()) {
        let sum = i128::from(theirs) + i128::from(mine) - i128::from(base);
        let text = |n: i64| format!(r#"{{"stats":{{"views":{n}}}}}"#);
        prop_assert_eq!(added(&text(base), &text(mine), &text(theirs)), format!(r#"{{"stats":{{"views":{sum}}}}}"#));
    }
}

fn added(base: &str, mine: &str, theirs: &str) -> String {
    let rules = MergeRules::default().with("visits", "add").unwrap().with("stats.views", "add").unwrap();
    rules.merge(Dialect::Plain, base, mine, theirs).unwrap()
}

#[test]
fn a_deletion_beats_a_change_and_the_later_change_an_earlier_one() {
    let base = r#"{"a":1,"b":1,"c":{"x":1,"y":1}}"#;
    let merged = joined(base, r#"{"b":2,"c":{"x":2,"y":1}}"#, r#"{"a":9,"b":3,"c":{"y":1,"z":1}}"#);
    assert_eq!(merged, json!({"b": 2, "c": {"y": 1, "z": 1}}));
}

#[test]
fn tagged_values_and_lists_that_both_changed_otherwise_are_one_value() {
    let (base, mine, theirs) =
        (r#"{"t":{" t":[1]},"l":[1]}"#, r#"{"t":{" t":[1,2]},"l":[2,1]}"#, r#"{"t":{" t":[1,3]},"l":[3]}"#);
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

#[test]
fn a_message_that_was_shown_is_not_shown_again_and_a_new_one_is_kept() {
    let base = r#"{"_flashes":[{" t":["info","old"]}]}"#;
    let appended = r#"{"_flashes":[{" t":["info","old"]},{" t":["info","new"]}]}"#;
    let want = r#"{"_flashes":[{" t":["info","new"]}]}"#;
    assert_eq!(merge(Dialect::Tagged, base, appended, "{}").as_deref(), Ok(want));
    assert_eq!(merge(Dialect::Tagged, base, "{}", appended).as_deref(), Ok(want));
    assert_eq!(merge(Dialect::Tagged, base, appended, r#"{"_flashes":[]}"#).as_deref(), Ok(want));
}

#[test]
fn first_messages_of_two_requests_are_both_kept() {
    assert_eq!(
        joined("{}", r#"{"_flashes":["mine"]}"#, r#"{"_flashes":["theirs"]}"#)["_flashes"],
        json!(["theirs", "mine"])
    );
}

#[test]
fn a_list_that_both_begin_alike_is_one_list() {
    assert_eq!(
        joined("{}", r#"{"roles":["reader"]}"#, r#"{"roles":["reader"]}"#),
        json!({"roles": ["reader"]})
    );
}

#[test]
fn one_item_that_both_append_is_there_twice() {
    assert_eq!(
        joined(r#"{"cart":[]}"#, r#"{"cart":["tea"]}"#, r#"{"cart":["tea"]}"#),
        json!({"cart": ["tea", "tea"]})
    );
}

#[test]
fn what_is_appended_to_a_list_that_is_no_list_any_more_follows_the_later_change() {
    let base = r#"{"l":[1]}"#;
    assert_eq!(joined(base, r#"{"l":[1,2]}"#, r#"{"l":"none"}"#), json!({"l": [1, 2]}));
    assert_eq!(joined(base, r#"{"l":"none"}"#, r#"{"l":[1,2]}"#), json!({"l": "none"}));
}

#[test]
fn numbers_of_other_paths_are_not_added() {
    let merged = added(
        r#"{"n":1,"stats":{"n":1,"visits":1}}"#,
        r#"{"n":2,"stats":{"n":2,"visits":2}}"#,
        r#"{"n":5,"stats":{"n":5,"visits":5}}"#,
    );
    assert_eq!(merged, r#"{"n":2,"stats":{"n":2,"visits":2}}"#);
}

#[test]
fn a_named_number_begins_at_nothing_and_stays_deleted() {
    assert_eq!(added("{}", r#"{"visits":2}"#, r#"{"visits":3}"#), r#"{"visits":5}"#);
    assert_eq!(added(r#"{"visits":1}"#, "{}", r#"{"visits":3}"#), "{}");
    assert_eq!(added(r#"{"visits":1}"#, r#"{"visits":"many"}"#, r#"{"visits":3}"#), r#"{"visits":"many"}"#);
}

#[test]
fn integers_are_added_exactly_and_fractions_as_floats() {
    let visits = |n: &str| format!(r#"{{"visits":{n}}}"#);
    let sum = |base: &str, mine: &str, theirs: &str| added(&visits(base), &visits(mine), &visits(theirs));
    assert_eq!(sum("9007199254740993", "9007199254740994", "9007199254740995"), visits("9007199254740996"));
    assert_eq!(
        sum("100000000000000000000000", "100000000000000000000001", "100000000000000000000002"),
        visits("100000000000000000000003")
    );
    assert_eq!(sum("1.5", "2.25", "3"), visits("3.75"));
    assert_eq!(sum("1", "NaN", "3"), visits("NaN"));
}

#[test]
fn a_rule_or_path_that_means_nothing_is_refused() {
    for (path, rule, says) in [
        ("visits", "sum", "write \"add\", the only one"),
        ("", "add", "is no path"),
        ("a..b", "add", "is no path"),
    ] {
        let error = MergeRules::default().with(path, rule).unwrap_err();
        assert_eq!(error.code(), "merge");
        assert!(error.to_string().contains(says), "{error}");
    }
}
