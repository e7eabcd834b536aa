//! Records that a dump of the store does not open: the vectors, whose tokens pyseto made, and what holds for any record.

mod memory_store;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU8, Ordering},
};

use proptest::prelude::*;
use serde_json::Value;
use shortcrust::{
    Action, Answer, Content, Engine, EntropyError, Entry, Need, Reason, Session, UnixMillis,
    format::Id,
    record::{Record, Scope},
};

use memory_store::MemoryStore;

const ID: &str = "7BpUCKWI8Jz8YoDbKWTWuT-jw1IgyDgBIwkFCGe_kNI";
const NOW: UnixMillis = UnixMillis::from_secs(1_800_000_000);

fn suite() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/records/at-rest.json");
    let suite: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(suite["cases"].as_array().unwrap().len() as u64, suite["count"].as_u64().unwrap());
    suite
}

fn text<'c>(case: &'c Value, field: &str) -> &'c str {
    case[field].as_str().unwrap()
}

fn engine(encrypts: bool) -> Engine {
    let builder = Engine::builder(Id::default()).stored();
    if encrypts { builder.encrypt_at_rest() } else { builder }.build().unwrap()
}

fn of(case: &Value) -> Engine {
    Engine::builder(Id::default())
        .stored()
        .name(text(case, "name"))
        .audience(text(case, "audience"))
        .namespace(text(case, "namespace"))
        .encrypt_at_rest()
        .build()
        .unwrap()
}

