//! Browsers, requests, a store and a clock, in which a scenario's steps are carried out. What happens is written down.

use std::collections::BTreeMap;

use serde_json::Value;
use shortcrust::{Action, Answer, Need, UnixMillis};

use crate::{
    config::Config,
    cookies::{self, Cookies},
    log::{Keys, kind_of, said, seen_in},
    request::{Data, Request, rng},
    store::Store,
};

pub(crate) const START: UnixMillis = UnixMillis::from_secs(2_000_000_000);

/// Before a request's next action of a kind other steps are taken.
type Hook = (String, String, Vec<Value>);

pub(crate) struct Simulation {
    config: Config,
    pub(crate) now: UnixMillis,
    pub(crate) store: Store,
    pub(crate) cookies: Cookies,
    pub(crate) browsers: BTreeMap<String, String>,
    pub(crate) requests: BTreeMap<String, Request>,
    rolls: u8,
    hooks: Vec<Hook>,
    /// At which kinds of action the store fails, and whether it has done them all the same.
    faults: Vec<(String, bool)>,
    is_down: bool,
    pub(crate) log: Vec<String>,
    /// In the order in which they appear in the log.
    pub(crate) keys: Keys,
}

impl Simulation {
    pub(crate) fn new(config: &Value) -> Self {
        Self {
            config: Config::new(config),
            now: START,
            store: Store::default(),
            cookies: Cookies::default(),
            browsers: BTreeMap::new(),
            requests: BTreeMap::new(),
            rolls: 0,
            hooks: Vec::new(),
            faults: Vec::new(),
            is_down: false,
            log: Vec::new(),
            keys: Keys::default(),
        }
    }

    pub(crate) fn take_steps(&mut self, steps: &[Value]) {
        for step in steps {
            self.take(step.as_array().expect("a step is a list"));
        }
    }

    fn take(&mut self, step: &[Value]) {
        let word = |at: usize| step.get(at).and_then(Value::as_str).unwrap_or_default();
        let (subject, verb) = (word(0), word(1));
        match (subject, verb) {
            ("clock", _) => self.now.0 += step[1].as_i64().expect("seconds") * 1_000,
            ("config", _) => self.config = Config::new(&step[1]),
            ("store", "is down") => self.is_down = true,
            ("store", "is up") => self.is_down = false,
            ("store", "fails at") => self.faults.push((word(2).into(), false)),
            ("store", "fails after") => self.faults.push((word(2).into(), true)),
            ("before", _) => {
                let steps = step[3].as_array().expect("steps").clone();
                self.hooks.push((word(1).into(), word(2).into(), steps));
            }
            ("browser", browser) => {
                let cookie = match word(2) {
                    "copies" => self.browsers.get(word(3)).cloned(),
                    "has" => Some(word(3).to_owned()),
                    other => panic!("a browser never {other}"),
                };
                self.browsers.insert(browser.into(), cookie.unwrap_or_default());
            }
            (name, "opens") => {
                let browsers = step[2..].iter().map(|it| it.as_str().unwrap_or_default().into()).collect();
                self.open(name, browsers);
            }
            (name, "arrives") => self.arrive(name),
            (name, command) => {
                self.command(name, command, step.get(2).unwrap_or(&Value::Null), word(3));
            }
        }
    }

    fn open(&mut self, name: &str, browsers: Vec<String>) {
        let header = self.header(&browsers);
        let mut request = Request::new(self.config.engine.open(&header, self.now), header, browsers);
        self.roll(&mut request);
        self.run(name, &mut request);
        if !self.raises(name, &mut request) {
            request.read();
            request.has_come = request.session.reason().is_none();
            self.cookies.opened(&request);
            self.note(format!("{name} opens {}", seen_in(&mut request.session)));
        }
        self.requests.insert(name.into(), request);
    }

    /// With the cookie that it came with; without a session it has no data left.
    fn reload(&mut self, name: &str, request: &mut Request) {
        request.session = self.config.engine.open(&request.header, self.now);
        (request.data, request.seen) = (Data::new(), Some("{}".into()));
        self.run(name, request);
        if request.session.reason().is_some() {
            self.note(format!("{name} raises not_found"));
            request.raised.push("not_found".into());
        }
        request.read();
    }

    fn header(&self, browsers: &[String]) -> String {
        let name = self.config.engine.name();
        let cookies = browsers.iter().filter_map(|browser| self.browsers.get(browser));
        let cookies = cookies.filter(|cookie| !cookie.is_empty()).map(|cookie| format!("{name}={cookie}"));
        cookies.collect::<Vec<_>>().join("; ")
    }

