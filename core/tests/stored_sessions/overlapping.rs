//! Requests that overlap on sessions in cookies, one store action at a time: no logout and no revocation is undone.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use proptest::prelude::*;
use shortcrust::{Action, Answer, Content, Engine, Keyring, Need, Seconds, Session, format::Sealed};

use crate::simulation::{Simulation, rng, to_text};

/// What a request does before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Write,
    Login,
    Logout,
    Regenerate,
    RevokeAll,
    RevokeOthers,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A request begins with the cookie of one of two browsers.
    Begin(usize, Command),
    /// One of the requests goes on by one store action.
    Advance(usize),
    Wait(u64),
}

struct Running {
    browser: usize,
    command: Command,
    session: Session,
    /// Which login the session goes back to, by its number.
    login: u32,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Commanded,
    Closing,
}

/// All that a browser was sent: a copy of it may come again.
struct Cookies {
    simulation: Simulation,
    running: Vec<Running>,
    browsers: [Option<String>; 2],
    /// Each cookie, with its login.
    sent: Vec<(String, u32)>,
    logins: u32,
    /// Logins whose cookie has been sent.
    known: BTreeSet<u32>,
    over: BTreeSet<u32>,
}

impl Cookies {
    fn new() -> Self {
        let keys = Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
        let engine = Engine::builder(Sealed::new(&keys, "").unwrap()).revocable().build().unwrap();
        Self {
            simulation: Simulation::new(engine),
            running: Vec::new(),
            browsers: [None, None],
            sent: Vec::new(),
            logins: 0,
            known: BTreeSet::new(),
            over: BTreeSet::new(),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Wait(seconds) => self.simulation.now = self.simulation.now.plus(Seconds(seconds)),
            Event::Begin(browser, command) => {
                let cookie = self.browsers[browser].as_deref();
                let header = cookie.map_or(String::new(), |cookie| format!("session={cookie}"));
                let session = self.simulation.engine.open(&header, self.simulation.now);
                let login = cookie.and_then(|cookie| self.login_of(cookie)).unwrap_or_default();
                self.running.push(Running { browser, command, session, login, stage: Stage::Opening });
            }
            Event::Advance(_) if self.running.is_empty() => {}
            Event::Advance(at) => self.advance(at % self.running.len()),
        }
    }

    fn login_of(&self, cookie: &str) -> Option<u32> {
        self.sent.iter().find(|(sent, _)| sent == cookie).map(|(_, login)| *login)
    }

    fn advance(&mut self, at: usize) {
        let mut request = self.running.swap_remove(at);
        if let Need::Ask(actions) = request.session.need() {
            let answers = self.answers(&actions, &request);
            request.session.answer(answers, self.simulation.now, &mut rng(&mut self.simulation.rng));
        }
        if request.session.need() == Need::Done {
            match request.stage {
                Stage::Opening => self.command(&mut request),
                Stage::Commanded => self.finish(&mut request),
                Stage::Closing => return self.close(request),
            }
        }
        self.running.push(request);
    }

    fn answers(&mut self, actions: &[Action], request: &Running) -> Vec<Answer> {
        let answers = crate::simulation::ask(&mut self.simulation.store, actions);
        let is_revoking = matches!(request.command, Command::RevokeAll | Command::RevokeOthers);
        // Where the session has moved on before, the logout is of what it has left.
        if request.command == Command::Logout && answers.first() == Some(&Answer::Done) {
            self.over.insert(request.login);
        }
        // Behind its mark the session that is kept leaves its id.
        let is_marking = is_revoking && request.stage == Stage::Commanded && request.session.epoch() == 0;
        let is_write = matches!(actions, [Action::Create { .. } | Action::Save { .. }]);
        if is_marking && is_write && answers == [Answer::Done] {
            let kept = (request.command == Command::RevokeOthers).then_some(request.login);
            self.over.extend(self.known.iter().filter(|login| Some(**login) != kept));
        }
        answers
    }

    fn command(&mut self, request: &mut Running) {
        request.stage = Stage::Commanded;
        let (now, rng) = (self.simulation.now, &mut rng(&mut self.simulation.rng));
        match request.command {
            Command::Write => {}
            Command::Login => {
                self.logins += 1;
                request.login = self.logins;
                request.session.login("ada", &Content::Unchanged, now).unwrap();
            }
            Command::Logout => request.session.logout(now),
            Command::Regenerate => request.session.regenerate(now),
            Command::RevokeAll | Command::RevokeOthers => {
                let is_kept = request.command == Command::RevokeOthers;
                request.session.revoke_all("ada", is_kept, &Content::Unchanged, now, rng).unwrap();
            }
        }
    }

    fn finish(&mut self, request: &mut Running) {
        request.stage = Stage::Closing;
        let text = content_of(request);
        let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
        request.session.finish(&content, self.simulation.now, &mut rng(&mut self.simulation.rng)).unwrap();
    }

    fn close(&mut self, mut request: Running) {
        let text = content_of(&request);
        let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
        let (now, rng) = (self.simulation.now, &mut rng(&mut self.simulation.rng));
        let head = request.session.head(&content, true, now, rng).unwrap();
        let Some(cookie) = head.cookies.first().map(|cookie| cookie.value().to_owned()) else { return };
        self.browsers[request.browser] = (!cookie.is_empty()).then(|| cookie.clone());
        if !cookie.is_empty() {
            self.sent.push((cookie, request.login));
            self.known.insert(request.login);
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        for (cookie, login) in self.sent.clone() {
            let opened = self.simulation.open(Some(&cookie)).session;
            if self.over.contains(&login) {
                prop_assert_eq!(opened.payload(), None, "login {} had ended", login);
            }
        }
        Ok(())
    }
}

/// Only a session of a login is written.
fn content_of(request: &Running) -> Option<String> {
    let has_user = request.session.meta().user.is_some();
    let is_write = matches!(request.command, Command::Write | Command::Login);
    (is_write && has_user).then(|| to_text(&BTreeMap::from([("login".to_owned(), request.login)])))
}

fn event() -> impl Strategy<Value = Event> {
    let command = prop_oneof![
        3 => Just(Command::Write),
        3 => Just(Command::Login),
        1 => Just(Command::Logout),
        1 => Just(Command::Regenerate),
        2 => Just(Command::RevokeAll),
        2 => Just(Command::RevokeOthers),
    ];
    prop_oneof![
        2 => (0..2usize, command).prop_map(|(browser, command)| Event::Begin(browser, command)),
        8 => (0..8usize).prop_map(Event::Advance),
        1 => (0..3u64).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if env::var_os("LONG").is_some() { 10_000 } else { 400 }))]
    #[test]
    fn whatever_the_order_no_cookie_of_a_session_that_was_over_opens(
        events in prop::collection::vec(event(), 1..80),
    ) {
        let mut cookies = Cookies::new();
        for event in events {
            cookies.take(event);
        }
        while !cookies.running.is_empty() {
            cookies.take(Event::Advance(0));
        }
        cookies.check()?;
    }
}
