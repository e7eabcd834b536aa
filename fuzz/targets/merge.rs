//! A merge is a document; who changed nothing takes nothing away; and what only one side changed is as that side left it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::payload::{Dialect, MergeRules, merge, scan};
use shortcrust_fuzz::{Map, Value, parts};

fuzz_target!(|input: &[u8]| {
    let Some([base, mine, theirs]) = parts(input) else { return };
    for dialect in [Dialect::Plain, Dialect::Tagged] {
        let rules = MergeRules::default().with("a", "add").and_then(|rules| rules.with("a.a", "add"));
        let _ = rules.expect("two paths").merge(dialect, base, mine, theirs);
        let texts = [base, mine, theirs];
        // Where infinity is written as a number that is too large, one value has two spellings.
        if texts.iter().any(|text| scan(text, dialect).is_ok_and(|facts| facts.non_finite)) {
            continue;
        }
        let [Ok(base_value), Ok(my_value), Ok(their_value)] = texts.map(|text| Value::read(text, dialect))
        else {
            assert!(merge(dialect, base, mine, theirs).is_err());
            continue;
        };
        let merged = |base, mine, theirs| {
            let text = merge(dialect, base, mine, theirs).expect("all three can be read");
            Value::read(&text, dialect).ok()
        };
        let is_same = |merged: Option<Value>, value: &Value| assert!(merged.is_none_or(|it| it == *value));
        is_same(merged(base, base, theirs), &their_value);
        is_same(merged(base, mine, base), &my_value);
        // A merge of objects may be deeper by a level where a key looks like a tag, and is then refused by all readers.
        let Some(all) = merged(base, mine, theirs) else { continue };
        let maps = [&all, &base_value, &my_value, &their_value].map(Value::as_map);
        if let [Some(all), Some(base), Some(mine), Some(theirs)] = maps {
            by_key(all, base, mine, theirs);
        }
    }
});

fn by_key(all: &Map, base: &Map, mine: &Map, theirs: &Map) {
    for key in [all, base, mine, theirs].into_iter().flat_map(Map::keys) {
        let [all, base, mine, theirs] = [all, base, mine, theirs].map(|map| map.get(key));
        let appended = [mine, theirs].into_iter().any(|side| appended(base, side));
        if mine == base {
            assert_eq!(all, theirs);
        } else if theirs == base {
            assert_eq!(all, mine);
        } else if (mine.is_none() || theirs.is_none()) && !appended {
            assert_eq!(all, None, "a deletion beats a change");
        } else if let (Some(Value::List(all)), Some(Value::List(mine)), Some(Value::List(theirs))) =
            (all, mine, theirs)
        {
            let longest = mine.len() + theirs.len();
            assert!(all.len() <= longest);
        }
    }
}

fn appended(base: Option<&Value>, side: Option<&Value>) -> bool {
    matches!((base, side), (Some(Value::List(base)), Some(Value::List(side))) if side.starts_with(base))
}