    /// Whether it is over, since it failed when it came.
    fn command(&mut self, name: &str, command: &str, with: &Value, label: &str) {
        let mut request = self.requests.remove(name).unwrap_or_else(|| panic!("{name} has not come"));
        let text = with.as_str().unwrap_or_default();
        request.is_anew |= matches!(command, "logs in" | "logs out" | "revokes all but its own of");
        request.has_logged_out |= command == "logs out";
        if matches!(command, "logs in" | "logs out" | "regenerates" | "revokes all but its own of") {
            self.roll(&mut request);
            if request.session.is_unavailable() {
                self.note(format!("{name} raises unavailable"));
                request.raised.push("unavailable".into());
                self.requests.insert(name.into(), request);
                return;
            }
        }
        let now = self.now;
        match command {
            "sets" => request.set(with.as_object().expect("data")),
            "logs in" => {
                let shown = request.with_content(|session, content| session.login(text, content, now));
                if let Some(shown) = shown.expect("the format carries a user") {
                    request.data = serde_json::from_str(&shown).expect("an object");
                }
                request.session.describe(label);
                request.seen = None;
            }
            "logs out" => {
                request.session.logout(now);
                request.data.clear();
                request.seen = None;
            }
            "regenerates" => {
                request.session.regenerate(now);
                request.seen = None;
            }
            "destroys" => {
                request.session.destroy();
                request.data.clear();
                request.seen = None;
                self.save(name, &mut request, true);
            }
            "touches" => request.session.touch(),
            "reloads" => self.reload(name, &mut request),
            "saves" => {
                self.save(name, &mut request, false);
            }
            "revokes" => self.revoke(name, &mut request, text),
            "revokes all of" => self.revoke_all(name, &mut request, text, false),
            "revokes all but its own of" => self.revoke_all(name, &mut request, text, true),
            "closes" => {
                self.close(name, &mut request);
                request = self.arrived(request);
            }
            "closes late" => self.close(name, &mut request),
            other => panic!("{name} never {other}"),
        }
        self.requests.insert(name.into(), request);
    }

    fn roll(&mut self, request: &mut Request) {
        self.rolls += 1;
        request.roll = self.rolls;
    }

    /// Whether it was an error.
    fn save(&mut self, name: &str, request: &mut Request, is_last: bool) -> bool {
        let (now, mut rng) = (self.now, rng(request.roll));
        let begun = request.with_content(|session, content| {
            if is_last {
                session.finish(content, now, &mut rng)
            } else {
                session.save(content, now, &mut rng)
            }
        });
        begun.expect("what is set can be written");
        if request.session.need() != Need::Done {
            self.run(name, request);
            request.saved();
        }
        self.raises(name, request)
    }

    fn close(&mut self, name: &str, request: &mut Request) {
        if self.save(name, request, true) {
            // The page about the error comes by here again.
            self.save_quietly(request);
        }
        let (now, mut rng) = (self.now, rng(request.roll));
        let head = request.with_content(|session, content| session.head(content, false, now, &mut rng));
        let cookies = head.expect("what is set can be sealed").cookies;
        let headers: Vec<String> = cookies.iter().map(shortcrust::SetCookie::header).collect();
        for header in &headers {
            self.note(format!("{name} sets {header}"));
        }
        let failure = request.session.failure().map(|failure| failure.reason);
        request.reason = failure.or(request.session.reason()).map(|reason| reason.code().to_owned());
        let reason = request.reason.clone().unwrap_or_else(|| "nothing".into());
        self.note(format!("{name} ends with {reason} amiss"));
        request.on_its_way.clone_from(&headers);
        request.cookies = Some(headers);
        self.cookies.closed(request);
    }

    fn save_quietly(&self, request: &mut Request) {
        let (now, mut rng) = (self.now, rng(request.roll));
        let begun = request.with_content(|session, content| session.finish(content, now, &mut rng));
        begun.expect("nothing is written");
        assert_eq!(request.session.need(), Need::Done, "the page about an error writes");
        let raises = request.session.failure().is_some_and(|failure| failure.raise);
        assert!(!raises, "the page about an error is an error");
    }

    fn arrive(&mut self, name: &str) {
        let request = self.requests.remove(name).expect("it has closed");
        let request = self.arrived(request);
        self.requests.insert(name.into(), request);
    }

    /// The browser has the response.
    fn arrived(&mut self, mut request: Request) -> Request {
        for header in std::mem::take(&mut request.on_its_way) {
            let (_, value) =
                header.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            for browser in &request.browsers {
                self.browsers.insert(browser.clone(), value.to_owned());
            }
        }
        request
    }

    fn revoke(&mut self, name: &str, request: &mut Request, browser: &str) {
        let handle = self.key(self.browsers.get(browser).map_or("", String::as_str));
        request.session.revoke(&handle, None);
        self.revoked(name, request);
    }

