//! What the promises say of sessions in cookies, of which a store knows only those that are over.

use std::collections::{BTreeMap, BTreeSet};

use shortcrust::{Engine, Need, UnixMillis};

use crate::{
    memory_store::MemoryStore,
    request::{Request, rng},
};

/// Cookies are as a request sends them: `session=value`.
#[derive(Default)]
pub(crate) struct Cookies {
    /// Of sessions that have ended.
    ended: BTreeSet<String>,
    /// Those of them that opened a session for a request that began afterwards.
    pub(crate) undone: BTreeSet<String>,
    /// Entries of sessions, and whose they were at first. What was nobody's is in each copy of the cookie, and goes along
    /// with each login.
    owners: BTreeMap<String, Option<String>>,
    /// Entries that went to another user.
    pub(crate) handed: BTreeSet<String>,
}

impl Cookies {
    pub(crate) fn opened(&mut self, request: &Request) {
        if request.has_come && self.ended.contains(&request.header) {
            self.undone.insert(request.header.clone());
        }
    }

    pub(crate) fn end(&mut self, cookies: impl IntoIterator<Item = String>) {
        self.ended.extend(cookies.into_iter().filter(|cookie| !cookie.is_empty()));
    }

    /// A response has its cookies, and what the store had to be told is told.
    pub(crate) fn closed(&mut self, request: &mut Request) {
        let has_failed = !request.raised.is_empty();
        if request.has_logged_out && request.has_come && !has_failed {
            self.end([request.header.clone()]);
        }
        let Some(cookie) = request.cookies.iter().flatten().find(|header| !header.contains("=; ")) else {
            return;
        };
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        // A request in flight seals what has ended anew: that must not open either.
        if request.has_come && !request.is_anew && self.ended.contains(&request.header) {
            self.end([cookie]);
        }
        let user = request.session.user();
        for name in request.data.keys() {
            let owner = self.owners.entry(name.clone()).or_insert_with(|| user.clone());
            if owner.is_some() && *owner != user {
                self.handed.insert(name.clone());
            }
        }
    }
}

/// Whose session a cookie opens; nothing is written for it.
pub(crate) fn owner(
    engine: &Engine,
    store: &mut MemoryStore,
    cookie: &str,
    now: UnixMillis,
) -> Option<String> {
    let mut session = engine.open(cookie, now);
    while let Need::Ask(actions) = session.need() {
        let answers = actions.iter().map(|action| store.run(action)).collect();
        session.answer(answers, now, &mut rng(0));
    }
    session.user()
}
