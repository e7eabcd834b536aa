//! Answers for people.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use super::{
    facts::visible,
    inspect::{Outcome, Report, Verdict},
    json::{reason, verdict, word},
    kind::Kind,
};
use crate::{error::Reason, time::UnixMillis};

/// ANSI colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }

    pub(super) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(super) fn doubtful(self, text: &str) -> String {
        self.with("33", text)
    }
}

/// Its first line names the cookie and says what a reader would.
pub(super) fn report(out: &mut String, report: &Report, now: UnixMillis, paint: Paint) {
    let word = verdict(report.verdict);
    let said = match report.verdict {
        Verdict::Accepted => paint.good(word),
        Verdict::Refused(reason) => paint.bad(&format!("{word}: {reason}")),
        Verdict::Unchecked => paint.doubtful(word),
    };
    let name = if report.is_nameless { "(no name)".to_string() } else { visible(&report.name) };
    let _ = writeln!(out, "{name}: {said}");
    if let Some(why) = why(report) {
        row(out, "why", &why);
    }
    what(out, report);
    times(out, report, now);
    if let Some(user) = &report.meta.user {
        row(out, "user", &visible(user));
    }
    if let Some(id) = &report.id {
        row(out, "id", &visible(id));
    }
    if let Some(payload) = &report.payload {
        let note = if report.is_authentic { "" } else { " (no key vouches for it)" };
        row(out, "payload", &format!("{}{note}", visible(payload)));
    }
    checks(out, report, paint);
}

pub(super) fn row(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "  {name:<9} {text}");
}

fn what(out: &mut String, report: &Report) {
    match report.format {
        Some(kind) => row(out, "format", &format!("{}: {}", kind.name(), kind.title())),
        None => row(out, "format", "none that the tool knows"),
    }
    if !report.could_be.is_empty() {
        let names: Vec<&str> = report.could_be.iter().map(|kind| kind.name()).collect();
        row(out, "or", &names.join(", "));
    }
    row(out, "size", &size(report));
    if let Some(key) = report.key {
        let which = if key == 0 { "the current one" } else { "a previous one" };
        row(out, "key", &format!("{} of {}, {which}", key + 1, report.keys));
    }
}

fn size(report: &Report) -> String {
    if report.pieces > 1 {
        return format!("{} bytes in {} cookies", report.size, report.pieces);
    }
    let beyond = if report.size > 4096 { ": browsers drop it" } else { "" };
    let values = match report.values {
        0 | 1 => String::new(),
        several => format!("; {several} cookies of the name"),
    };
    format!("{} of 4096 bytes{beyond}{values}", report.size)
}

fn times(out: &mut String, report: &Report, now: UnixMillis) {
    let meta = &report.meta;
    let created = meta.created.filter(|&created| Some(created) != meta.issued);
    for (name, time) in [("created", created), ("issued", meta.issued), ("expires", meta.expires)] {
        if let Some(time) = time {
            row(out, name, &format!("{}, {}", time.to_rfc3339(), distance(time, now)));
        }
    }
}

fn checks(out: &mut String, report: &Report, paint: Paint) {
    let painted = |outcome| match outcome {
        Outcome::Holds => paint.good(word(outcome)),
        Outcome::Unknown => word(outcome).to_string(),
        Outcome::Fails(_) => paint.bad(word(outcome)),
    };
    let each = report.checks.named().map(|(name, outcome)| format!("{name} {}", painted(outcome)));
    row(out, "checks", &each.join(", "));
}

/// `3 days ago`, `in 2 hours`: the largest unit that fits twice.
pub(super) fn distance(time: UnixMillis, now: UnixMillis) -> String {
    let seconds = time.secs().saturating_sub(now.secs());
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let span = seconds.unsigned_abs();
    let (length, unit) = units.into_iter().find(|(length, _)| span >= 2 * length).unwrap_or((1, "second"));
    let count = span / length;
    let plural = if count == 1 { "" } else { "s" };
    match seconds {
        0 => "now".to_string(),
        1.. => format!("in {count} {unit}{plural}"),
        _ => format!("{count} {unit}{plural} ago"),
    }
}

/// What to look at next.
fn why(report: &Report) -> Option<String> {
    let text = match report.verdict {
        Verdict::Accepted => return None,
        Verdict::Unchecked => match report.format {
            Some(Kind::Jwt | Kind::Paseto) => "it is no session of a format that shortcrust reads",
            Some(kind) if !kind.has_key() => "only the store knows whether the session is there",
            _ => "a secret says whether it is genuine: give one by --secret-file or --secret-env",
        },
        Verdict::Refused(reason) => hint(reason, report.format)?,
    };
    Some(text.to_string())
}

fn hint(reason: Reason, format: Option<Kind>) -> Option<&'static str> {
    Some(match reason {
        Reason::BadSignature => match format {
            Some(Kind::Sealed) => {
                "the key is one of those given, but the value was changed, or name or audience differ"
            }
            Some(Kind::CookieSession | Kind::KoaSession) => {
                "no key made it, or the cookie NAME.sig is missing, or the cookie's name differs"
            }
            Some(Kind::Flask | Kind::Django | Kind::FlaskSession) => {
                "no key made it, or its salt or digest differs, or the value was changed"
            }
            _ => "no key made it, or the value was changed",
        },
        Reason::Expired => "it is past its end, or older than --idle or --absolute",
        Reason::Malformed => {
            "the value is not built as the format says; it may have been cut or encoded twice"
        }
        Reason::NoCookie => "there is no cookie of that name, or it is empty",
        Reason::NotAnObject => "what is inside is no JSON object",
        Reason::NotYetValid => "it was issued in the future: the clocks of two servers differ",
        Reason::TooLarge => "it is over a cap: 16 KiB as a cookie, 256 KiB inflated, 200 levels deep",
        Reason::TooMany => "more than four cookies of the name, and none of the first four opens",
        Reason::UnknownKey => "none of the given secrets is the one that it was sealed with",
        _ => return None,
    })
}

/// The names, with `reason` where there is one, in one line: what `verify` says.
pub(super) fn line(report: &Report, paint: Paint) -> String {
    let name = if report.is_nameless { "(no name)".to_string() } else { visible(&report.name) };
    let format = report.format.map_or("unknown format", Kind::name);
    match (report.verdict, reason(report.verdict)) {
        (Verdict::Accepted, _) => {
            let key =
                report.key.map_or_else(String::new, |key| format!(", key {} of {}", key + 1, report.keys));
            format!("{name}: {} ({format}{key})\n", paint.good("accepted"))
        }
        (_, Some(reason)) => format!("{name}: {} ({format})\n", paint.bad(&format!("refused: {reason}"))),
        _ => format!("{name}: {} ({format})\n", paint.doubtful("unchecked")),
    }
}
