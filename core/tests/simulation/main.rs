//! Requests that overlap at a store, one store action at a time: whatever their order, no committed write is lost, no
//! logout or revocation undone, no id adopted, nothing opened that has expired and no user's data under another user.
//! The fronts of Python and Node are driven by the same tapes: `test_simulation.py`, `simulation.test.mjs`.

mod ledger;
#[path = "../memory_store/mod.rs"]
mod memory_store;
mod request;
mod store;
mod tape;

use std::{collections::BTreeMap, env, sync::Arc};

use shortcrust::{
    Action, Answer, Engine, EntropyError, Need, Policy, Seconds, UnixMillis, format::Id, record::Scope,
};

use ledger::Ledger;
use request::{Machine, Meant, Request};
use store::Store;
use tape::{Table, Tape};

const START: UnixMillis = UnixMillis::from_secs(4_000_000_000);

pub(crate) type Data = BTreeMap<String, String>;

struct Simulation {
    table: Arc<Table>,
    engine: Engine,
    has_outages: bool,
    store: Store,
    now: UnixMillis,
    rng: u32,
    tape: Tape,
    browsers: Vec<Option<String>>,
    requests: Vec<Request>,
    begun: usize,
    ledger: Ledger,
    written: usize,
}

impl Simulation {
    fn new(seed: u32, table: &Arc<Table>) -> Self {
        let whens = &table.when_the_store_fails;
        let when = whens[seed as usize % whens.len()].as_str();
        let policy = Policy {
            idle: Some(Seconds(table.idle)),
            absolute: Some(Seconds(table.absolute)),
            renew_after: Some(Seconds(table.renew_after)),
            ..Policy::default()
        };
        let builder = Engine::builder(Id::default()).stored().policy(policy);
        let builder = if when == "empty" { builder.tolerate_outage() } else { builder };
        Self {
            table: Arc::clone(table),
            engine: builder.build().unwrap(),
            has_outages: when != "never",
            store: Store::default(),
            now: START,
            rng: 0,
            tape: Tape::new(seed),
            browsers: vec![None; table.browsers],
            requests: Vec::new(),
            begun: 0,
            ledger: Ledger::default(),
            written: 0,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let table = Arc::clone(&self.table);
        for _ in 0..table.steps {
            match self.tape.pick(&table.events) {
                "the clock goes on" => {
                    self.now = self.now.plus(Seconds(self.tape.next(table.longest_pause) as u64));
                }
                "sweep" => self.store.sweep(self.now),
                "begin" if self.requests.len() < table.requests => self.begin(false),
                "begin with an id that was made up" if self.requests.len() < table.requests => {
                    self.begin(true);
                }
                _ if self.requests.is_empty() => {}
                _ => {
                    let at = self.tape.next(self.requests.len());
                    self.advance(at)?;
                }
            }
        }
        while !self.requests.is_empty() {
            self.advance(0)?;
        }
        self.ledger.check(&self.store)
    }

    fn begin(&mut self, is_made_up: bool) {
        let browser = self.tape.next(self.browsers.len());
        if is_made_up {
            let id = format!("{:0>43}", self.tape.next(1_000));
            self.ledger.made_up.insert(scope().key(&id));
            self.browsers[browser] = Some(id);
        }
        let cookie = &self.browsers[browser];
        let header = cookie.as_ref().map_or(String::new(), |cookie| format!("session={cookie}"));
        let session = self.engine.open(&header, self.now);
        self.begun += 1;
        let commands = 1 + self.tape.next(self.table.most_commands);
        self.requests.push(Request::new(self.begun, browser, session, commands));
    }

    /// One store action, or one command.
    fn advance(&mut self, at: usize) -> Result<(), String> {
        let mut request = self.requests.swap_remove(at);
        match request.need() {
            Need::Ask(actions) => {
                let answer = self.act(&actions[request.answers.len()], request.number);
                let is_last = request.answers.len() + 1 == actions.len() || answer != Answer::Done;
                request.answers.push(answer);
                if is_last {
                    self.answer(&mut request)?;
                }
            }
            Need::Wait { .. } => self.answer(&mut request)?,
            _ => return self.go_on(request),
        }
        self.requests.push(request);
        Ok(())
    }

    /// Of what a sweep comes to, a request does not hear.
    fn act(&mut self, action: &Action, request: usize) -> Answer {
        let is_out = self.has_outages && self.tape.next(self.table.one_outage_in) == 0;
        if !is_out || matches!(action, Action::Sweep { .. }) {
            return self.store.run(action, self.now, request);
        }
        if self.table.outages[self.tape.next(self.table.outages.len())] == "after it took effect" {
            self.store.run(action, self.now, request);
        }
        Answer::Failed
    }

    fn answer(&mut self, request: &mut Request) -> Result<(), String> {
        let answers = std::mem::take(&mut request.answers);
        match &mut request.machine {
            Machine::Own => request.session.answer(answers, self.now, &mut rng(&mut self.rng)),
            Machine::Revoking(revocation, _) => revocation.answer(answers, self.now),
        }
        match request.session.key() {
            Some(key) if !request.is_open => self.ledger.check_load(&self.store, key, self.now, &self.table),
            _ => Ok(()),
        }
    }

    /// Nothing is waited for.
    fn go_on(&mut self, mut request: Request) -> Result<(), String> {
        if request.is_to_fail() {
            request.abandon(&mut self.ledger);
            return Ok(());
        }
        if let Machine::Revoking(revocation, meant) = &request.machine {
            let (count, meant) = (revocation.count(), meant.clone());
            request.machine = Machine::Own;
            request.revoked(&meant, count, &mut self.ledger);
        }
        if !request.is_open {
            let data = request.session.payload().map(from_text).unwrap_or_default();
            self.ledger.check_owner(&data, request.session.user().as_ref())?;
            request.opened(data);
        }
        if request.is_saving {
            request.saved(&mut self.ledger, &self.store)?;
        }
        if request.is_closing {
            self.close(&mut request);
            return Ok(());
        }
        if request.commands == 0 {
            request.is_closing = true;
            self.save(&mut request);
        } else {
            request.commands -= 1;
            if !self.command(&mut request) {
                request.abandon(&mut self.ledger);
                return Ok(());
            }
        }
        self.requests.push(request);
        Ok(())
    }

    /// Whether the host can do it: where the store failed nobody logs in or out.
    fn command(&mut self, request: &mut Request) -> bool {
        let table = Arc::clone(&self.table);
        let command = self.tape.pick(&table.commands);
        if matches!(command, "login" | "logout" | "regenerate") && request.session.is_unavailable() {
            return false;
        }
        match command {
            "write" => {
                self.written += 1;
                request.write(format!("k{}", self.written));
            }
            "login" => request.login(self.user(&table), self.now, from_text),
            "logout" => request.logout(self.now),
            "regenerate" => request.regenerate(self.now),
            "save" => self.save(request),
            "revoke" => self.revoke(request),
            "revoke_all" => {
                let user = self.user(&table).to_owned();
                let revocation = self.engine.revoke_all(&user, None);
                request.machine = Machine::Revoking(revocation, Meant::User(user));
            }
            "set the user by hand" => request.set_user_by_hand(self.user(&table)),
            "nothing" => {}
            other => unreachable!("the table has a command {other:?}"),
        }
        true
    }

    fn user<'a>(&mut self, table: &'a Table) -> &'a str {
        &table.users[self.tape.next(table.users.len())]
    }

    fn revoke(&mut self, request: &mut Request) {
        let handles = self.ledger.handles();
        if handles.is_empty() {
            return;
        }
        let handle = handles[self.tape.next(handles.len())].clone();
        let revocation = self.engine.revoke(&handle, None);
        request.machine = Machine::Revoking(revocation, Meant::Handle(handle));
    }

    fn save(&mut self, request: &mut Request) {
        request.leaves();
        request.is_saving = true;
        let (is_last, now) = (request.is_closing, self.now);
        let mut rng = rng(&mut self.rng);
        let begun = request.with_content(|session, content| {
            if is_last {
                session.finish(content, now, &mut rng)
            } else {
                session.save(content, now, &mut rng)
            }
        });
        begun.unwrap();
    }

    fn close(&mut self, request: &mut Request) {
        let now = self.now;
        let mut rng = rng(&mut self.rng);
        let head = request.with_content(|session, content| session.head(content, true, now, &mut rng));
        if let Some(cookie) = head.unwrap().cookies.first() {
            self.browsers[request.browser] = (!cookie.value().is_empty()).then(|| cookie.value().to_owned());
        }
    }
}

fn scope() -> Scope {
    Scope { name: "session".into(), ..Scope::default() }
}

fn rng(count: &mut u32) -> impl FnMut(&mut [u8]) -> Result<(), EntropyError> {
    |out| {
        *count += 1;
        out.fill(0);
        let bytes = count.to_le_bytes();
        let len = out.len().min(4);
        out[..len].copy_from_slice(&bytes[..len]);
        Ok(())
    }
}

pub(crate) fn to_text(data: &Data) -> String {
    serde_json::to_string(data).unwrap()
}

pub(crate) fn from_text(text: &str) -> Data {
    serde_json::from_str(text).unwrap()
}

#[test]
fn whatever_the_order_of_what_overlaps_nothing_committed_is_lost_and_nothing_ended_lives() {
    let table = Arc::new(Table::read());
    let rounds = if env::var_os("LONG").is_some() { 50_000 } else { 2_000 };
    for seed in 0..rounds {
        if let Err(fault) = Simulation::new(seed, &table).run() {
            panic!("seed {seed}: {fault}");
        }
    }
}
