//! Sessions in a store, with browsers, requests that overlap and a clock: random scripts, and what must hold in all of
//! them.

mod clocks;
mod events;
mod labels;
#[path = "../memory_store/mod.rs"]
mod memory_store;
mod overlapping;
mod revocations;
mod simulation;

use std::collections::BTreeMap;

use shortcrust::{
    Answer, Content, Engine, EntropyError, Failure, Need, Policy, Reason, Seconds,
    format::{Id, Sealed},
    payload::MergeRules,
};

use simulation::{Request, START, Simulation, engine, login, rng, written};

#[test]
fn two_requests_that_write_are_joined() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let (mut one, mut other) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    one.data = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    other.data = Some(BTreeMap::from([("a".into(), 1), ("c".into(), 3)]));
    simulation.close(&mut one);
    assert_eq!(simulation.close(&mut other).0, None);
    assert_eq!(other.session.conflicts(), 1);
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"a":1,"b":2,"c":3}"#));
}

#[test]
fn numbers_that_the_application_names_are_added_up() {
    let rules = MergeRules::default().with("visits", "add").unwrap();
    let mut simulation =
        Simulation::new(Engine::builder(Id::default()).stored().merge(rules).build().unwrap());
    let id = written(&mut simulation, None, &[("price", 5), ("visits", 5)]);
    let (mut one, mut other) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    for (request, number) in [(&mut one, 6), (&mut other, 8)] {
        request.data = Some(BTreeMap::from([("price".into(), number), ("visits".into(), number)]));
        simulation.close(request);
    }
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"price":8,"visits":9}"#));
}

#[test]
fn rules_of_a_merge_without_sessions_in_a_store_are_refused() {
    let rules = MergeRules::default().with("visits", "add").unwrap();
    let keys = shortcrust::Keyring::newest_first(["the only secret, longer than 32 bytes"]).unwrap();
    let builder = || Engine::builder(Sealed::new(&keys, "").unwrap());
    for builder in [builder(), builder().revocable()] {
        let error = builder.merge(rules.clone()).build().unwrap_err();
        assert_eq!(error.code(), "merge");
        assert!(error.to_string().ends_with("set a store, or remove merge"), "{error}");
    }
}

#[test]
fn a_write_in_the_middle_does_not_undo_what_it_was_joined_with() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut one = simulation.open(Some(&id));
    written(&mut simulation, Some(&id), &[("a", 1), ("theirs", 2)]);
    for mine in [3, 4] {
        one.data = Some(BTreeMap::from([("a".into(), 1), ("mine".into(), mine)]));
        assert_eq!(simulation.close(&mut one).0, None);
    }
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"a":1,"theirs":2,"mine":4}"#));
}

/// Ada's session, and a request of hers on its way while another has logged somebody else in.
fn switched(simulation: &mut Simulation) -> (Request, String) {
    let id = written(simulation, None, &[("_user_id", 1), ("iban", 5)]);
    let (elevated, mut other) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    other.data = Some(BTreeMap::from([("_user_id".into(), 2), ("iban".into(), 5)]));
    let (reason, cookie) = simulation.close(&mut other);
    assert_eq!(reason, None);
    (elevated, cookie.unwrap())
}

#[test]
fn a_change_of_user_by_hand_is_a_login_under_a_new_id_without_the_others_data() {
    let mut simulation = Simulation::new(engine());
    let (mut elevated, new) = switched(&mut simulation);
    elevated.data = Some(BTreeMap::from([("_user_id".into(), 1), ("sudo".into(), 1)]));
    assert_eq!(simulation.close(&mut elevated), (Some(Reason::Ended), None));
    let session = simulation.open(Some(&new)).session;
    assert_eq!((session.payload(), session.meta().user.as_deref()), (Some(r#"{"_user_id":2}"#), Some("2")));
}

#[test]
fn where_the_head_is_out_a_change_of_user_wins_whole_under_the_old_id() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("_user_id", 1), ("iban", 5)]);
    let (mut elevated, mut late) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    late.session.head(&Content::Unchanged, true, START, &mut rng(&mut 0)).unwrap();
    elevated.data = Some(BTreeMap::from([("_user_id".into(), 1), ("sudo".into(), 1)]));
    let mut overtaken = simulation.open(Some(&id));
    overtaken.data.clone_from(&elevated.data);
    simulation.close(&mut elevated);
    late.data = Some(BTreeMap::from([("_user_id".into(), 2), ("iban".into(), 5)]));
    assert_eq!(simulation.close(&mut late).0, None);
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"_user_id":2}"#));
    assert_eq!(simulation.close(&mut overtaken).0, Some(Reason::Identity));
}

