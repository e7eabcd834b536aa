//! Requests that overlap at a store, one store action at a time: whatever their order, no committed write is lost, no
//! logout or revocation undone, no id adopted and no user's data under another user. The fronts of Python and Node are
//! driven by the same tapes: `test_simulation.py`, `simulation.test.mjs`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
};

use shortcrust::{
    Action, Answer, Content, Engine, EntropyError, Need, Revocation, Row, Seconds, Session, UnixMillis,
    format::Id,
    record::{Content as Kept, Record},
};

const START: UnixMillis = UnixMillis::from_secs(1_800_000_000);
const USERS: [&str; 2] = ["ada", "bob"];

/// Numbers that are the same in every language: xorshift32.
struct Tape(u32);

impl Tape {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as usize % below
    }
}

type Data = BTreeMap<String, String>;

#[derive(Default)]
struct Store {
    rows: HashMap<String, Row>,
    users: HashMap<String, String>,
    revoked: BTreeSet<String>,
}

impl Store {
    fn run(&mut self, action: &Action) -> Answer {
        match action {
            Action::Load { keys } => {
                Answer::Rows(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
            }
            Action::Create { key, .. } if self.rows.contains_key(key) => Answer::Exists,
            Action::Create { key, entry } => self.keep(key, 1, entry),
            Action::Save { key, version, entry } => match self.rows.get(key) {
                None => Answer::Gone,
                Some(row) if row.version != *version => Answer::Conflict(row.clone()),
                Some(_) => self.keep(key, version + 1, entry),
            },
            Action::Revoke { user, keep } => {
                let is_meant = |key: &String| self.users.get(key) == Some(user) && keep.as_ref() != Some(key);
                let keys: Vec<String> = self.rows.keys().filter(|key| is_meant(key)).cloned().collect();
                for key in &keys {
                    self.rows.remove(key);
                    self.users.remove(key);
                }
                self.revoked.extend(keys.iter().cloned());
                Answer::Count(keys.len() as u64)
            }
            _ => Answer::Done,
        }
    }

    fn keep(&mut self, key: &str, version: i64, entry: &shortcrust::Entry) -> Answer {
        self.rows.insert(key.to_owned(), Row { version, text: entry.text.clone() });
        match &entry.user {
            Some(user) => self.users.insert(key.to_owned(), user.clone()),
            None => self.users.remove(key),
        };
        Answer::Done
    }
}

/// What a request waits for.
enum Machine {
    Own,
    Revoking(Revocation),
}

#[expect(clippy::struct_excessive_bools, reason = "a script's marks")]
struct Request {
    browser: usize,
    session: Session,
    machine: Machine,
    /// Of the action list that is being run.
    answers: Vec<Answer>,
    is_open: bool,
    data: Data,
    is_changed: bool,
    /// What it has written and not taken back.
    mine: BTreeSet<String>,
    commands: usize,
    is_saving: bool,
    is_closing: bool,
    /// Under what its session lay when it came, or was last saved; none where that was left behind.
    from: Option<String>,
    /// A login or logout has said since then whose it is.
    is_moved: bool,
    /// Keys whose sessions it has ended, if all goes well.
    ends: Vec<String>,
    /// The others of this user ended when the revocation was done.
    revokes: Option<String>,
}

/// What has come of all requests.
#[derive(Default)]
struct Ledger {
    /// What was committed: under which key, and whose it was.
    writes: BTreeMap<String, (String, Option<String>)>,
    /// From key to key, where a session goes on.
    moves: Vec<(String, String)>,
    ended: BTreeSet<String>,
    /// A store that failed in the middle leaves nothing to be said about these.
    doubtful: BTreeSet<String>,
}

struct World {
    engine: Engine,
    store: Store,
    now: UnixMillis,
    rng: u32,
    tape: Tape,
    browsers: [Option<String>; 3],
    requests: Vec<Request>,
    ledger: Ledger,
    written: usize,
    has_outages: bool,
}

impl World {
    fn new(seed: u32, has_outages: bool) -> Self {
        Self {
            engine: Engine::builder(Id::default()).stored().build().unwrap(),
            store: Store::default(),
            now: START,
            rng: 0,
            tape: Tape(seed.wrapping_mul(2_654_435_761) | 1),
            browsers: Default::default(),
            requests: Vec::new(),
            ledger: Ledger::default(),
            written: 0,
            has_outages,
        }
    }

    fn run(&mut self) {
        for _ in 0..120 {
            match self.tape.next(16) {
                0..5 if self.requests.len() < 4 => self.begin(),
                15 => self.now = self.now.plus(Seconds(self.tape.next(100) as u64)),
                _ if self.requests.is_empty() => {}
                _ => {
                    let at = self.tape.next(self.requests.len());
                    self.advance(at);
                }
            }
        }
        while !self.requests.is_empty() {
            self.advance(0);
        }
    }

