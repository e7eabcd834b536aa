//! Rows of express-session become records of ours, by requests that come at the same time.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use shortcrust::{
    Action, Answer, Chain, Content, Engine, EngineBuilder, Head, Keyring, Need, Reader, Reason, Revocation,
    Row, Session, UnixMillis,
    format::{Express, Id, sign_cookie},
    record::{self, Record, express_payload},
};

const NOW: UnixMillis = UnixMillis::from_secs(1_800_000_000);
const SECRET: &str = "a secret of express-session's";
const SID: &str = "sid of express-session";
const ADAS: &str = r#"{"cookie":{"originalMaxAge":60000,"path":"/"},"user":"ada","basket":["tea"]}"#;

/// Our store, and the rows of express-session's.
#[derive(Default)]
struct Simulation {
    records: HashMap<String, Row>,
    users: HashMap<String, String>,
    rows: BTreeMap<String, String>,
    created: usize,
    actions: Vec<&'static str>,
}

impl Simulation {
    fn with_row(text: &str) -> Self {
        Self { rows: BTreeMap::from([(SID.to_owned(), text.to_owned())]), ..Self::default() }
    }

    fn run(&mut self, action: &Action) -> Answer {
        match action {
            Action::Load { keys } => {
                self.actions.push("load");
                Answer::Rows(keys.iter().map(|key| self.records.get(key).cloned()).collect())
            }
            Action::ReadRow { reader: 0, id } => {
                self.actions.push("read row");
                let text = self.rows.get(id).cloned();
                Answer::Rows(vec![text.map(|text| Row { version: 0, text })])
            }
            Action::RemoveRow { reader: 0, id } => {
                self.actions.push("remove row");
                self.rows.remove(id);
                Answer::Done
            }
            Action::Create { key, .. } if self.records.contains_key(key) => Answer::Exists,
            Action::Create { key, entry } => {
                self.actions.push("create");
                let is_mark = Record::parse(&entry.text).unwrap().content == record::Content::Tombstone;
                self.created += usize::from(!is_mark);
                self.keep(key, 1, entry)
            }
            Action::Put { key, entry } => self.keep(key, 1, entry),
            Action::Save { key, version, entry } => match self.records.get(key) {
                None => Answer::Gone,
                Some(row) if row.version != *version => Answer::Conflict(row.clone()),
                Some(_) => self.keep(key, version + 1, entry),
            },
            Action::Revoke { user, .. } => {
                let theirs: Vec<_> = self.users.iter().filter(|(_, of)| *of == user).collect();
                let count = theirs.len() as u64;
                for (key, _) in theirs {
                    self.records.remove(key);
                }
                Answer::Count(count)
            }
            Action::Sweep { .. } => Answer::Done,
            other => panic!("{other:?} is not known"),
        }
    }

    fn keep(&mut self, key: &str, version: i64, entry: &shortcrust::Entry) -> Answer {
        self.records.insert(key.to_owned(), Row { version, text: entry.text.clone() });
        if let Some(user) = &entry.user {
            self.users.insert(key.to_owned(), user.clone());
        }
        Answer::Done
    }

    fn asked(&mut self, need: Need) -> Option<Vec<Answer>> {
        let actions = match need {
            Need::Ask(actions) => actions,
            Need::Done => return None,
            _ => return Some(Vec::new()),
        };
        let mut answers = Vec::new();
        for action in &actions {
            answers.push(self.run(action));
            if answers.last() != Some(&Answer::Done) {
                break;
            }
        }
        Some(answers)
    }

    /// One thing that a session waits for; whether there was one.
    fn step(&mut self, session: &mut Session) -> bool {
        let Some(answers) = self.asked(session.need()) else { return false };
        session.answer(answers, NOW, &mut rng);
        true
    }

    fn opened(&mut self, engine: &Engine, header: &str) -> Session {
        let mut session = engine.open(header, NOW);
        while self.step(&mut session) {}
        session
    }

    fn finish(&mut self, session: &mut Session, content: &Content<'_>) -> Head {
        let head = session.head(content, true, NOW, &mut rng).unwrap();
        session.finish(content, NOW, &mut rng).unwrap();
        while self.step(session) {}
        head
    }

