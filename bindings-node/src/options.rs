//! Configuration from JavaScript to the core's builders. The TypeScript has checked types and names of the keys.

use std::collections::HashMap;

use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use shortcrust::{
    Attributes, Chain, Format, FormatSpec, Keyring, Place, Policy, Priority, Reader, SameSite, Seconds,
    Secret, Secure, UnixMillis, payload::MergeRules,
};

use crate::error::{self, Result};

/// A secret or a salt: text is taken as UTF-8.
#[expect(unreachable_pub, reason = "as napi wants it")]
#[napi]
pub type Bytes = Either<String, Uint8Array>;

/// What a front is made from.
#[napi(object, object_to_js = false)]
pub struct EngineOptions {
    /// Newest first.
    pub secrets: Vec<Bytes>,
    /// The cookie's name.
    pub name: String,
    /// What is written.
    pub format: FormatOptions,
    /// What is read besides.
    pub readers: Vec<ReaderOptions>,
    /// `payload`: a reserved key in flask payloads carries what the format does not.
    pub meta: Option<String>,
    /// How long a session lives.
    pub policy: PolicyOptions,
    /// The cookie's attributes.
    pub cookie: CookieOptions,
    /// `sessions` or `revocations`.
    pub store: Option<String>,
    /// Where the application keeps its user, dots between levels.
    pub user_key: Option<String>,
    /// For whom: as of the sealed format, and part of the keys of records.
    pub audience: Option<String>,
    /// Keeps applications apart that share a store.
    pub namespace: Option<String>,
    /// A store that fails is no error.
    pub tolerates_outage: bool,
    /// A dump of the store opens nothing.
    pub encrypt_at_rest: bool,
    /// Paths of numbers, and how they are merged.
    pub merge: HashMap<String, String>,
}

/// A format and its own options.
#[napi(object, object_to_js = false)]
pub struct FormatOptions {
    /// `sealed` or `flask`; a codec knows the others too.
    pub format: String,
    /// For `sealed`.
    pub audience: Option<String>,
    /// For `django`.
    pub compress: Option<bool>,
    /// For `flask`, as the next two.
    pub salt: Option<Bytes>,
    /// `sha1`, `sha256`, `sha384`, `sha512`.
    pub digest: Option<String>,
    /// `hmac`, `concat`, `django-concat`, `none`.
    pub key_derivation: Option<String>,
}

/// A format that is read beside the writer.
#[napi(object, object_to_js = false)]
pub struct ReaderOptions {
    /// The format.
    pub format: FormatOptions,
    /// Without them the front's.
    pub secrets: Option<Vec<Bytes>>,
    /// Milliseconds; none is never.
    pub until: Option<i64>,
    /// The cookie that has the ids of express-session's rows.
    pub row_cookie: Option<String>,
}

/// Seconds; none is none.
#[napi(object, object_to_js = false)]
#[derive(Clone, Copy, Default)]
pub struct PolicyOptions {
    /// Since the last write or renewal.
    pub idle: Option<i64>,
    /// Since the beginning.
    pub absolute: Option<i64>,
    /// When reading alone renews.
    pub renew_after: Option<i64>,
    /// How far clocks may differ.
    pub skew: Option<i64>,
    /// The cookie outlives the browser.
    pub persistent: Option<bool>,
}

/// The cookie's attributes.
#[napi(object, object_to_js = false)]
pub struct CookieOptions {
    /// `Path`.
    pub path: String,
    /// `Domain`.
    pub domain: Option<String>,
    /// None is as the connection is.
    pub secure: Option<bool>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `SameSite`, in any case.
    pub same_site: Option<String>,
    /// `Partitioned`.
    pub partitioned: bool,
    /// `Priority`, in any case.
    pub priority: Option<String>,
    /// Where a cookie may lie that a logout is to delete too.
    pub elsewhere: Option<Vec<PlaceOptions>>,
}

/// Where a cookie lies.
#[napi(object, object_to_js = false)]
#[derive(Clone)]
pub struct PlaceOptions {
    /// `Path`.
    pub path: String,
    /// `Domain`.
    pub domain: Option<String>,
}

