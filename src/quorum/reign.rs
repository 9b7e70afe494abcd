//! A reign: one term in which this node is the active controller, deciding over what is committed and what it proposed itself.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use controller::{Asked, Controller, Effect, Event, Reply, Token};
use machine::Shard;
use metadata::{MetadataVersion, Record};
use model::{LeaderEpoch, Offset, Timestamp};
use openraft::raft::ClientWriteResult;
use tokio::sync::oneshot;

use crate::batches::{self, MAX_BATCH};
use crate::handle::SubmitError;
use crate::raft::{Landed, Proposal, Types};

/// A question and where its answer goes.
pub(crate) struct Ask {
    pub(crate) event: Event,
    pub(crate) reply: oneshot::Sender<Result<Reply, SubmitError>>,
}

/// What is proposed and not known to have landed.
pub(crate) type Written =
    <openraft::impls::OneshotResponder<Types> as openraft::raft::responder::Responder<Types>>::Receiver;

/// How many proposals may be on their way. What is asked meanwhile shares the next one, and its sync of the disk.
const IN_FLIGHT: usize = 2;

/// The active controller's part that lasts for one term.
pub(crate) struct Reign {
    epoch: LeaderEpoch,
    shard: Shard<Controller>,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Reply, SubmitError>>>,
    tokens: u64,
    in_flight: VecDeque<(Offset, Written)>,
}

impl Reign {
    /// Begins to decide, over a ledger that has all there was before and the first records of this epoch.
    pub(crate) fn begin(epoch: LeaderEpoch, controller: Controller, image: metadata::Image, end: Offset) -> Self {
        let shard = Shard::resume(controller, image, end);
        Self { epoch, shard, waiting: BTreeMap::new(), tokens: 0, in_flight: VecDeque::new() }
    }

    pub(crate) fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// Whether more may be asked now.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.len() < IN_FLIGHT
    }

    /// Whether something is proposed whose end is not known.
    pub(crate) fn is_busy(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Decides a group of questions. What they change is one proposal, to be given to [`Reign::proposed`]; what they change
    /// nothing for, and what rests on nothing that is not committed, is answered at once.
    pub(crate) fn decide(&mut self, group: Vec<Ask>, now: Timestamp) -> Option<Proposal> {
        let mut bytes = Vec::new();
        for Ask { event, reply } in group {
            let to = Token(self.tokens);
            self.tokens += 1;
            self.waiting.insert(to.0, reply);
            // Records are written as the metadata version of before the decision asks for.
            let version = self.shard.latest().metadata_version().unwrap_or(MetadataVersion::LATEST);
            let step = self.shard.on_event(now, Asked { to, event });
            self.answer(step.effects);
            let Some(append) = step.append else { continue };
            match encode(append.base, &append.records, append.atomic, self.epoch, version, now) {
                Ok(batches) => bytes.extend(batches),
                Err(reason) => {
                    tracing::error!(reason, "a decision of the controller cannot be written");
                    let effects = self.shard.on_refused(append.base);
                    self.refuse(effects, &SubmitError::Failed(reason.into()));
                }
            }
        }
        let bytes: Vec<u8> = bytes.iter().flat_map(|batch: &Bytes| batch.iter().copied()).collect();
        (!bytes.is_empty()).then(|| Proposal::new(bytes.into()).ok()).flatten()
    }

    /// A proposal is on its way.
    pub(crate) fn proposed(&mut self, end: Offset, written: Written) {
        self.in_flight.push_back((end, written));
    }

    /// Waits for the oldest proposal's end; for ever if there is none. `false`: it did not land, and the reign is over.
    pub(crate) async fn landing(&mut self) -> bool {
        let Some((end, written)) = self.in_flight.front_mut() else { return std::future::pending().await };
        let result: Option<ClientWriteResult<Types>> = written.await.ok();
        let end = *end;
        self.in_flight.pop_front();
        match result {
            Some(Ok(response)) if response.data == Landed::At(end) => {
                let effects = self.shard.on_committed(end);
                self.answer(effects);
                true
            }
            _ => false,
        }
    }

    /// Whoever waits is told that it cannot be said what becomes of their question.
    pub(crate) fn give_up(&mut self, why: &SubmitError) {
        for (_, reply) in std::mem::take(&mut self.waiting) {
            let _ = reply.send(Err(why.clone()));
        }
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for Effect::Reply { to, body } in effects {
            if let Some(reply) = self.waiting.remove(&to.0) {
                // Whoever asked may have given up; what was decided holds all the same.
                let _ = reply.send(Ok(body));
            }
        }
    }

    fn refuse(&mut self, effects: Vec<Effect>, why: &SubmitError) {
        for Effect::Reply { to, .. } in effects {
            if let Some(reply) = self.waiting.remove(&to.0) {
                let _ = reply.send(Err(why.clone()));
            }
        }
    }
}

fn encode(
    base: Offset,
    records: &[Record],
    atomic: bool,
    epoch: LeaderEpoch,
    version: MetadataVersion,
    now: Timestamp,
) -> Result<Vec<Bytes>, String> {
    let encoded: Vec<Bytes> =
        records.iter().map(|record| record.encode(version).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
    let limit = if atomic { usize::MAX } else { MAX_BATCH };
    batches::record_batches(base, epoch, now, encoded, (limit, i32::MAX)).map_err(|e| e.to_string())
}
