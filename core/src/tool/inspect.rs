//! One cookie, all that can be said of it.

use alloc::{string::String, vec::Vec};

use super::{
    facts::{self, Facts},
    input::{self, Given},
    kind::Kind,
    open::{Cookie, Unlocked, peers_end, unlock},
    settings::Settings,
    shape::guess,
};
use crate::{
    cookie,
    error::{ConfigError, Reason},
    format::MAX_TOKEN,
    keyring::Keyring,
    meta::Meta,
    payload::{Dialect, scan},
    session::Chain,
    time::UnixMillis,
};

/// What a reader would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cookie opens.
    Accepted,
    /// It does not, for this reason.
    Refused(Reason),
    /// Nothing is wrong with what can be seen; only a key, or the store, can tell.
    Unchecked,
}

/// How one check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It fails, for this reason.
    Fails(Reason),
    /// It can't be made without a key, or there is nothing to check.
    Unknown,
}

/// The checks of one value, in the order in which a reader makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Not over 16 KiB.
    pub size: Outcome,
    /// The value is built as its format's are.
    pub shape: Outcome,
    /// A key is its own: the MAC.
    pub key: Outcome,
    /// It is neither too old nor of the future.
    pub times: Outcome,
    /// What is inside is a JSON object.
    pub payload: Outcome,
}

impl Checks {
    /// Each with its name, in the order in which a reader makes them.
    pub fn named(&self) -> [(&'static str, Outcome); 5] {
        let Self { size, shape, key, times, payload } = *self;
        [("size", size), ("shape", shape), ("key", key), ("times", times), ("payload", payload)]
    }

    /// Why the first one that fails does.
    pub fn failure(&self) -> Option<Reason> {
        self.named().into_iter().find_map(|(_, outcome)| match outcome {
            Outcome::Fails(reason) => Some(reason),
            _ => None,
        })
    }
}

/// All about the cookies of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The cookie's name.
    pub name: String,
    /// Whether that name was a guess, as a bare value has none.
    pub is_nameless: bool,
    /// How many values of the name there are.
    pub values: usize,
    /// The bytes of name and value together, which a browser counts.
    pub size: usize,
    /// In how many cookies the value came; over 1 for iron-session's pieces.
    pub pieces: usize,
    /// What a reader would say.
    pub verdict: Verdict,
    /// The format; `None` where the value looks like none.
    pub format: Option<Kind>,
    /// Other formats of the same looks, where no key has decided.
    pub could_be: Vec<Kind>,
    /// The key that it was made with; 0 is the current one.
    pub key: Option<usize>,
    /// How many keys were tried.
    pub keys: usize,
    /// The session.
    pub payload: Option<String>,
    /// Whether a key vouches for the payload.
    pub is_authentic: bool,
    /// The id of a session in a store.
    pub id: Option<String>,
    /// The times, as far as the token tells them.
    pub meta: Meta,
    /// One by one.
    pub checks: Checks,
}

/// A report for each cookie of the input. With a name in the settings there is one, also for a cookie that is not there.
///
/// `Err` where the keys or the settings do not fit the format.
///
/// ```
/// use shortcrust::{Reason, UnixMillis, tool::{Kind, Settings, Verdict, inspect, secrets}};
/// let cookie = "session=eyJhIjoxfQ.aVc1pQ.LkVUa01v-Sk6GQoUcxlI0VpTnnA";
/// let now = UnixMillis::from_secs(1_767_323_045);
/// let seen = &inspect(cookie, &Settings::default(), None, now)?[0];
/// assert_eq!((seen.format, seen.verdict), (Some(Kind::Flask), Verdict::Unchecked));
/// let keys = secrets("not this one")?;
/// let tried = &inspect(cookie, &Settings::default(), Some(&keys), now)?[0];
/// assert_eq!(tried.verdict, Verdict::Refused(Reason::BadSignature));
/// # Ok::<(), shortcrust::ConfigError>(())
/// ```
pub fn inspect(
    input: &str,
    settings: &Settings<'_>,
    keys: Option<&Keyring>,
    now: UnixMillis,
) -> Result<Vec<Report>, ConfigError> {
    let given = input::read(input, settings.name);
    let names = match settings.name {
        Some(name) => Vec::from([name]),
        None => own_names(&given),
    };
    let of = |name: &&str| Inspector { given: &given, name, settings, keys, now }.report();
    names.iter().map(of).collect()
}

/// As many of one name as a front looks at.
const MAX_VALUES: usize = 4;

/// Without the pieces of cookies that are joined.
fn own_names(given: &Given) -> Vec<&str> {
    let is_piece = |name: &&str| {
        let of = |(base, count): &(String, usize)| {
            let at = name.strip_prefix(base.as_str()).and_then(|rest| rest.strip_prefix('.'));
            at.and_then(|at| at.parse::<usize>().ok()).is_some_and(|at| at < *count)
        };
        given.pieces.iter().any(of)
    };
    input::names(&given.header).into_iter().filter(|name| !is_piece(name)).collect()
}

