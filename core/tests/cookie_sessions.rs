//! The engine between a browser, servers and a clock: random visits, and what must hold in all of them.

use proptest::prelude::*;
use shortcrust::{
    Attributes, Chain, Content, Engine, EntropyError, Keyring, Policy, Reader, Reason, Seconds, Session,
    UnixMillis,
    format::{Flask, FlaskOptions, Sealed},
};

const OLD: &str = "the old secret, of thirty-two bytes or more";
const NEW: &str = "the new secret, of thirty-two bytes or more";
const START: UnixMillis = UnixMillis::from_secs(1_800_000_000);

#[derive(Clone, Debug)]
enum Step {
    Clear,
    Destroy,
    Login,
    Read,
    RotateKeys,
    Wait(i64),
    Write(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Clear),
        1 => Just(Step::Destroy),
        1 => Just(Step::Login),
        4 => Just(Step::Read),
        1 => Just(Step::RotateKeys),
        4 => (0_i64..40 * 86_400).prop_map(Step::Wait),
        4 => any::<u32>().prop_map(Step::Write),
    ]
}

/// A browser that keeps one cookie and obeys Max-Age.
struct Simulation {
    engine: Engine,
    now: UnixMillis,
    cookie: Option<(String, Option<i64>)>,
    rng: u8,
}

impl Simulation {
    fn new(engine: Engine) -> Self {
        Self { engine, now: START, cookie: None, rng: 0 }
    }

    fn open(&mut self) -> Session {
        if let Some((_, Some(gone))) = self.cookie
            && self.now.secs() >= gone
        {
            self.cookie = None;
        }
        let header =
            self.cookie.as_ref().map_or(String::new(), |(token, _)| format!("other=1; session={token}"));
        self.engine.open(&header, self.now)
    }

    /// Whether a cookie was set.
    fn close(&mut self, session: &mut Session, content: &Content<'_>) -> bool {
        let rng = &mut self.rng;
        let mut roll = |out: &mut [u8]| {
            *rng = rng.wrapping_add(1);
            out.fill(*rng);
            Ok::<_, EntropyError>(())
        };
        let head = session.head(content, true, self.now, &mut roll).unwrap();
        for cookie in &head.cookies {
            let header = cookie.header();
            let max_age = header.split("; ").find_map(|part| part.strip_prefix("Max-Age="));
            let gone = max_age.map(|age| self.now.secs() + age.parse::<i64>().unwrap());
            self.cookie = (!cookie.value().is_empty()).then(|| (cookie.value().to_owned(), gone));
        }
        !head.cookies.is_empty()
    }
}

fn sealed(secrets: &[&str]) -> Engine {
    Engine::builder(Sealed::new(&Keyring::newest_first(secrets).unwrap(), "").unwrap()).build().unwrap()
}

proptest! {
    #[test]
    fn a_visit_keeps_what_was_written_until_it_ends_or_expires(script in prop::collection::vec(step(), 1..60)) {
        let mut simulation = Simulation::new(sealed(&[OLD]));
        let mut rotated = false;
        // What the next request should find, when the session began and when it was last sealed.
        let mut want: Option<(String, UnixMillis, UnixMillis)> = None;
        for step in script {
            let expired = |&(_, began, sealed): &(String, UnixMillis, UnixMillis)| {
                simulation.now.secs() - began.secs() > 90 * 86_400 || simulation.now.secs() - sealed.secs() > 14 * 86_400
            };
            // At the very second of its end the browser and the server may differ.
            let edge = |&(_, began, sealed): &(String, UnixMillis, UnixMillis)| {
                simulation.now.secs() - began.secs() == 90 * 86_400 || simulation.now.secs() - sealed.secs() == 14 * 86_400
            };
            if want.as_ref().is_some_and(edge) {
                simulation.now = UnixMillis(simulation.now.0 + 1000);
                continue;
            }
            if want.as_ref().is_some_and(expired) {
                want = None;
            }
            if let Step::Wait(seconds) = step {
                simulation.now = UnixMillis(simulation.now.0 + seconds * 1000);
                continue;
            }
            if matches!(step, Step::RotateKeys) {
                simulation.engine = if rotated { sealed(&[NEW]) } else { sealed(&[NEW, OLD]) };
                if rotated && want.is_some() && simulation.open().reason() == Some(Reason::UnknownKey) {
                    want = None;
                }
                rotated = true;
                continue;
            }
            let mut session = simulation.open();
            prop_assert_eq!(session.payload(), want.as_ref().map(|(payload, ..)| payload.as_str()));
            let began = want.as_ref().map_or(simulation.now, |&(_, began, _)| began);
            match step {
                Step::Read => {
                    let aged = want.as_ref().is_some_and(|&(.., sealed)| simulation.now.secs() - sealed.secs() >= 302_400);
                    let due = want.is_some() && (aged || session.is_stale());
                    let wrote = simulation.close(&mut session, &Content::Unchanged);
                    prop_assert_eq!(wrote, due, "a request that only read wrote, or a renewal was left out");
                    if let Some(want) = want.as_mut().filter(|_| wrote) { want.2 = simulation.now; }
                }
                Step::Write(value) => {
                    let payload = format!("{{\"n\":{value}}}");
                    let wrote = simulation.close(&mut session, &Content::Changed(&payload));
                    prop_assert!(wrote);
                    want = Some((payload, began, simulation.now));
                }
                Step::Login => {
                    let before = session.meta().id;
                    session.login("ada", &Content::Unchanged, simulation.now).unwrap();
                    let wrote = simulation.close(&mut session, &Content::Changed("{\"user\":\"ada\"}"));
                    prop_assert!(wrote);
                    want = Some(("{\"user\":\"ada\"}".into(), simulation.now, simulation.now));
                    let after = simulation.open();
                    prop_assert_eq!(after.meta().user.as_deref(), Some("ada"));
                    prop_assert_ne!(after.meta().id, before);
                }
                Step::Clear => {
                    simulation.close(&mut session, &Content::Changed("{}"));
                    prop_assert!(simulation.cookie.is_none());
                    want = None;
                }
                Step::Destroy => {
                    session.destroy();
                    simulation.close(&mut session, &Content::Changed("{\"undone\":true}"));
                    prop_assert!(simulation.cookie.is_none(), "a write after destroy brought the session back");
                    want = None;
                }
                Step::Wait(_) | Step::RotateKeys => unreachable!(),
            }
        }
    }

    #[test]
    fn no_cookie_header_makes_a_panic_or_a_session(header in "\\PC{0,200}") {
        let session = sealed(&[OLD]).open(&header, START);
        prop_assert!(session.reason().is_some());
    }
}