impl EngineOptions {
    pub(crate) fn build(&self) -> Result<shortcrust::Engine> {
        let mut chain = Chain::from(self.built(&self.format, &self.secrets)?);
        for reader in &self.readers {
            let secrets = reader.secrets.as_deref().unwrap_or(&self.secrets);
            let format = self.built(&reader.format, secrets)?;
            let read = match reader.until {
                Some(time) => Reader::until(UnixMillis(time), format),
                None => Reader::forever(format),
            };
            let read = match &reader.row_cookie {
                Some(name) => read.rows(name),
                None => read,
            };
            chain = chain.read(read).map_err(error::config)?;
        }
        let mut builder = shortcrust::Engine::builder(chain);
        builder = match self.store.as_deref() {
            Some("revocations") => builder.revocable(),
            Some(_) => builder.stored(),
            None => builder,
        };
        if let Some(path) = &self.user_key {
            builder = builder.user_key(path);
        }
        if self.encrypt_at_rest {
            builder = builder.encrypt_at_rest();
        }
        if self.tolerates_outage {
            builder = builder.tolerate_outage();
        }
        builder
            .audience(self.audience.as_deref().unwrap_or_default())
            .namespace(self.namespace.as_deref().unwrap_or_default())
            .name(&self.name)
            .dialect(self.format.spec(None).dialect())
            .policy(self.policy.build())
            .attributes(self.cookie.build()?)
            .merge(MergeRules::named(&self.merge).map_err(error::config)?)
            .build()
            .map_err(error::config)
    }

    fn built(&self, format: &FormatOptions, secrets: &[Bytes]) -> Result<Box<dyn Format>> {
        format.build(&keyring(secrets)?, self.meta.as_deref())
    }
}

impl FormatOptions {
    pub(crate) fn spec<'a>(&'a self, meta: Option<&'a str>) -> FormatSpec<'a> {
        FormatSpec {
            format: &self.format,
            audience: self.audience.as_deref(),
            compress: self.compress,
            digest: self.digest.as_deref(),
            key_derivation: self.key_derivation.as_deref(),
            meta,
            salt: self.salt.as_ref().map(bytes),
        }
    }

    pub(crate) fn build(&self, keys: &Keyring, meta: Option<&str>) -> Result<Box<dyn Format>> {
        self.spec(meta).build(keys).map_err(error::config)
    }
}

impl PolicyOptions {
    pub(crate) fn build(self) -> Policy {
        let seconds = |span: Option<i64>| span.map(|span| Seconds(span.try_into().unwrap_or(0)));
        Policy {
            idle: seconds(self.idle),
            absolute: seconds(self.absolute),
            renew_after: seconds(self.renew_after),
            persistent: self.persistent.unwrap_or(false),
            skew: seconds(self.skew).unwrap_or_default(),
        }
    }
}

impl CookieOptions {
    fn build(&self) -> Result<Attributes> {
        Ok(Attributes {
            path: self.path.clone(),
            domain: self.domain.clone(),
            http_only: self.http_only,
            secure: match self.secure {
                None => Secure::Auto,
                Some(true) => Secure::Always,
                Some(false) => Secure::Never,
            },
            same_site: self.same_site.as_deref().map(same_site).transpose()?,
            partitioned: self.partitioned,
            priority: self.priority.as_deref().map(priority).transpose()?,
            elsewhere: self.elsewhere.iter().flatten().map(PlaceOptions::build).collect(),
        })
    }
}

impl PlaceOptions {
    fn build(&self) -> Place {
        Place { path: self.path.clone(), domain: self.domain.clone() }
    }
}

pub(crate) fn keyring(secrets: &[Bytes]) -> Result<Keyring> {
    let secrets = secrets.iter().map(|secret| Secret::new(bytes(secret)));
    Keyring::newest_first(secrets).map_err(error::config)
}

pub(crate) fn bytes(value: &Bytes) -> &[u8] {
    match value {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    }
}

fn same_site(name: &str) -> Result<SameSite> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "lax" => SameSite::Lax,
        "none" => SameSite::None,
        "strict" => SameSite::Strict,
        _ => return Err(error::option("sameSite", name, "Lax, Strict, None or false")),
    })
}

fn priority(name: &str) -> Result<Priority> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "high" => Priority::High,
        "low" => Priority::Low,
        "medium" => Priority::Medium,
        _ => return Err(error::option("priority", name, "Low, Medium or High")),
    })
}
