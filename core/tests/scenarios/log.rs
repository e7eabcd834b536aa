//! What happens, in the words of a scenario's log.

use shortcrust::{Action, Answer, Session};

/// The store's keys, in the order in which the log mentions them.
#[derive(Default)]
pub(crate) struct Keys(pub(crate) Vec<String>);

impl Keys {
    /// An action as the log has it.
    pub(crate) fn told(&mut self, action: &Action) -> String {
        match action {
            Action::Load { keys } => {
                let names: Vec<String> = keys.iter().map(|key| self.named(key)).collect();
                format!("load {}", names.join(", "))
            }
            Action::Revoke { user, keep } => {
                let user = self.named(user);
                match keep {
                    Some(key) => format!("revoke {user} but {}", self.named(key)),
                    None => format!("revoke {user}"),
                }
            }
            Action::Sweep { before, limit } => format!("sweep {limit} before {}", before.0),
            Action::Create { key, entry } | Action::Put { key, entry } | Action::Save { key, entry, .. } => {
                let at = match action {
                    Action::Save { version, .. } => format!(" at {version}"),
                    _ => String::new(),
                };
                let key = self.named(key);
                let user = entry.user.as_ref().map(|user| format!(" of {}", self.named(user)));
                let until = entry.expires.map(|end| format!(" until {}", end.0));
                let (user, until) = (user.unwrap_or_default(), until.unwrap_or_default());
                format!("{} {key}{at}{user}{until} {}", kind_of(action), entry.text)
            }
            other => unreachable!("no scenario has {other:?}"),
        }
    }

    fn named(&mut self, key: &str) -> String {
        let at = self.0.iter().position(|known| known == key).unwrap_or_else(|| {
            self.0.push(key.to_owned());
            self.0.len() - 1
        });
        format!("key {}", at + 1)
    }
}

pub(crate) fn seen_in(session: &mut Session) -> String {
    let user = session.user().unwrap_or_else(|| "nobody".into());
    match session.reason() {
        Some(reason) => format!("nothing: {}", reason.code()),
        None => format!("{} of {user}", session.payload().unwrap_or("{}")),
    }
}

pub(crate) fn kind_of(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "create",
        Action::Load { .. } => "load",
        Action::Put { .. } => "put",
        Action::Revoke { .. } => "revoke",
        Action::Save { .. } => "save",
        Action::Sweep { .. } => "sweep",
        other => unreachable!("no scenario has {other:?}"),
    }
}

pub(crate) fn said(answer: &Answer) -> String {
    match answer {
        Answer::Conflict(row) => format!("conflict at {}", row.version),
        Answer::Count(count) => count.to_string(),
        Answer::Done => "done".into(),
        Answer::Exists => "exists".into(),
        Answer::Gone => "gone".into(),
        Answer::Rows(rows) => {
            let told = |row: &Option<shortcrust::Row>| {
                row.as_ref().map_or_else(|| "nothing".into(), |row| format!("at {}", row.version))
            };
            rows.iter().map(told).collect::<Vec<_>>().join(", ")
        }
        other => unreachable!("the store says no {other:?}"),
    }
}
