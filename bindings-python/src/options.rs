//! Python's dicts to the core's configuration. What their values mean to a user is checked in Python.

use pyo3::{
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
};
use shortcrust::{
    Attributes, Chain, Digest, Duplicates, Engine, Format, Keyring, Policy, Priority, Reader, SameSite,
    Seconds, Secure, UnixMillis,
    envelope::Reserved,
    format::{Flask, FlaskOptions, KeyDerivation, Sealed},
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
    meta: Option<String>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ReaderOptions {
    format: FormatOptions,
    secrets: Vec<Bytes>,
    until: Option<i64>,
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
}

impl EngineOptions {
    pub(crate) fn build(self) -> Result<Engine, Failure> {
        let keys = Keyring::newest_first(self.secrets)?;
        let mut chain = self.format.build(&keys)?.into_chain();
        for reader in self.readers {
            let keys = Keyring::newest_first(reader.secrets)?;
            chain = chain.read(reader.format.build(&keys)?.into_reader(reader.until))?;
        }
        let duplicates = if self.duplicates == "first" { Duplicates::First } else { Duplicates::Newest };
        let mut builder =
            Engine::builder(chain).name(&self.name).policy(self.policy.into()).duplicates(duplicates);
        if let Some(cookie) = self.cookie {
            builder = builder.attributes(cookie.into());
        }
        Ok(if self.drop_in { builder.drop_in() } else { builder }.build()?)
    }
}

impl FormatOptions {
    pub(crate) fn name(&self) -> &str {
        &self.format
    }

    pub(crate) fn build(&self, keys: &Keyring) -> Result<Built, Failure> {
        if self.format == "sealed" {
            return Ok(Built::Sealed(Sealed::new(keys, self.audience.as_deref().unwrap_or_default())?));
        }
        let flask = Flask::new(keys, &self.flask());
        Ok(match self.meta {
            Some(_) => Built::Reserved(Reserved::new(flask)),
            None => Built::Flask(flask),
        })
    }

    fn flask(&self) -> FlaskOptions {
        let stock = FlaskOptions::default();
        FlaskOptions {
            salt: self.salt.as_ref().map_or(stock.salt, |salt| salt.as_ref().to_vec()),
            digest: match self.digest.as_deref() {
                Some("sha256") => Digest::Sha256,
                Some("sha384") => Digest::Sha384,
                Some("sha512") => Digest::Sha512,
                _ => Digest::Sha1,
            },
            key_derivation: match self.key_derivation.as_deref() {
                Some("concat") => KeyDerivation::Concat,
                Some("django-concat") => KeyDerivation::DjangoConcat,
                Some("none") => KeyDerivation::None,
                _ => KeyDerivation::Hmac,
            },
        }
    }
}

/// A format that has not been boxed yet.
pub(crate) enum Built {
    Flask(Flask),
    Reserved(Reserved),
    Sealed(Sealed),
}

impl Built {
    pub(crate) fn into_chain(self) -> Chain {
        match self {
            Self::Flask(format) => Chain::from(format),
            Self::Reserved(format) => Chain::from(format),
            Self::Sealed(format) => Chain::from(format),
        }
    }

    fn into_reader(self, until: Option<i64>) -> Reader {
        fn reader(until: Option<i64>, format: impl Format + 'static) -> Reader {
            match until {
                Some(time) => Reader::until(UnixMillis(time), format),
                None => Reader::forever(format),
            }
        }
        match self {
            Self::Flask(format) => reader(until, format),
            Self::Reserved(format) => reader(until, format),
            Self::Sealed(format) => reader(until, format),
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
        }
    }
}
