//! The verbs that need nothing but the core.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    help::completion,
    inspect::{Report, Verdict, dialect, inspect},
    json::{self, Json},
    kind::Kind,
    seal::{Content, MintError, hex, mint},
    settings::{Limits, Settings, kind, moment, secrets, span, wrong},
    text::{self, Paint},
};
use crate::{
    encoding::base64, entropy::Entropy, error::ConfigError, keyring::Keyring, meta::Meta, policy::Policy,
    time::UnixMillis,
};

/// A verb as it was called.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The verb.
    pub verb: &'a str,
    /// Its options by name; a flag has an empty value. The argument has the empty name.
    pub options: &'a [(String, String)],
    /// The text of the secrets, where there is one.
    pub secrets: Option<&'a str>,
    /// As `secrets`, for what `convert` writes.
    pub new_secrets: Option<&'a str>,
    /// The time.
    pub now: UnixMillis,
    /// Whether the answer goes to a terminal that wants colours.
    pub terminal: bool,
}

/// What a host prints, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// 0: all is well; 1: refused, or something was found; 2: called wrongly.
    pub code: u8,
}

impl Printed {
    pub(super) fn out(out: String, code: u8) -> Self {
        Self { out, err: String::new(), code }
    }

    /// Called wrongly; the message says what to change.
    pub fn wrong(message: &str) -> Self {
        Self { out: String::new(), err: format!("shortcrust: {message}\n"), code: 2 }
    }
}

impl From<ConfigError> for Printed {
    fn from(error: ConfigError) -> Self {
        Self::wrong(&error.to_string())
    }
}

impl From<MintError> for Printed {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Config(error) => error.into(),
            MintError::Seal(error) => {
                Self { err: format!("shortcrust: {error}\n"), code: 1, ..Self::default() }
            }
        }
    }
}

/// Does what was asked for. Never fails: a mistake is an answer with code 2.
///
/// ```
/// use shortcrust::{UnixMillis, tool::{Call, run}};
/// let options = [(String::new(), "abc".to_owned()), ("json".to_owned(), String::new())];
/// let call = Call {
///     verb: "inspect", options: &options, secrets: None, new_secrets: None, now: UnixMillis(0), terminal: false,
/// };
/// let printed = run(&call, &mut |_: &mut [u8]| Ok(()));
/// assert_eq!(printed.code, 1);
/// assert!(printed.out.starts_with(r#"{"cookies":[{"name":null,"verdict":"refused","reason":"malformed""#));
/// ```
pub fn run(call: &Call<'_>, entropy: &mut dyn Entropy) -> Printed {
    let done = match call.verb {
        "inspect" => call.inspect(),
        "verify" => call.verify(),
        "mint" => call.mint(entropy),
        "convert" => call.convert(entropy),
        "keygen" => call.keygen(entropy),
        "completion" => call.completion(),
        other => Err(Printed::wrong(&format!("{other:?} is no verb: see shortcrust --help"))),
    };
    done.unwrap_or_else(|printed| printed)
}

type Done = Result<Printed, Printed>;

impl<'a> Call<'a> {
    pub(super) fn option(&self, name: &str) -> Option<&'a str> {
        let found = self.options.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn is_json(&self) -> bool {
        self.option("json").is_some()
    }

