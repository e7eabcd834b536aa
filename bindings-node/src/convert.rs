//! Payloads for `JSON.parse`, and `JSON.stringify`'s text as payloads.

use napi_derive::napi;
use shortcrust::{
    Head, Reason, SetCookie,
    payload::{patch, project},
};

use crate::error;

/// What `JSON.parse` is given, and the places that stand for more than a string.
#[napi(object, object_from_js = false)]
pub struct View {
    /// JSON.
    pub text: String,
    /// A JSON object with the keys and positions that lead to them, and `date` or `bytes` at the end, where there is one.
    pub kinds: Option<String>,
}

/// What a request has brought.
#[napi(object, object_from_js = false)]
pub struct Arrived {
    /// JSON; none where no session came in.
    pub text: Option<String>,
    /// As in `View`.
    pub kinds: Option<String>,
    /// Why there is no session.
    pub reason: Option<&'static str>,
}

/// What is to be set on the response.
#[napi(object, object_from_js = false)]
pub struct Closed {
    /// The lines after `Set-Cookie: `.
    pub cookies: Vec<String>,
    /// `Cache-Control`.
    pub cache_control: Option<&'static str>,
}

/// Most payloads are shown as they are; the scan has told which are not.
pub(crate) fn shown(session: &shortcrust::Session) -> Result<Option<View>, Reason> {
    let Some(payload) = session.payload() else { return Ok(None) };
    let facts = session.facts();
    if !facts.special && !facts.non_finite {
        return Ok(Some(View { text: payload.to_owned(), kinds: None }));
    }
    shown_text(payload).map(Some)
}

pub(crate) fn shown_text(payload: &str) -> Result<View, Reason> {
    let projection = project(payload)?;
    let kinds = (projection.kinds != "{}").then_some(projection.kinds);
    Ok(View { text: projection.text, kinds })
}

/// Total: what can't be shown is refused.
pub(crate) fn arrived(session: &mut shortcrust::Session) -> Arrived {
    let shown = shown(session).unwrap_or_else(|reason| {
        session.refuse(reason);
        None
    });
    let (text, kinds) = shown.map(|shown| (shown.text, shown.kinds)).unzip();
    Arrived { text, kinds: kinds.flatten(), reason: session.reason().map(Reason::code) }
}

/// The payload that the host left, or `None` where it is still the one that came in.
///
/// What came in is carried over `regenerate` and `login`, where it comes along.
fn changed(session: &shortcrust::Session, host: &str, kinds: &str) -> Result<Option<String>, Reason> {
    let original = session.payload();
    let payload = patch(original, host, kinds)?;
    let same = payload == original.unwrap_or("{}").trim_ascii();
    Ok((!same).then_some(payload))
}

/// As `changed`; without JSON the host left what it was shown.
pub(crate) fn left(
    session: &shortcrust::Session,
    host: Option<&str>,
    kinds: &str,
) -> error::Result<Option<String>> {
    host.map_or(Ok(None), |host| changed(session, host, kinds)).map_err(error::payload)
}

/// `None` where there is nothing to set.
pub(crate) fn closed(head: &Head) -> Option<Closed> {
    let cookies: Vec<String> = head.cookies.iter().map(SetCookie::header).collect();
    (!cookies.is_empty()).then_some(Closed { cookies, cache_control: head.cache_control })
}
