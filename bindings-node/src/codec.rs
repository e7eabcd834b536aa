//! A format without a front around it, for the vectors and for tools.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use shortcrust::{Chain, Reason, UnixMillis, format::Body, payload::Dialect};

use crate::{
    ambient::Dice,
    error::{self, Result},
    options::{Bytes, FormatOptions, PolicyOptions, keyring},
};

/// A format and its keys, for any cookie name and any policy.
#[napi]
pub struct Codec(Chain, Dialect);

/// A payload or an id, or why there is neither.
#[napi(object, object_from_js = false)]
pub struct Decoded {
    /// The very text inside.
    pub payload: Option<String>,
    /// The id of a record, where the format carries that.
    pub id: Option<String>,
    /// Why neither is there.
    pub reason: Option<&'static str>,
}

#[napi]
impl Codec {
    /// Throws where the secrets or the options are wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(format: FormatOptions, secrets: Vec<Bytes>) -> Result<Self> {
        Ok(Self(Chain::from(format.build(&keyring(&secrets)?, None)?), format.spec(None).dialect()))
    }

    /// Reads the first cookie of the name that opens.
    #[napi(catch_unwind)]
    pub fn open(
        &self,
        cookie_header: String,
        name: String,
        now_ms: i64,
        policy: Option<PolicyOptions>,
    ) -> Decoded {
        let policy = policy.unwrap_or_default().build();
        let opened = self.0.open_cookie(&cookie_header, &name, UnixMillis(now_ms), &policy, self.1);
        Decoded::from(opened.map(|opened| opened.body))
    }

    /// Makes the value of a cookie that begins now.
    #[napi(catch_unwind)]
    pub fn seal(
        &self,
        payload: String,
        name: String,
        now_ms: i64,
        policy: Option<PolicyOptions>,
        entropy: Option<Uint8Array>,
    ) -> Result<String> {
        let policy = policy.unwrap_or_default().build();
        let mut dice = Dice::from(entropy);
        self.0.seal_cookie(&name, &payload, UnixMillis(now_ms), &policy, &mut dice).map_err(error::seal)
    }
}

impl From<std::result::Result<Body, Reason>> for Decoded {
    fn from(opened: std::result::Result<Body, Reason>) -> Self {
        let (payload, id, reason) = match opened {
            Ok(Body::Payload(payload)) => (Some(payload), None, None),
            Ok(Body::Id(id)) => (None, Some(id), None),
            Err(reason) => (None, None, Some(reason.code())),
        };
        Self { payload, id, reason }
    }
}