/// Random enough to tell two ids apart.
fn random() -> impl FnMut(&mut [u8]) -> Result<(), EntropyError> {
    static DRAWN: AtomicU8 = AtomicU8::new(1);
    |out| {
        out.fill(DRAWN.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

fn settle(session: &mut Session, store: &mut MemoryStore, now: UnixMillis) {
    loop {
        let answers = match session.need() {
            Need::Ask(actions) => ask(store, &actions),
            Need::Wait { .. } => Vec::new(),
            _ => return,
        };
        session.answer(answers, now, &mut random());
    }
}

fn ask(store: &mut MemoryStore, actions: &[Action]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for action in actions {
        answers.push(store.run(action));
        if answers.last() != Some(&Answer::Done) {
            break;
        }
    }
    answers
}

fn open(engine: &Engine, store: &mut MemoryStore, id: &str, now: UnixMillis) -> Session {
    let mut session = engine.open(&format!("{}={id}", engine.name()), now);
    settle(&mut session, store, now);
    session
}

/// What the cookie has afterwards.
fn write(session: &mut Session, store: &mut MemoryStore, payload: &str, now: UnixMillis) -> Option<String> {
    session.finish(&Content::Changed(payload), now, &mut random()).unwrap();
    settle(session, store, now);
    let head = session.head(&Content::Changed(payload), true, now, &mut random()).unwrap();
    head.cookies.first().map(|cookie| cookie.value().to_owned())
}

fn put(store: &mut MemoryStore, key: &str, text: &str) {
    let entry = Entry { text: text.to_owned(), user: None, expires: None };
    store.run(&Action::Put { key: key.to_owned(), entry });
}

#[test]
fn sealed_records_are_those_of_the_vectors() {
    for case in suite()["cases"].as_array().unwrap() {
        let id = text(case, "id");
        let (engine, key) = (of(case), text(case, "key"));
        assert_eq!(engine.scope().key(text(case, "session_id")), key, "{id}");
        let opened = Record::parse(text(case, "text")).unwrap().opened(text(case, "session_id"), key);
        assert_eq!(opened.as_ref().map_or_else(|reason| reason.code(), |_| "ok"), case["expect"], "{id}");
        let Ok(record) = opened else { continue };
        assert_eq!(record.to_text(), text(case, "record"), "{id}");
        assert_eq!(engine.entry(&record, text(case, "session_id")).text, text(case, "text"), "{id}");
    }
}

#[test]
fn a_request_reads_and_writes_sealed_records_as_the_vectors_say() {
    for case in suite()["cases"].as_array().unwrap() {
        let (engine, mut store) = (of(case), MemoryStore::default());
        let now = UnixMillis(case["now_ms"].as_i64().unwrap());
        put(&mut store, text(case, "key"), text(case, "text"));
        let mut session = open(&engine, &mut store, text(case, "session_id"), now);
        let id = text(case, "id");
        assert_eq!(session.reason().map_or("ok", Reason::code), case["expect"], "{id}");
        let Some(payload) = session.payload() else { continue };
        let mut data: Value = serde_json::from_str(payload).unwrap();
        data["n"] = 2.into();
        let payload = payload.replace(r#""n":1"#, r#""n":2"#);
        assert_eq!(serde_json::from_str::<Value>(&payload).unwrap(), data, "{id}");
        write(&mut session, &mut store, &payload, now);
        assert_eq!(store.rows[text(case, "key")].text, text(case, "saved"), "{id}");
    }
}

#[test]
fn what_the_store_has_shows_neither_data_nor_user_nor_id() {
    let (engine, mut store) = (engine(true), MemoryStore::default());
    let mut session = open(&engine, &mut store, "", NOW);
    session.login("ada lovelace", &Content::Changed("{}"), NOW).unwrap();
    let id = write(&mut session, &mut store, r#"{"secret":"marker"}"#, NOW).unwrap();
    let (key, row) = store.rows.first_key_value().unwrap();
    for hidden in ["secret", "marker", "ada", "lovelace", id.as_str()] {
        assert!(!row.text.contains(hidden) && !key.contains(hidden), "{hidden}");
    }
    let session = open(&engine, &mut store, &id, NOW);
    assert_eq!(session.payload(), Some(r#"{"secret":"marker"}"#));
    assert_eq!(session.meta().user.as_deref(), Some("ada lovelace"));
}

#[test]
fn either_kind_is_read_with_and_without_the_option_and_written_as_it_says() {
    for encrypts in [true, false] {
        let (before, after) = (engine(!encrypts), engine(encrypts));
        let mut store = MemoryStore::default();
        let mut session = open(&before, &mut store, "", NOW);
        let id = write(&mut session, &mut store, r#"{"n":1}"#, NOW).unwrap();
        let key = after.scope().key(&id);
        let is_sealed = |store: &MemoryStore| store.rows[&key].text.contains("v4.local.");
        assert_eq!(is_sealed(&store), !encrypts);
        let mut session = open(&after, &mut store, &id, NOW);
        assert_eq!(session.payload(), Some(r#"{"n":1}"#));
        write(&mut session, &mut store, r#"{"n":2}"#, NOW);
        assert_eq!(is_sealed(&store), encrypts);
        assert_eq!(open(&before, &mut store, &id, NOW).payload(), Some(r#"{"n":2}"#));
    }
}

#[test]
fn requests_that_overlap_are_joined_though_one_server_does_not_seal_yet() {
    let (sealing, plain) = (engine(true), engine(false));
    let mut store = MemoryStore::default();
    let id = write(&mut open(&sealing, &mut store, "", NOW), &mut store, r#"{"n":1}"#, NOW).unwrap();
    let mut one = open(&sealing, &mut store, &id, NOW);
    let mut other = open(&plain, &mut store, &id, NOW);
    write(&mut other, &mut store, r#"{"n":1,"a":1}"#, NOW);
    write(&mut one, &mut store, r#"{"n":1,"b":2}"#, NOW);
    assert_eq!(one.conflicts(), 1);
    assert_eq!(open(&plain, &mut store, &id, NOW).payload(), Some(r#"{"n":1,"a":1,"b":2}"#));
}

#[test]
fn a_new_id_seals_anew_and_the_old_one_is_a_tombstone() {
    let (engine, mut store) = (engine(true), MemoryStore::default());
    let old = write(&mut open(&engine, &mut store, "", NOW), &mut store, r#"{"n":1}"#, NOW).unwrap();
    let mut session = open(&engine, &mut store, &old, NOW);
    session.regenerate(NOW);
    let new = write(&mut session, &mut store, r#"{"n":1}"#, NOW).unwrap();
    assert_ne!(old, new);
    assert_eq!(open(&engine, &mut store, &new, NOW).payload(), Some(r#"{"n":1}"#));
    assert_eq!(open(&engine, &mut store, &old, NOW).reason(), Some(Reason::Ended));
}

#[test]
fn there_is_nothing_to_seal_without_records_of_ours() {
    let sealed = || Engine::builder(Id::default()).stored().encrypt_at_rest();
    assert!(sealed().build().is_ok());
    assert_eq!(sealed().bare_keys().build().unwrap_err().code(), "option");
    let keys = shortcrust::Keyring::newest_first(["the only secret, longer than 32 bytes"]).unwrap();
    let cookies = Engine::builder(shortcrust::format::Sealed::new(&keys, "").unwrap());
    assert_eq!(cookies.encrypt_at_rest().build().unwrap_err().code(), "option");
}

fn record(created: i64, user: Option<String>, label: Option<String>, value: &str) -> Record {
    let payload = serde_json::json!({ "value": value }).to_string();
    Record {
        created: UnixMillis(created),
        renewed: UnixMillis(created + 1),
        expires: Some(UnixMillis(created + 2)),
        epoch: 3,
        user,
        label,
        converted: false,
        content: shortcrust::record::Content::Payload(payload),
    }
}

proptest! {
    #[test]
    fn what_was_sealed_opens_as_it_was_and_with_another_letter_it_does_not(
        created in 0_i64..4_000_000_000_000,
        user in proptest::option::of(".{0,20}"),
        label in proptest::option::of("[^\u{0}-\u{1f}]{0,20}"),
        value in ".{0,200}",
        at in any::<prop::sample::Index>(),
        letter in prop::char::range('!', '~'),
    ) {
        let scope = Scope { name: "session".into(), ..Scope::default() };
        let record = record(created, user, label, &value);
        let text = record.clone().sealed(&scope, ID).to_text();
        let opened = |text: &str| Record::parse(text)?.opened(ID, &scope.key(ID));
        prop_assert_eq!(opened(&text), Ok(record.clone()));
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        letters[at] = letter;
        let changed: String = letters.into_iter().collect();
        // The same value in other letters, and a record that is no longer sealed, are none of the data.
        match opened(&changed) {
            Ok(opened) if opened.content == record.content => prop_assert_eq!(opened, record),
            Ok(opened) => prop_assert_eq!(opened.content, shortcrust::record::Content::Tombstone),
            Err(_) => {}
        }
    }
}
