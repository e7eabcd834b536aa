//! The bare id of a record: 256 random bits say all that a signature could.

use alloc::string::{String, ToString};

use super::{Body, Carries, Format, Meta, OpenContext, Opened, SealContext};
use crate::{
    entropy::Entropy,
    error::{Reason, SealError},
};

/// The format `id`.
#[derive(Debug, Default)]
pub struct Id;

impl Id {
    /// Random bytes in an id.
    pub const BYTES: usize = 32;

    /// Whether it has the shape of an id of ours: nothing else reaches a store.
    pub fn fits(id: &str) -> bool {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        id.len() == (Self::BYTES * 4).div_ceil(3) && id.bytes().all(known)
    }
}

impl Format for Id {
    fn name(&self) -> &'static str {
        "id"
    }

    fn carries(&self) -> Carries {
        Carries { id: true, ..Carries::default() }
    }

    fn open(&self, cx: &OpenContext<'_>) -> Result<Opened, Reason> {
        if !Self::fits(cx.token) {
            return Err(Reason::Malformed);
        }
        Ok(Opened { body: Body::Id(cx.token.to_string()), meta: Meta::default(), key: 0 })
    }

    fn seal(&self, cx: &SealContext<'_>, _: &mut dyn Entropy) -> Result<String, SealError> {
        Ok(cx.body.to_string())
    }

    fn keys(&self) -> usize {
        0
    }
}
