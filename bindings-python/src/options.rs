//! Python's dicts to the core's configuration. What their values mean to a user is checked in Python.

use std::collections::BTreeMap;

use pyo3::{
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
};
use shortcrust::{
    Attributes, Chain, Duplicates, Engine, FormatSpec, Keyring, Place, Policy, Priority, Reader, SameSite,
    Seconds, Secure, UnixMillis,
    payload::{Dialect, MergeRules},
};

use crate::error::Failure;

/// A secret where Python keeps it, so that there is no second copy to wipe.
#[derive(FromPyObject)]
pub(crate) enum Bytes {
    Text(PyBackedStr),
    Raw(PyBackedBytes),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Raw(bytes) => bytes,
        }
    }
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own in Python")]
pub(crate) struct EngineOptions {
    name: String,
    secrets: Vec<Bytes>,
    format: FormatOptions,
    #[pyo3(default)]
    readers: Vec<ReaderOptions>,
    policy: PolicyOptions,
    #[pyo3(default)]
    cookie: Option<CookieOptions>,
    #[pyo3(default)]
    drop_in: bool,
    /// `sessions` or `revocations`.
    #[pyo3(default)]
    store: Option<String>,
    #[pyo3(default)]
    user_key: Option<String>,
    #[pyo3(default)]
    id_bytes: Option<usize>,
    #[pyo3(default)]
    audience: Option<String>,
    #[pyo3(default)]
    namespace: Option<String>,
    /// A store that fails is no error.
    #[pyo3(default)]
    tolerates_outage: bool,
    /// Paths of numbers, and how they are merged.
    #[pyo3(default)]
    merge: BTreeMap<String, String>,
    /// The store keeps the rows of another library, under the ids themselves.
    #[pyo3(default)]
    bare_keys: bool,
    /// A dump of the store opens nothing.
    #[pyo3(default)]
    encrypt_at_rest: bool,
    duplicates: String,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct FormatOptions {
    format: String,
    #[pyo3(default)]
    salt: Option<Bytes>,
    #[pyo3(default)]
    digest: Option<String>,
    #[pyo3(default)]
    key_derivation: Option<String>,
    #[pyo3(default)]
    audience: Option<String>,
    #[pyo3(default)]
    compress: Option<bool>,
    #[pyo3(default)]
    meta: Option<String>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ReaderOptions {
    format: FormatOptions,
    secrets: Vec<Bytes>,
    until: Option<i64>,
    /// The cookie that names a row of another library.
    #[pyo3(default)]
    row_cookie: Option<String>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct PolicyOptions {
    idle: Option<u64>,
    absolute: Option<u64>,
    renew_after: Option<u64>,
    skew: Option<u64>,
    persistent: bool,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CookieOptions {
    path: String,
    domain: Option<String>,
    /// `None` is as the connection is.
    secure: Option<bool>,
    httponly: bool,
    samesite: Option<String>,
    partitioned: bool,
    priority: Option<String>,
    /// A Domain and a Path each.
    #[pyo3(default)]
    elsewhere: Vec<(Option<String>, String)>,
}

impl EngineOptions {
    pub(crate) fn dialect(&self) -> Dialect {
        self.format.spec().dialect()
    }

    /// Starlette leaves `json.dumps` as it is; the others take the spaces out.
    pub(crate) fn is_spaced(&self) -> bool {
        self.format.format == "starlette"
    }

    pub(crate) fn build(self) -> Result<Engine, Failure> {
        let keys = Keyring::newest_first(self.secrets)?;
        let mut chain = Chain::from(self.format.spec().build(&keys)?);
        for reader in self.readers {
            let format = reader.format.spec().build(&Keyring::newest_first(reader.secrets)?)?;
            let added = match reader.until {
                Some(time) => Reader::until(UnixMillis(time), format),
                None => Reader::forever(format),
            };
            let added = match &reader.row_cookie {
                Some(name) => added.rows(name),
                None => added.dialect(reader.format.spec().dialect()),
            };
            chain = chain.read(added)?;
        }
        let duplicates = match self.duplicates.as_str() {
            "first" => Duplicates::First,
            "last" => Duplicates::Last,
            _ => Duplicates::Newest,
        };
        let mut builder = Engine::builder(chain)
            .name(&self.name)
            .policy(self.policy.into())
            .duplicates(duplicates)
            .merge(MergeRules::named(self.merge)?)
            .dialect(self.format.spec().dialect());
        if let Some(cookie) = self.cookie {
            builder = builder.attributes(cookie.into());
        }
        builder = match self.store.as_deref() {
            Some("revocations") => builder.revocable(),
            Some(_) => builder.stored(),
            None => builder,
        };
        if let Some(path) = self.user_key {
            builder = builder.user_key(&path);
        }
        if let Some(bytes) = self.id_bytes {
            builder = builder.id_bytes(bytes);
        }
        builder = builder
            .audience(self.audience.as_deref().unwrap_or_default())
            .namespace(self.namespace.as_deref().unwrap_or_default());
        if self.bare_keys {
            builder = builder.bare_keys();
        }
        if self.encrypt_at_rest {
            builder = builder.encrypt_at_rest();
        }
        if self.tolerates_outage {
            builder = builder.tolerate_outage();
        }
        Ok(if self.drop_in { builder.drop_in() } else { builder }.build()?)
    }
}

impl FormatOptions {
    pub(crate) fn spec(&self) -> FormatSpec<'_> {
        FormatSpec {
            format: &self.format,
            audience: self.audience.as_deref(),
            compress: self.compress,
            digest: self.digest.as_deref(),
            key_derivation: self.key_derivation.as_deref(),
            meta: self.meta.as_deref(),
            salt: self.salt.as_ref().map(AsRef::as_ref),
        }
    }
}

impl From<PolicyOptions> for Policy {
    fn from(options: PolicyOptions) -> Self {
        Self {
            idle: options.idle.map(Seconds),
            absolute: options.absolute.map(Seconds),
            renew_after: options.renew_after.map(Seconds),
            skew: Seconds(options.skew.unwrap_or_default()),
            persistent: options.persistent,
        }
    }
}

impl From<CookieOptions> for Attributes {
    fn from(options: CookieOptions) -> Self {
        Self {
            path: options.path,
            domain: options.domain,
            secure: match options.secure {
                None => Secure::Auto,
                Some(true) => Secure::Always,
                Some(false) => Secure::Never,
            },
            http_only: options.httponly,
            same_site: options.samesite.map(|value| match value.as_str() {
                "None" => SameSite::None,
                "Strict" => SameSite::Strict,
                _ => SameSite::Lax,
            }),
            partitioned: options.partitioned,
            priority: options.priority.map(|value| match value.as_str() {
                "High" => Priority::High,
                "Low" => Priority::Low,
                _ => Priority::Medium,
            }),
            elsewhere: options.elsewhere.into_iter().map(|(domain, path)| Place { domain, path }).collect(),
        }
    }
}
