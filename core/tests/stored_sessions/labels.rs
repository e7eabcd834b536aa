//! What a user knows a session by.

use std::collections::BTreeMap;

use shortcrust::Content;

use crate::simulation::{Simulation, engine, login, rng, written};

/// What is read next of the session of a cookie.
fn label_of(simulation: &mut Simulation, cookie: &str) -> Option<String> {
    simulation.open(Some(cookie)).session.label().map(str::to_owned)
}

/// A login of ada's on Firefox.
fn on_firefox(simulation: &mut Simulation) -> String {
    let mut request = simulation.open(None);
    request.session.login("ada", &Content::Unchanged, simulation.now).unwrap();
    request.session.describe("Firefox");
    request.data = Some(BTreeMap::from([("a".into(), 1)]));
    simulation.close(&mut request).1.unwrap()
}

#[test]
fn a_label_goes_along_with_its_session_and_ends_with_it() {
    let mut simulation = Simulation::new(engine());
    let id = on_firefox(&mut simulation);
    written(&mut simulation, Some(&id), &[("a", 2)]);
    assert_eq!(label_of(&mut simulation, &id).as_deref(), Some("Firefox"));
    let mut rights = simulation.open(Some(&id));
    rights.session.regenerate(simulation.now);
    let id = simulation.close(&mut rights).1.unwrap();
    assert_eq!(label_of(&mut simulation, &id).as_deref(), Some("Firefox"), "a new id");
    let mut kept = simulation.open(Some(&id));
    simulation.revoke_others(&mut kept, "ada");
    let id = simulation.close(&mut kept).1.unwrap();
    assert_eq!(label_of(&mut simulation, &id).as_deref(), Some("Firefox"), "excepted from a revocation");
    let again = login(&mut simulation, Some(&id), &[("a", 3)]);
    assert_eq!(label_of(&mut simulation, &again), None, "a login begins anew");
    let id = on_firefox(&mut simulation);
    let mut logout = simulation.open(Some(&id));
    logout.session.logout(simulation.now);
    logout.data = Some(BTreeMap::from([("b".into(), 1)]));
    let id = simulation.close(&mut logout).1.unwrap();
    assert_eq!(label_of(&mut simulation, &id), None, "a logout");
}

#[test]
fn a_default_is_for_users_whose_session_has_no_label() {
    let mut simulation = Simulation::new(engine());
    let mut write = |cookie: Option<&str>, user: Option<&str>| {
        let mut request = simulation.open(cookie);
        request.session.describe_by_default("Safari");
        if let Some(user) = user {
            request.session.login(user, &Content::Unchanged, simulation.now).unwrap();
        }
        request.data = Some(BTreeMap::from([("a".into(), simulation.rng)]));
        let id = simulation.close(&mut request).1.or(cookie.map(str::to_owned)).unwrap();
        (label_of(&mut simulation, &id), id)
    };
    let (of_nobody, id) = write(None, None);
    assert_eq!(of_nobody, None);
    assert_eq!(write(Some(&id), Some("ada")).0.as_deref(), Some("Safari"));
    let firefox = on_firefox(&mut simulation);
    let mut request = simulation.open(Some(&firefox));
    request.session.describe_by_default("Safari");
    request.data = Some(BTreeMap::from([("a".into(), 2)]));
    simulation.close(&mut request);
    assert_eq!(label_of(&mut simulation, &firefox).as_deref(), Some("Firefox"));
}

#[test]
fn of_two_requests_that_overlap_neither_takes_the_label_away() {
    let mut simulation = Simulation::new(engine());
    let id = login(&mut simulation, None, &[("a", 1)]);
    let (mut one, mut other) = (simulation.open(Some(&id)), simulation.open(Some(&id)));
    one.session.describe_by_default("Safari");
    for (request, key) in [(&mut one, "b"), (&mut other, "c")] {
        request.data = Some(BTreeMap::from([("a".into(), 1), (key.into(), 1)]));
        simulation.close(request);
    }
    let read = simulation.open(Some(&id)).session;
    assert_eq!((read.payload(), read.label()), (Some(r#"{"a":1,"b":1,"c":1}"#), Some("Safari")));
}

#[test]
fn a_change_of_user_under_one_id_takes_no_label_along() {
    let mut simulation = Simulation::new(engine());
    let id = on_firefox(&mut simulation);
    let mut late = simulation.open(Some(&id));
    late.session.head(&Content::Unchanged, true, simulation.now, &mut rng(&mut simulation.rng)).unwrap();
    late.data = Some(BTreeMap::from([("user_id".into(), 7)]));
    simulation.close(&mut late);
    assert_eq!(label_of(&mut simulation, &id), None);
}
