//! Answers for scripts: one line of JSON, in ASCII, its keys always in the same order.

use alloc::string::String;
use core::fmt::Write;

use super::{
    inspect::{Outcome, Report, Verdict, dialect},
    kind::Kind,
};
use crate::{
    payload::{MapScope, Text, Writer, scan},
    time::UnixMillis,
};

/// An object that is written key by key.
pub(super) struct Json(Writer);

const PLAIN: MapScope = MapScope::PLAIN;

impl Json {
    pub(super) fn new() -> Self {
        Self(Writer::new(true))
    }

    pub(super) fn finish(self) -> String {
        let mut text = self.0.finish();
        text.push('\n');
        text
    }

    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        let scope = self.0.begin_map(None);
        fill(self);
        self.0.end_map(scope);
    }

    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.0.begin_list();
        for item in items {
            each(self, item);
        }
        self.0.end_list();
    }

    pub(super) fn key(&mut self, key: &str) {
        self.0.key(PLAIN, Text::Utf8(key));
    }

    pub(super) fn item(&mut self, text: &str) {
        self.0.text(Text::Utf8(text));
    }

    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        self.key(key);
        match text {
            Some(text) => self.item(text),
            None => self.0.null(),
        }
    }

    pub(super) fn number(&mut self, key: &str, number: Option<usize>) {
        self.key(key);
        match number.and_then(|number| i64::try_from(number).ok()) {
            Some(number) => self.0.int(number),
            None => self.0.null(),
        }
    }

    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.0.bool(flag);
    }

    pub(super) fn time(&mut self, key: &str, time: Option<UnixMillis>) {
        self.text(key, time.map(UnixMillis::to_rfc3339).as_deref());
    }

    pub(super) fn raw(&mut self, key: &str, text: &str) {
        self.key(key);
        self.0.raw(text);
    }
}

/// One report as an object.
pub(super) fn report(json: &mut Json, report: &Report) {
    json.object(|json| {
        json.text("name", (!report.is_nameless).then_some(report.name.as_str()));
        json.text("verdict", Some(verdict(report.verdict)));
        json.text("reason", reason(report.verdict));
        json.text("format", report.format.map(Kind::name));
        json.list("could_be", &report.could_be, |json, kind| json.item(kind.name()));
        json.number("values", Some(report.values));
        json.number("size", Some(report.size));
        json.number("pieces", Some(report.pieces));
        json.number("key", report.key);
        json.number("keys", Some(report.keys));
        json.time("issued", report.meta.issued);
        json.time("created", report.meta.created);
        json.time("expires", report.meta.expires);
        json.text("user", report.meta.user.as_deref());
        json.text("id", report.id.as_deref());
        json.flag("authentic", report.is_authentic);
        payload(json, report);
        json.key("checks");
        json.object(|json| {
            for (name, outcome) in report.checks.named() {
                json.text(name, Some(word(outcome)));
            }
        });
    });
}

/// JSON as it is; what other readers would not take for JSON, as text.
fn payload(json: &mut Json, report: &Report) {
    let is_json = |text: &&String| {
        let dialect = report.format.map(dialect).unwrap_or_default();
        scan(text, dialect).is_ok_and(|facts| !facts.non_finite)
    };
    match report.payload.as_ref() {
        None => json.text("payload", None),
        Some(text) if is_json(&text) => json.raw("payload", &ascii(text)),
        Some(text) => json.text("payload", Some(text)),
    }
}

/// What is beyond ASCII stands in strings alone, so that it can be escaped where it is.
pub(super) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for char in json.trim_ascii().chars() {
        if char.is_ascii_control() && char != '\u{7f}' {
            // White space between values: within a string JSON has none.
            out.push(' ');
        } else if char.is_ascii() && char != '\u{7f}' {
            out.push(char);
        } else {
            for unit in char.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Refused(_) => "refused",
        Verdict::Unchecked => "unchecked",
    }
}

pub(super) fn reason(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Refused(reason) => Some(reason.code()),
        _ => None,
    }
}

/// `ok`, `unknown`, or the reason.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds => "ok",
        Outcome::Unknown => "unknown",
        Outcome::Fails(reason) => reason.code(),
    }
}
