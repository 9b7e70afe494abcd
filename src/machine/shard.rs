//! Drives one machine on the leader: speculative state, and effects that wait until what they saw is committed.

use std::collections::{BTreeMap, VecDeque};

use model::{Offset, Timestamp};

use crate::{Machine, Moment, Outcome};

/// A machine with its log's bookkeeping. The shell appends and commits; the shard says what, and what follows.
pub struct Shard<M: Machine> {
    machine: M,
    latest: M::State,
    committed: M::State,
    next: Offset,
    high_watermark: Offset,
    /// The state after each append that is not committed yet, oldest first.
    versions: VecDeque<(Offset, M::State)>,
    parked: BTreeMap<Offset, Vec<M::Effect>>,
}

/// What the shell has to append before it may call [`Shard::on_committed`].
#[derive(Debug, PartialEq)]
pub struct Append<R> {
    /// The offset of the first record.
    pub base: Offset,
    /// The records, in order.
    pub records: Vec<R>,
    /// Whether they must not be cut into several batches.
    pub atomic: bool,
}

/// What follows from an event.
#[derive(Debug)]
pub struct Step<M: Machine> {
    /// To be appended.
    pub append: Option<Append<M::Record>>,
    /// To be done at once: what was decided rests on nothing that could be undone.
    pub effects: Vec<M::Effect>,
}

impl<M: Machine> Shard<M> {
    /// A shard of an empty log.
    pub fn new(machine: M) -> Self {
        Self::resume(machine, M::State::default(), Offset(0))
    }

    /// A shard that goes on from `state`, which is that of the committed log up to `next`.
    pub fn resume(machine: M, state: M::State, next: Offset) -> Self {
        let latest = state.clone();
        let (versions, parked) = (VecDeque::new(), BTreeMap::new());
        Self { machine, latest, committed: state, next, high_watermark: next, versions, parked }
    }

    /// Goes on from what others (or an earlier self) wrote: `state` is that of the committed log up to `next`. The whole log
    /// at once, for a state that nobody shares is changed in its place while it is folded, and a shared one is copied.
    pub fn restore(&mut self, state: M::State, next: Offset) {
        debug_assert!(self.versions.is_empty() && next >= self.next, "what is loaded comes before what is decided");
        self.latest = state.clone();
        self.committed = state;
        self.next = next;
        self.high_watermark = next;
    }

    /// Lets the machine decide. Effects come back at once only if all that the decision saw is committed; else they
    /// wait for [`Shard::on_committed`].
    pub fn on_event(&mut self, now: Timestamp, event: M::Event) -> Step<M> {
        let base = self.next;
        let Outcome { records, effects, atomic } = self.machine.decide(&self.latest, Moment { now, next: base }, event);
        if records.is_empty() {
            if self.next == self.high_watermark {
                return Step { append: None, effects };
            }
            self.parked.entry(self.next).or_default().extend(effects);
            return Step { append: None, effects: vec![] };
        }
        for record in &records {
            M::replay(&mut self.latest, record);
        }
        self.next = self.next.plus(records.len() as i64);
        self.parked.entry(self.next).or_default().extend(effects);
        self.versions.push_back((self.next, self.latest.clone()));
        Step { append: Some(Append { base, records, atomic }), effects: vec![] }
    }

    /// The log is committed up to `offset` (exclusive): gives the effects that waited for it, in order.
    pub fn on_committed(&mut self, offset: Offset) -> Vec<M::Effect> {
        self.high_watermark = self.high_watermark.max(offset.min(self.next));
        while let Some((end, _)) = self.versions.front()
            && *end <= self.high_watermark
            && let Some((_, state)) = self.versions.pop_front()
        {
            self.committed = state;
        }
        let later = self.parked.split_off(&self.high_watermark.plus(1));
        std::mem::replace(&mut self.parked, later).into_values().flatten().collect()
    }

    /// The append at `base` failed, and nothing of it is in the log: that decision never happened. Gives its effects, of
    /// which the shell turns replies into errors and drops the rest.
    pub fn on_refused(&mut self, base: Offset) -> Vec<M::Effect> {
        let Some((end, _)) = self.versions.pop_back() else { return vec![] };
        self.latest = self.versions.back().map_or(&self.committed, |(_, state)| state).clone();
        self.next = base;
        self.parked.remove(&end).unwrap_or_default()
    }

    /// Leadership is lost: what is not committed never happened here. Gives the effects that waited for it, of which
    /// the shell turns replies into "not the leader" and drops the rest.
    pub fn on_resigned(&mut self) -> Vec<M::Effect> {
        self.latest = self.committed.clone();
        self.next = self.high_watermark;
        self.versions.clear();
        std::mem::take(&mut self.parked).into_values().flatten().collect()
    }

    /// The state up to the high watermark.
    pub fn committed(&self) -> &M::State {
        &self.committed
    }

    /// The state with all that was decided, committed or not.
    pub fn latest(&self) -> &M::State {
        &self.latest
    }

    /// The offset of the next record.
    pub fn next_offset(&self) -> Offset {
        self.next
    }

    /// The machine, whose soft state is not in the log.
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }
}
