//! A request that ends sessions of a user's, its own among them or not.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{
    Content, Engine, Event, Failure, Session,
    actions::{Answer, Need},
    revocation::{Before, Excepted, Marked, Revocation},
    tables::{self, Own, Told},
};
use crate::{
    entropy::Entropy,
    error::{Reason, SealError},
    time::UnixMillis,
};

/// All of a user's sessions, and what the request's own was when that began.
#[derive(Clone, Debug)]
pub(super) struct Revoking {
    user: String,
    own: Own,
    /// What the handler left, where the session is written after the revocation.
    mine: Option<String>,
}

/// What is on its way.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    All(Revoking),
    /// The session of this key.
    One(String),
}

impl Session {
    /// Begins to end all of the user's sessions that began until now. The host then runs what the session
    /// [needs](Self::need). This one ends too if it is theirs; with `except_current` it goes on under a new id, so that
    /// a stolen copy of its cookie ends as well, and is written now as by [`save`](Self::save). Behind the response it
    /// keeps its id.
    pub fn revoke_all(
        &mut self,
        user: &str,
        except_current: bool,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<(), SealError> {
        let is_theirs = self.user().as_deref() == Some(user);
        let told = match (self.stored.is_some(), self.is_head_given) {
            (false, _) => Told::Mark,
            (true, false) => Told::NewKey,
            (true, true) => Told::OldKey,
        };
        let own = tables::own(is_theirs, except_current, told);
        let mine = content.text().map(ToOwned::to_owned);
        let revoking = Revoking { user: user.to_owned(), own, mine };
        if own == Own::MovesBefore {
            self.revoking = Some(revoking);
            self.regenerate(now);
            return self.save(content, now, rng);
        }
        self.begin_revoking(revoking);
        Ok(())
    }

    /// The response has its cookies, and gets no more: from here on the session keeps its id.
    pub fn answered(&mut self) {
        self.is_head_given = true;
    }

    /// Begins to end the session of a record; where `user` is given, only if it is theirs.
    pub fn revoke(&mut self, key: &str, user: Option<&str>) {
        self.follow(Engine::from(&*self).revoke(key, user), Whom::One(key.to_owned()));
    }

    /// How many records the last revocation ended; `None` for sessions in cookies, which nobody counts.
    pub fn revoked(&self) -> Option<u64> {
        self.revoked
    }

    /// What was to be done first is written: the others are to end. So they are where the own one has ended meanwhile.
    pub(super) fn go_on_revoking(&mut self) {
        let is_idle = self.task.is_idle();
        let Some(mut revoking) = self.revoking.take_if(|_| is_idle) else { return };
        match self.failure {
            None => {}
            Some(_) if self.suppressed => revoking.own = Own::Stays,
            Some(_) => return,
        }
        self.begin_revoking(revoking);
    }

    pub(super) fn revoking_answered(
        &mut self,
        mut revocation: Revocation,
        whom: Whom,
        answers: Vec<Answer>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) {
        revocation.answer(answers, now);
        if revocation.need() != Need::Done {
            self.task = (revocation, whom).into();
            return;
        }
        if revocation.is_failed() {
            self.failure = Some(Failure { reason: Reason::Unavailable, raise: true });
            return;
        }
        self.revoked = revocation.count();
        self.events.add(Event::Revoked(self.revoked));
        let marked = revocation.marked();
        let (own, user, mine) = match whom {
            Whom::One(key) => {
                let is_meant = self.revoked == Some(1) && self.key() == Some(key.as_str());
                (tables::own(is_meant, false, Told::NewKey), String::new(), None)
            }
            Whom::All(Revoking { user, own, mine }) => (own, user, mine),
        };
        match own {
            Own::Ends => self.destroy(),
            Own::MovesAfter => {
                let content = mine.as_deref().map_or(Content::Unchanged, Content::Changed);
                if let Err(error) = self.except(user, marked, &content, now, rng) {
                    self.failure = Some(Failure { reason: error.reason(), raise: true });
                }
            }
            Own::Keeps | Own::MovesBefore | Own::Stays => {}
        }
    }

    fn begin_revoking(&mut self, revoking: Revoking) {
        let keep = self.key().filter(|_| matches!(revoking.own, Own::Keeps | Own::MovesBefore));
        let revocation = Engine::from(&*self).revoke_all(&revoking.user, keep);
        self.follow(revocation, Whom::All(revoking));
    }

    fn follow(&mut self, revocation: Revocation, whom: Whom) {
        // What failed before has been said.
        self.failure = self.failure.map(|failure| Failure { raise: false, ..failure });
        self.revoked = None;
        self.task = (revocation, whom).into();
    }

    /// A session in its cookie goes on under a new id. It proves no user, so it is excepted from this one revocation, not
    /// from one that another request commits meanwhile; and it has ended where an earlier one meant it.
    fn except(
        &mut self,
        user: String,
        marked: Option<Marked>,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<(), SealError> {
        let excepted = marked.map(|marked| Excepted::Until(marked.since));
        let was_meant =
            |before: Before| marked.and_then(|marked| marked.over).is_some_and(|at| before.is_meant(at));
        let has_login = self.begins_for.is_some();
        if !has_login && was_meant(self.before()) {
            self.fail(Reason::Ended);
            return Ok(());
        }
        self.regenerate(now);
        self.begins_for = Some(user);
        if has_login {
            self.began_before = self
                .began_before
                .map(|before| if was_meant(before) { before } else { Before { excepted, ..before } });
        } else {
            self.excepted = excepted;
        }
        self.save(content, now, rng)
    }
}
