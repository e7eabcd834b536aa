//! What a request waits for, and what follows from the answers: load, write, and write again where another request was
//! first. The host runs the actions and holds no state of its own.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use super::{
    Content, Engine, Event, Failure, Session,
    actions::{Action, Answer, Need, rows},
    chain::OldRow,
    engine::Mode,
    opening::Candidate,
    revocation::{self, Revocation},
    revoking::Whom,
    stored::{Loaded, Target, Write},
    tables::{self, CookieChange, Leave, State, StoreChange},
    take_over::TakeOver,
};
use crate::{
    entropy::{Entropy, draw},
    error::{Reason, SealError},
    record,
    time::UnixMillis,
};

/// How often a write is tried.
const MAX_TRIES: u32 = 16;
/// Milliseconds. The pauses of all tries are together under 2 seconds.
const LONGEST_PAUSE: u32 = 200;

/// What is under way.
#[derive(Clone, Debug, Default)]
pub(super) enum Task {
    #[default]
    Idle,
    /// Which of the cookies is the session; else these may be.
    Load(Vec<Candidate>, Vec<OldRow>),
    /// What is there now, since another request was first.
    LoadAgain(Write),
    /// Whether a session in a cookie that begins is meant by an earlier revocation.
    Begin(String),
    /// The ids of sessions in cookies that ended or moved away, the next one last.
    End(Vec<([u8; 16], Leave)>),
    /// A mark that follows from what was there.
    Put(Action),
    /// Sessions end.
    Revoke(Revocation, Whom),
    /// What another library kept becomes ours.
    TakeOver(TakeOver),
    /// Another request was first: in the process' queue, and after a pause.
    Wait(Write, u32),
    Write(Write, Vec<Action>),
}

impl Task {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }
}

impl From<(Vec<Candidate>, Vec<OldRow>)> for Task {
    fn from((candidates, old): (Vec<Candidate>, Vec<OldRow>)) -> Self {
        Self::Load(candidates, old)
    }
}

impl From<(Revocation, Whom)> for Task {
    fn from((revocation, whom): (Revocation, Whom)) -> Self {
        Self::Revoke(revocation, whom)
    }
}

impl From<TakeOver> for Task {
    fn from(taking: TakeOver) -> Self {
        Self::TakeOver(taking)
    }
}

impl Session {
    /// What it waits for. Until this is [`Need::Done`] nothing else may be done with the session.
    pub fn need(&self) -> Need {
        match &self.task {
            Task::Idle => Need::Done,
            Task::Load(candidates, _) => load(Engine::keys(candidates)),
            Task::LoadAgain(write) => load(vec![write.contested().to_owned()]),
            Task::Begin(user) => load(vec![revocation::of_user(&self.settings.scope, user)]),
            Task::End(ids) => Need::Ask(ids.last().map(|(id, _)| self.mark_of(id)).unwrap_or_default()),
            Task::Put(action) => Need::Ask(vec![action.clone()]),
            Task::Revoke(revocation, _) => revocation.need(),
            Task::TakeOver(taking) => Need::Ask(vec![taking.action(&self.settings.scope)]),
            Task::Wait(write, millis) => Need::Wait { millis: *millis, queue: write.contested().to_owned() },
            Task::Write(_, actions) => Need::Ask(actions.clone()),
        }
    }

