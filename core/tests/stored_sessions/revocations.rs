//! Revocation of sessions in cookies.

use std::collections::BTreeMap;

use shortcrust::{
    Engine, Policy, Reason, Seconds,
    format::{Id, Sealed},
};

use crate::simulation::{self, START, Simulation, rng, written};

fn simulation() -> Simulation {
    let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
    Simulation::new(Engine::builder(Sealed::new(&keys, "").unwrap()).revocable().build().unwrap())
}

fn login(simulation: &mut Simulation) -> String {
    simulation::login(simulation, None, &[("a", 1)])
}

#[test]
fn a_cookie_from_before_the_logout_is_revoked() {
    let mut simulation = simulation();
    let cookie = login(&mut simulation);
    let mut request = simulation.open(Some(&cookie));
    request.session.destroy();
    simulation.close(&mut request);
    assert_eq!(simulation.open(Some(&cookie)).session.reason(), Some(Reason::Revoked));
}

#[test]
fn all_sessions_of_a_user_end_and_later_ones_do_not() {
    let mut simulation = simulation();
    let lost = login(&mut simulation);
    let mut in_flight = simulation.open(Some(&lost));
    simulation.now = simulation.now.plus(Seconds(5));
    simulation.revoke_all("ada");
    assert_eq!(simulation.open(Some(&lost)).session.reason(), Some(Reason::Revoked));
    in_flight.data = Some(BTreeMap::from([("a".into(), 2)]));
    let sealed_again = simulation.close(&mut in_flight).1.unwrap();
    assert_eq!(simulation.open(Some(&sealed_again)).session.reason(), Some(Reason::Revoked));
    let later = login(&mut simulation);
    assert_eq!(simulation.open(Some(&later)).session.reason(), None, "in the very second of the revocation");
    simulation.now = simulation.now.plus(Seconds(1));
    simulation.revoke_all("ada");
    assert_eq!(simulation.open(Some(&later)).session.reason(), Some(Reason::Revoked));
}

#[test]
fn a_login_in_the_request_that_ends_the_others_takes_along_what_was_not_revoked() {
    for (is_revoked, payload) in [(false, r#"{"a":1,"y":2}"#), (true, r#"{"y":2}"#)] {
        let mut simulation = simulation();
        let cookie = login(&mut simulation);
        let mut request = simulation.open(Some(&cookie));
        if is_revoked {
            simulation.revoke_all("ada");
        }
        request.session.login("ada", &shortcrust::Content::Unchanged, simulation.now).unwrap();
        simulation.revoke_others(&mut request, "ada");
        request.data = Some(BTreeMap::from([("a".into(), 1), ("y".into(), 2)]));
        let cookie = simulation.close(&mut request).1.unwrap();
        assert_eq!(simulation.open(Some(&cookie)).session.payload(), Some(payload));
    }
}

#[test]
fn a_session_that_a_server_began_whose_clock_is_ahead_is_revoked_too() {
    let mut simulation = simulation();
    simulation.now = START.plus(Seconds(59));
    let ahead = login(&mut simulation);
    simulation.now = START.plus(Seconds(4));
    simulation.revoke_all("ada");
    assert_eq!(simulation.open(Some(&ahead)).session.reason(), Some(Reason::Revoked));
}

#[test]
fn a_new_id_in_flight_does_not_outlive_the_logout() {
    let mut simulation = simulation();
    let cookie = login(&mut simulation);
    let (mut slow, mut out) = (simulation.open(Some(&cookie)), simulation.open(Some(&cookie)));
    out.session.logout(simulation.now);
    out.data = Some(BTreeMap::new());
    simulation.close(&mut out);
    slow.session.regenerate(simulation.now);
    assert_eq!(simulation.close(&mut slow), (Some(Reason::Ended), None));
}

#[test]
fn an_old_cookie_ends_with_the_session_that_it_was_converted_to() {
    let keys = || shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
    let now = START;
    let old = |simulation: &mut Simulation| {
        let payload = r#"{"a":1,"user_id":"ada"}"#;
        let flask = shortcrust::format::Flask::new(&keys(), &shortcrust::format::FlaskOptions::default());
        shortcrust::Chain::from(flask)
            .seal_cookie("session", payload, now, &Policy::NONE, &mut rng(&mut simulation.rng))
            .unwrap()
    };
    let reader = || {
        let flask = shortcrust::format::Flask::new(&keys(), &shortcrust::format::FlaskOptions::default());
        shortcrust::Reader::forever(flask)
    };
    let sealed = || shortcrust::Chain::from(Sealed::new(&keys(), "").unwrap()).read(reader()).unwrap();
    let stored = || shortcrust::Chain::from(Id::default()).read(reader()).unwrap();
    for engine in [Engine::builder(sealed()).revocable(), Engine::builder(stored()).stored()] {
        let mut simulation = Simulation::new(engine.build().unwrap());
        let old = old(&mut simulation);
        simulation.now = simulation.now.plus(Seconds(5));
        let (mut first, mut second) = (simulation.open(Some(&old)), simulation.open(Some(&old)));
        second.data = Some(BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
        let new = simulation.close(&mut first).1;
        assert_eq!(simulation.close(&mut second).0, None, "of two first requests none loses");
        let mut out = simulation.open(new.as_deref());
        out.session.destroy();
        simulation.close(&mut out);
        simulation.now = simulation.now.plus(Seconds(3600));
        assert_eq!(simulation.open(Some(&old)).session.payload(), None);
    }
    for engine in [Engine::builder(sealed()).revocable(), Engine::builder(stored()).stored()] {
        let mut simulation = Simulation::new(engine.build().unwrap());
        let old = old(&mut simulation);
        simulation.now = simulation.now.plus(Seconds(5));
        simulation.revoke_all("ada");
        assert_eq!(
            simulation.open(Some(&old)).session.reason(),
            Some(Reason::Revoked),
            "none brought it before"
        );
    }
}

#[test]
fn the_user_is_found_where_the_application_keeps_it() {
    let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
    let sealed = Sealed::new(&keys, "").unwrap();
    let mut simulation =
        Simulation::new(Engine::builder(sealed).revocable().user_key("_user_id").build().unwrap());
    let cookie = written(&mut simulation, None, &[("_user_id", 7)]);
    assert_eq!(simulation.open(Some(&cookie)).session.meta().user.as_deref(), Some("7"));
    let cookie = written(&mut simulation, Some(&cookie), &[("cart", 1)]);
    assert_eq!(simulation.open(Some(&cookie)).session.meta().user, None);
}

#[test]
fn revocation_needs_an_absolute_expiry() {
    let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
    let policy = Policy { absolute: None, ..Policy::default() };
    let built = Engine::builder(Sealed::new(&keys, "").unwrap()).policy(policy).revocable().build();
    assert_eq!(built.unwrap_err().code(), "policy");
}
