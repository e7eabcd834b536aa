//! How a front is configured, and how it reads a request.

use alloc::{borrow::ToOwned, format, string::String, sync::Arc, vec::Vec};

use super::{
    Incoming, Session,
    actions::Row,
    chain::{Chain, Duplicates, Found},
    revocation,
    stored::Stored,
    transitions::State,
};
use crate::{
    cookie::{self, Attributes},
    error::{ConfigError, Reason, Warning},
    format::{Body, Id},
    meta::Meta,
    payload::{self, Dialect},
    policy::Policy,
    record::{self, Content, Record},
    time::{Seconds, UnixMillis},
};

/// A front's configuration, checked; made once, shared by all requests.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Settings>);

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) chain: Chain,
    pub(super) policy: Policy,
    pub(super) attributes: Attributes,
    pub(super) dialect: Dialect,
    pub(super) user_key: Option<String>,
    pub(super) identity_keys: Vec<String>,
    /// How long the id of a session that ended is kept empty.
    pub(super) tombstone: Seconds,
    pub(super) keeping: Keeping,
    pub(super) id_bytes: usize,
    duplicates: Duplicates,
    warnings: Vec<Warning>,
}

/// What a store is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keeping {
    /// There is none: sessions are in the cookie.
    #[default]
    Nothing,
    /// Which sessions in cookies were revoked.
    Revocations,
    /// Sessions; the cookie has an id.
    Sessions,
}

/// Collects a front's configuration.
#[derive(Debug)]
pub struct EngineBuilder {
    settings: Settings,
    drop_in: bool,
}

/// What reading a request gave.
#[expect(clippy::large_enum_variant, reason = "made once a request, and taken apart at once")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Opening {
    /// A store has to be asked.
    Load(Pending),
    /// The session, perhaps an empty one with a reason.
    Ready(Session),
}

/// A request whose session waits for a store.
#[derive(Clone, Debug)]
pub struct Pending {
    engine: Engine,
    found: Vec<Found>,
    keys: Vec<String>,
    twins: bool,
}

impl Opening {
    /// The session, where no store has to be asked.
    pub fn ready(self) -> Option<Session> {
        match self {
            Self::Load(_) => None,
            Self::Ready(session) => Some(session),
        }
    }
}

impl Engine {
    /// Begins with the defaults of our own fronts: name `session`, [`Policy::default`], [`Attributes::default`].
    pub fn builder(chain: impl Into<Chain>) -> EngineBuilder {
        EngineBuilder {
            settings: Settings {
                name: "session".to_owned(),
                chain: chain.into(),
                policy: Policy::default(),
                attributes: Attributes::default(),
                dialect: Dialect::default(),
                user_key: None,
                identity_keys: ["_user_id", "_auth_user_id", "_auth_user_hash", "passport"]
                    .map(ToOwned::to_owned)
                    .to_vec(),
                tombstone: Seconds(60),
                keeping: Keeping::default(),
                id_bytes: Id::BYTES,
                duplicates: Duplicates::default(),
                warnings: Vec::new(),
            },
            drop_in: false,
        }
    }

    /// How long its sessions live.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The cookie's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Configuration that works and may surprise.
    pub fn warnings(&self) -> &[Warning] {
        &self.0.warnings
    }

    /// Reads a request's Cookie header. Total: whatever is in it, the answer is a session.
    pub fn open(&self, header: &str, now: UnixMillis) -> Opening {
        let Settings { name, chain, policy, dialect, duplicates, .. } = &*self.0;
        let twins = || cookie::values(header, name).nth(1).is_some();
        match chain.open(header, name, now, policy, *duplicates, *dialect) {
            Err(reason) => Opening::Ready(self.fresh(reason)),
            Ok(found) => self.opened(found, twins()),
        }
    }

    fn opened(&self, found: Vec<Found>, twins: bool) -> Opening {
        let keys: Vec<String> = match self.0.keeping {
            Keeping::Nothing => Vec::new(),
            Keeping::Revocations => found.first().map(revocation::keys).unwrap_or_default(),
            Keeping::Sessions => found.iter().filter_map(Found::id).map(record::key).collect(),
        };
        if keys.is_empty() {
            return Opening::Ready(Session { twins, ..self.live(found) });
        }
        Opening::Load(Pending { engine: self.clone(), found, keys, twins })
    }

    /// A request that brought no session, and why.
    fn fresh(&self, reason: Reason) -> Session {
        Session {
            settings: Arc::clone(&self.0),
            state: State::Fresh,
            incoming: None,
            reason: Some(reason),
            twins: false,
            came: reason != Reason::NoCookie,
            renew: false,
            epoch: 0,
            meta: Meta::default(),
            stored: (self.0.keeping == Keeping::Sessions).then(Stored::default),
            ended: Vec::new(),
        }
    }

    fn live(&self, found: Vec<Found>) -> Session {
        let best = found.into_iter().next();
        let Some(Found { opened, facts: Some(facts), stale, dialect }) = best else {
            return self.fresh(Reason::Malformed);
        };
        let Body::Payload(payload) = opened.body else { return self.fresh(Reason::Malformed) };
        Session {
            state: State::Live,
            incoming: Some(Incoming { payload, facts, stale, dialect }),
            reason: None,
            meta: opened.meta,
            ..self.fresh(Reason::Internal)
        }
    }