proptest! {
    #[test]
    fn a_changed_token_never_opens_as_another_session(at in any::<prop::sample::Index>(), with in 33_u8..127) {
        let keys = Keyring::newest_first([OLD]).unwrap();
        let flask = Engine::builder(Flask::new(&keys, &FlaskOptions::default())).policy(Policy::NONE).build().unwrap();
        for engine in [flask, sealed(&[OLD])] {
            let mut simulation = Simulation::new(engine);
            let mut fresh = simulation.open();
            simulation.close(&mut fresh, &Content::Changed("{\"user\":\"ada\"}"));
            let mut token = simulation.cookie.take().unwrap().0.into_bytes();
            let at = at.index(token.len());
            let same = token[at] == with;
            token[at] = with;
            let header = format!("session={}", String::from_utf8(token).unwrap());
            prop_assert_eq!(simulation.engine.open(&header, START).payload().is_some(), same);
        }
    }
}

#[test]
fn of_two_overlapping_requests_the_reader_does_not_erase_the_writer() {
    let mut simulation = Simulation::new(sealed(&[OLD]));
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"cart\":[]}"));
    let (mut reader, mut writer) = (simulation.open(), simulation.open());
    simulation.close(&mut writer, &Content::Changed("{\"cart\":[1]}"));
    simulation.close(&mut reader, &Content::Unchanged);
    assert_eq!(simulation.open().payload(), Some("{\"cart\":[1]}"));
}

#[test]
fn regenerate_after_destroy_begins_another_session() {
    let mut simulation = Simulation::new(sealed(&[OLD]));
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"a\":1}"));
    let mut session = simulation.open();
    session.destroy();
    session.regenerate(START);
    assert_eq!(session.epoch(), 2);
    simulation.close(&mut session, &Content::Changed("{\"b\":1}"));
    assert_eq!(simulation.open().payload(), Some("{\"b\":1}"));
}

#[test]
fn an_old_format_is_read_converted_once_and_keeps_its_beginning() {
    let keys = Keyring::newest_first([OLD]).unwrap();
    let flask = || Flask::new(&keys, &FlaskOptions::default());
    let idle_only = Policy { absolute: None, ..Policy::default() };
    let mut simulation = Simulation::new(Engine::builder(flask()).policy(idle_only).build().unwrap());
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"t\":{\" t\":[1]}}"));

    let until = START.plus(Seconds::days(10));
    let chain = Chain::from(Sealed::new(&keys, "").unwrap()).read(Reader::until(until, flask())).unwrap();
    simulation.engine = Engine::builder(chain).build().unwrap();
    simulation.now = START.plus(Seconds(60));
    let mut session = simulation.open();
    assert!(session.is_stale());
    assert!(simulation.close(&mut session, &Content::Unchanged), "a stale cookie is sealed again");
    assert!(simulation.cookie.as_ref().unwrap().0.starts_with("v4.local."));
    let converted = simulation.open();
    assert_eq!(converted.payload(), Some("{\"t\":{\" t\":[1]}}"));
    assert_eq!(converted.meta().created, Some(START), "an old cookie buys no new lifetime");
}

