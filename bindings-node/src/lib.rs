//! The core for Node: take, fill the core's struct, call, map the error. What users see is in `../lib`.

#![expect(clippy::needless_pass_by_value, reason = "what comes from JavaScript is owned")]

mod ambient;
pub mod codec;
mod convert;
mod error;
pub mod file_lock;
mod options;
mod session;
#[path = "../../stores/mod.rs"]
mod statements;
pub mod store;
pub mod tool;
