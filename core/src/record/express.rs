//! A row as express-session (1.19) keeps it: the session's data as JSON, and among them `cookie`, which is its own.

use alloc::string::String;

use crate::{
    error::Reason,
    format::MAX_RECORD,
    payload::{
        Dialect, Text, Writer, patch, scan,
        tree::{Entry, Node},
    },
};

const COOKIE: &[u8] = b"cookie";

/// The data of a row as a payload of ours: tagged, without `cookie` and without keys that JavaScript must not meet.
///
/// ```
/// use shortcrust::record::express_payload;
/// let row = r#"{"cookie":{"originalMaxAge":null,"path":"/"},"user":"ada","seen":{" t":[1]}}"#;
/// assert_eq!(express_payload(row)?, r#"{"user":"ada","seen":{" di":{" t__":[1]}}}"#);
/// # Ok::<(), shortcrust::Reason>(())
/// ```
///
/// # Errors
///
/// `malformed` for what is no JSON of every language, such as NaN; `not_an_object`; `too_large` for over 8 MiB and for
/// over 200 levels.
pub fn express_payload(row: &str) -> Result<String, Reason> {
    if row.len() > MAX_RECORD {
        return Err(Reason::TooLarge);
    }
    let root = Node::parse_top(row, false)?;
    let map = root.as_map().ok_or(Reason::NotAnObject)?;
    let mut data = Writer::new(false);
    let scope = data.begin_map(None);
    let is_data = |entry: &&Entry| entry.key != COOKIE;
    for entry in map.entries().iter().filter(is_data) {
        data.key(scope, Text::from(entry.key.as_slice()));
        data.raw(&row[entry.value.range.clone()]);
    }
    data.end_map(scope);
    let payload = patch(None, &data.finish(), "")?;
    let facts = scan(&payload, Dialect::Tagged)?;
    if facts.non_finite { Err(Reason::Malformed) } else { Ok(payload) }
}
