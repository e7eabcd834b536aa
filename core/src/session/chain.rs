//! Read many formats, write one.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    cookie,
    entropy::Entropy,
    error::{ConfigError, Reason, SealError},
    format::{Body, Format, MAX_TOKEN, OpenContext, Opened, SealContext},
    meta::Meta,
    payload::{self, Dialect, Facts},
    policy::Policy,
    time::UnixMillis,
};

/// Which of several cookies of one name is the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The first that opens: Flask, Express.
    First,
    /// The last that opens: Starlette, Django.
    Last,
    /// The newest that opens; the first where the format has no time.
    #[default]
    Newest,
}

/// A format that is read beside the writer while its cookies are still in browsers.
pub struct Reader {
    format: Box<dyn Format>,
    until: Option<UnixMillis>,
    dialect: Option<Dialect>,
    /// The cookie that names a row of another library.
    row_cookie: Option<String>,
}

impl Reader {
    /// Not read any more after `time`: weak old formats should not be read for ever.
    pub fn until(time: UnixMillis, format: impl Format + 'static) -> Self {
        Self { format: Box::new(format), until: Some(time), dialect: None, row_cookie: None }
    }

    /// Read for ever, by decision.
    pub fn forever(format: impl Format + 'static) -> Self {
        Self { format: Box::new(format), until: None, dialect: None, row_cookie: None }
    }

    /// How the payloads of this format are read; default as the engine's own.
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect: Some(dialect), ..self }
    }

    /// Its ids are those of rows that express-session kept, and come in the cookie `name`. Such a session is taken over
    /// into the engine's own store, under another id ([`Action::ReadRow`](crate::Action::ReadRow)).
    ///
    /// ```
    /// use shortcrust::{Chain, Engine, Keyring, Reader, UnixMillis, format::{Express, Id}};
    /// let keys = Keyring::newest_first(["a secret of express-session's"])?;
    /// let until = UnixMillis::from_secs(1_900_000_000);
    /// let chain = Chain::from(Id::default()).read(Reader::until(until, Express::new(&keys)).rows("connect.sid"))?;
    /// let engine = Engine::builder(chain).stored().build()?;
    /// # Ok::<(), shortcrust::ConfigError>(())
    /// ```
    #[must_use]
    pub fn rows(self, name: &str) -> Self {
        Self { row_cookie: Some(name.to_string()), ..self }
    }

    fn is_due(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

/// One writer, and at most three more readers. Which one reads is never decided by bytes that anyone could flip: they
/// are tried in order, and the MAC decides.
pub struct Chain {
    writer: Box<dyn Format>,
    readers: Vec<Reader>,
}

impl<F: Format + 'static> From<F> for Chain {
    fn from(writer: F) -> Self {
        Self { writer: Box::new(writer), readers: Vec::new() }
    }
}

/// What came in and opened.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) format: &'static str,
    pub(crate) opened: Opened,
    /// `None` for an id: only its record can tell.
    pub(crate) facts: Option<Facts>,
    /// A previous key or an older format: seal it again.
    pub(crate) stale: bool,
    pub(crate) dialect: Dialect,
    /// The token, where it is the only thing by which this session can be told from others.
    pub(crate) nameless: Option<String>,
}

/// What another library's cookie says: which row it kept.
#[derive(Clone, Debug)]
pub(crate) struct OldRow {
    /// The position of the reader.
    pub(crate) reader: usize,
    /// Whoever knows it knows the library's secret, or has its cookie.
    pub(crate) token: String,
    pub(crate) id: String,
}

/// Values of one name that are looked at, and bytes that are authenticated, for one request.
const MAX_VALUES: usize = 4;
const MAX_MACED: usize = 64 * 1024;

impl Chain {
    const MAX_READERS: usize = 4;

    /// Adds a reader behind the others.
    pub fn read(mut self, reader: Reader) -> Result<Self, ConfigError> {
        if self.readers.len() + 1 == Self::MAX_READERS {
            return Err(ConfigError::new("reader", "more than 4 formats to read: remove the oldest"));
        }
        self.readers.push(reader);
        Ok(self)
    }

    /// Reads a Cookie header as a front for which the first value counts: for tools, which have no request.
    pub fn open_cookie(
        &self,
        header: &str,
        name: &str,
        now: UnixMillis,
        policy: &Policy,
        dialect: Dialect,
    ) -> Result<Opened, Reason> {
        let found = self.open(header, name, now, policy, Duplicates::First, dialect)?;
        found.into_iter().next().map(|found| found.opened).ok_or(Reason::Internal)
    }

    /// The value of the cookie `name` for a session, or an id, that begins now.
    pub fn seal_cookie(
        &self,
        name: &str,
        body: &str,
        now: UnixMillis,
        policy: &Policy,
        entropy: &mut dyn Entropy,
    ) -> Result<String, SealError> {
        let expires = policy.expires(now, now);
        let meta = Meta { issued: Some(now), created: Some(now), expires, ..Meta::default() };
        self.writer.seal(&SealContext { name, body, meta: &meta }, entropy)
    }

