//! A format by name, as configuration in every language spells it.

use alloc::{boxed::Box, format};

use crate::{
    crypto::Digest,
    envelope::Reserved,
    error::ConfigError,
    format::{
        Django, DjangoOptions, Express, Flask, FlaskOptions, Format, Id, KeyDerivation, Sealed, Starlette,
    },
    keyring::Keyring,
    payload::Dialect,
};

/// A format's name and its options; what is `None` has the format's default.
///
/// ```
/// use shortcrust::{Engine, FormatSpec, Keyring};
/// let keys = Keyring::newest_first(["a secret of at least thirty-two bytes"])?;
/// let spec = FormatSpec { format: "flask", meta: Some("payload"), ..FormatSpec::default() };
/// let engine = Engine::builder(spec.build(&keys)?).dialect(spec.dialect()).build()?;
/// # Ok::<(), shortcrust::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatSpec<'a> {
    /// `django`, `express`, `flask`, `id`, `sealed` or `starlette`.
    pub format: &'a str,
    /// For `sealed`.
    pub audience: Option<&'a str>,
    /// For `django`.
    pub compress: Option<bool>,
    /// For `django` and `flask`: `sha1`, `sha256`, `sha384`, `sha512`.
    pub digest: Option<&'a str>,
    /// For `flask`: `concat`, `django-concat`, `hmac`, `none`.
    pub key_derivation: Option<&'a str>,
    /// `payload`: a reserved key in the payload carries what the format does not.
    pub meta: Option<&'a str>,
    /// For `django` and `flask`; for `id`, that it is signed at all.
    pub salt: Option<&'a [u8]>,
}

impl FormatSpec<'_> {
    /// The format with these keys.
    pub fn build(&self, keys: &Keyring) -> Result<Box<dyn Format>, ConfigError> {
        let format: Box<dyn Format> = match self.format {
            "django" => Box::new(Django::new(keys, &self.django()?)),
            "express" => Box::new(Express::new(keys)),
            "id" => Box::new(self.salt.map_or_else(Id::default, |salt| Id::signed(keys, salt))),
            "flask" => Box::new(Flask::new(keys, &self.flask()?)),
            "sealed" => Box::new(Sealed::new(keys, self.audience.unwrap_or(""))?),
            "starlette" => Box::new(Starlette::new(keys)),
            other => return unknown("format", other, "django, express, flask, id, sealed or starlette"),
        };
        match self.meta {
            None => Ok(format),
            // It carries all of it by itself.
            Some("payload") if self.format == "sealed" => Ok(format),
            Some("payload") => Ok(Box::new(Reserved::new(format).dialect(self.dialect()))),
            Some(other) => unknown("meta", other, "payload"),
        }
    }

    /// How the format's own framework reads payloads.
    pub fn dialect(&self) -> Dialect {
        match self.format {
            "express" | "flask" | "id" | "sealed" => Dialect::Tagged,
            _ => Dialect::Plain,
        }
    }

    fn django(&self) -> Result<DjangoOptions, ConfigError> {
        let stock = DjangoOptions::default();
        Ok(DjangoOptions {
            salt: self.salt.map_or(stock.salt, <[u8]>::to_vec),
            digest: self.digest.map_or(Ok(stock.digest), digest)?,
            compress: self.compress.unwrap_or(stock.compress),
        })
    }

    fn flask(&self) -> Result<FlaskOptions, ConfigError> {
        let stock = FlaskOptions::default();
        Ok(FlaskOptions {
            salt: self.salt.map_or(stock.salt, <[u8]>::to_vec),
            digest: self.digest.map_or(Ok(stock.digest), digest)?,
            key_derivation: self.key_derivation.map_or(Ok(stock.key_derivation), key_derivation)?,
        })
    }
}

fn digest(name: &str) -> Result<Digest, ConfigError> {
    Ok(match name {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha384" => Digest::Sha384,
        "sha512" => Digest::Sha512,
        _ => return unknown("digest", name, "sha1, sha256, sha384 or sha512"),
    })
}

fn key_derivation(name: &str) -> Result<KeyDerivation, ConfigError> {
    Ok(match name {
        "concat" => KeyDerivation::Concat,
        "django-concat" => KeyDerivation::DjangoConcat,
        "hmac" => KeyDerivation::Hmac,
        "none" => KeyDerivation::None,
        _ => return unknown("key derivation", name, "concat, django-concat, hmac or none"),
    })
}

fn unknown<T>(option: &str, given: &str, known: &str) -> Result<T, ConfigError> {
    Err(ConfigError::new("option", format!("{option} {given:?} is unknown: use {known}")))
}
