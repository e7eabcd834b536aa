//! A document that is read, written and read again is the same; what is refused once is refused by every reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::{
    Reason,
    payload::{Dialect, project, scan},
};
use shortcrust_fuzz::{Value, parts};

fuzz_target!(|input: &[u8]| {
    let Some([text]) = parts(input) else { return };
    for dialect in [Dialect::Plain, Dialect::Tagged] {
        let read = Value::read(text, dialect);
        let is_object = read.as_ref().map(|value| value.as_map().is_some());
        assert_eq!(
            scan(text, dialect).map(|_| true),
            is_object
                .map_err(|reason| *reason)
                .and_then(|is| { if is { Ok(true) } else { Err(Reason::NotAnObject) } })
        );
        if dialect == Dialect::Tagged {
            assert_eq!(project(text).is_ok(), read.is_ok());
        }
        let Ok(value) = read else { continue };
        let written = value.write(dialect == Dialect::Tagged);
        match Value::read(&written, dialect) {
            // A key that looks like a tag is escaped, which takes a level more.
            Err(reason) => assert_eq!(reason, Reason::TooLarge),
            Ok(again) => {
                assert_eq!(again, value);
                assert_eq!(again.write(dialect == Dialect::Tagged), written);
            }
        }
    }
});
