//! Which of the cookies that came is the session, once the store has been asked.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{
    Engine, Incoming, Session,
    actions::Row,
    chain::{Duplicates, Found},
    engine::{Mode, Settings},
    events::Events,
    label::Label,
    revocation,
    stored::{Loaded, Stored},
    tables::State,
};
use crate::{
    cookie,
    encoding::base64url,
    error::Reason,
    format::Body,
    meta::Meta,
    payload,
    record::{Content, Record},
    time::UnixMillis,
};

/// A cookie that opened, and what the store is to be asked about it.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    found: Found,
    /// Of a session in a store.
    id: Option<String>,
    keys: Vec<String>,
}

/// Why a candidate is no session.
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// It has just ended: a late response must set no cookie over the new one.
    pub(super) is_fresh: bool,
}

impl Engine {
    /// Reads a request's Cookie header. Total: whatever is in it, the answer is a session. With a store it may
    /// [need](Session::need) an answer first.
    pub fn open(&self, header: &str, now: UnixMillis) -> Session {
        let Settings { name, chain, policy, dialect, duplicates, .. } = &*self.0;
        let mut session = match chain.open(header, name, now, policy, *duplicates, *dialect) {
            Err(reason) => {
                let session = Session { cookie_sent: reason != Reason::NoCookie, ..self.fresh(reason) };
                session.or_taken_over(self.old_rows(header, now))
            }
            Ok(found) => {
                let candidates: Vec<_> = found.into_iter().map(|found| self.candidate(found)).collect();
                let session = if Self::keys(&candidates).is_empty() {
                    self.pick(candidates, &[], now)
                } else {
                    let task = (candidates, self.old_rows(header, now)).into();
                    Session { task, ..self.fresh(Reason::Internal) }
                };
                Session { cookie_sent: true, ..session }
            }
        };
        session.duplicates = cookie::values(header, name).nth(1).is_some();
        session
    }

    pub(super) fn candidate(&self, mut found: Found) -> Candidate {
        let converted = found.nameless.take().map(|token| self.0.scope.converted(&token));
        if let (None, Some(digest)) = (found.opened.meta.id, converted) {
            found.opened.meta.id = digest.first_chunk().copied();
        }
        let meta = &found.opened.meta;
        let id = match (&found.opened.body, self.0.mode) {
            (Body::Id(id), _) => Some(id.clone()),
            // A cookie that names itself, such as a sealed one, is converted by that name.
            (Body::Payload(_), Mode::Sessions) => {
                let name =
                    converted.or_else(|| meta.id.map(|id| self.0.scope.converted(&base64url(id.as_slice()))));
                name.map(|digest| base64url(digest.as_slice()))
            }
            (Body::Payload(_), _) => None,
        };
        let keys = match self.0.mode {
            Mode::Cookies => Vec::new(),
            Mode::Revocations => revocation::keys(&self.0.scope, meta.id.as_ref(), self.user_of(&found)),
            Mode::Sessions => {
                let of_user = found.facts.and_then(|_| self.user_of(&found));
                let own = id.iter().map(|id| self.0.scope.key(id));
                own.chain(of_user.map(|user| revocation::of_user(&self.0.scope, &user))).collect()
            }
        };
        Candidate { found, id, keys }
    }

    /// Whose cookie it is, by its token or by its data.
    fn user_of(&self, found: &Found) -> Option<String> {
        let in_data = || match &found.opened.body {
            Body::Payload(payload) => self.0.identity_keys.of(payload).user().map(ToOwned::to_owned),
            Body::Id(_) => None,
        };
        found.opened.meta.user.clone().or_else(in_data)
    }

    pub(super) fn keys(candidates: &[Candidate]) -> Vec<String> {
        candidates.iter().flat_map(|candidate| candidate.keys.clone()).collect()
    }

