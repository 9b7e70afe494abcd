//! Records in, records out: the one shape of every coordinator and of the controller.
//!
//! Architecture invariant: nothing in this crate, nor in a crate that implements [`Machine`], reads a clock, rolls a
//! die, spawns a task or touches a socket.

mod shard;
#[cfg(test)]
mod tests;
pub mod transcript;

use std::fmt::Debug;

use model::{Offset, Timestamp};

pub use shard::{Append, Effects, Shard, Step};

/// A replicated state machine: it decides upon events, and changes only by its records.
pub trait Machine {
    /// Durable state. `Clone` is a snapshot, so it must be cheap: persistent maps, not `Vec`s.
    type State: Clone + Default;
    /// What may happen to the machine: a request, a fired timer, a new metadata image.
    type Event;
    /// What becomes durable.
    type Record: Clone + Debug + PartialEq;
    /// What the shell must do once the records are committed: reply, arm a timer, send an RPC.
    type Effect: Debug;

    /// Decides. May read `state` and change only soft state (parked replies, session deadlines).
    fn decide(&mut self, state: &Self::State, at: Moment, event: Self::Event) -> Outcome<Self>;

    /// Applies. Infallible, and the only way `state` changes: on the leader, on a new leader that loads the log, on its
    /// followers, and in the tests.
    fn replay(state: &mut Self::State, record: &Self::Record);
}

/// When a decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// The offset that the first record of this decision will get.
    pub next: Offset,
}

/// What a machine decided.
#[derive(Debug)]
pub struct Outcome<M: Machine + ?Sized> {
    /// What is to be written.
    pub records: Vec<M::Record>,
    /// What is to be done when that is committed.
    pub effects: Vec<M::Effect>,
    /// Whether the records count only together, so that they must not be cut into several batches.
    pub atomic: bool,
}

impl<M: Machine + ?Sized> Outcome<M> {
    /// Records that count only together, and an effect of theirs.
    pub fn atomic(records: Vec<M::Record>, effect: M::Effect) -> Self {
        Self { records, effects: vec![effect], atomic: true }
    }

    /// Records of which each counts for itself, and an effect of theirs.
    pub fn of(records: Vec<M::Record>, effect: M::Effect) -> Self {
        Self { records, effects: vec![effect], atomic: false }
    }

    /// Nothing to write.
    pub fn effect(effect: M::Effect) -> Self {
        Self::of(vec![], effect)
    }
}
