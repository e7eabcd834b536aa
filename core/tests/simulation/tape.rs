//! The random numbers of a simulation, the same in every language, and what they may fall on: `tests/simulation/tape.json`.

use serde_json::Value;

const TABLE: &str = include_str!("../../../tests/simulation/tape.json");

/// Numbers that are the same in every language: xorshift32.
pub(crate) struct Tape(u32);

impl Tape {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    pub(crate) fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as usize % below
    }

    /// One of them, by their weights.
    pub(crate) fn pick<'a>(&mut self, among: &'a [(String, usize)]) -> &'a str {
        let mut at = self.next(among.iter().map(|(_, weight)| weight).sum());
        for (name, weight) in among {
            if at < *weight {
                return name;
            }
            at -= weight;
        }
        unreachable!("the numbers are below the sum")
    }
}

/// The table, read once.
pub(crate) struct Table {
    pub(crate) steps: usize,
    pub(crate) requests: usize,
    pub(crate) browsers: usize,
    pub(crate) users: Vec<String>,
    pub(crate) most_commands: usize,
    pub(crate) longest_pause: usize,
    pub(crate) idle: u64,
    pub(crate) absolute: u64,
    pub(crate) renew_after: u64,
    pub(crate) one_outage_in: usize,
    pub(crate) outages: Vec<String>,
    pub(crate) when_the_store_fails: Vec<String>,
    pub(crate) events: Vec<(String, usize)>,
    pub(crate) commands: Vec<(String, usize)>,
}

impl Table {
    pub(crate) fn read() -> Self {
        let table: Value = serde_json::from_str(TABLE).unwrap();
        let number = |key: &str| table[key].as_u64().unwrap();
        let count = |key: &str| usize::try_from(number(key)).unwrap();
        let span = |key: &str| table["policy"][key].as_u64().unwrap();
        let names = |key: &str| serde_json::from_value(table[key].clone()).unwrap();
        let weighted = |key: &str| serde_json::from_value(table[key].clone()).unwrap();
        Self {
            steps: count("steps"),
            requests: count("requests"),
            browsers: count("browsers"),
            users: names("users"),
            most_commands: count("most_commands"),
            longest_pause: count("longest_pause"),
            idle: span("idle"),
            absolute: span("absolute"),
            renew_after: span("renew_after"),
            one_outage_in: count("one_outage_in"),
            outages: names("outages"),
            when_the_store_fails: names("when_the_store_fails"),
            events: weighted("events"),
            commands: weighted("commands"),
        }
    }
}

#[test]
fn the_numbers_are_the_same_in_every_language() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let numbers = &table["numbers"];
    let mut tape = Tape::new(u32::try_from(numbers["seed"].as_u64().unwrap()).unwrap());
    let below = usize::try_from(numbers["below"].as_u64().unwrap()).unwrap();
    let first: Vec<usize> = serde_json::from_value(numbers["first"].clone()).unwrap();
    assert_eq!(first, first.iter().map(|_| tape.next(below)).collect::<Vec<_>>());
}