    fn revoke_all(&mut self, engine: &Engine, user: &str) {
        let mut revocation: Revocation = engine.revoke_all(user, None);
        while let Some(answers) = self.asked(revocation.need()) {
            if answers.is_empty() {
                break;
            }
            revocation.answer(answers, NOW);
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the core asks for it")]
fn rng(buffer: &mut [u8]) -> Result<(), shortcrust::EntropyError> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    buffer.iter_mut().enumerate().for_each(|(at, byte)| *byte = next[at % 8]);
    Ok(())
}

fn engine(until: UnixMillis) -> Engine {
    builder(until).build().unwrap()
}

fn builder(until: UnixMillis) -> EngineBuilder {
    let keys = Keyring::newest_first([SECRET]).unwrap();
    let reader = Reader::until(until, Express::new(&keys)).rows("connect.sid");
    let chain = Chain::from(Id::default()).read(reader).unwrap();
    Engine::builder(chain).stored()
}

fn front() -> Engine {
    engine(UnixMillis(NOW.0 + 1))
}

fn old_cookie() -> String {
    format!("connect.sid=s:{}", sign_cookie(SID, SECRET.as_bytes()))
}

fn new_cookie(head: &Head) -> String {
    format!("session={}", head.cookies[0].value())
}

proptest! {
    #[test]
    fn of_any_number_of_first_requests_none_loses_the_session_and_one_record_is_made(
        order in prop::collection::vec(0_usize..5, 0..80),
        is_logged_out in any::<bool>(),
        is_sealed in any::<bool>(),
    ) {
        let builder = builder(UnixMillis(NOW.0 + 1));
        let engine = if is_sealed { builder.encrypt_at_rest() } else { builder }.build().unwrap();
        let mut simulation = Simulation::with_row(ADAS);
        let mut sessions: Vec<_> = (0..5).map(|_| engine.open(&old_cookie(), NOW)).collect();
        for at in order {
            simulation.step(&mut sessions[at]);
        }
        for session in &mut sessions {
            while simulation.step(session) {}
            prop_assert_eq!(session.payload(), Some(r#"{"user":"ada","basket":["tea"]}"#));
        }
        let mut cookies: Vec<_> =
            sessions.iter_mut().map(|session| new_cookie(&simulation.finish(session, &Content::Unchanged))).collect();
        cookies.dedup();
        prop_assert_eq!((cookies.len(), simulation.created, simulation.rows.len()), (1, 1, 0));
        if is_logged_out {
            let mut last = simulation.opened(&engine, &cookies[0]);
            last.destroy();
            simulation.finish(&mut last, &Content::Unchanged);
            prop_assert_eq!(simulation.opened(&engine, &old_cookie()).reason(), Some(Reason::Ended));
        }
    }
}

#[test]
fn a_logout_is_not_undone_by_first_requests_that_are_under_way() {
    for steps in 0..8 {
        let (engine, mut simulation) = (front(), Simulation::with_row(ADAS));
        let mut late = engine.open(&old_cookie(), NOW);
        for _ in 0..steps {
            simulation.step(&mut late);
        }
        let mut first = simulation.opened(&engine, &old_cookie());
        first.logout(NOW);
        simulation.finish(&mut first, &Content::Changed("{}"));
        while simulation.step(&mut late) {}
        simulation.finish(&mut late, &Content::Changed(r#"{"user":"ada","n":1}"#));
        assert_eq!(
            simulation.opened(&engine, &old_cookie()).reason(),
            Some(Reason::Ended),
            "after {steps} steps"
        );
        assert_eq!(simulation.rows.len(), 0);
    }
}

#[test]
fn the_first_request_gets_a_cookie_and_the_next_asks_for_nothing_old() {
    let (engine, mut simulation) = (front(), Simulation::with_row(ADAS));
    let mut first = simulation.opened(&engine, &old_cookie());
    assert_eq!(simulation.actions, ["load", "read row", "load", "create", "remove row"]);
    let cookie = new_cookie(&simulation.finish(&mut first, &Content::Unchanged));
    simulation.actions.clear();
    let header = format!("{}; {cookie}", old_cookie());
    let mut next = simulation.opened(&engine, &header);
    assert_eq!(next.payload(), Some(r#"{"user":"ada","basket":["tea"]}"#));
    assert_eq!(simulation.finish(&mut next, &Content::Unchanged).cookies, []);
    assert_eq!(simulation.actions, ["load"]);
}

#[test]
fn a_row_that_could_not_be_removed_is_removed_when_its_cookie_comes_again() {
    let (engine, mut simulation) = (front(), Simulation::with_row(ADAS));
    simulation.opened(&engine, &old_cookie());
    simulation.rows.insert(SID.to_owned(), ADAS.to_owned());
    let mut again = simulation.opened(&engine, &old_cookie());
    again.destroy();
    simulation.finish(&mut again, &Content::Unchanged);
    simulation.rows.insert(SID.to_owned(), ADAS.to_owned());
    assert_eq!(simulation.opened(&engine, &old_cookie()).reason(), Some(Reason::Ended));
    assert_eq!((simulation.created, simulation.rows.len()), (1, 0));
}

#[test]
fn revoking_a_user_reaches_the_rows_that_no_request_has_brought() {
    let (engine, mut simulation) = (front(), Simulation::with_row(ADAS));
    simulation.revoke_all(&engine, "ada");
    assert_eq!(simulation.opened(&engine, &old_cookie()).reason(), Some(Reason::Revoked));
    assert_eq!((simulation.created, simulation.rows.len()), (0, 0));
}

#[test]
fn an_empty_row_or_one_that_is_no_json_of_every_language_stays_where_it_is() {
    for row in [r#"{"cookie":{}}"#, r#"{"n":NaN}"#, "[]", "", r#"{"n":1e400}"#] {
        let (engine, mut simulation) = (front(), Simulation::with_row(row));
        assert_eq!(simulation.opened(&engine, &old_cookie()).reason(), Some(Reason::NotFound), "{row}");
        assert_eq!((simulation.created, simulation.rows.len()), (0, 1));
    }
}

#[test]
fn an_old_cookie_opens_nothing_after_its_time_nor_with_another_signature() {
    let mut simulation = Simulation::with_row(ADAS);
    let past = engine(UnixMillis(NOW.0 - 1));
    assert_eq!(simulation.opened(&past, &old_cookie()).reason(), Some(Reason::NoCookie));
    let forged = format!("connect.sid=s:{}", sign_cookie(SID, b"another secret of somebody"));
    assert_eq!(simulation.opened(&front(), &forged).reason(), Some(Reason::NoCookie));
    assert_eq!((simulation.actions.len(), simulation.rows.len()), (0, 1));
}

#[test]
fn where_the_session_ends_in_its_first_request_no_cookie_is_set() {
    let (engine, mut simulation) = (front(), Simulation::with_row(ADAS));
    let mut first = simulation.opened(&engine, &old_cookie());
    first.destroy();
    assert_eq!(simulation.finish(&mut first, &Content::Unchanged).cookies, []);
}

#[test]
fn rows_are_read_into_a_store_and_into_nothing_else() {
    let keys = Keyring::newest_first([SECRET]).unwrap();
    let reader = Reader::forever(Express::new(&keys)).rows("connect.sid");
    let strong = Keyring::newest_first(["a secret of at least thirty-two bytes"]).unwrap();
    let sealed = shortcrust::format::Sealed::new(&strong, "").unwrap();
    let chain = Chain::from(sealed).read(reader).unwrap();
    assert_eq!(Engine::builder(chain).build().unwrap_err().code(), "reader");
}

#[test]
fn what_looks_like_a_tag_in_a_row_is_an_object_of_the_applications() {
    let row = r#"{"a":{" d":"x"}," b":1,"cookie":1,"__proto__":{"x":1}}"#;
    assert_eq!(express_payload(row).unwrap(), r#"{"a":{" di":{" d__":"x"}}," b":1}"#);
    assert_eq!(express_payload(r#"{" u":"x","cookie":{}}"#).unwrap(), r#"{" di":{" u__":"x"}}"#);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(express_payload(&deep), Err(Reason::TooLarge));
}
