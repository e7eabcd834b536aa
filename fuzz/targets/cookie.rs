//! Every value is a part of the header as it stands there, and what Set-Cookie writes comes back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shortcrust::{Attributes, SetCookie, cookie::values};
use shortcrust_fuzz::parts;

fuzz_target!(|input: &[u8]| {
    let Some([name, header]) = parts(input) else { return };
    for value in values(header, name) {
        assert!(header.as_bytes().as_ptr_range().contains(&value.as_ptr()) || value.is_empty());
        assert!(!value.contains(';'));
        assert_eq!(value, value.trim_matches([' ', '\t']));
    }
    assert!(values(header, name).rev().count() == values(header, name).count());
    if let Ok(cookie) = SetCookie::new("session", header, &Attributes::default(), true, None) {
        let line = cookie.header();
        assert!(!line.contains(['\r', '\n', '\0']));
        let (pair, _) = line.split_once(';').expect("attributes follow");
        assert!(values(&format!("a=1; {pair}"), "session").eq([header]));
    }
});
