//! Sessions in a store, in a pretend world of browsers, requests that overlap, a store and a clock: random scripts, and
//! what must hold in all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use shortcrust::{
    Action, Actions, Content, Engine, EntropyError, Opening, Outcome, Policy, Reason, Report, Row, Seconds,
    Session, Step as Next, UnixMillis, Why,
    format::{Id, Sealed},
    record,
};

const START: UnixMillis = UnixMillis::from_secs(1_800_000_000);
const DAY: i64 = 86_400_000;

/// A store that keeps its contract, and counts.
#[derive(Default)]
struct Store {
    rows: HashMap<String, Row>,
    writes: usize,
    conflicts: u32,
}

impl Store {
    fn load(&self, keys: &[String]) -> Vec<Option<Row>> {
        keys.iter().map(|key| self.rows.get(key).cloned()).collect()
    }

    fn run(&mut self, action: &Action) -> Outcome {
        self.writes += 1;
        match action {
            Action::Create { key, entry } => {
                let row = Row { version: 1, text: entry.text.clone() };
                self.rows.insert(key.clone(), row).map_or(Outcome::Done, |_| Outcome::Exists)
            }
            Action::Delete { key } => {
                self.rows.remove(key);
                Outcome::Done
            }
            Action::Put { key, entry } => {
                let version = self.rows.get(key).map_or(1, |row| row.version + 1);
                self.rows.insert(key.clone(), Row { version, text: entry.text.clone() });
                Outcome::Done
            }
            Action::Save { key, version, entry } => match self.rows.get_mut(key) {
                None => Outcome::Gone,
                Some(row) if row.version != *version => Outcome::Conflict(row.clone()),
                Some(row) => {
                    *row = Row { version: version + 1, text: entry.text.clone() };
                    Outcome::Done
                }
            },
            other => panic!("{other:?} is not known"),
        }
    }
}

struct World {
    engine: Engine,
    store: Store,
    now: UnixMillis,
    dice: u32,
}

/// A request on its way: its session, what its handler has, and the id that came with it.
struct Request {
    session: Session,
    data: Option<BTreeMap<String, u32>>,
    came: Option<String>,
}

impl World {
    fn new(engine: Engine) -> Self {
        Self { engine, store: Store::default(), now: START, dice: 0 }
    }

    fn open(&self, cookie: Option<&str>) -> Request {
        let header = cookie.map_or(String::new(), |cookie| format!("session={cookie}"));
        let session = match self.engine.open(&header, self.now) {
            Opening::Ready(session) => session,
            Opening::Load(pending) => {
                let rows = self.store.load(pending.keys());
                pending.loaded(&rows, self.now)
            }
            other => panic!("{other:?} is not known"),
        };
        Request { session, data: None, came: cookie.map(str::to_owned) }
    }

    /// Runs what is left for the store, then sets the cookie, as a host that can wait does.
    fn close(&mut self, request: &mut Request) -> (Report, Option<String>) {
        let text = request.data.as_ref().map(to_text);
        let content = text.as_deref().map_or(Content::Unchanged, Content::Changed);
        let dice = &mut self.dice;
        let mut roll = |out: &mut [u8]| {
            *dice += 1;
            out.fill(0);
            out[..4].copy_from_slice(&dice.to_le_bytes());
            Ok::<_, EntropyError>(())
        };
        let actions = request.session.finish(&content, self.now, &mut roll).unwrap();
        let report = settle(&mut self.store, actions);
        request.session.settle(&report);
        let head = request.session.head(&content, true, self.now, &mut roll).unwrap();
        (report, head.cookies.first().map(|cookie| cookie.value().to_owned()))
    }
}

fn settle(store: &mut Store, mut actions: Actions) -> Report {
    loop {
        let mut outcomes = Vec::new();
        for action in actions.as_slice() {
            outcomes.push(store.run(action));
            if outcomes.last() != Some(&Outcome::Done) {
                break;
            }
        }
        match actions.done(outcomes) {
            Next::Again(again) => actions = again,
            Next::Done(report) => {
                store.conflicts += report.conflicts;
                return report;
            }
            other => panic!("{other:?} is not known"),
        }
    }
}

fn to_text(data: &BTreeMap<String, u32>) -> String {
    let entries: Vec<String> = data.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", entries.join(","))
}

