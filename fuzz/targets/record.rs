//! A record that can be read is written as a text that reads as the same record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::record::Record;
use shortcrust_fuzz::parts;

fuzz_target!(|input: &[u8]| {
    let Some([text]) = parts(input) else { return };
    if let Ok(record) = Record::parse(text) {
        let written = record.to_text();
        assert_eq!(Record::parse(&written).as_ref(), Ok(&record));
    }
});