struct Inspector<'a> {
    given: &'a Given,
    name: &'a str,
    settings: &'a Settings<'a>,
    keys: Option<&'a Keyring>,
    now: UnixMillis,
}

/// A value as one format sees it.
struct Tried {
    kind: Kind,
    facts: Result<Facts, Reason>,
    unlocked: Option<Unlocked>,
    verdict: Verdict,
}

impl Inspector<'_> {
    fn report(&self) -> Result<Report, ConfigError> {
        let header = &self.given.header;
        let values: Vec<&str> = cookie::values(header, self.name).filter(|value| !value.is_empty()).collect();
        let Some(&first) = values.first() else { return Ok(self.empty(Reason::NoCookie, 0, "")) };
        if first.len() > MAX_TOKEN && values.len() == 1 {
            return Ok(self.empty(Reason::TooLarge, 1, first));
        }
        let (value, kinds) = self.candidates(&values);
        let mut tried: Vec<Tried> = Vec::new();
        for &kind in &kinds {
            match self.try_one(kind, value) {
                Ok(one) => tried.push(one),
                // A key that does not fit one of several formats is no fault.
                Err(error) if kinds.len() == 1 => return Err(error),
                Err(_) => {}
            }
        }
        let best = (0..tried.len()).rev().max_by_key(|&at| tried[at].rank());
        let none = if values.len() > MAX_VALUES { Reason::TooMany } else { Reason::Malformed };
        let Some(at) = best else { return Ok(self.empty(none, values.len(), value)) };
        let best = tried.swap_remove(at);
        Ok(self.of(&best, kinds, values.len(), value))
    }

    /// The first value that opens, or else that looks like something, and what it may be.
    fn candidates<'v>(&self, values: &[&'v str]) -> (&'v str, Vec<Kind>) {
        let kinds =
            |value: &str| self.settings.format.map_or_else(|| self.guess(value), |kind| Vec::from([kind]));
        let is_short = |value: &&&str| value.len() <= MAX_TOKEN;
        let known: Vec<(&str, Vec<Kind>)> =
            values.iter().take(MAX_VALUES).filter(is_short).map(|value| (*value, kinds(value))).collect();
        let opens = |(value, kinds): &&(&str, Vec<Kind>)| kinds.iter().any(|&kind| self.accepts(kind, value));
        let looks = || known.iter().find(|(_, kinds)| !kinds.is_empty());
        known.iter().find(opens).or_else(looks).cloned().unwrap_or((values[0], Vec::new()))
    }

    /// A signature beside an id is koa-session's, as its store is.
    fn guess(&self, value: &str) -> Vec<Kind> {
        let mut kinds = guess(value);
        let is_bare = kinds.first().is_some_and(|kind| kind.is_id() && !kind.has_key());
        if is_bare && self.cookie(value).signature.is_some() && facts::is_koas_id(value) {
            kinds.insert(0, Kind::KoaSession);
        }
        kinds
    }

    fn accepts(&self, kind: Kind, value: &str) -> bool {
        let Some(Ok(unlocked)) = self.keys.map(|keys| unlock(kind, self.cookie(value), self.settings, keys))
        else {
            return false;
        };
        let tried = Tried {
            kind,
            facts: facts::of(kind, value),
            unlocked: Some(unlocked),
            verdict: Verdict::Unchecked,
        };
        let checks = self.checks(&tried);
        checks.key == Outcome::Holds && checks.failure().is_none()
    }

    fn cookie<'v>(&'v self, value: &'v str) -> Cookie<'v> {
        let beside = alloc::format!("{}.sig", self.name);
        let signature = cookie::values(&self.given.header, &beside).next();
        Cookie { name: self.name, value, signature }
    }

    fn try_one(&self, kind: Kind, value: &str) -> Result<Tried, ConfigError> {
        let unlocked = match self.keys {
            Some(keys) => Some(unlock(kind, self.cookie(value), self.settings, keys)?),
            None => None,
        };
        let mut tried = Tried { kind, facts: facts::of(kind, value), unlocked, verdict: Verdict::Unchecked };
        tried.verdict = self.verdict(&tried)?;
        Ok(tried)
    }

    /// As the front says it, where the core has that front; else the first check that fails.
    fn verdict(&self, tried: &Tried) -> Result<Verdict, ConfigError> {
        let kind = tried.kind;
        if let Some(keys) = self.keys.filter(|_| Settings::is_front(kind)) {
            let spec = self.settings.spec(kind);
            let chain = Chain::from(spec.build(keys)?);
            let policy = self.settings.policy.policy();
            let opened = chain.open_cookie(&self.given.header, self.name, self.now, &policy, spec.dialect());
            return Ok(match opened {
                Err(reason) => Verdict::Refused(reason),
                Ok(_) if kind == Kind::Id => Verdict::Unchecked,
                Ok(_) => Verdict::Accepted,
            });
        }
        Ok(match self.checks(tried).failure() {
            Some(reason) => Verdict::Refused(reason),
            None if self.keys.is_some() && kind.has_key() => Verdict::Accepted,
            None => Verdict::Unchecked,
        })
    }

    fn checks(&self, tried: &Tried) -> Checks {
        let fails = |result: Result<(), Reason>| result.map_or_else(Outcome::Fails, |()| Outcome::Holds);
        let facts = tried.facts.as_ref();
        let (meta, payload) = tried.content();
        Checks {
            size: Outcome::Holds,
            shape: fails(facts.map(|_| ()).map_err(|&reason| reason)),
            key: tried.key_outcome(),
            times: self.times(tried.kind, &meta),
            payload: payload.map_or(Outcome::Unknown, |payload| {
                fails(payload.and_then(|text| scan(text, dialect(tried.kind)).map(|_| ())))
            }),
        }
    }

    fn times(&self, kind: Kind, meta: &Meta) -> Outcome {
        if (meta.issued, meta.created, meta.expires) == (None, None, None) {
            return Outcome::Unknown;
        }
        let over = meta.expires.and_then(|end| peers_end(kind, end, self.now));
        let expires = meta.expires.filter(|_| over.is_none());
        let checked = self.settings.policy.policy().check(&Meta { expires, ..meta.clone() }, self.now);
        match checked {
            Err(reason) => Outcome::Fails(reason),
            Ok(()) if over == Some(true) => Outcome::Fails(Reason::Expired),
            Ok(()) => Outcome::Holds,
        }
    }

    fn of(&self, best: &Tried, kinds: Vec<Kind>, values: usize, value: &str) -> Report {
        let checks = self.checks(best);
        let (meta, payload) = best.content();
        let payload = payload.and_then(Result::ok).map(Into::into);
        let key = best.unlocked.as_ref().and_then(|unlocked| unlocked.key);
        let seen = |facts: &Facts| facts.id.clone();
        let id = best.unlocked.as_ref().and_then(|unlocked| unlocked.id.clone());
        Report {
            verdict: best.verdict,
            format: Some(best.kind),
            could_be: kinds.into_iter().filter(|&kind| kind != best.kind && key.is_none()).collect(),
            key,
            payload,
            is_authentic: key.is_some(),
            id: id.or_else(|| best.facts.as_ref().ok().and_then(seen)),
            meta,
            checks,
            ..self.empty(Reason::Malformed, values, value)
        }
    }

    /// Nothing is known but the reason.
    fn empty(&self, reason: Reason, values: usize, value: &str) -> Report {
        let size = if reason == Reason::TooLarge { Outcome::Fails(reason) } else { Outcome::Unknown };
        let shape = if reason == Reason::Malformed { Outcome::Fails(reason) } else { Outcome::Unknown };
        let unknown = Outcome::Unknown;
        Report {
            name: self.name.into(),
            is_nameless: self.given.is_bare && self.settings.name.is_none(),
            values,
            size: self.name.len() + value.len(),
            pieces: self
                .given
                .pieces
                .iter()
                .find(|(base, _)| base == self.name)
                .map_or(1, |(_, count)| *count),
            verdict: Verdict::Refused(reason),
            format: None,
            could_be: Vec::new(),
            key: None,
            keys: self.keys.map_or(0, |keys| keys.iter().count()),
            payload: None,
            is_authentic: false,
            id: None,
            meta: Meta::default(),
            checks: Checks { size, shape, key: unknown, times: unknown, payload: unknown },
        }
    }
}

