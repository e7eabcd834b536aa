//! What the command-line tool prints.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use shortcrust::{
    UnixMillis,
    tool::{self, Call, Configuration, Printed, Visit},
};

use crate::{
    ambient::Rng,
    error::{self, Result},
};

/// A verb as it was called.
#[napi(object, object_to_js = false)]
pub struct ToolCall {
    /// The verb.
    pub verb: String,
    /// Names and values, one after the other.
    pub options: Vec<String>,
    /// The text of the secrets.
    pub secrets: Option<String>,
    /// As `secrets`, for what `convert` writes.
    pub new_secrets: Option<String>,
    /// The time.
    pub now_ms: i64,
    /// Whether the answer goes to a terminal that wants colours.
    pub terminal: bool,
}

/// What is printed.
#[napi(object, object_from_js = false)]
pub struct ToolAnswer {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// The exit code.
    pub code: u8,
}

/// The index of a user, or what to print instead.
#[napi(object, object_from_js = false)]
pub struct ToolUser {
    /// In the store.
    pub index: Option<String>,
    /// Where the call is wrong.
    pub answer: Option<ToolAnswer>,
}

impl From<Printed> for ToolAnswer {
    fn from(Printed { out, err, code }: Printed) -> Self {
        Self { out, err, code }
    }
}

impl ToolCall {
    fn with<T>(&self, work: impl FnOnce(&Call<'_>) -> T) -> T {
        let pairs: Vec<(String, String)> = pairs(&self.options);
        work(&Call {
            verb: &self.verb,
            options: &pairs,
            secrets: self.secrets.as_deref(),
            new_secrets: self.new_secrets.as_deref(),
            now: UnixMillis(self.now_ms),
            terminal: self.terminal,
        })
    }
}

fn pairs(flat: &[String]) -> Vec<(String, String)> {
    flat.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Does what needs nothing but the core.
#[napi(catch_unwind)]
pub fn tool_run(call: ToolCall) -> ToolAnswer {
    call.with(|call| tool::run(call, &mut Rng::System)).into()
}

/// The bytes of a secret with `hex:` or `base64:` in front; null for one that is text.
#[napi(catch_unwind)]
pub fn encoded_secret(line: String) -> Result<Option<Uint8Array>> {
    tool::encoded_secret(&line).map(|bytes| bytes.map(Uint8Array::new)).map_err(error::config)
}

/// The verbs and their options, as JSON.
#[napi(catch_unwind)]
pub fn tool_table() -> String {
    tool::table()
}

/// The help of a verb, or of all.
#[napi(catch_unwind)]
pub fn tool_help(verb: String) -> String {
    tool::help(&verb)
}

/// Why a command line is none.
#[napi(catch_unwind)]
pub fn tool_misuse(arguments: Vec<String>) -> ToolAnswer {
    Printed::wrong(&tool::misuse(&arguments)).into()
}

/// The index of `--user` in a store.
#[napi(catch_unwind)]
pub fn tool_user_index(call: ToolCall) -> ToolUser {
    match call.with(tool::user_index) {
        Ok(index) => ToolUser { index: Some(index), answer: None },
        Err(printed) => ToolUser { index: None, answer: Some(printed.into()) },
    }
}

/// A user's sessions; keys and records, one after the other.
#[napi(catch_unwind)]
pub fn tool_listing(call: ToolCall, found: Vec<String>) -> ToolAnswer {
    call.with(|call| tool::listing(call, &pairs(&found))).into()
}

/// How many sessions went.
#[napi(catch_unwind)]
pub fn tool_removed(call: ToolCall, count: u32) -> ToolAnswer {
    call.with(|call| tool::removed(call, count.into())).into()
}

/// What was fetched.
#[napi(object, object_to_js = false)]
pub struct ToolVisit {
    /// What was asked for.
    pub url: String,
    /// Whether a proxy's field said https.
    pub forwarded: bool,
    /// The status.
    pub status: u16,
    /// Names and values, one after the other.
    pub headers: Vec<String>,
}

/// What `doctor` prints. A configuration is read in Python alone.
#[napi(catch_unwind)]
pub fn tool_doctor(call: ToolCall, visits: Vec<ToolVisit>) -> ToolAnswer {
    let visit = |ToolVisit { url, forwarded, status, headers }| Visit {
        url,
        is_forwarded: forwarded,
        status,
        headers: pairs(&headers),
    };
    let visits: Vec<Visit> = visits.into_iter().map(visit).collect();
    call.with(|call| tool::report(call, &visits, Configuration::default())).into()
}