    pub(super) fn argument(&self, word: &str) -> Result<&'a str, Printed> {
        self.option("").ok_or_else(|| {
            Printed::wrong(&format!("{} needs {word}: see shortcrust {} --help", self.verb, self.verb))
        })
    }

    fn settings(&self) -> Result<Settings<'a>, ConfigError> {
        let limit = |name: &str| self.option(name).map_or(Ok(None), |text| span(name, text));
        let skew = limit("skew")?.unwrap_or(Limits::default().skew);
        Ok(Settings {
            format: self.option("format").map(|name| kind("format", name)).transpose()?,
            name: self.option("name"),
            audience: self.option("audience"),
            digest: self.option("digest"),
            key_derivation: self.option("key-derivation"),
            salt: self.option("salt"),
            policy: Limits { idle: limit("idle")?, absolute: limit("absolute")?, skew },
        })
    }

    pub(super) fn time(&self) -> Result<UnixMillis, ConfigError> {
        self.option("now").map_or(Ok(self.now), |text| moment("now", text))
    }

    pub(super) fn paint(&self) -> Result<Paint, ConfigError> {
        Ok(Paint(match self.option("color") {
            None | Some("auto") => self.terminal,
            Some("always") => true,
            Some("never") => false,
            Some(other) => return Err(wrong("color", other, "auto, always or never")),
        }))
    }

    fn keys(&self) -> Result<Option<Keyring>, ConfigError> {
        self.secrets.map(secrets).transpose()
    }

    fn needed_keys(&self) -> Result<Keyring, Printed> {
        self.keys()?.ok_or_else(|| {
            Printed::wrong(&format!(
                "{} needs a secret: put it into SHORTCRUST_SECRETS, or give --secret-file, --secret-env or --ask-secret",
                self.verb
            ))
        })
    }

    fn reports(&self, keys: Option<&Keyring>) -> Result<Vec<Report>, Printed> {
        let settings = self.settings()?;
        let reports = inspect(self.argument("a cookie")?, &settings, keys, self.time()?)?;
        if reports.is_empty() {
            return Err(Printed::wrong("there is no cookie in what was given"));
        }
        // Of a whole header only those that are sessions, unless none is.
        let is_known = |report: &Report| report.format.is_some();
        let some = settings.name.is_none() && reports.iter().any(is_known);
        Ok(if some { reports.into_iter().filter(is_known).collect() } else { reports })
    }

    fn inspect(&self) -> Done {
        let (now, paint) = (self.time()?, self.paint()?);
        let reports = self.reports(self.keys()?.as_ref())?;
        let is_refused = |report: &Report| matches!(report.verdict, Verdict::Refused(_));
        let code = u8::from(reports.iter().any(is_refused));
        if self.is_json() {
            return Ok(Printed::out(json_of(&reports), code));
        }
        let mut out = String::new();
        for report in &reports {
            text::report(&mut out, report, now, paint);
        }
        Ok(Printed::out(out, code))
    }

    fn verify(&self) -> Done {
        let (keys, paint) = (self.needed_keys()?, self.paint()?);
        let reports = self.reports(Some(&keys))?;
        let code = u8::from(!reports.iter().all(|report| report.verdict == Verdict::Accepted));
        if self.is_json() {
            let mut json = Json::new();
            json.object(|json| {
                json.list("cookies", &reports, |json, report| {
                    json.object(|json| {
                        json.text("name", (!report.is_nameless).then_some(report.name.as_str()));
                        json.text("verdict", Some(json::verdict(report.verdict)));
                        json.text("reason", json::reason(report.verdict));
                        json.text("format", report.format.map(Kind::name));
                        json.number("key", report.key);
                        json.number("keys", Some(report.keys));
                    });
                });
            });
            return Ok(Printed::out(json.finish(), code));
        }
        let lines: Vec<String> = reports.iter().map(|report| text::line(report, paint)).collect();
        Ok(Printed::out(lines.concat(), code))
    }

    fn mint(&self, entropy: &mut dyn Entropy) -> Done {
        let settings = self.settings()?;
        let to = settings.format.unwrap_or(Kind::Sealed);
        let now = self.time()?;
        let user = self.option("user").map(ToString::to_string);
        if user.is_some() && to != Kind::Sealed {
            return Err(Printed::wrong(&format!(
                "the format {} carries no user: put it into the payload",
                to.name()
            )));
        }
        let expires = lifetime(&settings.policy).expires(now, now).filter(|_| !to.is_id());
        let meta = Meta { issued: Some(now), created: Some(now), expires, id: None, user };
        let body = self.option("").unwrap_or(if to.is_id() { "" } else { "{}" }).trim().to_string();
        let content = Content { body, dialect: dialect(to), meta };
        let keys = if to.has_key() { self.needed_keys()? } else { Keyring::newest_first(["no key"])? };
        let cookies = mint(to, &settings, &keys, &content, entropy)?;
        Ok(self.minted(to, &cookies))
    }

    fn minted(&self, to: Kind, cookies: &[(String, String)]) -> Printed {
        let size = cookies.iter().map(|(name, value)| name.len() + value.len()).max().unwrap_or(0);
        let code = u8::from(size > 4096);
        let err = if code == 0 {
            String::new()
        } else {
            format!("shortcrust: the cookie has {size} bytes and browsers keep at most 4096\n")
        };
        if self.is_json() {
            let mut json = Json::new();
            json.object(|json| {
                json.text("format", Some(to.name()));
                json.number("size", Some(size));
                json.list("cookies", cookies, |json, (name, value)| {
                    json.object(|json| {
                        json.text("name", Some(name));
                        json.text("value", Some(value));
                    });
                });
            });
            return Printed { out: json.finish(), err, code };
        }
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Printed { out: format!("{}\n", pairs.join("; ")), err, code }
    }

    fn convert(&self, entropy: &mut dyn Entropy) -> Done {
        let keys = self.needed_keys()?;
        let to = self.option("to").map_or(Ok(Kind::Sealed), |name| kind("to", name))?;
        let reports = self.reports(Some(&keys))?;
        let [report] = &reports[..] else {
            return Err(Printed::wrong("there are several cookies: say which by --name"));
        };
        let from = match (report.verdict, report.format) {
            (Verdict::Accepted, Some(from)) => from,
            (Verdict::Unchecked, Some(from)) if from.is_id() => from,
            _ => {
                let err = text::line(report, Paint(false));
                return Err(Printed { err: format!("shortcrust: {err}"), code: 1, ..Printed::default() });
            }
        };
        if (from.is_id() || report.id.is_some()) != to.is_id() {
            return Err(Printed::wrong(
                "one of the formats carries an id and the other a session: only a store can turn one into the other",
            ));
        }
        let name = self.option("to-name").unwrap_or(&report.name);
        let (audience, salt) = (self.option("to-audience"), self.option("to-salt"));
        let settings = Settings { name: Some(name), audience, salt, ..Settings::default() };
        let new_keys = self.new_secrets.map_or(Ok(keys), secrets)?;
        let cookies = mint(to, &settings, &new_keys, &self.content(report, from)?, entropy)?;
        Ok(self.minted(to, &cookies))
    }

    /// The old times go along; where the old token had no end, the new one gets it from the old beginning.
    fn content(&self, report: &Report, from: Kind) -> Result<Content, ConfigError> {
        let Meta { issued, created, expires, id, user } = report.meta.clone();
        let issued = issued.unwrap_or(self.time()?);
        let created = created.unwrap_or(issued);
        let expires = expires.or_else(|| lifetime(&self.settings().ok()?.policy).expires(issued, created));
        let body = report.id.as_ref().or(report.payload.as_ref()).cloned().unwrap_or_default();
        let meta = Meta { issued: Some(issued), created: Some(created), expires, id, user };
        Ok(Content { body, dialect: dialect(from), meta })
    }

    fn keygen(&self, entropy: &mut dyn Entropy) -> Done {
        let known = "a number from 16 to 1024";
        let Ok(bytes @ 16..=1024) = self.option("bytes").map_or(Ok(32), str::parse::<usize>) else {
            return Err(wrong("bytes", self.option("bytes").unwrap_or_default(), known).into());
        };
        let mut secret = zeroize::Zeroizing::new(alloc::vec![0; bytes]);
        if entropy.fill(&mut secret).is_err() {
            return Err(Printed { code: 1, ..Printed::wrong("the operating system gave no random bytes") });
        }
        let text = match self.option("encoding").unwrap_or("hex") {
            "hex" => hex(&secret),
            "base64" => base64(&secret),
            other => return Err(wrong("encoding", other, "hex or base64").into()),
        };
        if !self.is_json() {
            return Ok(Printed::out(format!("{text}\n"), 0));
        }
        let mut json = Json::new();
        json.object(|json| json.text("secret", Some(&text)));
        Ok(Printed::out(json.finish(), 0))
    }

    fn completion(&self) -> Done {
        let shell = self.argument("a shell")?;
        let script = completion(shell)
            .ok_or_else(|| Printed::wrong(&format!("shell {shell:?} is unknown: give bash, zsh or fish")))?;
        Ok(Printed::out(script, 0))
    }
}

/// Without limits those of our own fronts, so that nothing is made for ever.
fn lifetime(limits: &Limits) -> Policy {
    match (limits.idle, limits.absolute) {
        (None, None) => Policy::default(),
        _ => limits.policy(),
    }
}

fn json_of(reports: &[Report]) -> String {
    let mut json = Json::new();
    json.object(|json| json.list("cookies", reports, json::report));
    json.finish()
}
