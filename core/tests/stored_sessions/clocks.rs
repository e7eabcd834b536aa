//! Revocations of sessions in cookies by servers whose clocks differ.

use proptest::prelude::*;
use shortcrust::{Engine, Policy, Reason, Seconds, UnixMillis, format::Sealed};

use crate::simulation::{self, START, Simulation};

const SKEW: i64 = 60;

/// What happens at one of the servers.
#[derive(Clone, Copy, Debug)]
enum Event {
    Login,
    /// All sessions end.
    All,
    /// All but the one of this number.
    Others(usize),
    /// A new id for the session of this number.
    Renew(usize),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Login),
        2 => Just(Event::All),
        2 => (0..8usize).prop_map(Event::Others),
        1 => (0..8usize).prop_map(Event::Renew),
        2 => (0..3_000i64).prop_map(Event::Wait),
    ]
}

/// A session, and by which clocks it began and was ended.
struct Known {
    cookie: String,
    began: UnixMillis,
    /// The latest clock of a server that ended it.
    ended: Option<UnixMillis>,
}

struct Servers {
    simulation: Simulation,
    /// What no server knows.
    now: UnixMillis,
    sessions: Vec<Known>,
}

impl Servers {
    fn new() -> Self {
        let keys = shortcrust::Keyring::newest_first(["a secret of thirty-two bytes or more"]).unwrap();
        let policy = Policy { skew: Seconds(SKEW.unsigned_abs()), ..Policy::default() };
        let builder = Engine::builder(Sealed::new(&keys, "").unwrap()).policy(policy);
        let simulation = Simulation::new(builder.revocable().build().unwrap());
        Self { simulation, now: START, sessions: Vec::new() }
    }

    /// `ahead`: of the server's clock, in milliseconds.
    fn take(&mut self, event: Event, ahead: i64) {
        self.simulation.now = UnixMillis(self.now.0 + ahead);
        match event {
            Event::Wait(millis) => self.now.0 += millis,
            Event::Login => {
                let cookie = simulation::login(&mut self.simulation, None, &[("a", 1)]);
                self.sessions.push(Known { cookie, began: self.simulation.now, ended: None });
            }
            Event::All => {
                self.simulation.revoke_all("ada");
                self.all_end(None);
            }
            Event::Others(number) if number < self.sessions.len() => {
                let mut request = self.simulation.open(Some(&self.sessions[number].cookie));
                self.simulation.revoke_others(&mut request, "ada");
                let is_open = request.session.payload().is_some();
                if !is_open {
                    self.simulation.revoke_all("ada");
                }
                self.all_end(is_open.then_some(number));
                if let Some(cookie) = self.simulation.close(&mut request).1 {
                    self.sessions[number].cookie = cookie;
                }
            }
            Event::Renew(number) if number < self.sessions.len() => {
                let mut request = self.simulation.open(Some(&self.sessions[number].cookie));
                if request.session.payload().is_some() {
                    request.session.regenerate(self.simulation.now);
                    self.sessions[number].cookie = self.simulation.close(&mut request).1.unwrap();
                }
            }
            Event::Others(_) | Event::Renew(_) => {}
        }
    }

    fn all_end(&mut self, but: Option<usize>) {
        for (number, session) in self.sessions.iter_mut().enumerate() {
            if but != Some(number) {
                session.ended = session.ended.max(Some(self.simulation.now));
            }
        }
    }

    /// `latest`: the clock that is most ahead, by which every token has been issued.
    fn check(&mut self, latest: i64) -> Result<(), TestCaseError> {
        self.simulation.now = UnixMillis(self.now.0 + latest);
        for number in 0..self.sessions.len() {
            let reason = self.simulation.open(Some(&self.sessions[number].cookie)).session.reason();
            let Known { began, ended, .. } = self.sessions[number];
            match ended {
                None => prop_assert_eq!(reason, None, "session {} lives", number),
                Some(by) if began.secs() <= by.secs() + SKEW => {
                    prop_assert_eq!(reason, Some(Reason::Revoked), "session {} has ended", number);
                }
                // Its clock was too far ahead.
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn run(clocks: &[i64], events: &[(Event, usize)]) -> Result<(), TestCaseError> {
    let latest = clocks.iter().copied().max().unwrap_or_default();
    let mut servers = Servers::new();
    for (event, server) in events {
        servers.take(*event, clocks[server % clocks.len()]);
    }
    servers.check(latest)
}

proptest! {
    #[test]
    fn a_revocation_ends_all_that_was_there_and_nothing_that_follows_whichever_clock_is_ahead(
        clocks in prop::collection::vec(0..=SKEW * 1_000, 3),
        events in prop::collection::vec((event(), 0..3usize), 1..24),
    ) {
        run(&clocks, &events)?;
    }

    #[test]
    fn clocks_that_differ_by_more_than_the_skew_bring_nothing_back_and_end_nothing_that_follows(
        clocks in prop::collection::vec(-4_000_000..4_000_000i64, 3),
        events in prop::collection::vec((event(), 0..3usize), 1..24),
    ) {
        run(&clocks, &events)?;
    }
}