fn from_text(text: &str) -> BTreeMap<String, u32> {
    serde_json::from_str(text).unwrap()
}

fn engine() -> Engine {
    Engine::builder(Id::default()).stored().build().unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    /// A browser's request begins.
    Begin(usize),
    /// An attacker's request with an id of its own choice.
    Attack(u8),
    /// One of the requests on their way goes on and ends.
    End(usize, Deed),
    Wait(i64),
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Login,
    Logout,
    Privilege,
    Read,
    /// The application itself changes whose session it is, under the same id.
    Switch,
    Write,
}

fn step() -> impl Strategy<Value = Step> {
    let deed = prop_oneof![
        1 => Just(Deed::Login), 1 => Just(Deed::Logout), 1 => Just(Deed::Privilege),
        4 => Just(Deed::Read), 1 => Just(Deed::Switch), 8 => Just(Deed::Write),
    ];
    prop_oneof![
        8 => (0..3_usize).prop_map(Step::Begin),
        1 => any::<u8>().prop_map(Step::Attack),
        8 => (0..8_usize, deed).prop_map(|(at, deed)| Step::End(at, deed)),
        1 => (0..40_i64).prop_map(Step::Wait),
    ]
}

/// What must be found under an id: the keys of committed writes, and when the session began.
type Expected = HashMap<String, (BTreeSet<String>, UnixMillis)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_committed_write_is_lost_no_logout_undone_and_no_chosen_id_adopted(
        script in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(engine());
        let mut browsers: [Option<String>; 3] = Default::default();
        let mut on_their_way: Vec<(usize, Request)> = Vec::new();
        let mut expected = Expected::new();
        let mut ended = BTreeSet::new();
        let mut count = 0;
        for step in script {
            match step {
                Step::Wait(days) => world.now = UnixMillis(world.now.0 + days * DAY / 4),
                Step::Attack(byte) => {
                    let chosen = char::from(b'A' + byte % 26).to_string().repeat(43);
                    let mut request = world.open(Some(&chosen));
                    prop_assert_eq!(request.session.reason(), Some(Reason::NotFound));
                    request.data = Some(BTreeMap::from([("x".into(), 1)]));
                    let (_, cookie) = world.close(&mut request);
                    prop_assert_ne!(cookie.as_deref(), Some(chosen.as_str()));
                    prop_assert!(!world.store.rows.contains_key(&record::key(&chosen)));
                }
                Step::Begin(browser) => {
                    let request = world.open(browsers[browser].as_deref());
                    let found = request.session.payload().map(from_text);
                    if let Some(id) = &request.came {
                        let live = expected.get(id).filter(|(_, began)| world.now.0 - began.0 <= 90 * DAY);
                        prop_assert!(found.is_none() || !ended.contains(id), "a logout was undone");
                        prop_assert!(found.is_none() || live.is_some(), "it lives on beyond its end");
                        if let (Some(found), Some((keys, _))) = (&found, live) {
                            prop_assert_eq!(&found.keys().cloned().collect::<BTreeSet<_>>(), keys);
                        }
                    }
                    on_their_way.push((browser, request));
                }
                Step::End(at, deed) => {
                    if on_their_way.is_empty() { continue; }
                    let (browser, mut request) = on_their_way.remove(at % on_their_way.len());
                    let had = request.session.payload().map(from_text);
                    let silent = request.session.reason() == Some(Reason::Ended);
                    let mut data = had.clone().unwrap_or_default();
                    count += 1;
                    let fresh = format!("k{count}");
                    match deed {
                        Deed::Read => {}
                        Deed::Write => { data.insert(fresh.clone(), count); }
                        Deed::Switch => { data.insert("_user_id".into(), count); }
                        Deed::Logout => { request.session.destroy(); }
                        Deed::Login => {
                            data.insert(fresh.clone(), count);
                            request.session.regenerate(Why::Login { user: Some("ada".into()) }, world.now);
                        }
                        Deed::Privilege => {
                            data.insert(fresh.clone(), count);
                            request.session.regenerate(Why::Privilege, world.now);
                        }
                    }
                    request.data = (!matches!(deed, Deed::Read | Deed::Logout)).then(|| data.clone());
                    let before = world.store.writes;
                    let renewal = request.session.meta().issued.is_some_and(|at| world.now.secs() - at.secs() >= 302_400);
                    let began = request.session.meta().created.unwrap_or(world.now);
                    let (report, cookie) = world.close(&mut request);
                    let id = match &cookie { Some(id) if !id.is_empty() => Some(id.clone()), _ => request.came.clone() };
                    if matches!(deed, Deed::Read) && !renewal {
                        prop_assert_eq!(world.store.writes, before, "a request that only read wrote");
                        prop_assert!(cookie.is_none());
                    }
                    if silent && !matches!(deed, Deed::Login | Deed::Privilege) {
                        prop_assert_eq!((world.store.writes, cookie.clone()), (before, None), "an id that ended was written");
                    }
                    let moved = matches!(deed, Deed::Login | Deed::Logout | Deed::Privilege);
                    if moved && had.is_some() && report.reason.is_none() {
                        let old = request.came.clone().unwrap();
                        expected.remove(&old);
                        ended.insert(old);
                    }
                    if report.reason.is_none() && request.data.is_some() && !silent {
                        let id = id.unwrap();
                        let mine: BTreeSet<String> = data.keys().cloned().collect();
                        let is_new = moved || had.is_none();
                        match expected.get_mut(&id) {
                            Some((keys, _)) if matches!(deed, Deed::Switch) => *keys = mine,
                            Some((keys, _)) if !is_new => { keys.insert(fresh); }
                            _ => { expected.insert(id.clone(), (mine, began)); }
                        }
                    }
                    match cookie {
                        Some(value) if value.is_empty() => browsers[browser] = None,
                        Some(value) => browsers[browser] = Some(value),
                        None => {}
                    }
                }
            }
        }
    }
}

