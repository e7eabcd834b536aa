//! A lenient reader of one name: it keeps duplicates and never fails a request.

/// Every value of `name` in a Cookie header, in order (RFC 6265bis, section 5.8.3).
///
/// Neighbours may be as strange as they like; values are not percent-decoded. Quotes around a value are taken off, as
/// the parsers of all frameworks do: clients of RFC 2109 put them there.
///
/// ```
/// let header = "a=1; session=x;session = y ;b; =z; session=\"q\"; session=\"";
/// assert!(shortcrust::cookie::values(header, "session").eq(["x", "y", "q", "\""]));
/// ```
pub fn values<'h>(header: &'h str, name: &str) -> impl DoubleEndedIterator<Item = &'h str> {
    const OWS: [char; 2] = [' ', '\t'];
    header.split(';').filter_map(move |pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim_matches(OWS) == name).then(|| {
            let value = value.trim_matches(OWS);
            let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            bare.map_or(value, |bare| bare.trim_matches(OWS))
        })
    })
}