    fn begin(&mut self) {
        let browser = self.tape.next(3);
        let cookie = self.browsers[browser].clone();
        let header = cookie.map_or(String::new(), |cookie| format!("session={cookie}"));
        let session = self.engine.open(&header, self.now);
        self.requests.push(Request {
            browser,
            session,
            machine: Machine::Own,
            answers: Vec::new(),
            is_open: false,
            data: Data::new(),
            is_changed: false,
            mine: BTreeSet::new(),
            commands: 1 + self.tape.next(3),
            is_saving: false,
            is_closing: false,
            from: None,
            is_moved: false,
            ends: Vec::new(),
            revokes: None,
        });
    }

    /// One store action, or one command.
    fn advance(&mut self, at: usize) {
        let mut request = self.requests.swap_remove(at);
        let need = match &request.machine {
            Machine::Own => request.session.need(),
            Machine::Revoking(revocation) => revocation.need(),
        };
        let is_done = match need {
            Need::Ask(actions) => {
                let action = &actions[request.answers.len()];
                let is_out = self.has_outages && self.tape.next(50) == 0;
                let answer = if is_out { Answer::Failed } else { self.store.run(action) };
                let is_last = request.answers.len() + 1 == actions.len() || answer != Answer::Done;
                request.answers.push(answer);
                if is_last {
                    self.answer(&mut request);
                }
                false
            }
            Need::Wait { .. } => {
                self.answer(&mut request);
                false
            }
            _ => self.go_on(&mut request),
        };
        if !is_done {
            self.requests.push(request);
        }
    }

    fn answer(&mut self, request: &mut Request) {
        let answers = std::mem::take(&mut request.answers);
        match &mut request.machine {
            Machine::Own => request.session.answer(answers, self.now, &mut rng(&mut self.rng)),
            Machine::Revoking(revocation) => revocation.answer(answers, self.now),
        }
    }

    /// Nothing is waited for. Whether the request has ended.
    fn go_on(&mut self, request: &mut Request) -> bool {
        let failure = match &request.machine {
            Machine::Own => request.session.failure().is_some_and(|failure| failure.raise),
            Machine::Revoking(revocation) => revocation.is_failed(),
        };
        if failure {
            self.abandon(request);
            return true;
        }
        if let Machine::Revoking(_) = request.machine {
            request.machine = Machine::Own;
            Self::revoked(request);
        }
        if !request.is_open {
            request.is_open = true;
            request.data = request.session.payload().map(from_text).unwrap_or_default();
            request.from = request.session.key().map(ToOwned::to_owned);
        }
        if request.is_saving {
            request.is_saving = false;
            self.saved(request);
        }
        if request.is_closing {
            self.close(request);
            return true;
        }
        if request.commands == 0 {
            request.is_closing = true;
            self.save(request);
            return false;
        }
        request.commands -= 1;
        self.command(request);
        false
    }

    fn command(&mut self, request: &mut Request) {
        match self.tape.next(12) {
            0..5 => {
                self.written += 1;
                let key = format!("k{}", self.written);
                request.data.insert(key.clone(), String::new());
                request.mine.insert(key);
                request.is_changed = true;
            }
            5 => self.login(request),
            6 => {
                request.ends.extend(request.from.take());
                request.session.logout(self.now);
                request.data.clear();
                request.mine.clear();
                (request.is_changed, request.is_moved) = (true, true);
            }
            7 => {
                request.session.regenerate(self.now);
                request.is_changed = true;
            }
            8 => self.save(request),
            9 => {
                let user = USERS[self.tape.next(2)].to_owned();
                let revocation = self.engine.revoke_all(&user, None, self.now);
                request.revokes = Some(user);
                request.machine = Machine::Revoking(revocation);
            }
            10 => {
                let user = USERS[self.tape.next(2)].to_owned();
                // What a login told counts more than what is done by hand beside it.
                if !request.is_moved {
                    request.data.insert("user_id".into(), user);
                    request.is_changed = true;
                }
            }
            _ => {}
        }
    }

    fn login(&mut self, request: &mut Request) {
        let user = USERS[self.tape.next(2)];
        let text = to_text(&request.data);
        let content = if request.is_changed { Content::Changed(&text) } else { Content::Unchanged };
        let shown = request.session.login(user, &content, self.now).unwrap();
        if let Some(shown) = shown {
            request.data = from_text(&shown);
            request.ends.extend(request.from.take());
        }
        request.data.remove("user_id");
        (request.is_changed, request.is_moved) = (true, true);
    }

    fn save(&mut self, request: &mut Request) {
        let by_hand = request.data.get("user_id").filter(|_| !request.is_moved);
        if by_hand.is_some_and(|user| request.session.user().is_some_and(|old| old != *user)) {
            // Another's data stay behind, but for what this request wrote.
            request.ends.extend(request.from.take());
        }
        let text = to_text(&request.data);
        let content = if request.is_changed { Content::Changed(&text) } else { Content::Unchanged };
        let mut rng = rng(&mut self.rng);
        request.is_saving = true;
        if request.is_closing {
            request.session.finish(&content, self.now, &mut rng).unwrap();
        } else {
            request.session.save(&content, self.now, &mut rng).unwrap();
        }
    }

