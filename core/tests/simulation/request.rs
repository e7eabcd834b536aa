//! One request: what its handler has done, and what the ledger is to know of it once it is written.

use std::collections::BTreeSet;

use shortcrust::{Answer, Content, Need, Reason, Revocation, Session, UnixMillis};

use crate::{
    Data,
    ledger::{Ledger, data_of},
    store::Store,
    to_text,
};

/// What a request waits for.
pub(crate) enum Machine {
    Own,
    Revoking(Revocation, Meant),
}

/// What a revocation is to end.
#[derive(Clone)]
pub(crate) enum Meant {
    User(String),
    Handle(String),
}

#[expect(clippy::struct_excessive_bools, reason = "a script's marks")]
pub(crate) struct Request {
    pub(crate) number: usize,
    pub(crate) browser: usize,
    pub(crate) session: Session,
    pub(crate) machine: Machine,
    /// Of the action list that is being run.
    pub(crate) answers: Vec<Answer>,
    pub(crate) is_open: bool,
    pub(crate) data: Data,
    pub(crate) is_changed: bool,
    /// What it has written and not taken back.
    pub(crate) mine: BTreeSet<String>,
    pub(crate) commands: usize,
    pub(crate) is_saving: bool,
    pub(crate) is_closing: bool,
    /// Under what its session lay when it came, or was last saved; none where that was left behind.
    from: Option<String>,
    /// The session whose data may come along under a new id, if this request itself has ended it.
    origin: Option<String>,
    /// All that it has written since it ended a session.
    wrote: BTreeSet<String>,
    /// A login or logout has said since then whose it is.
    pub(crate) is_told: bool,
    /// The session is to go on under another id.
    pub(crate) has_left: bool,
    /// Keys whose sessions it has ended, if all goes well.
    ends: Vec<String>,
}

impl Request {
    pub(crate) fn new(number: usize, browser: usize, session: Session, commands: usize) -> Self {
        Self {
            number,
            browser,
            session,
            machine: Machine::Own,
            answers: Vec::new(),
            is_open: false,
            data: Data::new(),
            is_changed: false,
            mine: BTreeSet::new(),
            commands,
            is_saving: false,
            is_closing: false,
            from: None,
            origin: None,
            wrote: BTreeSet::new(),
            is_told: false,
            has_left: false,
            ends: Vec::new(),
        }
    }

    pub(crate) fn need(&self) -> Need {
        match &self.machine {
            Machine::Own => self.session.need(),
            Machine::Revoking(revocation, _) => revocation.need(),
        }
    }

    /// It fails for what its machine has met.
    pub(crate) fn is_to_fail(&self) -> bool {
        match &self.machine {
            Machine::Own => self.session.failure().is_some_and(|failure| failure.raise),
            Machine::Revoking(revocation, _) => revocation.is_failed(),
        }
    }

    pub(crate) fn opened(&mut self, data: Data) {
        self.is_open = true;
        self.data = data;
        self.from = self.session.key().map(ToOwned::to_owned);
        self.origin.clone_from(&self.from);
    }

    pub(crate) fn write(&mut self, key: String) {
        self.data.insert(key.clone(), String::new());
        self.mine.insert(key.clone());
        self.wrote.insert(key);
        self.is_changed = true;
    }

