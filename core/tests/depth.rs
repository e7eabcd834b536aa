//! However deep a document is, it needs little of the thread's stack: musl gives a thread 128 KiB.

use std::thread;

use shortcrust::{
    Reason,
    payload::{Dialect, MAX_DEPTH, merge, patch, project, scan},
};

/// Also without optimisation, in which frames are several times as large as in a release.
const STACK: usize = 64 * 1024;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
    thread.join().unwrap();
}

/// Inside an object, as deep as may be; a tag takes two levels.
fn documents() -> impl Iterator<Item = String> {
    let nested = |open: &str, inner: &str, close: &str, count: usize| {
        format!(r#"{{"a":{}{inner}{}}}"#, open.repeat(count), close.repeat(count))
    };
    let levels = MAX_DEPTH - 1;
    ["1", "2", "[3]"].into_iter().flat_map(move |inner| {
        let levels = levels - inner.len() / 3;
        [
            nested("[", inner, "]", levels),
            nested(r#"{"a":"#, inner, "}", levels),
            nested(r#"{" t":["#, inner, "]}", levels / 2),
            nested(r#"{" di":{" t__":"#, inner, "}}", levels / 2),
        ]
    })
}

#[test]
fn a_deep_document_is_checked_and_shown_on_a_small_stack() {
    on_a_small_stack(|| {
        for text in documents() {
            assert!(scan(&text, Dialect::Tagged).unwrap().nested);
            assert!(!project(&text).unwrap().text.is_empty());
        }
    });
}

#[test]
fn a_deep_document_is_patched_on_a_small_stack() {
    on_a_small_stack(|| {
        for text in documents() {
            let shown = project(&text).unwrap().text;
            assert_eq!(patch(Some(&text), &shown, "").unwrap(), text);
            let changed = shown.replacen("{\"a\"", "{\"b\":1,\"a\"", 1);
            assert!(patch(Some(&text), &changed, "").unwrap().ends_with(r#""b":1}"#));
            assert!(patch(None, &shown, "").is_ok());
        }
    });
}

#[test]
fn deep_documents_are_merged_on_a_small_stack() {
    on_a_small_stack(|| {
        let documents: Vec<_> = documents().collect();
        let (base, rest) = documents.split_at(4);
        let (mine, theirs) = rest.split_at(4);
        for dialect in [Dialect::Plain, Dialect::Tagged] {
            for ((base, mine), theirs) in base.iter().zip(mine).zip(theirs) {
                assert!(merge(dialect, base, mine, theirs).is_ok());
            }
        }
    });
}

#[test]
fn one_level_more_is_refused() {
    let text = format!(r#"{{"a":{}{}}}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    on_a_small_stack(move || {
        assert_eq!(scan(&text, Dialect::Tagged).map_err(Reason::code), Err("too_large"));
    });
}
