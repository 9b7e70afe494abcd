//! The commit step of a quorum of one: decide, append, sync, publish, answer.
//!
//! This is the seam for several voters: what [`Writer::commit`] gets from one fsync, they get from a majority.

use std::sync::Arc;

use bytes::Bytes;
use controller::{Asked, Controller, Effect, Event, Reply, Token};
use machine::Shard;
use metadata::{Image, MetadataVersion, Record};
use model::{LeaderEpoch, Offset, Timestamp};
use tokio::sync::oneshot;

use crate::batches::{self, MAX_BATCH};
use crate::log::{LogError, MetadataLog};

/// The metadata as of an offset of its log, all of it committed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The metadata.
    pub image: Arc<Image>,
    /// The offset after the last record in it.
    pub end: Offset,
    /// The epoch of the last record in it.
    pub epoch: LeaderEpoch,
}

/// A question and where its answer goes.
pub(crate) struct Ask {
    pub(crate) event: Event,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// What is told each new image, in order, before anyone who asked for it is answered.
pub(crate) type OnApplied = Box<dyn FnMut(&Applied) + Send>;

/// Why the quorum can no longer commit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("a decision cannot be written: {0}")]
    Encode(String),
}

pub(crate) struct Writer {
    shard: Shard<Controller>,
    log: MetadataLog,
    epoch: LeaderEpoch,
    on_applied: OnApplied,
    /// The oldest bytes not in a snapshot are counted from here on.
    bytes_since_snapshot: u64,
    last_timestamp: Timestamp,
}

impl Writer {
    pub(crate) fn new(
        shard: Shard<Controller>,
        log: MetadataLog,
        epoch: LeaderEpoch,
        on_applied: OnApplied,
        (bytes_since_snapshot, last_timestamp): (u64, Timestamp),
    ) -> Self {
        Self { shard, log, epoch, on_applied, bytes_since_snapshot, last_timestamp }
    }

    /// Answers a group of questions at the cost of one fsync, or of none if nothing changes.
    ///
    /// After an error nothing more can be promised: the decisions that were not committed go unanswered.
    pub(crate) fn commit(&mut self, group: Vec<Ask>, now: Timestamp) -> Result<(), CommitError> {
        let mut waiting: Vec<Option<oneshot::Sender<Reply>>> = Vec::with_capacity(group.len());
        let answer = |waiting: &mut Vec<Option<oneshot::Sender<Reply>>>, effects: Vec<Effect>| {
            for Effect::Reply { to, body } in effects {
                let slot = usize::try_from(to.0).ok().and_then(|at| waiting.get_mut(at));
                if let Some(reply) = slot.and_then(Option::take) {
                    // Whoever asked may have given up; what was decided holds all the same.
                    let _ = reply.send(body);
                }
            }
        };
        let mut written = 0;
        for Ask { event, reply } in group {
            let to = Token(waiting.len() as u64);
            waiting.push(Some(reply));
            // Records are written as the metadata version of before the decision asks for.
            let version = self.version();
            let step = self.shard.on_event(now, Asked { to, event });
            answer(&mut waiting, step.effects);
            if let Some(append) = step.append {
                written += self.append(append.base, &append.records, append.atomic, version, now)?;
            }
        }
        if written > 0 {
            self.log.commit()?;
            self.bytes_since_snapshot += written;
            self.last_timestamp = now;
            let effects = self.shard.on_committed(self.log.end());
            let applied = self.applied();
            (self.on_applied)(&applied);
            answer(&mut waiting, effects);
        }
        Ok(())
    }

    fn append(
        &mut self,
        base: Offset,
        records: &[Record],
        atomic: bool,
        version: MetadataVersion,
        now: Timestamp,
    ) -> Result<u64, CommitError> {
        let encode = |record: &Record| record.encode(version).map_err(|e| CommitError::Encode(e.to_string()));
        let encoded: Vec<Bytes> = records.iter().map(encode).collect::<Result<_, _>>()?;
        let limit = if atomic { usize::MAX } else { MAX_BATCH };
        let batches = batches::record_batches(base, self.epoch, now, encoded, (limit, i32::MAX));
        let mut bytes = 0;
        for batch in batches.map_err(|e| CommitError::Encode(e.to_string()))? {
            bytes += batch.len() as u64;
            self.log.append(batch)?;
        }
        Ok(bytes)
    }

    fn version(&self) -> MetadataVersion {
        self.shard.latest().metadata_version().unwrap_or(MetadataVersion::LATEST)
    }

    /// What is committed now.
    pub(crate) fn applied(&self) -> Applied {
        let image = Arc::new(self.shard.committed().visible().clone());
        Applied { image, end: self.log.end(), epoch: self.epoch }
    }

    /// Bytes of the log that no snapshot has yet, and the time of the last record.
    pub(crate) fn since_snapshot(&self) -> (u64, Timestamp) {
        (self.bytes_since_snapshot, self.last_timestamp)
    }

    /// A snapshot of what is committed now has begun.
    pub(crate) fn snapshot_begun(&mut self) {
        self.bytes_since_snapshot = 0;
    }

    /// Whether a transaction of records is open, so that the image is not that of the log's end.
    pub(crate) fn in_transaction(&self) -> bool {
        self.shard.committed().in_transaction()
    }

    pub(crate) fn log(&mut self) -> &mut MetadataLog {
        &mut self.log
    }
}