    /// Takes the answers, in the order of the actions; the first that is not `Done` may be the last.
    pub fn answer(&mut self, answers: Vec<Answer>, now: UnixMillis, rng: &mut dyn Entropy) {
        let failed = answers.contains(&Answer::Failed);
        match core::mem::take(&mut self.task) {
            Task::Revoke(revocation, whom) => {
                return self.revoking_answered(revocation, whom, answers, now, rng);
            }
            Task::TakeOver(taking) if failed && !taking.is_removal() => self.load_failed(),
            Task::TakeOver(taking) => self.go_on_taking(taking, answers, now),
            Task::Load(..) if failed => self.load_failed(),
            Task::Load(candidates, old) => {
                let rows = rows(answers);
                let picked = Engine::from(&*self).pick(candidates, &rows, now);
                *self = picked.or_taken_over(old).with_cookies_of(self);
            }
            Task::Write(write, actions) => self.wrote(write, &actions, &answers, now, rng),
            _ if failed => self.fail(Reason::Unavailable),
            Task::Begin(user) => self.begun(&user, answers),
            Task::End(ids) => self.ended(ids, &answers),
            Task::Idle | Task::Put(_) => {}
            Task::LoadAgain(write) => {
                let row = rows(answers).into_iter().next().flatten();
                self.met(write, row.as_ref(), now);
            }
            Task::Wait(write, _) => self.task = Task::LoadAgain(write),
        }
        self.go_on_revoking();
    }

