//! What the host does at a store, in order, and what it says back.

use alloc::vec::Vec;

/// One thing to do at a store. Sessions in the cookie have none, so there is no variant yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
}

/// Actions to run before the response is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "the host runs the actions"]
pub struct Actions(Vec<Action>);

/// What follows when actions have been run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Nothing more.
    Done,
}

impl Actions {
    /// In the order in which they must be run.
    pub fn as_slice(&self) -> &[Action] {
        &self.0
    }

    /// Takes the outcomes, one an action.
    pub fn done(self, _outcomes: &[Outcome]) -> Step {
        Step::Done
    }
}
