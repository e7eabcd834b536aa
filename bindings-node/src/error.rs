//! The core's errors as JavaScript's, with the core's code in `err.code`.

use std::{panic, sync::Once};

use shortcrust::{ConfigError, EntropyError, Reason, SealError};

pub(crate) type Error = napi::Error<&'static str>;
pub(crate) type Result<T> = std::result::Result<T, Error>;

pub(crate) fn config(error: ConfigError) -> Error {
    Error::new(error.code(), error.to_string())
}

pub(crate) fn seal(error: SealError) -> Error {
    Error::new(error.reason().code(), error.to_string())
}

pub(crate) fn payload(reason: Reason) -> Error {
    Error::new(reason.code(), "the session's data can't be read as JSON of at most 200 levels")
}

/// A word that an option does not know.
pub(crate) fn option(option: &str, given: &str, known: &str) -> Error {
    Error::new("option", format!("{option} {given:?} is not known: use {known}"))
}

pub(crate) fn entropy(error: EntropyError) -> Error {
    seal(error.into())
}

pub(crate) fn length(what: &str, bytes: usize) -> Error {
    Error::new("option", format!("{what} must have {bytes} bytes"))
}

/// A panic's message may quote what was being read, so that only its place is printed.
pub(crate) fn keep_panics_discreet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            eprintln!("shortcrust: a defect at {place}; please report it");
        }));
    });
}
