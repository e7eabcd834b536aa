//! What the command-line tool does: it says what a cookie is and why it is refused, makes cookies, and turns one format
//! into another.
//!
//! The hosts read arguments and files and print; what they print is made here, so that it is the same in Python and in
//! Node. A person asked for each of these answers, so payloads are in them; secrets never are.

mod doctor;
mod facts;
mod help;
mod input;
mod inspect;
mod json;
mod kind;
mod open;
mod run;
mod seal;
mod settings;
mod shape;
mod stored;
mod text;
mod verbs;

pub use doctor::{Configuration, Finding, Level, RULES, Rule, Visit, diagnose, report};
pub use help::{help, misuse};
pub use inspect::{Checks, Outcome, Report, Verdict, inspect};
pub use kind::Kind;
pub use run::{Call, Printed, run};
pub use seal::{Content, MintError, mint};
pub use settings::{Limits, Settings, encoded_secret, secrets};
pub use stored::{listing, removed, user_index};
pub use verbs::{Opt, VERBS, Verb, table};
