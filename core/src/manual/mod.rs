//! The manual: how to put shortcrust in, what every default is and why, and what it does not do.
//!
//! - [`road`]: from the Cookie header to the Set-Cookie header
//! - [`configuration`]: every key, in Python and in Node
//! - [`defaults`]: what they are and why
//! - [`deploying`]: servers, proxies, settings from the environment, caches
//! - [`events`]: what is told while it happens, and the numbers of it
//! - [`differences`]: where a drop-in differs from its peer
//! - [`django`], [`itsdangerous`], [`starlette`]: one drop-in a page
//! - [`node`]: the drop-ins for Node, and where they differ
//! - [`formats`]: what a cookie can carry
//! - [`glossary`]: the words, each with one meaning
//! - [`overlap`]: what is kept when two requests overlap, front by front
//! - [`rotation`]: new keys, new formats, nobody logged out
//! - [`types`]: what happens to a tuple in Node
//! - [`reasons`]: why there is no session
//! - [`stores`]: their contract
//! - [`own_store`]: a store of your own, complete, and how it is tested
//! - [`support`]: Pythons, Nodes, threads, interpreters
//! - [`testing`]: sessions in the tests of your application
//! - [`threats`]: what is defended, and what is not
//! - [`tool`]: the command line: what a cookie is and why it is refused

#![allow(clippy::doc_markdown, reason = "prose names products")]

#[doc = include_str!("configuration.md")]
pub mod configuration {}
#[doc = include_str!("defaults.md")]
pub mod defaults {}
#[doc = include_str!("deploying.md")]
pub mod deploying {}
#[doc = include_str!("differences.md")]
pub mod differences {}
#[doc = include_str!("django.md")]
pub mod django {}
#[doc = include_str!("events.md")]
pub mod events {}
#[doc = include_str!("formats.md")]
pub mod formats {}
#[doc = include_str!("glossary.md")]
pub mod glossary {}
#[doc = include_str!("itsdangerous.md")]
pub mod itsdangerous {}
#[doc = include_str!("node.md")]
pub mod node {}
#[doc = include_str!("overlap.md")]
pub mod overlap {}
#[doc = include_str!("own_store.md")]
pub mod own_store {}
#[doc = include_str!("reasons.md")]
pub mod reasons {}
#[doc = include_str!("road.md")]
pub mod road {}
#[doc = include_str!("rotation.md")]
pub mod rotation {}
#[doc = include_str!("starlette.md")]
pub mod starlette {}
#[doc = include_str!("stores.md")]
pub mod stores {}
#[doc = include_str!("support.md")]
pub mod support {}
#[doc = include_str!("testing.md")]
pub mod testing {}
#[doc = include_str!("threats.md")]
pub mod threats {}
#[doc = include_str!("tool.md")]
pub mod tool {}
#[doc = include_str!("types.md")]
pub mod types {}