    /// What the handler leaves.
    pub(crate) fn with_content<T>(&mut self, then: impl FnOnce(&mut Session, &Content<'_>) -> T) -> T {
        let text = to_text(&self.data);
        let content = if self.is_changed { Content::Changed(&text) } else { Content::Unchanged };
        then(&mut self.session, &content)
    }

    pub(crate) fn login(&mut self, user: &str, now: UnixMillis, from_text: impl Fn(&str) -> Data) {
        let shown = self.with_content(|session, content| session.login(user, content, now)).unwrap();
        if let Some(shown) = shown {
            self.data = from_text(&shown);
            self.end();
        }
        self.data.remove("user_id");
        (self.is_changed, self.is_told, self.has_left) = (true, true, true);
    }

    pub(crate) fn logout(&mut self, now: UnixMillis) {
        self.session.logout(now);
        self.emptied();
    }

    pub(crate) fn regenerate(&mut self, now: UnixMillis) {
        self.session.regenerate(now);
        (self.is_changed, self.has_left) = (true, true);
    }

    /// What a login told counts more than what is done by hand beside it.
    pub(crate) fn set_user_by_hand(&mut self, user: &str) {
        if !self.is_told {
            self.data.insert("user_id".into(), user.to_owned());
            self.is_changed = true;
        }
    }

    /// Before what is left is written: a change of user by hand is a login.
    pub(crate) fn leaves(&mut self) {
        let by_hand = self.data.get("user_id").filter(|_| !self.is_told);
        let Some(user) = by_hand else { return };
        let old = self.session.user();
        self.has_left |= old.as_ref() != Some(user);
        if old.is_some_and(|old| old != *user) {
            // Another's data stay behind, but for what this request wrote.
            self.end();
        }
    }

    /// The revocation is done, and its own session may have been meant.
    pub(crate) fn revoked(&mut self, meant: &Meant, count: Option<u64>, ledger: &mut Ledger) {
        let is_own = match meant {
            // What began under the user later lives on; what the store has now does not.
            Meant::User(user) => self.session.user().as_ref() == Some(user),
            Meant::Handle(handle) => count == Some(1) && self.session.key() == Some(handle),
        };
        if let (Meant::Handle(handle), Some(1)) = (meant, count) {
            ledger.ended.insert(handle.clone());
        }
        if is_own {
            self.session.destroy();
            self.emptied();
        }
    }

    fn emptied(&mut self) {
        self.end();
        self.data.clear();
        self.mine.clear();
        self.wrote.clear();
        (self.is_changed, self.is_told, self.has_left) = (true, true, true);
    }

    fn end(&mut self) {
        self.ends.extend(self.from.take());
        self.origin = None;
    }

    /// All was written, or nothing.
    pub(crate) fn saved(&mut self, ledger: &mut Ledger, store: &Store) -> Result<(), String> {
        self.is_saving = false;
        if let Some(failure) = self.session.failure() {
            if failure.reason != Reason::Unavailable {
                // Another request ended it: what this one goes on with is a session of its own.
                self.from = None;
            }
            return Ok(());
        }
        ledger.ended.extend(self.ends.drain(..));
        self.is_told = false;
        let has_left = std::mem::take(&mut self.has_left);
        let from = self.from.take();
        self.from = self.session.key().map(ToOwned::to_owned);
        let Some(key) = &self.from else {
            ledger.ended.extend(from);
            return Ok(());
        };
        match from {
            Some(from) if from != *key => ledger.moves.push((from, key.clone())),
            Some(_) if has_left => return Err("a login or a change of rights kept the id".into()),
            _ => {}
        }
        self.check_what_came_along(key, store)?;
        self.origin = Some(key.clone());
        let user = self.session.user();
        for written in std::mem::take(&mut self.mine) {
            if self.data.contains_key(&written) {
                ledger.writes.insert(written, (key.clone(), user.clone()));
            }
        }
        Ok(())
    }

    /// Under a new id goes on what this request wrote, and the session that it has itself left for that.
    fn check_what_came_along(&self, key: &str, store: &Store) -> Result<(), String> {
        let is_same = self.origin.as_deref() == Some(key);
        let has_left =
            self.origin.as_ref().and_then(|origin| store.tombstones.get(origin)) == Some(&self.number);
        if is_same || has_left {
            return Ok(());
        }
        let data = store.live(key).map(|record| data_of(&record.content)).unwrap_or_default();
        match data.keys().find(|key| *key != "user_id" && !self.wrote.contains(*key)) {
            Some(written) => Err(format!("{written} of a session that another request ended lives on")),
            None => Ok(()),
        }
    }

    /// The store failed in the middle, and the request with it: what it was about to leave may be over or not.
    pub(crate) fn abandon(self, ledger: &mut Ledger) {
        if let Machine::Revoking(_, Meant::Handle(handle)) = self.machine {
            ledger.doubtful.insert(handle);
        }
        if self.has_left {
            let ids = self.from.into_iter().chain(self.ends);
            ledger.doubtful.extend(ids.chain(self.session.key().map(ToOwned::to_owned)));
        }
    }
}