#[test]
fn a_login_in_flight_stands_without_the_data_of_what_ended_and_a_change_of_rights_does_not() {
    for end in ["logout", "revocation"] {
        for in_flight in ["login", "regenerate"] {
            let mut simulation = Simulation::new(engine());
            let id = login(&mut simulation, None, &[("name", 1)]);
            let mut slow = simulation.open(Some(&id));
            if end == "logout" {
                let mut other = simulation.open(Some(&id));
                other.session.destroy();
                simulation.close(&mut other);
            } else {
                simulation.revoke_all("ada");
            }
            slow.data = Some(BTreeMap::from([("name".into(), 1), ("new".into(), 2)]));
            let (reason, cookie) = if in_flight == "login" {
                slow.session.login("ada", &Content::Unchanged, simulation.now).unwrap();
                simulation.close(&mut slow)
            } else {
                slow.session.regenerate(simulation.now);
                simulation.close(&mut slow)
            };
            if in_flight == "login" {
                let session = simulation.open(cookie.as_deref()).session;
                assert_eq!((reason, session.payload()), (None, Some(r#"{"new":2}"#)), "{end}");
            } else {
                assert_eq!((reason, cookie), (Some(Reason::Ended), None), "{end}");
            }
            assert_eq!(simulation.open(Some(&id)).session.payload(), None);
        }
    }
}

#[test]
fn a_new_id_takes_along_what_another_request_wrote_meanwhile() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut slow = simulation.open(Some(&id));
    written(&mut simulation, Some(&id), &[("a", 1), ("theirs", 2)]);
    slow.session.regenerate(simulation.now);
    let (reason, new) = simulation.close(&mut slow);
    assert_eq!(reason, None);
    assert_eq!(simulation.open(new.as_deref()).session.payload(), Some(r#"{"a":1,"theirs":2}"#));
}

#[test]
fn a_login_over_another_users_session_leaves_that_ones_data_behind() {
    let mut simulation = Simulation::new(engine());
    let id = login(&mut simulation, None, &[("iban", 5)]);
    let mut request = simulation.open(Some(&id));
    let content = Content::Changed(r#"{"iban":5,"welcome":1}"#);
    let shown = request.session.login("bob", &content, simulation.now).unwrap();
    assert_eq!(shown.as_deref(), Some(r#"{"welcome":1}"#));
    request.data = Some(BTreeMap::from([("welcome".into(), 1)]));
    let new = simulation.close(&mut request).1;
    let session = simulation.open(new.as_deref()).session;
    assert_eq!((session.payload(), session.meta().user.as_deref()), (Some(r#"{"welcome":1}"#), Some("bob")));
}

#[test]
fn a_login_without_data_is_kept_and_an_empty_session_of_a_user_goes_on() {
    let mut simulation = Simulation::new(engine());
    let id = login(&mut simulation, None, &[]);
    assert_eq!(simulation.open(Some(&id)).session.meta().user.as_deref(), Some("ada"));
    written(&mut simulation, Some(&id), &[("flash", 1)]);
    let mut shown = simulation.open(Some(&id));
    shown.data = Some(BTreeMap::new());
    simulation.close(&mut shown);
    assert_eq!(simulation.open(Some(&id)).session.meta().user.as_deref(), Some("ada"));
}

#[test]
fn a_new_id_after_the_end_is_nobodys() {
    let mut simulation = Simulation::new(engine());
    let id = login(&mut simulation, None, &[("a", 1)]);
    let mut request = simulation.open(Some(&id));
    request.session.destroy();
    request.session.regenerate(simulation.now);
    request.data = Some(BTreeMap::from([("b".into(), 2)]));
    let new = simulation.close(&mut request).1;
    let session = simulation.open(new.as_deref()).session;
    assert_eq!((session.payload(), session.meta().user.as_deref()), (Some(r#"{"b":2}"#), None));
    assert_eq!(simulation.open(Some(&id)).session.reason(), Some(Reason::Ended));
}

#[test]
fn of_two_live_ids_the_one_written_last_is_the_session() {
    let mut simulation = Simulation::new(engine());
    let old = written(&mut simulation, None, &[("n", 1)]);
    simulation.now = simulation.now.plus(Seconds(2));
    let new = written(&mut simulation, None, &[("n", 2)]);
    for header in [format!("{old}; session={new}"), format!("{new}; session={old}")] {
        let session = simulation.open(Some(&header)).session;
        assert_eq!(session.payload(), Some(r#"{"n":2}"#));
        assert_eq!(session.key(), Some(simulation.engine.scope().key(&new).as_str()));
    }
}

#[test]
fn no_record_opens_under_another_name_audience_or_namespace() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("n", 1)]);
    let others = [
        Engine::builder(Id::default()).stored().audience("b"),
        Engine::builder(Id::default()).stored().namespace("b"),
    ];
    for other in others {
        simulation.engine = other.build().unwrap();
        assert_eq!(simulation.open(Some(&id)).session.reason(), Some(Reason::NotFound));
    }
}

#[test]
fn the_old_id_of_a_login_is_empty_and_suppressed_for_a_minute_and_unknown_later() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut login = simulation.open(Some(&id));
    login.session.login("ada", &Content::Unchanged, simulation.now).unwrap();
    login.data = Some(BTreeMap::from([("a".into(), 1)]));
    let new = simulation.close(&mut login).1.unwrap();
    let mut late = simulation.open(Some(&id));
    assert_eq!((late.session.payload(), late.session.reason()), (None, Some(Reason::Ended)));
    late.data = Some(BTreeMap::from([("cart".into(), 1)]));
    assert_eq!(simulation.close(&mut late).1, None, "a late response logs nobody out");
    let session = simulation.open(Some(&new)).session;
    assert_eq!((session.payload(), session.meta().user.as_deref()), (Some(r#"{"a":1}"#), Some("ada")));
    simulation.now = simulation.now.plus(Seconds(61));
    assert_eq!(simulation.open(Some(&id)).session.reason(), Some(Reason::NotFound));
}

#[test]
fn a_touch_moves_the_end_and_no_data_and_yields_to_a_write() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    simulation.now = simulation.now.plus(Seconds::days(4));
    let (mut reader, mut writer) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    writer.data = Some(BTreeMap::from([("a".into(), 2)]));
    simulation.close(&mut writer);
    let before = simulation.store.writes;
    let (reason, cookie) = simulation.close(&mut reader);
    assert_eq!((reason, simulation.store.writes - before), (None, 1));
    assert_eq!(cookie.as_deref(), Some(id.as_str()), "its Max-Age begins anew");
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"a":2}"#));
}

#[test]
fn a_number_that_other_languages_do_not_read_is_not_written_and_lives_on_where_it_is() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut session = simulation.open(Some(&id)).session;
    let refused =
        session.finish(&Content::Changed(r#"{"a":NaN}"#), simulation.now, &mut rng(&mut simulation.rng));
    assert!(refused.unwrap_err().to_string().contains("store it as text"));
    for row in simulation.store.memory.rows.values_mut() {
        row.text = row.text.replace(r#"{"a":1}"#, r#"{"a":NaN}"#);
    }
    simulation.now = simulation.now.plus(Seconds::days(4));
    let (mut reader, before) = (simulation.open(Some(&id)), simulation.store.writes);
    assert_eq!((simulation.close(&mut reader).0, simulation.store.writes - before), (None, 1));
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"a":NaN}"#));
}

#[test]
fn a_session_that_would_end_after_the_year_9999_ends_in_it() {
    let for_ever = Policy { idle: Some(Seconds(u64::MAX)), absolute: None, ..Policy::default() };
    let mut simulation =
        Simulation::new(Engine::builder(Id::default()).stored().policy(for_ever).build().unwrap());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let ends: Vec<_> = simulation
        .store
        .memory
        .rows
        .values()
        .map(|row| row.text.contains(r#""x":253402214400000,"#))
        .collect();
    assert_eq!(ends, [true]);
    assert_eq!(simulation.open(Some(&id)).session.payload(), Some(r#"{"a":1}"#));
}

#[test]
fn a_session_without_a_record_any_more_is_not_made_again() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut request = simulation.open(Some(&id));
    simulation.store.memory.rows.clear();
    request.data = Some(BTreeMap::from([("a".into(), 2)]));
    assert_eq!(simulation.close(&mut request), (Some(Reason::Ended), None));
    assert!(simulation.store.memory.rows.is_empty());
}

#[test]
fn a_store_that_fails_leaves_an_empty_session_that_writes_nothing() {
    for is_tolerated in [false, true] {
        let builder = Engine::builder(Id::default()).stored();
        let engine = if is_tolerated { builder.tolerate_outage() } else { builder }.build().unwrap();
        let mut session = engine.open(&format!("session={}", "A".repeat(43)), START);
        let mut none = |_: &mut [u8]| Err(EntropyError);
        session.answer(vec![Answer::Failed], START, &mut none);
        assert_eq!((session.payload(), session.reason()), (None, Some(Reason::Unavailable)));
        let failure = Failure { reason: Reason::Unavailable, raise: !is_tolerated };
        assert_eq!(session.failure(), Some(failure));
        let content = Content::Changed(r#"{"a":1}"#);
        session.finish(&content, START, &mut none).unwrap();
        assert_eq!(session.need(), Need::Done);
        assert!(session.head(&content, true, START, &mut none).unwrap().cookies.is_empty());
    }
}

#[test]
fn an_empty_session_makes_no_record_and_no_cookie() {
    let mut simulation = Simulation::new(engine());
    let mut request = simulation.open(None);
    request.data = Some(BTreeMap::new());
    assert_eq!(simulation.close(&mut request), (None, None));
    assert!(simulation.store.memory.rows.is_empty());
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
    let mut session = inside.open("", START);
    let head = session.head(&Content::Changed(r#"{"a":1}"#), true, START, &mut roll).unwrap();
    let chain = shortcrust::Chain::from(Id::default()).read(shortcrust::Reader::forever(sealed())).unwrap();
    let mut simulation = Simulation::new(Engine::builder(chain).stored().build().unwrap());
    simulation.now = START.plus(Seconds(5));
    let mut reader = simulation.open(Some(head.cookies[0].value()));
    assert_eq!(reader.session.payload(), Some(r#"{"a":1}"#));
    let id = simulation.close(&mut reader).1.unwrap();
    let moved = simulation.open(Some(&id)).session;
    assert_eq!((moved.payload(), moved.meta().created), (Some(r#"{"a":1}"#), Some(START)));
}

#[test]
fn an_id_is_signed_as_flask_session_signs_it_where_a_salt_is_given() {
    let keys = shortcrust::Keyring::newest_first(["new secret", "secret"]).unwrap();
    let mut simulation =
        Simulation::new(Engine::builder(Id::signed(&keys, b"flask-session")).stored().build().unwrap());
    let id = "A".repeat(43);
    // itsdangerous 2.2: Signer("secret", salt="flask-session", key_derivation="hmac").sign("A" * 43)
    let signed = format!("{id}.R5-X4H688gM8WwGjostihKFefeg");
    assert_eq!(simulation.open(Some(&signed)).session.reason(), Some(Reason::NotFound));
    assert_eq!(simulation.open(Some(&id)).session.reason(), Some(Reason::Malformed));
    assert_eq!(simulation.open(Some(&format!("{id}.{id}"))).session.reason(), Some(Reason::BadSignature));
}

#[test]
fn an_id_has_as_many_random_bytes_as_is_said_and_no_fewer_than_16() {
    let built = |bytes| Engine::builder(Id::default()).stored().id_bytes(bytes).build();
    let mut simulation = Simulation::new(built(24).unwrap());
    assert_eq!(written(&mut simulation, None, &[("a", 1)]).len(), 32);
    assert_eq!(built(15).unwrap_err().code(), "option");
}
