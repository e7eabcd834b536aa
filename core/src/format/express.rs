//! What express-session puts into its cookie: `s:` and an id signed by cookie-signature (1.2), percent-encoded.

use alloc::{format, string::String, vec::Vec};

use subtle::ConstantTimeEq;

use super::{Body, Carries, Format, Meta, OpenContext, Opened, SealContext};
use crate::{
    crypto::{Digest, Mac},
    encoding::{base64_unpadded, percent_decode, percent_encode},
    entropy::Entropy,
    error::{Reason, SealError},
    keyring::Keyring,
};

/// The format `express`. Its tokens carry an id and nothing else.
pub struct Express {
    macs: Vec<Mac>,
}

impl Express {
    /// The secrets are used as they are.
    pub fn new(keys: &Keyring) -> Self {
        Self { macs: keys.iter().map(|secret| Mac::new(Digest::Sha256, secret)).collect() }
    }
}

impl Format for Express {
    fn name(&self) -> &'static str {
        "express"
    }

    fn carries(&self) -> Carries {
        Carries { id: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        let value = percent_decode(cx.token).ok_or(Reason::Malformed)?;
        let signed = value.strip_prefix("s:").ok_or(Reason::Malformed)?;
        let (id, signature) = signed.rsplit_once('.').ok_or(Reason::Malformed)?;
        let fits = |mac: &Mac| bool::from(sign(mac, id).as_bytes().ct_eq(signature.as_bytes()));
        let key = self.macs.iter().position(fits).ok_or(Reason::BadSignature)?;
        Ok(Opened { body: Body::Id(String::from(id)), meta: Meta::default(), key })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        Ok(percent_encode(&format!("s:{}.{}", cx.body, sign(&self.macs[0], cx.body))))
    }

    fn keys(&self) -> usize {
        self.macs.len()
    }
}

/// cookie-signature's `sign` (1.2): the value, a dot, and its signature.
///
/// ```
/// use shortcrust::format::{sign_cookie, verify_cookie};
/// let signed = sign_cookie("hello", b"tobiiscool");
/// assert_eq!(signed, "hello.DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI");
/// assert!(verify_cookie(&signed, b"tobiiscool") && !verify_cookie(&signed, b"luna"));
/// ```
pub fn sign_cookie(value: &str, secret: &[u8]) -> String {
    format!("{value}.{}", sign(&Mac::new(Digest::Sha256, secret), value))
}

/// Whether cookie-signature's `unsign` gives the part before the last dot.
pub fn verify_cookie(signed: &str, secret: &[u8]) -> bool {
    let fits = |(value, signature)| {
        let expected = sign(&Mac::new(Digest::Sha256, secret), value);
        bool::from(expected.as_bytes().ct_eq(str::as_bytes(signature)))
    };
    signed.rsplit_once('.').is_some_and(fits)
}

fn sign(mac: &Mac, id: &str) -> String {
    base64_unpadded(&mac.sign(id.as_bytes()))
}
