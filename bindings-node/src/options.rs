//! Configuration from JavaScript to the core's builders. The TypeScript has checked types and names of the keys.

use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use shortcrust::{
    Attributes, Chain, Digest, Keyring, Policy, Priority, Reader, SameSite, Seconds, Secret, Secure,
    UnixMillis,
    envelope::Reserved,
    format::{Flask, FlaskOptions, KeyDerivation, Sealed},
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
}

/// A format and its own options.
#[napi(object, object_to_js = false)]
pub struct FormatOptions {
    /// `sealed` or `flask`; a codec knows `express` too.
    pub format: String,
    /// For `sealed`.
    pub audience: Option<String>,
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
}

/// A format, built.
pub(crate) enum Built {
    Flask(Flask),
    Reserved(Reserved),
    Sealed(Sealed),
}

impl EngineOptions {
    pub(crate) fn build(&self) -> Result<shortcrust::Engine> {
        let mut chain = self.built(&self.format, &self.secrets)?.into_chain();
        for reader in &self.readers {
            let secrets = reader.secrets.as_deref().unwrap_or(&self.secrets);
            let format = self.built(&reader.format, secrets)?;
            chain = chain.read(format.into_reader(reader.until)).map_err(error::config)?;
        }
        shortcrust::Engine::builder(chain)
            .name(&self.name)
            .policy(self.policy.build())
            .attributes(self.cookie.build()?)
            .build()
            .map_err(error::config)
    }

    fn built(&self, format: &FormatOptions, secrets: &[Bytes]) -> Result<Built> {
        let built = format.build(&keyring(secrets)?)?;
        match (built, self.meta.as_deref()) {
            (Built::Flask(flask), Some("payload")) => Ok(Built::Reserved(Reserved::new(flask))),
            (built, None | Some("payload")) => Ok(built),
            (_, Some(meta)) => Err(error::option("meta", meta, "payload")),
        }
    }
}

impl FormatOptions {
    pub(crate) fn build(&self, keys: &Keyring) -> Result<Built> {
        match self.format.as_str() {
            "flask" => Ok(Built::Flask(Flask::new(keys, &self.flask()?))),
            "sealed" => {
                let audience = self.audience.as_deref().unwrap_or("");
                Sealed::new(keys, audience).map(Built::Sealed).map_err(error::config)
            }
            other => Err(error::option("format", other, "sealed or flask")),
        }
    }

    fn flask(&self) -> Result<FlaskOptions> {
        let mut options = FlaskOptions::default();
        if let Some(salt) = &self.salt {
            options.salt = bytes(salt).to_vec();
        }
        if let Some(name) = &self.digest {
            options.digest = digest(name)?;
        }
        if let Some(name) = &self.key_derivation {
            options.key_derivation = key_derivation(name)?;
        }
        Ok(options)
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
        })
    }
}

impl Built {
    pub(crate) fn into_chain(self) -> Chain {
        match self {
            Self::Flask(format) => format.into(),
            Self::Reserved(format) => format.into(),
            Self::Sealed(format) => format.into(),
        }
    }

    fn into_reader(self, until: Option<i64>) -> Reader {
        match (self, until.map(UnixMillis)) {
            (Self::Flask(format), None) => Reader::forever(format),
            (Self::Flask(format), Some(until)) => Reader::until(until, format),
            (Self::Reserved(format), None) => Reader::forever(format),
            (Self::Reserved(format), Some(until)) => Reader::until(until, format),
            (Self::Sealed(format), None) => Reader::forever(format),
            (Self::Sealed(format), Some(until)) => Reader::until(until, format),
        }
    }
}

pub(crate) fn keyring(secrets: &[Bytes]) -> Result<Keyring> {
    let secrets = secrets.iter().map(|secret| Secret::new(bytes(secret)));
    Keyring::newest_first(secrets).map_err(error::config)
}

fn bytes(value: &Bytes) -> &[u8] {
    match value {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    }
}

fn digest(name: &str) -> Result<Digest> {
    Ok(match name {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        _ => return Err(error::option("digest", name, "sha1, sha256, sha384 or sha512")),
    })
}

fn key_derivation(name: &str) -> Result<KeyDerivation> {
    Ok(match name {
        "concat" => KeyDerivation::Concat,
        "django-concat" => KeyDerivation::DjangoConcat,
        "hmac" => KeyDerivation::Hmac,
        "none" => KeyDerivation::None,
        _ => return Err(error::option("keyDerivation", name, "hmac, concat, django-concat or none")),
    })
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
