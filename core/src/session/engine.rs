//! How a front is configured, and how it reads a request.

use alloc::{borrow::ToOwned, format, string::String, sync::Arc, vec::Vec};

use super::{
    Session,
    actions::Entry,
    chain::{Chain, Duplicates},
    identity::Keys,
};
use crate::{
    cookie::Attributes,
    error::{ConfigError, Reason, Warning},
    format::Id,
    payload::{Dialect, MergeRules},
    policy::Policy,
    record::{Record, Scope},
    time::Seconds,
};

/// A front's configuration, checked; made once, shared by all requests.
#[derive(Clone, Debug)]
pub struct Engine(pub(super) Arc<Settings>);

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) chain: Chain,
    pub(super) policy: Policy,
    pub(super) attributes: Attributes,
    pub(super) dialect: Dialect,
    pub(super) identity_keys: Keys,
    pub(super) scope: Scope,
    /// How long the id of a session that ended is kept empty.
    pub(super) tombstone: Seconds,
    pub(super) mode: Mode,
    pub(super) id_bytes: usize,
    /// A store that fails is no error: the request is served without a session.
    pub(super) tolerates_outage: bool,
    pub(super) merge_rules: MergeRules,
    /// A dump of the store opens nothing.
    pub(super) encrypts_at_rest: bool,
    /// The payload is the peer's, whatever stands in it.
    pub(super) is_drop_in: bool,
    pub(super) duplicates: Duplicates,
    warnings: Vec<Warning>,
}

/// What a store is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// There is none: sessions are in the cookie.
    #[default]
    Cookies,
    /// Which sessions in cookies were revoked.
    Revocations,
    /// Sessions; the cookie has an id.
    Sessions,
}

/// Collects a front's configuration.
#[derive(Debug)]
pub struct EngineBuilder {
    settings: Settings,
}

impl Settings {
    pub(super) fn merge(&self, base: &str, mine: &str, theirs: &str) -> Result<String, Reason> {
        self.merge_rules.merge(self.dialect, base, mine, theirs)
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
                identity_keys: Keys::default(),
                scope: Scope::default(),
                tombstone: Seconds(60),
                mode: Mode::default(),
                tolerates_outage: false,
                merge_rules: MergeRules::default(),
                encrypts_at_rest: false,
                is_drop_in: false,
                id_bytes: Id::BYTES,
                duplicates: Duplicates::default(),
                warnings: Vec::new(),
            },
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

    /// What a store is to keep for a record: as it is, or sealed under its id where
    /// [`encrypt_at_rest`](EngineBuilder::encrypt_at_rest) says so.
    pub fn entry(&self, record: &Record, id: &str) -> Entry {
        let user = record.user.as_deref().map(|user| self.0.scope.user(user));
        if self.0.encrypts_at_rest {
            Entry::of(&record.clone().sealed(&self.0.scope, id), user)
        } else {
            Entry::of(record, user)
        }
    }

    /// What the keys of its records are bound to.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }
}

impl From<&Session> for Engine {
    fn from(session: &Session) -> Self {
        Self(Arc::clone(&session.settings))
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

    /// Sessions are kept in a store, and the cookie has an id.
    #[must_use]
    pub fn stored(mut self) -> Self {
        self.settings.mode = Mode::Sessions;
        self
    }

    /// Sessions stay in the cookie, and a store remembers which were revoked.
    #[must_use]
    pub fn revocable(mut self) -> Self {
        self.settings.mode = Mode::Revocations;
        self
    }

    /// Where the application keeps its user, dots between levels, such as `uid` or `account.owner`. Without it the keys
    /// count that frameworks and tutorials use: `_user_id`, `passport`, `user_id`, `user`, ...
    #[must_use]
    pub fn user_key(mut self, path: &str) -> Self {
        self.settings.identity_keys = Keys::configured(path);
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
        self.settings.is_drop_in = true;
        self
    }

    /// For whom the session is: part of the keys of its records. That of the sealed format is the format's own option.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        audience.clone_into(&mut self.settings.scope.audience);
        self
    }

    /// Keeps applications apart that share a store and a cookie's name; default empty.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.settings.scope.namespace);
        self
    }

    /// Numbers whose changes are added up where two requests change them at once; default none. They go with
    /// [`stored`](Self::stored), since sessions in cookies are not merged.
    #[must_use]
    pub fn merge(mut self, rules: MergeRules) -> Self {
        self.settings.merge_rules = rules;
        self
    }

    /// Seals what the store keeps under a key that is made of the session's id, so that a dump of the store opens
    /// nothing; default not. It goes with [`stored`](Self::stored). Records of either kind are read with and without it.
    #[must_use]
    pub fn encrypt_at_rest(mut self) -> Self {
        self.settings.encrypts_at_rest = true;
        self
    }

    /// Records lie under their ids, and not under hashes of them: for a store that keeps the rows of another library.
    #[must_use]
    pub fn bare_keys(mut self) -> Self {
        self.settings.scope.bare_keys = true;
        self
    }

    /// Where the store fails, requests are served without a session. A login or logout fails all the same.
    #[must_use]
    pub fn tolerate_outage(mut self) -> Self {
        self.settings.tolerates_outage = true;
        self
    }

    /// Checks everything that can be checked before the first request.
    pub fn build(self) -> Result<Engine, ConfigError> {
        let Self { mut settings } = self;
        settings.scope.name.clone_from(&settings.name);
        let writer = settings.chain.writer();
        if !(Id::LEAST_BYTES..=Id::MOST_BYTES).contains(&settings.id_bytes) {
            return Err(ConfigError::new("option", "an id has 16 to 96 random bytes: 32 are a good choice"));
        }
        if settings.mode != Mode::Sessions && !settings.merge_rules.is_empty() {
            let message = "merge is for sessions in a store, and sessions in cookies are never merged: \
                           set a store, or remove merge";
            return Err(ConfigError::new("merge", message));
        }
        let hides_ids = settings.mode == Mode::Sessions && !settings.scope.bare_keys;
        if settings.encrypts_at_rest && !hides_ids {
            let message = "encryption at rest is for records of ours in a store: \
                           set a store that keeps these, or leave it out";
            return Err(ConfigError::new("option", message));
        }
        match settings.mode {
            // The record has the times.
            Mode::Sessions if writer.carries().id && !writer.carries().issued => {}
            Mode::Sessions => {
                let message =
                    format!("format {} carries no id: with a store use `id` or `express`", writer.name());
                return Err(ConfigError::new("option", message));
            }
            Mode::Revocations if settings.policy.absolute.is_none() || writer.name() != "sealed" => {
                let message = "a store of revocations goes with format `sealed` and an absolute expiry, \
                               after which it may forget";
                return Err(ConfigError::new("policy", message));
            }
            Mode::Cookies | Mode::Revocations if settings.chain.reads_rows() => {
                let message = "rows of another library are taken over into a store: set one";
                return Err(ConfigError::new("reader", message));
            }
            Mode::Cookies | Mode::Revocations => {
                settings.policy.fits(writer.name(), writer.carries())?;
            }
        }
        if !settings.is_drop_in {
            settings.policy.lets_sessions_live()?;
            if settings.identity_keys.names_nothing() {
                let message = "a user key has no empty part: write one such as `user` or `account.owner`";
                return Err(ConfigError::new("option", message));
            }
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
