//! A record that can be read is written as a text that reads as the same record. What is read of a row of
//! express-session is a session that every language reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::{
    payload::{Dialect, scan},
    record::{Record, express_payload},
};
use shortcrust_fuzz::parts;

fuzz_target!(|input: &[u8]| {
    let Some([text]) = parts(input) else { return };
    if let Ok(record) = Record::parse(text) {
        let written = record.to_text();
        assert_eq!(Record::parse(&written).as_ref(), Ok(&record));
    }
    if let Ok(payload) = express_payload(text) {
        assert!(scan(&payload, Dialect::Tagged).is_ok_and(|facts| !facts.non_finite));
    }
});
