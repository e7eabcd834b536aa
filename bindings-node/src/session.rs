//! A front's engine, and a request's session.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use shortcrust::{Content, Reason, UnixMillis, Warning, Why};

use crate::{
    ambient::Dice,
    convert::{self, Closed, Shown},
    error::{self, Result},
    options::EngineOptions,
};

/// A front's configuration, checked.
#[napi]
pub struct Engine(pub(crate) shortcrust::Engine);

/// One request's session.
#[napi]
pub struct Session(pub(crate) shortcrust::Session);

/// What reading a request gave.
#[napi(object, object_from_js = false)]
pub struct Opened {
    /// For `close` and the commands.
    pub session: Session,
    /// JSON; none where no session came in.
    pub text: Option<String>,
    /// As in `Shown`.
    pub kinds: Option<String>,
    /// Why there is no session.
    pub reason: Option<&'static str>,
}

#[napi]
impl Engine {
    /// Throws where the configuration is wrong; `err.code` says in what.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: EngineOptions) -> Result<Self> {
        error::keep_panics_discreet();
        options.build().map(Self)
    }

    /// Configuration that works and may surprise.
    #[napi(catch_unwind)]
    pub fn warnings(&self) -> Vec<&'static str> {
        self.0.warnings().iter().copied().map(Warning::message).collect()
    }

    /// Total: whatever is in the header, the answer is a session.
    #[napi(catch_unwind)]
    pub fn open(&self, cookie_header: String, now_ms: i64) -> Opened {
        let now = UnixMillis(now_ms);
        self.shown(now, || self.read(&cookie_header, now))
    }

    /// What the response is to carry. `host_json` is what `JSON.stringify` made of the data, or null where it is still
    /// the text that `open` gave.
    #[napi(catch_unwind)]
    pub fn close(
        &self,
        session: Option<&mut Session>,
        host_json: Option<String>,
        kinds: String,
        secure: bool,
        now_ms: i64,
        entropy: Option<Uint8Array>,
    ) -> Result<Option<Closed>> {
        let now = UnixMillis(now_ms);
        let mut none;
        let session = if let Some(session) = session {
            &mut session.0
        } else {
            none = self.read("", now);
            &mut none
        };
        let payload = convert::left(session, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let head = session.head(&content, secure, now, &mut Dice::from(entropy)).map_err(error::seal)?;
        Ok(convert::closed(&head))
    }
}

impl Engine {
    /// Total: where the session can't be read or shown, it is empty and says why.
    pub(crate) fn shown(&self, now: UnixMillis, read: impl FnOnce() -> shortcrust::Session) -> Opened {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let session = read();
            convert::shown(&session).map(|shown| Opened::new(session, shown))
        }));
        opened.unwrap_or(Err(Reason::Internal)).unwrap_or_else(|reason| {
            let mut session = self.read("", now);
            session.refuse(reason);
            Opened::new(session, None)
        })
    }

    fn read(&self, cookie_header: &str, now: UnixMillis) -> shortcrust::Session {
        self.0.open(cookie_header, now).ready().expect("a session without a cookie waits for no store")
    }
}

#[napi]
impl Session {
    /// A new id for what the handler leaves: `login`, `logout` or `privilege`. `user` is for `login`.
    #[napi(catch_unwind)]
    pub fn regenerate(&mut self, why: String, user: Option<String>, now_ms: i64) -> Result<()> {
        let why = match why.as_str() {
            "login" => Why::Login { user },
            "logout" => Why::Logout,
            "privilege" => Why::Privilege,
            other => return Err(error::option("why", other, "login, logout or privilege")),
        };
        self.0.regenerate(why, UnixMillis(now_ms));
        Ok(())
    }

    /// Ends the session.
    #[napi(catch_unwind)]
    pub fn destroy(&mut self) {
        self.0.destroy();
    }

    /// Seals the session again though nothing changed.
    #[napi(catch_unwind)]
    pub fn touch(&mut self) {
        self.0.touch();
    }

    /// Whose session it is.
    #[napi(getter, catch_unwind)]
    pub fn user(&self) -> Option<String> {
        self.0.meta().user.clone()
    }

    /// What came in, again; null where no session did or it has ended.
    #[napi(catch_unwind)]
    pub fn reload(&mut self) -> Option<Shown> {
        self.0.reload()?;
        convert::shown(&self.0).ok().flatten()
    }
}

impl Opened {
    fn new(session: shortcrust::Session, shown: Option<Shown>) -> Self {
        let (text, kinds) = shown.map(|shown| (shown.text, shown.kinds)).unzip();
        let reason = session.reason().map(Reason::code);
        Self { session: Session(session), text, kinds: kinds.flatten(), reason }
    }
}
