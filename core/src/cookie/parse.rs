//! A lenient reader of one name: it keeps duplicates and never fails a request.

/// Every value of `name` in a Cookie header, in order (RFC 6265bis, section 5.8.3).
///
/// Neighbours may be as strange as they like; values are neither unquoted nor percent-decoded.
///
/// ```
/// let header = "a=1; session=x;session = y ;b; =z";
/// assert!(shortcrust::cookie::values(header, "session").eq(["x", "y"]));
/// ```
pub fn values<'h>(header: &'h str, name: &str) -> impl DoubleEndedIterator<Item = &'h str> {
    const OWS: [char; 2] = [' ', '\t'];
    header.split(';').filter_map(move |pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim_matches(OWS) == name).then(|| value.trim_matches(OWS))
    })
}
