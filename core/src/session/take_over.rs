//! What another library kept becomes ours, when its browser comes by.
//!
//! The new id follows from the old cookie. So of requests that come at the same time all go for the same record, and
//! one of them makes it. Only then the old row is removed: who finds no row finds the record.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use super::{
    Engine, Session,
    actions::{Action, Answer, Entry, Row, rows},
    chain::OldRow,
    events::Events,
    revocation,
    tables::{CookieChange, State},
};
use crate::{
    encoding::base64url,
    error::Reason,
    record::{Content, Record, Scope, express_payload},
    time::UnixMillis,
};

/// Old rows that a request names, one after the other.
#[derive(Clone, Debug)]
pub(super) struct TakeOver {
    old: OldRow,
    /// What comes after it, the next one last.
    rest: Vec<OldRow>,
    step: Step,
}

/// What the store, or the other library's, is asked.
#[derive(Clone, Debug)]
enum Step {
    /// Whether it is ours already.
    Ours,
    /// What the other library has.
    Theirs,
    /// It has nothing: whether another request was first.
    OursMeanwhile,
    /// Whether its user's sessions were revoked.
    Mark { payload: String, user: String },
    /// The record.
    Create(Entry),
    /// Another request made it first.
    OursAfterAll,
    /// The old row is over.
    Remove,
}

impl Engine {
    pub(super) fn old_rows(&self, header: &str, now: UnixMillis) -> Vec<OldRow> {
        self.0.chain.old_rows(header, now, &self.0.policy)
    }

    fn taken_over(&self, id: &str, payload: &str, user: Option<String>, now: UnixMillis) -> Entry {
        let record = Record {
            created: now,
            renewed: now,
            expires: self.0.policy.expires(now, now),
            epoch: 0,
            user,
            label: None,
            // A row that could not be removed would be taken over once more.
            converted: true,
            content: Content::Payload(payload.to_owned()),
        };
        self.entry(&record, id)
    }
}

impl TakeOver {
    fn next(mut rest: Vec<OldRow>) -> Option<Self> {
        rest.pop().map(|old| Self { old, rest, step: Step::Ours })
    }

    /// Whether it fails is no matter of the request's.
    pub(super) fn is_removal(&self) -> bool {
        matches!(self.step, Step::Remove)
    }

    pub(super) fn action(&self, scope: &Scope) -> Action {
        let load = |key| Action::Load { keys: vec![key] };
        let (reader, id) = (self.old.reader, self.old.id.clone());
        match &self.step {
            Step::Ours | Step::OursMeanwhile | Step::OursAfterAll => load(self.key(scope)),
            Step::Theirs => Action::ReadRow { reader, id },
            Step::Mark { user, .. } => load(revocation::of_user(scope, user)),
            Step::Create(entry) => Action::Create { key: self.key(scope), entry: entry.clone() },
            Step::Remove => Action::RemoveRow { reader, id },
        }
    }

    /// The signature is in it: who knows the old id alone can't make it.
    fn id(&self, scope: &Scope) -> String {
        base64url(&scope.converted(&self.old.token))
    }

    fn key(&self, scope: &Scope) -> String {
        scope.key(&self.id(scope))
    }
}

impl Session {
    /// Where our own cookies open nothing, old ones may.
    pub(super) fn or_taken_over(self, mut old: Vec<OldRow>) -> Self {
        if old.is_empty() || self.suppressed || self.state == State::Live {
            return self;
        }
        old.reverse();
        let reason = self.reason.filter(|reason| *reason != Reason::NoCookie).or(Some(Reason::NotFound));
        let task = TakeOver::next(old).map(Into::into).unwrap_or_default();
        Self { reason, task, ..self }
    }

    pub(super) fn go_on_taking(&mut self, taking: TakeOver, answers: Vec<Answer>, now: UnixMillis) {
        let engine = Engine::from(&*self);
        let id = taking.id(&self.settings.scope);
        let is_done = answers.first() == Some(&Answer::Done);
        let row = rows(answers).into_iter().next().flatten();
        let step = match (taking.step.clone(), row) {
            (Step::Ours | Step::OursMeanwhile | Step::OursAfterAll, Some(row)) => {
                return self.found_ours(taking, &row, now);
            }
            (Step::Ours, None) => Some(Step::Theirs),
            (Step::Theirs, None) => Some(Step::OursMeanwhile),
            (Step::Theirs, Some(row)) => engine.read_theirs(&id, &row.text, now),
            (Step::Mark { payload, user }, mark) => {
                if let Err(reason) = revocation::of_all(None, mark.as_ref()) {
                    self.reason = Some(reason);
                    Some(Step::Remove)
                } else {
                    Some(Step::Create(engine.taken_over(&id, &payload, Some(user), now)))
                }
            }
            (Step::Create(entry), _) if is_done => {
                return self.found_ours(taking, &Row { version: 1, text: entry.text }, now);
            }
            (Step::Create(_), _) => Some(Step::OursAfterAll),
            (Step::OursMeanwhile | Step::OursAfterAll | Step::Remove, None) | (Step::Remove, Some(_)) => None,
        };
        let next = match step {
            Some(step) => Some(TakeOver { step, ..taking }),
            None if self.state == State::Live || self.suppressed => None,
            None => TakeOver::next(taking.rest),
        };
        self.task = next.map(Into::into).unwrap_or_default();
    }

    fn found_ours(&mut self, taking: TakeOver, row: &Row, now: UnixMillis) {
        let engine = Engine::from(&*self);
        match engine.of_record(taking.id(&self.settings.scope), false, row, now) {
            Ok(session) => {
                let events = Events::came("express-session", 0);
                let session = Self { cookie_due: CookieChange::Seal, events, ..session };
                *self = session.with_cookies_of(self);
            }
            Err(refusal) => (self.reason, self.suppressed) = (Some(refusal.reason), refusal.is_fresh),
        }
        self.task = TakeOver { step: Step::Remove, ..taking }.into();
    }
}

impl Engine {
    /// An empty session is none, and what can't be read stays where it is.
    fn read_theirs(&self, id: &str, row: &str, now: UnixMillis) -> Option<Step> {
        let payload = express_payload(row).ok().filter(|payload| payload != "{}")?;
        let user = self.0.identity_keys.of(&payload).user().map(ToOwned::to_owned);
        Some(match user {
            Some(user) => Step::Mark { payload, user },
            None => Step::Create(self.taken_over(id, &payload, None, now)),
        })
    }
}
