//! What the command-line tool prints.

use std::borrow::Cow;

use pyo3::prelude::*;
use shortcrust::{
    UnixMillis,
    tool::{self, Call, Configuration, Printed, Visit},
};

use crate::{
    ambient::rng,
    error::{Failure, guard},
};

/// What goes to the standard output and the standard error, and the exit code.
type Answer = (String, String, u8);

/// A verb as it was called.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ToolCall {
    verb: String,
    options: Vec<(String, String)>,
    secrets: Option<String>,
    new_secrets: Option<String>,
    now_ms: i64,
    terminal: bool,
}

impl ToolCall {
    fn core(&self) -> Call<'_> {
        Call {
            verb: &self.verb,
            options: &self.options,
            secrets: self.secrets.as_deref(),
            new_secrets: self.new_secrets.as_deref(),
            now: UnixMillis(self.now_ms),
            terminal: self.terminal,
        }
    }
}

fn answer(Printed { out, err, code }: Printed) -> Answer {
    (out, err, code)
}

/// Does what needs nothing but the core.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_run(call: ToolCall, entropy: &Bound<'_, PyAny>) -> Result<Answer, Failure> {
    guard(|| Ok(answer(tool::run(&call.core(), &mut rng(entropy)))))
}

/// The bytes of a secret with `hex:` or `base64:` in front; `None` for one that is text.
#[pyfunction]
pub(crate) fn encoded_secret(line: &str) -> Result<Option<Cow<'static, [u8]>>, Failure> {
    Ok(tool::encoded_secret(line)?.map(Cow::Owned))
}

/// The verbs and their options, as JSON.
#[pyfunction]
pub(crate) fn tool_table() -> String {
    tool::table()
}

/// The help of a verb, or of all.
#[pyfunction]
pub(crate) fn tool_help(verb: &str) -> String {
    tool::help(verb)
}

/// Why a command line is none.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_misuse(arguments: Vec<String>) -> Answer {
    answer(Printed::wrong(&tool::misuse(&arguments)))
}

/// The index of the user in a store, or what to print instead.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_user_index(call: ToolCall) -> (Option<String>, Option<Answer>) {
    match tool::user_index(&call.core()) {
        Ok(index) => (Some(index), None),
        Err(printed) => (None, Some(answer(printed))),
    }
}

/// A user's sessions, by the store's keys and records.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_listing(call: ToolCall, found: Vec<(String, String)>) -> Answer {
    answer(tool::listing(&call.core(), &found))
}

/// How many sessions went.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_removed(call: ToolCall, count: u64) -> Answer {
    answer(tool::removed(&call.core(), count))
}

/// What was fetched: the URL, whether a proxy's field said https, the status, the fields.
type Fetched = (String, bool, u16, Vec<(String, String)>);

/// What `doctor` prints.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as PyO3 hands it over")]
pub(crate) fn tool_doctor(
    call: ToolCall,
    visits: Vec<Fetched>,
    secret_bytes: Option<usize>,
    is_debug: bool,
) -> Answer {
    let visit = |(url, is_forwarded, status, headers)| Visit { url, is_forwarded, status, headers };
    let visits: Vec<Visit> = visits.into_iter().map(visit).collect();
    answer(tool::report(&call.core(), &visits, Configuration { secret_bytes, is_debug }))
}
