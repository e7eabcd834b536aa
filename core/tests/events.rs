//! What is told of a session in its cookie.

use shortcrust::{
    Chain, Content, Engine, EntropyError, Event, Keyring, Policy, Reader, Reason, Seconds, Session,
    UnixMillis,
    format::{Flask, FlaskOptions, Sealed},
};

const OLD: &str = "the old secret, of thirty-two bytes or more";
const NEW: &str = "the new secret, of thirty-two bytes or more";
const START: UnixMillis = UnixMillis::from_secs(1_800_000_000);
const WRITTEN: Content<'_> = Content::Changed(r#"{"cart":[1]}"#);

fn sealed(secrets: &[&str]) -> Chain {
    Chain::from(Sealed::new(&Keyring::newest_first(secrets).unwrap(), "").unwrap())
}

fn engine(chain: Chain) -> Engine {
    Engine::builder(chain).policy(Policy::default()).build().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "a source of random bytes may fail")]
fn rng(bytes: &mut [u8]) -> Result<(), EntropyError> {
    bytes.fill(7);
    Ok(())
}

/// The events of the opening and of the head, and the cookie that was set.
fn request(
    engine: &Engine,
    cookie: &str,
    content: &Content<'_>,
    now: UnixMillis,
    during: impl FnOnce(&mut Session),
) -> (Vec<Event>, Vec<Event>, Option<String>) {
    let mut session = engine.open(cookie, now);
    let opening = session.events();
    during(&mut session);
    let head = session.head(content, true, now, &mut rng).unwrap();
    let set = head.cookies.first().map(|cookie| cookie.header().split(';').next().unwrap().to_owned());
    (opening, session.events(), set)
}

fn begun(engine: &Engine) -> String {
    request(engine, "", &WRITTEN, START, |_| {}).2.unwrap()
}

#[test]
fn a_session_that_begins_is_created_and_then_accepted_with_its_format_and_key() {
    let engine = engine(sealed(&[NEW]));
    let (opening, closing, cookie) = request(&engine, "", &WRITTEN, START, |_| {});
    assert_eq!((opening, closing), (vec![], vec![Event::Created]));
    let (opening, closing, _) = request(&engine, &cookie.unwrap(), &Content::Unchanged, START, |_| {});
    assert_eq!((opening, closing), (vec![Event::Accepted { format: "sealed", key: 0 }], vec![]));
}

#[test]
fn a_write_to_a_session_is_no_event() {
    let engine = engine(sealed(&[NEW]));
    let changed = Content::Changed(r#"{"cart":[1,2]}"#);
    let (_, closing, cookie) = request(&engine, &begun(&engine), &changed, START, |_| {});
    assert_eq!((closing, cookie.is_some()), (vec![], true));
}

#[test]
fn a_cookie_of_an_old_secret_is_converted() {
    let cookie = begun(&engine(sealed(&[OLD])));
    let rotated = engine(sealed(&[NEW, OLD]));
    let (opening, closing, _) = request(&rotated, &cookie, &Content::Unchanged, START, |_| {});
    assert_eq!(opening, [Event::Accepted { format: "sealed", key: 1 }]);
    assert_eq!(closing, [Event::Converted]);
}

#[test]
fn a_cookie_of_an_old_format_is_converted_by_a_request_that_writes_too() {
    let keys = Keyring::newest_first([OLD]).unwrap();
    let flask = || Flask::new(&keys, &FlaskOptions::default());
    let policy = Policy { absolute: None, ..Policy::default() };
    let old = Engine::builder(Chain::from(flask())).policy(policy).build().unwrap();
    let cookie = begun(&old);
    let new = engine(sealed(&[NEW]).read(Reader::forever(flask())).unwrap());
    for content in [Content::Unchanged, WRITTEN] {
        let (opening, closing, _) = request(&new, &cookie, &content, START, |_| {});
        assert_eq!(opening, [Event::Accepted { format: "flask", key: 0 }]);
        assert_eq!(closing, [Event::Converted]);
    }
}

#[test]
fn a_session_that_is_sealed_again_for_its_age_is_renewed() {
    let engine = engine(sealed(&[NEW]));
    let later = START.plus(Seconds::days(4));
    let (_, closing, _) = request(&engine, &begun(&engine), &Content::Unchanged, later, |_| {});
    assert_eq!(closing, [Event::Renewed]);
}

#[test]
fn a_refusal_has_its_reason_and_no_cookie_is_none() {
    let engine = engine(sealed(&[NEW]));
    let late = START.plus(Seconds::days(15));
    let strange = begun(&self::engine(sealed(&[OLD])));
    for (cookie, now, reason) in [
        (begun(&engine), late, Reason::Expired),
        (strange, START, Reason::UnknownKey),
        ("session=x".into(), START, Reason::Malformed),
    ] {
        let (opening, closing, _) = request(&engine, &cookie, &Content::Unchanged, now, |_| {});
        assert_eq!((opening, closing), (vec![Event::Refused(reason)], vec![]));
    }
    assert_eq!(request(&engine, "", &Content::Unchanged, START, |_| {}).0, []);
}

#[test]
fn a_logout_is_an_end_and_a_login_a_new_session() {
    let engine = engine(sealed(&[NEW]));
    let cookie = begun(&engine);
    let (_, closing, _) = request(&engine, &cookie, &Content::Changed("{}"), START, Session::destroy);
    assert_eq!(closing, [Event::Ended]);
    let (_, closing, _) = request(&engine, &cookie, &WRITTEN, START, |session| {
        session.login("ada", &Content::Unchanged, START).unwrap();
    });
    assert_eq!(closing, [Event::Created]);
}

#[test]
fn what_is_told_shows_nothing_of_the_session() {
    let engine = engine(sealed(&[NEW]));
    let cookie = begun(&engine);
    let mut session = engine.open(&cookie, START);
    let events = session.events();
    let shown = format!("{events:?}{:?}{:?}{:?}", events[0].name(), events[0].reason(), events[0].cookie());
    assert_eq!(shown, r#"[Accepted { format: "sealed", key: 0 }]"accepted"NoneSome(("sealed", 0))"#);
    assert_eq!(session.events(), [], "each is told once");
}