    /// Begins to write what the handler has left until now. The host then runs what the session [needs](Self::need).
    pub fn save(
        &mut self,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<(), SealError> {
        self.has_given_up = false;
        self.finish(content, now, rng)
    }

    /// As [`save`](Self::save), when the handler has ended. Where a write has failed, which is an error, the page about
    /// that error comes by here again and writes nothing.
    pub fn finish(
        &mut self,
        content: &Content<'_>,
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) -> Result<(), SealError> {
        if self.has_given_up || self.suppressed {
            // It has raised already.
            self.failure = self.failure.map(|failure| Failure { raise: false, ..failure });
            return Ok(());
        }
        self.failure = None;
        self.follow_identity(content, now);
        if self.settings.mode == Mode::Revocations {
            return self.mark(content, now, rng);
        }
        let begun = self.write(content, now, rng);
        self.has_given_up = begun.is_err();
        match begun {
            Err(_) if !content.is_asked() => self.has_given_up = false,
            Err(error) => return Err(error),
            Ok(None) => {}
            Ok(Some(write)) => self.start(write, now),
        }
        Ok(())
    }

    /// Why the last write, or the first load, did not come about.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// How often other requests were first.
    pub fn conflicts(&self) -> u32 {
        self.conflicts
    }

    /// The store's key of the record, if there is one: what [`Engine::revoke`] takes.
    pub fn key(&self) -> Option<&str> {
        Some(&self.stored.as_ref()?.row.as_ref()?.key)
    }

    pub(super) fn with_cookies_of(self, other: &Self) -> Self {
        Self { cookie_sent: other.cookie_sent, duplicates: other.duplicates, ..self }
    }

    fn load_failed(&mut self) {
        let engine = Engine::from(&*self);
        *self = Self { suppressed: true, ..engine.fresh(Reason::Unavailable) }.with_cookies_of(self);
        self.failure = Some(Failure { reason: Reason::Unavailable, raise: !self.settings.tolerates_outage });
        self.events.add(Event::Failed(Reason::Unavailable));
        self.has_given_up = true;
    }

    /// A login or logout that nobody has heard of is an error, whatever is said about outages.
    pub(super) fn fail(&mut self, reason: Reason) {
        let raise = match reason {
            Reason::Unavailable => self.moved || !self.settings.tolerates_outage,
            _ => reason == Reason::Conflict,
        };
        (self.reason, self.failure) = (Some(reason), Some(Failure { reason, raise }));
        self.events.add(Event::Failed(reason));
        self.suppressed |= matches!(reason, Reason::Ended | Reason::Identity);
        self.has_given_up |= !self.suppressed;
        if let (true, Some(stored)) = (self.suppressed, &mut self.stored) {
            stored.leaving = None;
        }
    }

    fn is_converted(&self) -> bool {
        self.stored.as_ref().is_some_and(|stored| stored.is_converted)
    }

    pub(super) fn start(&mut self, write: Write, now: UnixMillis) {
        let actions = write.actions(&Engine::from(&*self), now);
        if actions.is_empty() {
            self.settled(write, now);
        } else {
            self.task = Task::Write(write, actions);
        }
    }

    fn wrote(
        &mut self,
        mut write: Write,
        actions: &[Action],
        answers: &[Answer],
        now: UnixMillis,
        rng: &mut dyn Entropy,
    ) {
        let mut met = None;
        for (action, answer) in actions.iter().zip(answers) {
            match (action, answer) {
                (Action::Save { key, .. } | Action::Create { key, .. }, Answer::Done) => {
                    let is_tombstone = write.leaving.as_ref().is_some_and(|leaving| leaving.row.key == *key);
                    if is_tombstone {
                        write.leaving = None;
                    }
                }
                (Action::Sweep { .. }, _) | (_, Answer::Done) => {}
                _ => {
                    met = Some(answer);
                    break;
                }
            }
        }
        match met {
            None => self.settled(write, now),
            Some(Answer::Gone) => self.met(write, None, now),
            // An id is drawn by nobody else. That of an old cookie is, by the other first requests with it.
            Some(Answer::Exists) if write.leaving.is_none() && !self.is_converted() => {
                self.fail(Reason::Unavailable);
            }
            Some(Answer::Conflict(_) | Answer::Exists) => {
                self.conflicts += 1;
                write.conflicts += 1;
                if write.conflicts >= MAX_TRIES {
                    return self.fail(Reason::Conflict);
                }
                let millis = match write.conflicts {
                    1 => 0,
                    tries => pause(tries, rng),
                };
                self.task = Task::Wait(write, millis);
            }
            Some(_) => self.fail(Reason::Unavailable),
        }
    }

    /// All is written; later writes build upon it.
    pub(super) fn settled(&mut self, write: Write, now: UnixMillis) {
        let Some(stored) = &mut self.stored else { return };
        stored.leaving = None;
        (self.is_told, self.moved, self.bare) = (false, false, false);
        if write.conflicts > 0 {
            self.events.add(Event::Merged(write.conflicts.into()));
        }
        let Some(target) = write.target else {
            self.events.add(Event::Ended);
            self.cookie_due = tables::cookie_of_stored(StoreChange::End, self.cookie_sent, false);
            return;
        };
        let was_written = !(target.is_touch && write.conflicts > 0);
        let version = match &target.over {
            None => 1,
            Some(row) if was_written => row.version + 1,
            Some(row) => row.version,
        };
        let is_created = target.over.is_none();
        let is_new = is_created && !target.record.converted;
        let is_again = is_created || target.is_touch || self.is_cookie_stale;
        (self.meta.created, self.meta.issued) = (Some(target.record.created), Some(now));
        self.meta.user.clone_from(&target.record.user);
        self.label.set(target.record.label.clone());
        let Target { id, key, record, mine, .. } = target;
        stored.row = Some(Loaded { id, key, version, record, base: mine.clone() });
        let change = if is_created { StoreChange::Create } else { StoreChange::Save };
        self.cookie_due = match tables::cookie_of_stored(change, self.cookie_sent, self.moves_cookie()) {
            CookieChange::Nothing => self.cookie_due,
            due => due,
        };
        self.state = State::Live;
        self.renew = false;
        self.incoming_is(&mine);
        if is_new {
            self.events.add(Event::Created);
        } else if is_again {
            self.tell_again();
        }
    }
}

impl Loaded {
    pub(super) fn payload(&self) -> Option<&str> {
        match &self.record.content {
            record::Content::Payload(payload) => Some(payload),
            record::Content::Sealed(_) | record::Content::Tombstone => None,
        }
    }
}

fn load(keys: Vec<String>) -> Need {
    Need::Ask(vec![Action::Load { keys }])
}

/// At least half of a span that doubles with each try.
fn pause(tries: u32, rng: &mut dyn Entropy) -> u32 {
    let span = (1_u32 << tries.min(8)).min(LONGEST_PAUSE);
    let byte = draw::<1>(rng).map_or(0, |[byte]| u32::from(byte));
    span / 2 + span * byte / 512
}
