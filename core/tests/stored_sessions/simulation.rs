//! Browsers, a store and a clock, and requests that overlap.

use std::collections::BTreeMap;

use shortcrust::{
    Action, Answer, Content, Engine, EntropyError, Need, Reason, Session, UnixMillis, format::Id,
};

use crate::memory_store::MemoryStore;

pub(crate) const START: UnixMillis = UnixMillis::from_secs(1_800_000_000);

/// A store that counts what is written.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) memory: MemoryStore,
    pub(crate) writes: usize,
}

impl Store {
    fn run(&mut self, action: &Action) -> Answer {
        self.writes += usize::from(!matches!(action, Action::Load { .. }));
        self.memory.run(action)
    }
}

pub(crate) struct Simulation {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) now: UnixMillis,
    pub(crate) rng: u32,
}

/// A request on its way, and what its handler has.
pub(crate) struct Request {
    pub(crate) session: Session,
    pub(crate) data: Option<BTreeMap<String, u32>>,
}

impl Simulation {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, store: Store::default(), now: START, rng: 0 }
    }

    pub(crate) fn open(&mut self, cookie: Option<&str>) -> Request {
        let header = cookie.map_or(String::new(), |cookie| format!("session={cookie}"));
        let mut session = self.engine.open(&header, self.now);
        self.run(&mut session);
        Request { session, data: None }
    }

    pub(crate) fn run(&mut self, session: &mut Session) {
        loop {
            let answers = match session.need() {
                Need::Ask(actions) => ask(&mut self.store, &actions),
                Need::Wait { .. } => Vec::new(),
                _ => return,
            };
            session.answer(answers, self.now, &mut rng(&mut self.rng));
        }
    }

    pub(crate) fn revoke_all(&mut self, user: &str) {
        let mut revocation = self.engine.revoke_all(user, None);
        while let Need::Ask(actions) = revocation.need() {
            revocation.answer(ask(&mut self.store, &actions), self.now);
        }
    }

    /// All of the user's but the request's own.
    pub(crate) fn revoke_others(&mut self, request: &mut Request, user: &str) {
        let content = Content::Unchanged;
        request.session.revoke_all(user, true, &content, self.now, &mut rng(&mut self.rng)).unwrap();
        self.run(&mut request.session);
    }

    /// Runs what is left for the store, then sets the cookie, as a host that can wait does.
    pub(crate) fn close(&mut self, request: &mut Request) -> (Option<Reason>, Option<String>) {
        let text = request.data.as_ref().map(to_text);
        let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
        request.session.finish(&content, self.now, &mut rng(&mut self.rng)).unwrap();
        self.run(&mut request.session);
        let head = request.session.head(&content, true, self.now, &mut rng(&mut self.rng)).unwrap();
        let reason = request.session.failure().map(|failure| failure.reason);
        (reason, head.cookies.first().map(|cookie| cookie.value().to_owned()))
    }
}

pub(crate) fn ask(store: &mut Store, actions: &[Action]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for action in actions {
        answers.push(store.run(action));
        if answers.last() != Some(&Answer::Done) {
            break;
        }
    }
    answers
}

pub(crate) fn rng(count: &mut u32) -> impl FnMut(&mut [u8]) -> Result<(), EntropyError> {
    |out| {
        *count += 1;
        out.fill(0);
        let bytes = count.to_le_bytes();
        let len = out.len().min(4);
        out[..len].copy_from_slice(&bytes[..len]);
        Ok(())
    }
}

pub(crate) fn to_text(data: &BTreeMap<String, u32>) -> String {
    let entries: Vec<String> = data.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", entries.join(","))
}

pub(crate) fn engine() -> Engine {
    Engine::builder(Id::default()).stored().build().unwrap()
}

pub(crate) fn written(simulation: &mut Simulation, cookie: Option<&str>, data: &[(&str, u32)]) -> String {
    let mut request = simulation.open(cookie);
    request.data = Some(data.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect());
    simulation.close(&mut request).1.unwrap()
}

pub(crate) fn login(simulation: &mut Simulation, cookie: Option<&str>, data: &[(&str, u32)]) -> String {
    let mut request = simulation.open(cookie);
    request.session.login("ada", &Content::Unchanged, simulation.now).unwrap();
    request.data = Some(data.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect());
    simulation.close(&mut request).1.unwrap()
}