fn written(world: &mut World, cookie: Option<&str>, data: &[(&str, u32)]) -> String {
    let mut request = world.open(cookie);
    request.data = Some(data.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect());
    world.close(&mut request).1.unwrap()
}

#[test]
fn two_requests_that_write_are_joined() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("a", 1)]);
    let (mut one, mut other) = (world.open(Some(&id)), world.open(Some(&id)));
    one.data = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    other.data = Some(BTreeMap::from([("a".into(), 1), ("c".into(), 3)]));
    world.close(&mut one);
    assert_eq!(world.close(&mut other).0.conflicts, 1);
    assert_eq!(world.open(Some(&id)).session.payload(), Some(r#"{"a":1,"b":2,"c":3}"#));
}

#[test]
fn a_write_in_the_middle_does_not_undo_what_it_was_joined_with() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("a", 1)]);
    let mut one = world.open(Some(&id));
    written(&mut world, Some(&id), &[("a", 1), ("theirs", 2)]);
    for mine in [3, 4] {
        one.data = Some(BTreeMap::from([("a".into(), 1), ("mine".into(), mine)]));
        assert_eq!(world.close(&mut one).0.reason, None);
    }
    assert_eq!(world.open(Some(&id)).session.payload(), Some(r#"{"a":1,"theirs":2,"mine":4}"#));
}

#[test]
fn nothing_is_merged_over_a_change_of_user() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("_user_id", 1)]);
    let (mut elevated, mut switched) = (world.open(Some(&id)), world.open(Some(&id)));
    switched.data = Some(BTreeMap::from([("_user_id".into(), 2)]));
    elevated.data = Some(BTreeMap::from([("_user_id".into(), 1), ("sudo".into(), 1)]));
    world.close(&mut switched);
    assert_eq!(world.close(&mut elevated).0.reason, Some(Reason::Identity));
    assert_eq!(world.open(Some(&id)).session.payload(), Some(r#"{"_user_id":2}"#));
}

#[test]
fn the_change_of_user_wins_whole_over_a_write_that_was_first() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("_user_id", 1)]);
    let (mut elevated, mut switched) = (world.open(Some(&id)), world.open(Some(&id)));
    elevated.data = Some(BTreeMap::from([("_user_id".into(), 1), ("sudo".into(), 1)]));
    switched.data = Some(BTreeMap::from([("_user_id".into(), 2)]));
    world.close(&mut elevated);
    assert_eq!(world.close(&mut switched).0.reason, None);
    assert_eq!(world.open(Some(&id)).session.payload(), Some(r#"{"_user_id":2}"#));
}

#[test]
fn the_old_id_of_a_login_is_empty_and_silent_for_a_minute_and_unknown_later() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("a", 1)]);
    let mut login = world.open(Some(&id));
    login.session.regenerate(Why::Login { user: Some("ada".into()) }, world.now);
    login.data = Some(BTreeMap::from([("a".into(), 1)]));
    let new = world.close(&mut login).1.unwrap();
    let mut late = world.open(Some(&id));
    assert_eq!((late.session.payload(), late.session.reason()), (None, Some(Reason::Ended)));
    late.data = Some(BTreeMap::from([("cart".into(), 1)]));
    assert_eq!(world.close(&mut late).1, None, "a late response logs nobody out");
    let session = world.open(Some(&new)).session;
    assert_eq!((session.payload(), session.meta().user.as_deref()), (Some(r#"{"a":1}"#), Some("ada")));
    world.now = world.now.plus(Seconds(61));
    assert_eq!(world.open(Some(&id)).session.reason(), Some(Reason::NotFound));
}

#[test]
fn a_touch_moves_the_end_and_no_data_and_yields_to_a_write() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("a", 1)]);
    world.now = world.now.plus(Seconds::days(4));
    let (mut reader, mut writer) = (world.open(Some(&id)), world.open(Some(&id)));
    writer.data = Some(BTreeMap::from([("a".into(), 2)]));
    world.close(&mut writer);
    let before = world.store.writes;
    let (report, cookie) = world.close(&mut reader);
    assert_eq!((report.reason, world.store.writes - before), (None, 1));
    assert_eq!(cookie.as_deref(), Some(id.as_str()), "its Max-Age begins anew");
    assert_eq!(world.open(Some(&id)).session.payload(), Some(r#"{"a":2}"#));
}

#[test]
fn a_session_without_a_record_any_more_is_not_made_again() {
    let mut world = World::new(engine());
    let id = written(&mut world, None, &[("a", 1)]);
    let mut request = world.open(Some(&id));
    world.store.rows.clear();
    request.data = Some(BTreeMap::from([("a".into(), 2)]));
    assert_eq!(world.close(&mut request), (Report::default().because(Reason::Ended), None));
    assert!(world.store.rows.is_empty());
}

#[test]
fn a_store_that_fails_leaves_an_empty_session_that_writes_nothing() {
    let world = World::new(engine());
    let Opening::Load(pending) = world.engine.open(&format!("session={}", "A".repeat(43)), START) else {
        panic!("the store is to be asked")
    };
    let mut session = pending.failed();
    assert_eq!((session.payload(), session.reason()), (None, Some(Reason::Unavailable)));
    let mut none = |_: &mut [u8]| Err(EntropyError);
    let content = Content::Changed(r#"{"a":1}"#);
    assert!(session.finish(&content, START, &mut none).unwrap().as_slice().is_empty());
    assert!(session.head(&content, true, START, &mut none).unwrap().cookies.is_empty());
}

#[test]
fn an_empty_session_makes_no_record_and_no_cookie() {
    let mut world = World::new(engine());
    let mut request = world.open(None);
    request.data = Some(BTreeMap::new());
    assert_eq!(world.close(&mut request), (Report::default(), None));
    assert!(world.store.rows.is_empty());
}

#[test]
fn a_session_in_its_cookie_moves_into_the_store() {
    let keys = || shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
    let sealed = || Sealed::new(&keys(), "").unwrap();
    let mut roll = |out: &mut [u8]| {
        out.fill(7);
        Ok::<_, EntropyError>(())
    };
    let inside = Engine::builder(sealed()).build().unwrap();
    let mut session = inside.open("", START).ready().unwrap();
    let head = session.head(&Content::Changed(r#"{"a":1}"#), true, START, &mut roll).unwrap();
    let chain = shortcrust::Chain::from(Id::default()).read(shortcrust::Reader::forever(sealed())).unwrap();
    let mut world = World::new(Engine::builder(chain).stored().build().unwrap());
    world.now = START.plus(Seconds(5));
    let mut reader = world.open(Some(head.cookies[0].value()));
    assert_eq!(reader.session.payload(), Some(r#"{"a":1}"#));
    let id = world.close(&mut reader).1.unwrap();
    let moved = world.open(Some(&id)).session;
    assert_eq!((moved.payload(), moved.meta().created), (Some(r#"{"a":1}"#), Some(START)));
}

mod in_cookies {
    //! Revocation of sessions in cookies.
    use super::*;

    fn world() -> World {
        let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
        World::new(Engine::builder(Sealed::new(&keys, "").unwrap()).revocable().build().unwrap())
    }

    fn login(world: &mut World) -> String {
        let mut request = world.open(None);
        request.session.regenerate(Why::Login { user: Some("ada".into()) }, world.now);
        request.data = Some(BTreeMap::from([("a".into(), 1)]));
        world.close(&mut request).1.unwrap()
    }

    #[test]
    fn a_cookie_from_before_the_logout_is_revoked() {
        let mut world = world();
        let cookie = login(&mut world);
        let mut request = world.open(Some(&cookie));
        request.session.destroy();
        world.close(&mut request);
        assert_eq!(world.open(Some(&cookie)).session.reason(), Some(Reason::Revoked));
    }

    #[test]
    fn all_sessions_of_a_user_end_but_the_excepted_one_and_later_ones() {
        let mut world = world();
        let (kept, lost) = (login(&mut world), login(&mut world));
        let mut in_flight = world.open(Some(&lost));
        world.now = world.now.plus(Seconds(5));
        let id = world.open(Some(&kept)).session.meta().id.unwrap();
        for action in world.engine.revoke_all("ada", Some(&id), world.now) {
            world.store.run(&action);
        }
        assert_eq!(world.open(Some(&lost)).session.reason(), Some(Reason::Revoked));
        assert_eq!(world.open(Some(&kept)).session.reason(), None);
        world.now = world.now.plus(Seconds(5));
        in_flight.data = Some(BTreeMap::from([("a".into(), 2)]));
        let sealed_again = world.close(&mut in_flight).1.unwrap();
        assert_eq!(world.open(Some(&sealed_again)).session.reason(), Some(Reason::Revoked));
        let later = login(&mut world);
        assert_eq!(world.open(Some(&later)).session.reason(), None);
    }

    #[test]
    fn the_user_is_found_where_the_application_keeps_it() {
        let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
        let sealed = Sealed::new(&keys, "").unwrap();
        let mut world = World::new(Engine::builder(sealed).revocable().user_key("_user_id").build().unwrap());
        let cookie = written(&mut world, None, &[("_user_id", 7)]);
        assert_eq!(world.open(Some(&cookie)).session.meta().user.as_deref(), Some("7"));
        let cookie = written(&mut world, Some(&cookie), &[("cart", 1)]);
        assert_eq!(world.open(Some(&cookie)).session.meta().user, None);
    }

    #[test]
    fn revocation_needs_an_absolute_expiry() {
        let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
        let policy = Policy { absolute: None, ..Policy::default() };
        let built = Engine::builder(Sealed::new(&keys, "").unwrap()).policy(policy).revocable().build();
        assert_eq!(built.unwrap_err().code(), "policy");
    }
}

#[test]
fn an_id_is_signed_as_flask_session_signs_it_where_a_salt_is_given() {
    let keys = shortcrust::Keyring::newest_first(["new secret", "secret"]).unwrap();
    let world = World::new(Engine::builder(Id::signed(&keys, b"flask-session")).stored().build().unwrap());
    let id = "A".repeat(43);
    // itsdangerous 2.2: Signer("secret", salt="flask-session", key_derivation="hmac").sign("A" * 43)
    let signed = format!("{id}.R5-X4H688gM8WwGjostihKFefeg");
    assert_eq!(world.open(Some(&signed)).session.reason(), Some(Reason::NotFound));
    assert_eq!(world.open(Some(&id)).session.reason(), Some(Reason::Malformed));
    assert_eq!(world.open(Some(&format!("{id}.{id}"))).session.reason(), Some(Reason::BadSignature));
}

#[test]
fn an_id_has_as_many_random_bytes_as_is_said_and_no_fewer_than_16() {
    let built = |bytes| Engine::builder(Id::default()).stored().id_bytes(bytes).build();
    let mut world = World::new(built(24).unwrap());
    assert_eq!(written(&mut world, None, &[("a", 1)]).len(), 32);
    assert_eq!(built(15).unwrap_err().code(), "option");
}