    /// The session of a record, or why it is none.
    fn restored(&self, found: &Found, key: &str, row: &Row, now: UnixMillis) -> Result<Session, Reason> {
        let id = found.id().ok_or(Reason::Internal)?;
        let mut record = Record::parse(&row.text)?;
        let Content::Payload(payload) = &record.content else {
            let is_over = record.expires.is_some_and(|end| now > end);
            return Err(if is_over { Reason::NotFound } else { Reason::Ended });
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
        let stored = Stored::loaded(id.to_owned(), key.to_owned(), row, record, &payload);
        Ok(Session {
            state: State::Live,
            incoming: Some(Incoming { payload, facts, stale: found.stale, dialect: self.0.dialect }),
            reason: None,
            meta,
            stored: Some(stored),
            ..self.fresh(Reason::Internal)
        })
    }
}

impl From<&Session> for Engine {
    fn from(session: &Session) -> Self {
        Self(Arc::clone(&session.settings))
    }
}

impl Pending {
    /// What the store is to be asked for, all at once.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Takes what the store has, in the order of the keys.
    pub fn loaded(self, rows: &[Option<Row>], now: UnixMillis) -> Session {
        let Self { engine, found, keys, twins } = self;
        let session = match engine.0.keeping {
            Keeping::Sessions => best(&engine, found, &keys, rows, now),
            _ => match revocation::verdict(&found, rows) {
                Ok(()) => engine.live(found),
                Err(reason) => engine.fresh(reason),
            },
        };
        Session { twins, ..session }
    }

    /// The store failed, and the request is to be served all the same: without a session, and writing nothing.
    pub fn failed(self) -> Session {
        Session { stored: Some(Stored::silent()), ..self.engine.fresh(Reason::Unavailable) }
    }
}

/// The first that is alive; else a session in its cookie; else why there is none. An id that has just ended is silent,
/// so that a late response sets no cookie over the new one.
fn best(
    engine: &Engine,
    found: Vec<Found>,
    keys: &[String],
    rows: &[Option<Row>],
    now: UnixMillis,
) -> Session {
    let mut refusal = Reason::NotFound;
    let ids = found.iter().filter(|found| found.id().is_some());
    for ((found, key), row) in ids.zip(keys).zip(rows) {
        let Some(row) = row else { continue };
        match engine.restored(found, key, row, now) {
            Ok(session) => return session,
            Err(reason) => refusal = reason,
        }
    }
    if found.first().is_some_and(|found| found.id().is_none()) {
        return engine.live(found);
    }
    let fresh = engine.fresh(refusal);
    if refusal == Reason::Ended { Session { stored: Some(Stored::silent()), ..fresh } } else { fresh }
}

impl EngineBuilder {
    /// The cookie's name; default `session`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.settings.name);
        self
    }

    /// How long a session lives.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// The cookie's attributes.
    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.settings.attributes = attributes;
        self
    }

    /// Which of several cookies is the session; default the newest that opens.
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.settings.duplicates = duplicates;
        self
    }

    /// How payloads are read and written; default tagged. A reader may have another, for what it reads.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Sessions are kept in a store, and the cookie has an id.
    #[must_use]
    pub fn stored(mut self) -> Self {
        self.settings.keeping = Keeping::Sessions;
        self
    }

    /// Sessions stay in the cookie, and a store remembers which were revoked.
    #[must_use]
    pub fn revocable(mut self) -> Self {
        self.settings.keeping = Keeping::Revocations;
        self
    }

    /// Where the application keeps its user, dots between levels, such as `_user_id` or `passport.user`.
    #[must_use]
    pub fn user_key(mut self, path: &str) -> Self {
        self.settings.user_key = Some(path.to_owned());
        self.settings.identity_keys.extend(path.split('.').next().map(ToOwned::to_owned));
        self
    }

    /// How long the id of a session that ended stays empty; default 60 seconds, 60 at most.
    #[must_use]
    pub fn tombstone(mut self, span: Seconds) -> Self {
        self.settings.tombstone = span.min(Seconds(60));
        self
    }

    /// Random bytes in the id of a session in a store; default 32, 16 at least.
    #[must_use]
    pub fn id_bytes(mut self, bytes: usize) -> Self {
        self.settings.id_bytes = bytes;
        self
    }

    /// A drop-in runs where its peer runs: weak secrets and the peer's attributes are its user's choice.
    #[must_use]
    pub fn drop_in(mut self) -> Self {
        self.drop_in = true;
        self
    }

    /// Checks everything that can be checked before the first request.
    pub fn build(self) -> Result<Engine, ConfigError> {
        let Self { mut settings, drop_in } = self;
        let writer = settings.chain.writer();
        if !(Id::LEAST_BYTES..=96).contains(&settings.id_bytes) {
            return Err(ConfigError::new("option", "an id has 16 to 96 random bytes: 32 are a good choice"));
        }
        match settings.keeping {
            // The record has the times.
            Keeping::Sessions if writer.carries().id && !writer.carries().issued => {}
            Keeping::Sessions => {
                let message =
                    format!("format {} carries no id: with a store use `id` or `express`", writer.name());
                return Err(ConfigError::new("option", message));
            }
            Keeping::Revocations if settings.policy.absolute.is_none() || writer.name() != "sealed" => {
                let message = "a store of revocations goes with format `sealed` and an absolute expiry, \
                               after which it may forget";
                return Err(ConfigError::new("policy", message));
            }
            Keeping::Nothing | Keeping::Revocations => {
                settings.policy.fits(writer.name(), writer.carries())?;
            }
        }
        if !drop_in {
            settings.warnings = settings.attributes.check(&settings.name)?;
            settings.chain.weakness().map_or(Ok(()), Err)?;
        }
        let days = Seconds::days(400);
        let lifetime = [settings.policy.idle, settings.policy.absolute].into_iter().flatten().min();
        if settings.policy.persistent && lifetime.is_some_and(|lifetime| lifetime > days) {
            settings.warnings.push(Warning::LongLived);
        }
        Ok(Engine(Arc::new(settings)))
    }
}
