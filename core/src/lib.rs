//! Session cookies for Python and Node on one core that does no I/O.
//!
//! ```text
//! Cookie header ─ cookie::values ─ Format::open ─ payload::scan ─ Session + Policy ─(handler)─ Format::seal ─ SetCookie ─ Set-Cookie header
//!                                       │                             │
//!                                    Keyring                 Actions (the host runs the I/O)
//! ```
//!
//! The host tells the core the time ([`UnixMillis`]) and hands it random bytes ([`Entropy`]); the core answers with
//! values: a payload, a cookie, a reason. It is `no_std`, so the compiler proves that it has no clock, no randomness
//! and no files.
//!
//! ```
//! use shortcrust::{Content, Engine, Head, Keyring, Policy, UnixMillis, format::Sealed};
//!
//! let keys = Keyring::newest_first(["a secret of at least thirty-two bytes"])?;
//! let engine = Engine::builder(Sealed::new(&keys, "")?).policy(Policy::default()).build()?;
//! let now = UnixMillis::from_secs(1_800_000_000);
//! let mut rng = |buffer: &mut [u8]| { buffer.fill(7); Ok(()) }; // a host asks its operating system
//!
//! let mut session = engine.open("", now);
//! assert_eq!(session.reason().unwrap().code(), "no_cookie");
//! let head = session.head(&Content::Changed(r#"{"user":"ada"}"#), true, now, &mut rng)?;
//!
//! let cookie = format!("session={}", head.cookies[0].value());
//! let again = engine.open(&cookie, now);
//! assert_eq!(again.payload(), Some(r#"{"user":"ada"}"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The prose is in [`manual`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod cookie;
mod crypto;
mod encoding;
mod entropy;
pub mod envelope;
mod error;
pub mod format;
mod keyring;
pub mod manual;
mod meta;
pub mod payload;
mod policy;
pub mod record;
mod session;
mod time;
pub mod tool;

pub use cookie::{Attributes, Place, Priority, SameSite, Secure, SetCookie};
pub use crypto::{Digest, same};
pub use entropy::{Entropy, EntropyError, random_id};
pub use error::{ConfigError, Reason, SealError, Warning};
pub use format::Format;
pub use keyring::{Keyring, Secret};
pub use policy::Policy;
pub use session::{
    Action, Answer, Chain, Content, Duplicates, Engine, EngineBuilder, Entry, Event, Failure, FormatSpec,
    Head, Need, Reader, Revocation, Row, Session,
};
pub use time::{Seconds, UnixMillis};
