//! What the host left alone keeps every byte, and whatever else it hands back reads as what it handed back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::{
    Reason,
    payload::{Dialect, patch, project, scan},
};
use shortcrust_fuzz::{Value, parts};

fuzz_target!(|input: &[u8]| {
    let Some([original, host, kinds]) = parts(input) else { return };
    let whole = original.trim_matches([' ', '\n', '\r', '\t']);
    // A session is an object: of another document nothing is told that stands for more than a string.
    if let (Ok(_), Ok(shown)) = (scan(original, Dialect::Tagged), project(original)) {
        assert_eq!(patch(Some(original), &shown.text, &shown.kinds).as_deref(), Ok(whole));
    }
    let _ = patch(Some(original), host, kinds);
    let Ok(patched) = patch(Some(original), host, "") else { return };
    if original == host {
        return;
    }
    match project(&patched) {
        // Tags take levels of their own.
        Err(reason) => assert_eq!(reason, Reason::TooLarge),
        Ok(shown) if shown.kinds == "{}" => {
            let read = |text| Value::read(text, Dialect::Plain).map(Value::in_javascript);
            assert_eq!(read(&shown.text), read(host));
        }
        // What stood for a Date and is handed back as a string is a string: then nothing stands for more.
        Ok(shown) => panic!("kinds from nowhere: {}", shown.kinds),
    }
});
