//! What is told of a session in a store.

use std::collections::BTreeMap;

use shortcrust::{Event, Reason};

use crate::simulation::{Simulation, engine, written};

#[test]
fn a_session_in_a_store_is_created_accepted_and_ended() {
    let mut simulation = Simulation::new(engine());
    let mut first = simulation.open(None);
    first.data = Some(BTreeMap::from([("a".into(), 1)]));
    let id = simulation.close(&mut first).1.unwrap();
    assert_eq!(first.session.events(), [Event::Created]);
    let mut second = simulation.open(Some(&id));
    assert_eq!(second.session.events(), [Event::Accepted { format: "id", key: 0 }]);
    second.data = Some(BTreeMap::new());
    simulation.close(&mut second);
    assert_eq!(second.session.events(), [Event::Ended]);
    let mut third = simulation.open(Some(&id));
    assert_eq!(third.session.events(), [Event::Refused(Reason::Ended)]);
}

#[test]
fn a_merge_tells_how_often_others_were_first() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut mine = simulation.open(Some(&id));
    mine.session.events();
    written(&mut simulation, Some(&id), &[("a", 1), ("theirs", 2)]);
    mine.data = Some(BTreeMap::from([("a".into(), 1), ("mine".into(), 3)]));
    simulation.close(&mut mine);
    assert_eq!(mine.session.events(), [Event::Merged(1)]);
}

#[test]
fn a_write_to_a_session_that_has_ended_has_failed() {
    let mut simulation = Simulation::new(engine());
    let id = written(&mut simulation, None, &[("a", 1)]);
    let mut mine = simulation.open(Some(&id));
    mine.session.events();
    written(&mut simulation, Some(&id), &[]);
    mine.data = Some(BTreeMap::from([("a".into(), 2)]));
    simulation.close(&mut mine);
    assert_eq!(mine.session.events(), [Event::Failed(Reason::Ended)]);
}