    fn revoked(request: &mut Request) {
        let Some(user) = request.revokes.take() else { return };
        // What began under the user later lives on; what the store has now does not.
        if request.session.user().as_ref() == Some(&user) {
            request.ends.extend(request.from.take());
            request.session.destroy();
            request.data.clear();
            request.mine.clear();
            (request.is_changed, request.is_moved) = (true, true);
        }
    }

    fn close(&mut self, request: &mut Request) {
        let text = to_text(&request.data);
        let content = if request.is_changed { Content::Changed(&text) } else { Content::Unchanged };
        let head = request.session.head(&content, true, self.now, &mut rng(&mut self.rng)).unwrap();
        if let Some(cookie) = head.cookies.first() {
            self.browsers[request.browser] = (!cookie.value().is_empty()).then(|| cookie.value().to_owned());
        }
    }

    fn saved(&mut self, request: &mut Request) {
        if request.session.failure().is_some() {
            // Another request ended it: what this one goes on with is a session of its own.
            request.from = None;
            return;
        }
        let ledger = &mut self.ledger;
        ledger.ended.extend(request.ends.drain(..));
        request.is_moved = false;
        let from = request.from.take();
        request.from = request.session.key().map(ToOwned::to_owned);
        let Some(key) = &request.from else {
            ledger.ended.extend(from);
            return;
        };
        if let Some(from) = from.filter(|from| from != key) {
            ledger.moves.push((from, key.clone()));
        }
        let user = request.session.user();
        for written in std::mem::take(&mut request.mine) {
            if request.data.contains_key(&written) {
                ledger.writes.insert(written, (key.clone(), user.clone()));
            }
        }
    }

    fn abandon(&mut self, request: &mut Request) {
        let ids = request.from.take().into_iter().chain(request.ends.drain(..));
        self.ledger.doubtful.extend(ids.chain(request.session.key().map(ToOwned::to_owned)));
    }

    fn check(&self, seed: u32) {
        let live: HashMap<&String, Record> = self
            .store
            .rows
            .iter()
            .map(|(key, row)| (key, Record::parse(&row.text).unwrap()))
            .filter(|(_, record)| record.content != Kept::Tombstone)
            .collect();
        for ended in self.ledger.ended.iter().chain(&self.store.revoked) {
            assert!(!live.contains_key(ended), "seed {seed}: a logout was undone");
        }
        for (written, (key, _)) in &self.ledger.writes {
            let places = self.reachable(key);
            let ledger = &self.ledger;
            let over = [&ledger.ended, &ledger.doubtful, &self.store.revoked];
            let is_over = |place: &String| over.iter().any(|places| places.contains(place));
            let found =
                |place: &String| live.get(place).is_some_and(|record| data_of(record).contains_key(written));
            let excused = places.iter().any(is_over);
            assert!(places.iter().any(found) || excused, "seed {seed}: the write {written} was lost");
        }
        for record in live.values() {
            for written in data_of(record).keys() {
                let owner = self.ledger.writes.get(written).and_then(|(_, user)| user.as_ref());
                assert!(
                    owner.is_none() || owner == record.user.as_ref(),
                    "seed {seed}: {written} of {owner:?} is under {:?}",
                    record.user
                );
            }
        }
    }

    fn reachable(&self, key: &str) -> BTreeSet<String> {
        let mut places = BTreeSet::from([key.to_owned()]);
        loop {
            let more: Vec<String> = self
                .ledger
                .moves
                .iter()
                .filter(|(from, to)| places.contains(from) && !places.contains(to))
                .map(|(_, to)| to.clone())
                .collect();
            if more.is_empty() {
                return places;
            }
            places.extend(more);
        }
    }
}

fn data_of(record: &Record) -> Data {
    match &record.content {
        Kept::Payload(payload) => from_text(payload),
        Kept::Tombstone => Data::new(),
    }
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

fn to_text(data: &Data) -> String {
    serde_json::to_string(data).unwrap()
}

fn from_text(text: &str) -> Data {
    serde_json::from_str(text).unwrap()
}

fn rounds() -> u32 {
    if env::var_os("LONG").is_some() { 50_000 } else { 2_000 }
}

#[test]
fn whatever_the_order_of_what_overlaps_nothing_committed_is_lost_and_nothing_ended_lives() {
    for seed in 0..rounds() {
        let mut world = World::new(seed, false);
        world.run();
        world.check(seed);
    }
}

#[test]
fn a_store_that_fails_now_and_then_undoes_nothing_either() {
    for seed in 0..rounds() / 4 {
        let mut world = World::new(seed, true);
        world.run();
        world.check(seed);
    }
}
