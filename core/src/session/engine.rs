//! How a front is configured, and how it reads a request.

use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};

use super::{
    Incoming, Session,
    chain::{Chain, Duplicates, Found},
    transitions::State,
};
use crate::{
    cookie::{self, Attributes},
    error::{ConfigError, Reason, Warning},
    format::Body,
    meta::Meta,
    payload::Dialect,
    policy::Policy,
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
    duplicates: Duplicates,
    warnings: Vec<Warning>,
}

/// Collects a front's configuration.
#[derive(Debug)]
pub struct EngineBuilder {
    settings: Settings,
    drop_in: bool,
}

/// What reading a request gave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Opening {
    /// The session, perhaps an empty one with a reason.
    Ready(Session),
}

impl Opening {
    /// The session, where no store has to be asked.
    pub fn ready(self) -> Option<Session> {
        let Self::Ready(session) = self;
        Some(session)
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
                duplicates: Duplicates::default(),
                warnings: Vec::new(),
            },
            drop_in: false,
        }
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
        Opening::Ready(match chain.open(header, name, now, policy, *duplicates, *dialect) {
            Ok(found) => Session { twins: cookie::values(header, name).nth(1).is_some(), ..self.live(found) },
            Err(reason) => self.fresh(reason),
        })
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
        settings.policy.fits(writer.name(), writer.carries())?;
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