    /// Whether a cookie of it may be a session that is not in the store yet.
    pub(crate) fn reads_payloads(&self) -> bool {
        let is_payload = |format: &dyn Format| !format.carries().id || format.carries().issued;
        is_payload(self.writer())
            || self.readers.iter().any(|reader| reader.row_cookie.is_some() || is_payload(&*reader.format))
    }

    /// Whether rows of another library are read.
    pub(crate) fn reads_rows(&self) -> bool {
        self.readers.iter().any(|reader| reader.row_cookie.is_some())
    }

    /// The rows of other libraries that a header names, in order of preference.
    pub(crate) fn old_rows(&self, header: &str, now: UnixMillis, policy: &Policy) -> Vec<OldRow> {
        let mut budget = MAX_MACED;
        let mut found = Vec::new();
        for (at, reader) in self.readers.iter().enumerate().filter(|(_, reader)| reader.is_due(now)) {
            let Some(name) = &reader.row_cookie else { continue };
            for token in cookie::values(header, name).take(MAX_VALUES) {
                let cost = token.len() * reader.format.keys();
                let Some(left) = budget.checked_sub(cost).filter(|_| token.len() <= MAX_TOKEN) else { break };
                budget = left;
                let opened = reader.format.open(&OpenContext { name, token, now, policy });
                if let Ok(Opened { body: Body::Id(id), .. }) = opened {
                    found.push(OldRow { reader: at, token: token.to_string(), id });
                }
            }
        }
        found
    }

    pub(crate) fn writer(&self) -> &dyn Format {
        &*self.writer
    }

    pub(crate) fn weakness(&self) -> Option<ConfigError> {
        let readers = self.readers.iter().map(|reader| &*reader.format);
        core::iter::once(self.writer()).chain(readers).find_map(Format::weakness)
    }

    /// The values of `name` that open, in order of preference, or why none does.
    pub(crate) fn open(
        &self,
        header: &str,
        name: &str,
        now: UnixMillis,
        policy: &Policy,
        duplicates: Duplicates,
        dialect: Dialect,
    ) -> Result<Vec<Found>, Reason> {
        let mut values = cookie::values(header, name).filter(|value| !value.is_empty());
        let mut found = Vec::new();
        let mut first_refusal = Reason::NoCookie;
        let mut budget = MAX_MACED;
        let mut next = || if duplicates == Duplicates::Last { values.next_back() } else { values.next() };
        for token in core::iter::from_fn(&mut next).take(MAX_VALUES) {
            match self.open_one(&OpenContext { name, token, now, policy }, dialect, &mut budget) {
                Ok(it) => found.push(it),
                Err(reason) if first_refusal == Reason::NoCookie => first_refusal = reason,
                Err(_) => {}
            }
            if !found.is_empty() && duplicates != Duplicates::Newest {
                break;
            }
        }
        if found.is_empty() {
            return Err(if next().is_some() { Reason::TooMany } else { first_refusal });
        }
        if duplicates == Duplicates::Newest {
            found.sort_by_key(|found| core::cmp::Reverse(found.opened.meta.issued));
        }
        Ok(found)
    }

    fn open_one(&self, cx: &OpenContext<'_>, dialect: Dialect, budget: &mut usize) -> Result<Found, Reason> {
        if cx.token.len() > MAX_TOKEN {
            return Err(Reason::TooLarge);
        }
        let mut refusal = Reason::Malformed;
        let is_meant = |reader: &&Reader| reader.row_cookie.is_none() && reader.is_due(cx.now);
        let due = self.readers.iter().filter(is_meant);
        let readers = due.map(|reader| (&*reader.format, reader.dialect.unwrap_or(dialect)));
        for (at, (format, dialect)) in core::iter::once((self.writer(), dialect)).chain(readers).enumerate() {
            let cost = cx.token.len() * format.keys();
            *budget = budget.checked_sub(cost).ok_or(Reason::TooMany)?;
            match format.open(cx).and_then(|opened| Found::new(format.name(), opened, at, dialect, cx.token))
            {
                Ok(found) => return Ok(found),
                Err(reason) => refusal = more_telling(refusal, reason),
            }
        }
        Err(refusal)
    }
}

impl Found {
    fn new(
        format: &'static str,
        opened: Opened,
        reader: usize,
        dialect: Dialect,
        token: &str,
    ) -> Result<Self, Reason> {
        let facts = match &opened.body {
            Body::Payload(text) => Some(payload::scan(text, dialect)?),
            Body::Id(_) => None,
        };
        let stale = reader > 0 || opened.key > 0;
        let is_nameless = reader > 0 && facts.is_some() && opened.meta.id.is_none();
        Ok(Self { format, opened, facts, stale, dialect, nameless: is_nameless.then(|| token.to_string()) })
    }
}

/// A format that the token is not written in says `malformed` or `bad_signature`; the one that knows it says more.
fn more_telling(old: Reason, new: Reason) -> Reason {
    let rank = |reason: Reason| match reason {
        Reason::Malformed => 0,
        Reason::BadSignature => 1,
        Reason::UnknownKey => 2,
        _ => 3,
    };
    if rank(new) > rank(old) { new } else { old }
}

impl core::fmt::Debug for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let readers: Vec<_> = self.readers.iter().map(|reader| reader.format.name().to_string()).collect();
        f.write_str(&format!("Chain({} <- {readers:?})", self.writer.name()))
    }
}
