//! Sessions in cookies: the store is told which ids ended, and from which revocations a session that begins is excepted.

use alloc::vec::Vec;

use super::{
    Content, Engine, Session,
    actions::{Action, Answer, rows},
    machine::Task,
    revocation::{self, Excepted},
    tables::{Change, Leave, Met, Moving, moving},
};
use crate::{
    entropy::{Entropy, draw},
    error::{Reason, SealError},
    time::UnixMillis,
};

impl Session {
    /// Sessions in cookies: the ids that ended are made known.
    pub(super) fn mark(
        &mut self,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<(), SealError> {
        if self.change(content) == Change::Emptied {
            // The cookie goes, and a copy of it is not to come back.
            self.ended.extend(self.meta.id.take().map(|id| (id, Leave::End)));
            self.begins_for = None;
        }
        if self.begins_for.is_some() && self.meta.id.is_none() {
            self.meta.id = Some(draw(rng)?);
        }
        self.marked_at = now;
        let ended = core::mem::take(&mut self.ended);
        self.task = if ended.is_empty() { self.begin() } else { Task::End(ended) };
        Ok(())
    }

    pub(super) fn mark_of(&self, id: &[u8; 16]) -> Vec<Action> {
        let now = self.marked_at;
        let key = revocation::ended(&self.settings.scope, id);
        let sweep = Action::sweep_after(&key, now);
        let mark = Action::Create { key, entry: Engine::from(self).mark(now, now) };
        core::iter::once(mark).chain(sweep).collect()
    }

    /// Of requests that end one session, or move it, one is the first: a logout is undone by none of them.
    pub(super) fn ended(&mut self, mut ids: Vec<([u8; 16], Leave)>, answers: &[Answer]) {
        let Some((_, why)) = ids.pop() else { return };
        if answers.first() == Some(&Answer::Exists) {
            match moving(why, Met::Ended) {
                Moving::GoesBare => self.bare = true,
                Moving::Ends => {
                    // The new cookie may be on its way.
                    let new = self.meta.id.take().filter(|_| self.is_head_given);
                    ids.extend(new.map(|id| (id, Leave::End)));
                    self.begins_for = None;
                    self.fail(Reason::Ended);
                }
                _ => {}
            }
        }
        self.task = if ids.is_empty() { self.begin() } else { Task::End(ids) };
    }

    /// What is excepted from one revocation is said to be so without a look at later ones, which mean it.
    fn begin(&mut self) -> Task {
        match (self.begins_for.take(), self.excepted, &self.meta.id) {
            (Some(user), Some(Excepted::Until(since)), Some(id)) => {
                let put = Task::Put(self.exception(&user, id, since));
                self.began_before = None;
                put
            }
            (Some(user), ..) => Task::Begin(user),
            (None, ..) => Task::Idle,
        }
    }

    fn exception(&self, user: &str, id: &[u8; 16], since: UnixMillis) -> Action {
        let key = revocation::kept(&self.settings.scope, user, id);
        Action::Put { key, entry: Engine::from(self).mark(since, self.marked_at) }
    }

    /// A session that begins is not meant by a revocation that came before, though by the clocks it might be.
    pub(super) fn begun(&mut self, user: &str, answers: Vec<Answer>) {
        let row = rows(answers).into_iter().next().flatten();
        let before = self.began_before.take();
        self.excepted = None;
        let Some(since) = row.as_ref().and_then(revocation::time_of) else { return };
        // What was in it before is meant all the same.
        self.bare |= before.is_some_and(|before| before.is_meant(since));
        if let (true, Some(id)) = (revocation::is_meant(self.meta.created, since), &self.meta.id) {
            self.task = Task::Put(self.exception(user, id, since));
            self.excepted = Some(Excepted::Until(since));
        }
    }
}