    /// Takes what the store has, in the order of the keys. Of several sessions that live, the one that was written last
    /// counts where the front takes the newest; else the first.
    pub(super) fn pick(&self, candidates: Vec<Candidate>, rows: &[Option<Row>], now: UnixMillis) -> Session {
        let mut rest = rows;
        let mut live: Vec<Session> = Vec::new();
        let mut refusal: Option<Refusal> = None;
        for candidate in candidates {
            let events = Events::came(candidate.found.format, candidate.found.opened.key);
            let (own, others) = rest.split_at(candidate.keys.len().min(rest.len()));
            rest = others;
            match self.restored(candidate, own, now) {
                Ok(session) => {
                    live.push(Session { events, ..session });
                }
                Err(other) => refusal = Some(refusal.filter(|first| first.is_fresh).unwrap_or(other)),
            }
        }
        let is_newest = self.0.duplicates == Duplicates::Newest;
        let best = if is_newest {
            // Of equals the first.
            live.into_iter().rev().max_by_key(|session| session.meta.issued)
        } else {
            live.into_iter().next()
        };
        best.unwrap_or_else(|| match refusal {
            None => self.fresh(Reason::NotFound),
            Some(Refusal { reason, is_fresh }) => Session { suppressed: is_fresh, ..self.fresh(reason) },
        })
    }

    fn restored(
        &self,
        candidate: Candidate,
        rows: &[Option<Row>],
        now: UnixMillis,
    ) -> Result<Session, Refusal> {
        let Candidate { found, id, .. } = candidate;
        let marks = match (self.0.mode, id) {
            (Mode::Sessions, Some(id)) => match (rows.first().and_then(Option::as_ref), rows.get(1)) {
                (Some(row), _) => return self.of_record(id, found.stale, row, now),
                (None, of_user) if found.facts.is_some() => {
                    let created = found.opened.meta.created.or(found.opened.meta.issued);
                    revocation::of_all(created, of_user.and_then(Option::as_ref))?;
                    let mut session = self.live(found);
                    let key = self.0.scope.key(&id);
                    let row = session
                        .payload()
                        .map(|payload| Loaded::unmoved((&id, key), payload, &session.meta, &self.0.policy));
                    session.stored = row.map(Stored::unmoved).or(session.stored);
                    return Ok(session);
                }
                _ => return Err(Reason::NotFound.into()),
            },
            (Mode::Revocations, _) => rows,
            _ => &[],
        };
        let tombstone = self.0.tombstone;
        let excepted = revocation::verdict(&found.opened.meta, marks).map_err(|(reason, since)| Refusal {
            reason,
            is_fresh: since.is_some_and(|since| now <= since.plus(tombstone)),
        })?;
        Ok(Session { excepted, ..self.live(found) })
    }

    /// The session of a record, or why it is none.
    pub(super) fn of_record(
        &self,
        id: String,
        stale: bool,
        row: &Row,
        now: UnixMillis,
    ) -> Result<Session, Refusal> {
        let key = self.0.scope.key(&id);
        let mut record = Record::parse(&row.text)?.opened(&id, &key)?;
        let Content::Payload(payload) = &record.content else {
            let is_over = record.expires.is_some_and(|end| now > end);
            let reason = if is_over { Reason::NotFound } else { Reason::Ended };
            return Err(Refusal {
                reason,
                is_fresh: now <= record.created.plus(self.0.tombstone) && !is_over,
            });
        };
        let meta = Meta {
            issued: Some(record.renewed),
            created: Some(record.created),
            expires: record.expires,
            id: None,
            user: record.user.take(),
        };
        self.0.policy.check(&meta, now)?;
        let payload = payload.clone();
        let facts = payload::scan(&payload, self.0.dialect)?;
        let label = Label::of(&record);
        let stored = Stored::loaded(id, key, row.version, record, &payload);
        Ok(Session {
            state: State::Live,
            incoming: Some(Incoming { payload, facts, stale, dialect: self.0.dialect }),
            reason: None,
            is_cookie_stale: stale,
            meta,
            label,
            stored: Some(stored),
            ..self.fresh(Reason::Internal)
        })
    }

    /// A request that brought no session, and why.
    pub(super) fn fresh(&self, reason: Reason) -> Session {
        let stored = (self.0.mode == Mode::Sessions).then(Stored::default);
        Session::fresh(self, reason, stored)
    }

    fn live(&self, found: Found) -> Session {
        let Found { opened, facts: Some(facts), stale, dialect, .. } = found else {
            return self.fresh(Reason::Malformed);
        };
        let Body::Payload(payload) = opened.body else { return self.fresh(Reason::Malformed) };
        Session {
            state: State::Live,
            incoming: Some(Incoming { payload, facts, stale, dialect }),
            reason: None,
            is_cookie_stale: stale,
            meta: opened.meta,
            ..self.fresh(Reason::Internal)
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, is_fresh: false }
    }
}
