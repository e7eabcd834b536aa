//! The manual: how to put shortcrust in, what every default is and why, and what it does not do.
//!
//! - [`road`]: from the Cookie header to the Set-Cookie header
//! - [`configuration`]: every key, in Python and in Node
//! - [`defaults`]: what they are and why
//! - [`formats`]: what a cookie can carry
//! - [`rotation`]: new keys, new formats, nobody logged out
//! - [`types`]: what happens to a tuple in Node
//! - [`reasons`]: why there is no session
//! - [`threats`]: what is defended, and what is not

#[doc = include_str!("configuration.md")]
pub mod configuration {}
#[doc = include_str!("defaults.md")]
pub mod defaults {}
#[doc = include_str!("formats.md")]
pub mod formats {}
#[doc = include_str!("reasons.md")]
pub mod reasons {}
#[doc = include_str!("road.md")]
pub mod road {}
#[doc = include_str!("rotation.md")]
pub mod rotation {}
#[doc = include_str!("threats.md")]
pub mod threats {}
#[doc = include_str!("types.md")]
pub mod types {}