    fn revoke_all(&mut self, name: &str, request: &mut Request, user: &str, is_kept: bool) {
        let (now, mut rng, epoch) = (self.now, rng(request.roll), request.session.epoch());
        let meant = self.cookies_of(user, request);
        let begun = request
            .with_content(|session, content| session.revoke_all(user, is_kept, content, now, &mut rng));
        begun.expect("the format carries a user");
        self.revoked(name, request);
        request.is_anew |= request.session.has_ended();
        if request.session.failure().is_none() {
            self.cookies.end(meant);
        }
        if request.session.epoch() != epoch && !request.session.has_ended() {
            request.saved();
        }
    }

    /// Cookies by which browsers have a session of the user's, but for the one that the request came with.
    fn cookies_of(&mut self, user: &str, request: &Request) -> Vec<String> {
        let (engine, now) = (&self.config.engine, self.now);
        let cookies = self.browsers.keys().map(|browser| self.header(std::slice::from_ref(browser)));
        let cookies: Vec<String> = cookies.filter(|cookie| *cookie != request.header).collect();
        let memory = &mut self.store.memory;
        let is_theirs =
            |cookie: &String| cookies::owner(engine, memory, cookie, now).as_deref() == Some(user);
        cookies.into_iter().filter(is_theirs).collect()
    }

    fn revoked(&mut self, name: &str, request: &mut Request) {
        self.run(name, request);
        if self.raises(name, request) {
            return;
        }
        let count = request.session.revoked();
        let count = count.map_or_else(|| "an unknown number".into(), |count| count.to_string());
        self.note(format!("{name} has revoked {count}"));
        if request.session.has_ended() {
            request.data.clear();
        }
    }

    /// Carries out what the session asks for.
    fn run(&mut self, name: &str, request: &mut Request) {
        loop {
            let answers = match request.session.need() {
                Need::Ask(actions) => self.ask(name, &actions),
                Need::Wait { millis: 0, .. } => Vec::new(),
                Need::Wait { millis, .. } => {
                    self.note(format!("{name} sleeps {millis} ms"));
                    Vec::new()
                }
                _ => return,
            };
            request.session.answer(answers, self.now, &mut rng(request.roll));
        }
    }

    fn raises(&mut self, name: &str, request: &mut Request) -> bool {
        let Some(failure) = request.session.failure().filter(|failure| failure.raise) else { return false };
        let what = match failure.reason.code() {
            "unavailable" => "the store's error",
            code => code,
        };
        self.note(format!("{name} raises {what}"));
        request.raised.push(what.to_owned());
        true
    }

    fn ask(&mut self, name: &str, actions: &[Action]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for action in actions {
            answers.push(self.act(name, action));
            if answers.last() != Some(&Answer::Done) {
                break;
            }
        }
        answers
    }

    fn act(&mut self, name: &str, action: &Action) -> Answer {
        let kind = kind_of(action);
        let is_meant = |hook: &mut Hook| hook.0 == name && hook.1 == kind;
        // What is hooked by these is for later actions.
        let hooks: Vec<Hook> = self.hooks.extract_if(.., is_meant).collect();
        for (_, _, steps) in hooks {
            self.take_steps(&steps);
        }
        let fault = self.faults.iter().position(|(at, _)| at == kind).map(|at| self.faults.remove(at));
        let (answer, said) = match fault {
            _ if self.is_down && kind != "sweep" => (Answer::Failed, "fails".to_owned()),
            Some((_, false)) => (Answer::Failed, "fails".to_owned()),
            Some((_, true)) => {
                self.store.is_heard = false;
                self.store.run(action);
                (Answer::Failed, "does it and fails".to_owned())
            }
            None => {
                self.store.is_heard = true;
                let answer = self.store.run(action);
                let said = said(&answer);
                (answer, said)
            }
        };
        let line = format!("{name} {} -> {said}", self.keys.told(action));
        self.note(line);
        answer
    }

    fn note(&mut self, line: String) {
        self.log.push(line);
    }

    pub(crate) fn key(&self, id: &str) -> String {
        self.config.engine.scope().key(id)
    }

    /// What a browser finds when all is over.
    pub(crate) fn found_by(&mut self, browser: &str) -> Value {
        self.is_down = false;
        self.take_steps(&[serde_json::json!(["the end", "opens", browser])]);
        let mut request = self.requests.remove("the end").expect("it came");
        let (user, data): (_, &Data) = (request.session.user(), &request.data);
        let lives = || serde_json::json!({ "user": user, "data": data });
        request.session.reason().map_or_else(lives, |reason| serde_json::json!({ "reason": reason.code() }))
    }
}
