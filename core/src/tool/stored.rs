//! What is said of sessions in a store; the hosts ask the store.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use super::{
    facts::visible,
    json::Json,
    run::{Call, Printed},
    text::distance,
};
use crate::record::{Content, Record, Scope};

/// The index of `--user` in a store, bound to name, audience and namespace as the front's is.
pub fn user_index(call: &Call<'_>) -> Result<String, Printed> {
    let user = call.option("user").filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| Printed::wrong(&format!("{} needs --user", call.verb)))?;
    let own = |name: &str, default: &str| call.option(name).unwrap_or(default).to_string();
    let scope = Scope {
        name: own("name", "session"),
        audience: own("audience", ""),
        namespace: own("namespace", ""),
        ..Scope::default()
    };
    Ok(scope.user(user))
}

/// A user's sessions, by the store's keys and records; the last one used first.
pub fn listing(call: &Call<'_>, found: &[(String, String)]) -> Printed {
    let read = |(key, text): &(String, String)| Some((key.clone(), Record::parse(text).ok()?));
    let mut records: Vec<(String, Record)> = found.iter().filter_map(read).collect();
    records.retain(|(_, record)| record.content != Content::Tombstone);
    records.sort_by(|(one, a), (other, b)| b.renewed.cmp(&a.renewed).then(one.cmp(other)));
    if call.is_json() {
        return Printed::out(listing_json(&records), 0);
    }
    let now = call.now;
    let mut out = String::new();
    for (key, record) in &records {
        let label = record.label.as_deref().map_or_else(String::new, |label| format!("  {}", visible(label)));
        let (used, began) = (distance(record.renewed, now), distance(record.created, now));
        let _ = writeln!(out, "{key}  used {used}, began {began}{label}");
    }
    let _ = writeln!(out, "{}", counted(records.len() as u64, "session"));
    Printed::out(out, 0)
}

fn listing_json(records: &[(String, Record)]) -> String {
    let mut json = Json::new();
    json.object(|json| {
        json.list("sessions", records, |json, (key, record)| {
            json.object(|json| {
                json.text("handle", Some(key));
                json.time("created", Some(record.created));
                json.time("renewed", Some(record.renewed));
                json.time("expires", record.expires);
                json.text("label", record.label.as_deref());
            });
        });
    });
    json.finish()
}

/// How many sessions `sweep` removed or `sessions revoke` ended.
pub fn removed(call: &Call<'_>, count: u64) -> Printed {
    if call.is_json() {
        let mut json = Json::new();
        json.object(|json| json.number("removed", usize::try_from(count).ok()));
        return Printed::out(json.finish(), 0);
    }
    Printed::out(format!("{} removed\n", counted(count, "session")), 0)
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
