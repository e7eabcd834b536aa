//! A front's engine, and a request's session.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use shortcrust::{Content, Reason, UnixMillis, Warning};

use crate::{
    ambient::Rng,
    convert::{self, Arrived, Closed, View},
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
    /// As in `View`.
    pub kinds: Option<String>,
    /// Why there is no session.
    pub reason: Option<&'static str>,
}

/// What happened to a session.
#[napi(object, object_from_js = false)]
pub struct NativeEvent {
    pub name: &'static str,
    pub reason: Option<&'static str>,
    /// Of the cookie that came in.
    pub format: Option<&'static str>,
    /// The position of its secret, the newest first.
    pub key: Option<u32>,
    pub count: Option<u32>,
}

impl From<shortcrust::Event> for NativeEvent {
    fn from(event: shortcrust::Event) -> Self {
        let (format, key) = event.cookie().unzip();
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            name: event.name(),
            reason: event.reason().map(Reason::code),
            format,
            key: key.map(|key| small(key as u64)),
            count: event.count().map(small),
        }
    }
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

    /// Total: whatever is in the header, the answer is a session. What it needs that waits for a store comes first;
    /// `Session.shown` has its data then.
    #[napi(catch_unwind)]
    pub fn open(&self, cookie_header: String, now_ms: i64) -> Opened {
        let now = UnixMillis(now_ms);
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut session = self.0.open(&cookie_header, now);
            let arrived = convert::arrived(&mut session);
            (session, arrived)
        }));
        let (session, Arrived { text, kinds, reason }) = opened.unwrap_or_else(|_| {
            let mut session = self.0.open("", now);
            session.refuse(Reason::Internal);
            let arrived = convert::arrived(&mut session);
            (session, arrived)
        });
        Opened { session: Session(session), text, kinds, reason }
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
            none = self.0.open("", now);
            &mut none
        };
        let payload = convert::left(session, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let head = session.head(&content, secure, now, &mut Rng::from(entropy)).map_err(error::seal)?;
        Ok(convert::closed(&head))
    }
}

#[napi]
impl Session {
    /// The session is this user's from now on, under a new id. Where it was another's, the answer is what the handler
    /// has from now on; else null. Throws where the cookie's format carries no user.
    #[napi(catch_unwind)]
    pub fn login(
        &mut self,
        user: String,
        host_json: Option<String>,
        kinds: String,
        now_ms: i64,
    ) -> Result<Option<View>> {
        let payload = convert::left(&self.0, host_json.as_deref(), &kinds)?;
        let content = payload.as_deref().map_or(Content::Unchanged, Content::Changed);
        let left = self.0.login(&user, &content, UnixMillis(now_ms)).map_err(error::config)?;
        left.map(|text| convert::shown_text(&text).map_err(error::payload)).transpose()
    }

    /// What happened since this was last asked.
    #[napi(catch_unwind)]
    pub fn events(&mut self) -> Vec<NativeEvent> {
        self.0.events().into_iter().map(NativeEvent::from).collect()
    }

    /// Whether the session is another user's, whose data stay behind at a login.
    #[napi(catch_unwind)]
    pub fn is_of_other(&mut self, user: String) -> bool {
        self.0.is_of_other(&user)
    }

    /// What the user knows the session by from now on.
    #[napi(catch_unwind)]
    pub fn describe(&mut self, label: String) {
        self.0.describe(&label);
    }

    /// As `describe`, for where it is a user's and has no label.
    #[napi(catch_unwind)]
    pub fn describe_by_default(&mut self, label: String) {
        self.0.describe_by_default(&label);
    }

    /// What the user knows the session by; null where it has no label.
    #[napi(getter, catch_unwind)]
    pub fn label(&self) -> Option<String> {
        self.0.label().map(str::to_owned)
    }

    /// The session is nobody's from now on, and empty.
    #[napi(catch_unwind)]
    pub fn logout(&mut self, now_ms: i64) {
        self.0.logout(UnixMillis(now_ms));
    }

    /// A new id, for an empty session.
    #[napi(catch_unwind)]
    pub fn regenerate(&mut self, now_ms: i64) {
        self.0.regenerate(UnixMillis(now_ms));
        self.0.forget();
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
    pub fn user(&mut self) -> Option<String> {
        self.0.user()
    }

    /// Why a session that was only to be renewed or converted stays in the cookie that it came in.
    #[napi(getter, catch_unwind)]
    pub fn not_renewed(&self) -> Option<String> {
        self.0.not_renewed().map(ToString::to_string)
    }

    /// What came in, again; null where no session did or it has ended.
    #[napi(catch_unwind)]
    pub fn reload(&mut self) -> Option<View> {
        self.0.reload()?;
        convert::shown(&self.0).ok().flatten()
    }
}