impl Tried {
    /// What a key opened, or else what can be seen.
    fn content(&self) -> (Meta, Option<Result<&str, Reason>>) {
        if let Some(unlocked) = self.unlocked.as_ref().filter(|unlocked| unlocked.payload.is_some()) {
            return (unlocked.meta.clone(), unlocked.payload.as_deref().map(Ok));
        }
        let Ok(facts) = &self.facts else { return (Meta::default(), None) };
        let meta = Meta { issued: facts.issued, expires: facts.expires, ..Meta::default() };
        let payload = facts.payload.as_ref();
        (meta, payload.map(|payload| payload.as_deref().map_err(|&reason| reason)))
    }

    fn key_outcome(&self) -> Outcome {
        let unlocked = self.unlocked.as_ref().filter(|_| self.kind.has_key());
        match unlocked.map(|unlocked| (unlocked.key, unlocked.refusal)) {
            Some((Some(_), _)) => Outcome::Holds,
            Some((_, Some(reason @ (Reason::BadSignature | Reason::UnknownKey)))) => Outcome::Fails(reason),
            _ => Outcome::Unknown,
        }
    }

    /// A key's own decides; then a value that is built as the format says.
    fn rank(&self) -> u8 {
        let is_own = self.unlocked.as_ref().is_some_and(|unlocked| unlocked.key.is_some());
        match (&self.verdict, is_own) {
            (Verdict::Accepted, _) => 4,
            (_, true) => 3,
            _ if self.facts.is_ok() => 2,
            (Verdict::Refused(Reason::Malformed), _) => 0,
            _ => 1,
        }
    }
}

pub(super) fn dialect(kind: Kind) -> Dialect {
    match kind {
        Kind::Sealed | Kind::Flask => Dialect::Tagged,
        _ => Dialect::Plain,
    }
}