#[test]
fn a_reader_past_its_date_reads_nothing() {
    let keys = Keyring::newest_first([OLD]).unwrap();
    let flask = || Flask::new(&keys, &FlaskOptions::default());
    let idle_only = Policy { absolute: None, ..Policy::default() };
    let mut simulation = Simulation::new(Engine::builder(flask()).policy(idle_only).build().unwrap());
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"a\":1}"));
    let chain = Chain::from(Sealed::new(&keys, "").unwrap()).read(Reader::until(START, flask())).unwrap();
    simulation.engine = Engine::builder(chain).build().unwrap();
    assert_eq!(simulation.open().reason(), None);
    simulation.now = START.plus(Seconds(1));
    assert_eq!(simulation.open().reason(), Some(Reason::Malformed));
}

#[test]
fn of_several_cookies_our_fronts_take_the_newest_that_opens() {
    let mut simulation = Simulation::new(sealed(&[OLD]));
    let mut tokens = Vec::new();
    for (at, payload) in ["{\"n\":1}", "{\"n\":2}"].into_iter().enumerate() {
        simulation.now = START.plus(Seconds(at as u64));
        simulation.cookie = None;
        let mut fresh = simulation.open();
        simulation.close(&mut fresh, &Content::Changed(payload));
        tokens.push(simulation.cookie.take().unwrap().0);
    }
    let header = format!("session=junk; session={}; session={}", tokens[0], tokens[1]);
    assert_eq!(simulation.engine.open(&header, simulation.now).payload(), Some("{\"n\":2}"));
}

#[test]
fn a_logout_among_duplicates_deletes_the_host_only_one_too() {
    let attributes = Attributes { domain: Some("example.com".into()), ..Attributes::default() };
    let format = Sealed::new(&Keyring::newest_first([OLD]).unwrap(), "").unwrap();
    let mut simulation = Simulation::new(Engine::builder(format).attributes(attributes).build().unwrap());
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"a\":1}"));
    let token = simulation.cookie.take().unwrap().0;
    let deletions = |header: &str| {
        let mut session = simulation.engine.open(header, START);
        session.destroy();
        let head =
            session.head(&Content::Unchanged, true, START, &mut |_: &mut [u8]| Err(EntropyError)).unwrap();
        head.cookies.iter().map(|cookie| cookie.header().contains("Domain=example.com")).collect::<Vec<_>>()
    };
    assert_eq!(deletions(&format!("session={token}")), [true]);
    assert_eq!(deletions(&format!("session={token}; session=twin")), [true, false]);
}

#[test]
fn a_policy_that_a_format_cannot_keep_is_refused_and_the_ways_out_are_named() {
    let keys = Keyring::newest_first([OLD]).unwrap();
    let error = Engine::builder(Flask::new(&keys, &FlaskOptions::default())).build().unwrap_err();
    assert_eq!(error.code(), "policy");
    for way in ["sealed", "meta = \"payload\"", "`absolute` to none"] {
        assert!(error.to_string().contains(way), "{error}");
    }
    let reserved = shortcrust::envelope::Reserved::new(Flask::new(&keys, &FlaskOptions::default()));
    assert!(Engine::builder(reserved).build().is_ok());
}

#[test]
fn a_reserved_key_carries_what_flask_does_not_and_stays_out_of_sight() {
    let keys = Keyring::newest_first([OLD]).unwrap();
    let reserved = || shortcrust::envelope::Reserved::new(Flask::new(&keys, &FlaskOptions::default()));
    let mut simulation = Simulation::new(Engine::builder(reserved()).build().unwrap());
    let mut first = simulation.open();
    simulation.close(&mut first, &Content::Changed("{\"_sc\":{\"c\":0},\"a\":1.0,\"b\":{\" t\":[]}}"));
    let session = simulation.open();
    assert_eq!(session.payload(), Some("{\"a\":1.0,\"b\":{\" t\":[]}}"));
    assert_eq!(session.meta().created, Some(START));
    for day in [13, 26, 39, 52, 65, 78] {
        simulation.now = START.plus(Seconds::days(day));
        let mut session = simulation.open();
        assert!(simulation.close(&mut session, &Content::Unchanged), "renewal after a quarter of idle");
    }
    simulation.now = START.plus(Seconds(90 * 86_400 + 1));
    simulation.cookie.as_mut().unwrap().1 = None;
    assert_eq!(simulation.open().reason(), Some(Reason::Expired));
}
