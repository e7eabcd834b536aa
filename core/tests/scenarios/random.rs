//! Scenarios that are drawn, in the same format, and the promises that hold in all of them.

use std::{collections::BTreeSet, env};

use proptest::prelude::*;
use serde_json::{Value, json};
use shortcrust::record::Content;

use crate::{request::Data, run};

const MADE_UP: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const BROWSERS: [&str; 3] = ["phone", "laptop", "forger"];
const USERS: [&str; 2] = ["ada", "bob"];

/// What may be drawn.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// All commands, and a store that fails.
    All,
    /// Nothing that ends a session: what was committed must be there.
    Keeping,
    /// Sessions in cookies: they end, and no record can be revoked.
    Revocable,
}

/// Numbers that were drawn, as steps.
struct Drawn {
    numbers: std::vec::IntoIter<u16>,
    kind: Kind,
    steps: Vec<Value>,
    open: BTreeSet<String>,
    requests: usize,
    keys: usize,
}

impl Drawn {
    fn scenario(numbers: Vec<u16>, kind: Kind) -> Value {
        let (numbers, steps) = (numbers.into_iter(), vec![json!(["browser", "forger", "has", MADE_UP])]);
        let mut drawn = Self { numbers, kind, steps, open: BTreeSet::new(), requests: 0, keys: 0 };
        while drawn.numbers.len() > 0 {
            drawn.step();
        }
        for name in drawn.open {
            drawn.steps.push(json!([name, "closes"]));
        }
        let config = match kind {
            Kind::All => json!({ "outage": "empty" }),
            Kind::Keeping => json!({}),
            Kind::Revocable => json!({ "keeps": "revocations" }),
        };
        json!({ "name": "drawn", "config": config, "given": [], "steps": drawn.steps })
    }

    fn next(&mut self, below: usize) -> usize {
        usize::from(self.numbers.next().unwrap_or_default()) % below
    }

    fn browser(&mut self) -> &'static str {
        // Mostly the same one.
        BROWSERS[[0, 0, 0, 1, 1, 2][self.next(6)]]
    }

    fn action(&mut self) -> &'static str {
        let kinds =
            if self.kind == Kind::Revocable { ["put", "create", "load"] } else { ["save", "create", "load"] };
        kinds[self.next(3)]
    }

    fn step(&mut self) {
        match self.next(8) {
            0 | 1 if self.open.len() < 4 => {
                self.requests += 1;
                let (name, browser) = (format!("R{}", self.requests), self.browser());
                self.steps.push(json!([name, "opens", browser]));
                self.open.insert(name);
            }
            2 => self.between(),
            3 if self.kind == Kind::All => self.disturbance(),
            3 if self.kind == Kind::Revocable => {
                let seconds = self.next(400_000);
                self.steps.push(json!(["clock", seconds]));
            }
            _ => {
                let at = self.next(self.open.len().max(1));
                let Some(name) = self.open.iter().nth(at).cloned() else { return };
                let command = self.command(&name);
                if self.kind == Kind::Revocable {
                    // A revocation means what began by its second.
                    self.steps.push(json!(["clock", 1]));
                }
                if command[1] == "closes" {
                    self.open.remove(&name);
                }
                self.steps.push(command);
            }
        }
    }

    /// A whole request, inside of another one's store action.
    fn between(&mut self) {
        let at = self.next(self.open.len().max(1));
        let Some(outer) = self.open.iter().nth(at).cloned() else { return };
        let action = self.action();
        self.requests += 1;
        let (inner, browser) = (format!("R{}", self.requests), self.browser());
        let command = self.command(&inner);
        let mut steps = vec![json!([inner, "opens", browser])];
        if self.kind == Kind::Revocable {
            steps.push(json!(["clock", 1]));
        }
        steps.push(command.clone());
        if command[1] != "closes" {
            steps.push(json!([inner, "closes"]));
        }
        self.steps.push(json!(["before", outer, action, steps]));
    }

    fn disturbance(&mut self) {
        let step = match self.next(4) {
            0 => json!(["store", "fails at", self.action()]),
            1 => json!(["store", "fails after", self.action()]),
            2 => json!(["clock", self.next(400_000)]),
            _ => json!(["clock", self.next(100)]),
        };
        self.steps.push(step);
    }

    fn command(&mut self, name: &str) -> Value {
        let user = USERS[self.next(2)];
        let commands = if self.kind == Kind::Keeping { 8 } else { 12 };
        match self.next(commands) {
            0..3 => {
                self.keys += 1;
                json!([name, "sets", { format!("k{}", self.keys): 1 }])
            }
            3 => json!([name, "saves"]),
            4 => json!([name, "regenerates"]),
            5 if self.kind == Kind::Keeping => json!([name, "logs in", "ada"]),
            5 => json!([name, "logs in", user]),
            8 => json!([name, "logs out"]),
            9 if self.kind == Kind::All => json!([name, "revokes", self.browser()]),
            10 => json!([name, "revokes all of", user]),
            11 => json!([name, "revokes all but its own of", user]),
            _ => json!([name, "closes"]),
        }
    }
}

fn keys_of(content: &Content) -> Vec<String> {
    match content {
        Content::Payload(payload) => {
            let data: Data = serde_json::from_str(payload).expect("an object");
            data.keys().cloned().collect()
        }
        Content::Sealed(_) | Content::Tombstone => Vec::new(),
    }
}

fn numbers() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 10..120)
}

fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(if env::var_os("LONG").is_some() { 20_000 } else { 1_000 })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn in_no_scenario_an_ended_session_lives_a_made_up_id_is_adopted_or_data_change_hands(numbers in numbers()) {
        let scenario = Drawn::scenario(numbers, Kind::All);
        let simulation = run(&scenario);
        prop_assert!(simulation.store.undone.is_empty(), "a session that had ended lives: {scenario}");
        prop_assert!(simulation.store.handed.is_empty(), "{:?} went to another user: {scenario}", simulation.store.handed);
        let made_up = simulation.key(MADE_UP);
        prop_assert!(!simulation.store.memory.rows.contains_key(&made_up), "an id was adopted: {scenario}");
    }

    #[test]
    fn in_no_scenario_a_cookie_of_an_ended_session_opens_or_its_data_change_hands(numbers in numbers()) {
        let scenario = Drawn::scenario(numbers, Kind::Revocable);
        let simulation = run(&scenario);
        let cookies = &simulation.cookies;
        prop_assert!(cookies.undone.is_empty(), "{:?} opens what had ended: {scenario}", cookies.undone);
        prop_assert!(cookies.handed.is_empty(), "{:?} went to another user: {scenario}", cookies.handed);
    }

    #[test]
    fn in_no_scenario_a_committed_write_is_lost(numbers in numbers()) {
        let scenario = Drawn::scenario(numbers, Kind::Keeping);
        let simulation = run(&scenario);
        let live: BTreeSet<String> = simulation.store.live().flat_map(|(_, record)| keys_of(&record.content)).collect();
        let lost: Vec<_> = simulation.store.committed.difference(&live).collect();
        prop_assert!(lost.is_empty(), "{lost:?} were lost: {scenario}");
    }
}
