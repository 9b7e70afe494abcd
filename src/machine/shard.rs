//! Drives one machine on the leader: speculative state, and effects that wait until what they saw is committed.

use std::collections::{BTreeMap, VecDeque};

use model::{Offset, Timestamp};

use crate::{Machine, Moment, Outcome};

/// A machine with its log's bookkeeping. The shell appends and commits; the shard says what, and what follows.
pub struct Shard<M: Machine> {
    machine: M,
    latest: M::State,
    next: Offset,
    high_watermark: Offset,
    /// The end of each append that is not committed yet, and the state before it, oldest first.
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

/// What is to be done, in this order.
pub type Effects<M> = Vec<<M as Machine>::Effect>;

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
        let (versions, parked) = (VecDeque::new(), BTreeMap::new());
        Self { machine, latest: state, next, high_watermark: next, versions, parked }
    }

    /// Goes on from what others (or an earlier self) wrote: `state` is that of the committed log up to `next`. The whole log
    /// at once, for a state that nobody shares is changed in its place while it is folded, and a shared one is copied.
    pub fn restore(&mut self, state: M::State, next: Offset) {
        debug_assert!(self.versions.is_empty() && next >= self.next, "what is loaded comes before what is decided");
        self.latest = state;
        self.next = next;
        self.high_watermark = next;
    }

    /// Lets the machine decide. Effects come back at once only if all that the decision saw is committed; else they
    /// wait for [`Shard::on_committed`].
    pub fn on_event(&mut self, now: Timestamp, event: M::Event) -> Step<M> {
        let base = self.next;
        let Outcome { records, effects, atomic } = self.machine.decide(&self.latest, Moment { now, next: base }, event);
        if records.is_empty() {
            return Step { append: None, effects: self.rest(effects) };
        }
        self.versions.push_back((base.plus(records.len() as i64), self.latest.clone()));
        self.replay(&records);
        self.parked.entry(self.next).or_default().extend(effects);
        Step { append: Some(Append { base, records, atomic }), effects: vec![] }
    }

    /// As [`Shard::on_event`], and `write` appends what is to be appended and tells up to where the log is committed then. What is
    /// committed at once needs no way back, so that a state of which nobody has a snapshot is changed in its place.
    ///
    /// # Errors
    /// What `write` had, and the effects as of [`Shard::on_refused`].
    pub fn on_event_written<E>(
        &mut self,
        now: Timestamp,
        event: M::Event,
        write: impl FnOnce(&Append<M::Record>) -> Result<Offset, E>,
    ) -> Result<Effects<M>, (Effects<M>, E)> {
        let base = self.next;
        let Outcome { records, effects, atomic } = self.machine.decide(&self.latest, Moment { now, next: base }, event);
        if records.is_empty() {
            return Ok(self.rest(effects));
        }
        let append = Append { base, records, atomic };
        let committed = match write(&append) {
            Ok(committed) => committed,
            Err(error) => return Err((effects, error)),
        };
        let end = base.plus(append.records.len() as i64);
        if committed < end {
            self.versions.push_back((end, self.latest.clone()));
        }
        self.replay(&append.records);
        let mut released = self.on_committed(committed);
        if committed < end {
            self.parked.entry(end).or_default().extend(effects);
        } else if released.is_empty() {
            released = effects;
        } else {
            released.extend(effects);
        }
        Ok(released)
    }

    /// Effects of a decision that wrote nothing wait for what it saw.
    fn rest(&mut self, effects: Vec<M::Effect>) -> Vec<M::Effect> {
        if self.is_settled() {
            return effects;
        }
        self.parked.entry(self.next).or_default().extend(effects);
        vec![]
    }

    fn replay(&mut self, records: &[M::Record]) {
        for record in records {
            M::replay(&mut self.latest, record);
        }
        self.next = self.next.plus(records.len() as i64);
    }

    /// The log is committed up to `offset` (exclusive): gives the effects that waited for it, in order.
    pub fn on_committed(&mut self, offset: Offset) -> Vec<M::Effect> {
        self.high_watermark = self.high_watermark.max(offset.min(self.next));
        while self.versions.front().is_some_and(|(end, _)| *end <= self.high_watermark) {
            self.versions.pop_front();
        }
        if self.parked.is_empty() {
            return vec![];
        }
        let later = self.parked.split_off(&self.high_watermark.plus(1));
        std::mem::replace(&mut self.parked, later).into_values().flatten().collect()
    }

    /// The append at `base` failed, and nothing of it is in the log: that decision never happened. Gives its effects, of
    /// which the shell turns replies into errors and drops the rest.
    pub fn on_refused(&mut self, base: Offset) -> Vec<M::Effect> {
        let Some((end, before)) = self.versions.pop_back() else { return vec![] };
        self.latest = before;
        self.next = base;
        self.parked.remove(&end).unwrap_or_default()
    }

    /// Leadership is lost: what is not committed never happened here. Gives the effects that waited for it, of which
    /// the shell turns replies into "not the leader" and drops the rest.
    pub fn on_resigned(&mut self) -> Vec<M::Effect> {
        if let Some((_, committed)) = std::mem::take(&mut self.versions).into_iter().next() {
            self.latest = committed;
        }
        self.next = self.high_watermark;
        std::mem::take(&mut self.parked).into_values().flatten().collect()
    }

    /// Whether nothing waits for the log to be committed.
    pub fn is_settled(&self) -> bool {
        self.next == self.high_watermark
    }

    /// The state up to the high watermark.
    pub fn committed(&self) -> &M::State {
        self.versions.front().map_or(&self.latest, |(_, before)| before)
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
