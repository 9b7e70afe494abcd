//! Reading for fetches: what each partition has, by index only; and waiting until there is enough.

use std::sync::Arc;

use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId};
use replication::leader::FollowerFetch;
use storage::log::ReadError;
use tokio::sync::Notify;
use wire::Slice as _;
use wire::fetch;

use crate::nearest::{Near, Place};
use crate::node::{FileSlice, Node};
use crate::partition::Partition;

/// What a reader wants of one partition.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its topic; zero if the name that was asked for is unknown.
    pub topic: TopicId,
    /// Its number.
    pub index: PartitionIndex,
    /// From which offset on.
    pub from: Offset,
    /// At most so many bytes, but for the first batch of a response.
    pub max_bytes: i32,
    /// The epoch in which the reader believes, or -1.
    pub leader_epoch: i32,
    /// The epoch of the last record that the reader has, or -1.
    pub last_fetched_epoch: i32,
    /// Where a follower's log begins, or -1.
    pub log_start: Offset,
}

/// How a reader reads.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Only what is committed and not part of an open transaction (KIP-98).
    pub committed_only: bool,
    /// Whether topics were asked for by id, which decides the error for unknown ones.
    pub by_id: bool,
    /// At most so many bytes in all.
    pub max_bytes: usize,
    /// Who reads.
    pub reader: Reader,
    /// Where a consumer is that may be sent to a replica near it.
    pub place: Option<Arc<Place>>,
    /// Wait until there are so many,
    pub min_bytes: usize,
    /// but not longer than this.
    pub max_wait_ms: u64,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A client: it sees what is committed.
    Consumer {
        /// Whether it may read from a follower (KIP-392).
        from_followers: bool,
    },
    /// A follower, and which incarnation of it, or -1: it sees everything, and what it asks for tells what it has.
    Follower(NodeId, BrokerEpoch),
}

/// One reading of all wanted partitions, in their order.
pub struct Reading {
    /// What each partition has to say.
    pub partitions: Vec<fetch::Partition<FileSlice>>,
    bytes: usize,
    /// How many of them count for the throttle of what followers are sent.
    throttled: usize,
    /// Something that the reader should know without waiting.
    urgent: bool,
}

impl Reading {
    /// Whether the reader should hear of it now.
    pub fn is_enough(&self, manner: &Manner) -> bool {
        self.bytes >= manner.min_bytes || self.urgent || manner.max_wait_ms == 0 || self.partitions.is_empty()
    }

    /// How many bytes count for `leader.replication.throttled.rate`.
    pub fn throttled(&self) -> usize {
        self.throttled
    }

    /// Says something else than UNKNOWN_TOPIC_ID, by the place of the partition.
    pub fn forget_ids(&mut self, instead: impl Fn(usize) -> ErrorCode) {
        for (at, partition) in self.partitions.iter_mut().enumerate() {
            if partition.error == Some(ErrorCode::UnknownTopicId) {
                partition.error = Some(instead(at));
            }
        }
    }
}

impl Node {
    /// Waits until `wanted` has enough, or until the reader's patience ends.
    pub async fn wait_and_read(&self, wanted: &[Wanted], manner: &Manner) -> Reading {
        let deadline = host::clock::monotonic().plus_ms(manner.max_wait_ms);
        let waiter = Arc::new(Notify::new());
        for partition in wanted.iter().filter_map(|wanted| self.partitions.get(wanted.topic, wanted.index)) {
            match manner.reader {
                Reader::Consumer { .. } => partition.readers.park(&waiter),
                Reader::Follower(..) => partition.followers.park(&waiter),
            }
        }
        loop {
            // Parked first and read then, so that nothing that comes in between is missed.
            let reading = self.read_now(wanted, manner);
            if reading.is_enough(manner) {
                return reading;
            }
            drop(reading);
            if host::task::timeout_at(deadline, waiter.notified()).await.is_err() {
                return self.read_now(wanted, manner);
            }
        }
    }

    /// Reads `wanted` as it is now.
    pub fn read_now(&self, wanted: &[Wanted], manner: &Manner) -> Reading {
        let mut reading =
            Reading { partitions: Vec::with_capacity(wanted.len()), bytes: 0, throttled: 0, urgent: false };
        let near = manner.place.as_ref().map(|place| self.near(place));
        let how = How { manner, near: near.as_ref() };
        for wanted in wanted {
            let left = manner.max_bytes.saturating_sub(reading.bytes);
            let found = self.find(wanted, manner);
            let told = found
                .as_ref()
                .map_err(|error| *error)
                .and_then(|partition| read_partition(self, partition, wanted, how, left, reading.bytes == 0));
            let told = told.unwrap_or_else(|error| self.fetch_failure(wanted, error));
            let bytes = told.records.as_ref().map_or(0, |slice| slice.len());
            reading.bytes += bytes;
            if matches!(manner.reader, Reader::Follower(..)) && found.is_ok_and(|it| it.is_throttled_led()) {
                reading.throttled += bytes;
            }
            let sent_away = told.preferred_read_replica != NodeId::NONE;
            reading.urgent |= told.error.is_some() || told.diverging.is_some() || sent_away;
            reading.partitions.push(told);
        }
        reading
    }

    fn find(&self, wanted: &Wanted, manner: &Manner) -> Result<Arc<Partition>, ErrorCode> {
        match self.replica(wanted.topic, wanted.index) {
            Err(ErrorCode::UnknownTopicOrPartition)
                if manner.by_id && self.published().image.topic_by_id(wanted.topic).is_none() =>
            {
                Err(ErrorCode::UnknownTopicId)
            }
            found => found,
        }
    }

    fn fetch_failure(&self, wanted: &Wanted, error: ErrorCode) -> fetch::Partition<FileSlice> {
        let mut failed = fetch::Partition::failed(wanted.index, error);
        if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
            failed.current_leader = self.leader_of(wanted.topic, wanted.index);
        }
        failed
    }
}

/// How a reader reads this time.
#[derive(Clone, Copy)]
struct How<'a> {
    manner: &'a Manner,
    near: Option<&'a Near<'a>>,
}

fn read_partition(
    node: &Node,
    partition: &Partition,
    wanted: &Wanted,
    How { manner, near }: How<'_>,
    left: usize,
    is_first: bool,
) -> Result<fetch::Partition<FileSlice>, ErrorCode> {
    match manner.reader {
        Reader::Consumer { from_followers: true } => partition.check_epoch(wanted.leader_epoch)?,
        Reader::Consumer { .. } | Reader::Follower(..) => partition.check_leads(wanted.leader_epoch)?,
    }
    let log = partition.log();
    let high_watermark = log.high_watermark();
    let last_stable_offset = log.last_stable_offset();
    let mut told = fetch::Partition {
        index: wanted.index,
        error: None,
        high_watermark,
        last_stable_offset,
        log_start_offset: log.start_offset(),
        diverging: None,
        current_leader: None,
        aborted: manner.committed_only.then(Vec::new),
        preferred_read_replica: NodeId::NONE,
        records: None,
    };
    if let Some(nearer) = near.and_then(|near| near.replica(node.id(), partition, wanted.from)) {
        // Nothing is read for one who is to read elsewhere.
        return Ok(fetch::Partition { preferred_read_replica: nearer, aborted: None, ..told });
    }
    told.diverging = diverging(partition, wanted)?;
    if told.diverging.is_some() {
        return Ok(told);
    }
    let end = match manner.reader {
        Reader::Follower(..) => log.end_offset(),
        Reader::Consumer { .. } if manner.committed_only => last_stable_offset,
        Reader::Consumer { .. } => high_watermark,
    };
    let max = left.min(wanted.max_bytes.max(0) as usize);
    let failed = |error: ReadError| node.read_failed(&partition.id, &error);
    let slice = log.read(wanted.from, max, end, is_first).map_err(failed)?;
    if let Reader::Follower(follower, broker_epoch) = manner.reader {
        let fetch = FollowerFetch { follower, broker_epoch, from: wanted.from, log_start: wanted.log_start };
        node.followed(partition, fetch, wanted.leader_epoch)?;
        // Who is in sync is never held back, for writes wait for it (`ReplicaManager.shouldLeaderThrottle`).
        if partition.is_throttled_led() && !partition.is_in_sync(follower) && node.throttles.led.is_exceeded() {
            return Ok(told);
        }
    }
    if manner.committed_only && slice.len > 0 {
        let aborted = log.aborted_in(&slice).map_err(failed)?;
        told.aborted = Some(aborted.into_iter().map(|txn| (txn.producer_id, txn.first_offset)).collect());
    }
    told.records = (slice.len > 0).then_some(FileSlice(slice));
    Ok(told)
}

/// Where the reader's records depart from this log, if they do (KIP-595): its last epoch ended earlier here.
fn diverging(partition: &Partition, wanted: &Wanted) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
    if wanted.last_fetched_epoch < 0 {
        return Ok(None);
    }
    let (epoch, end) = partition.log().end_offset_for_epoch(LeaderEpoch(wanted.last_fetched_epoch));
    if end == Offset::NONE || epoch == LeaderEpoch::NONE || wanted.from < partition.log().start_offset() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    Ok((epoch.0 < wanted.last_fetched_epoch || end < wanted.from).then_some((epoch, end)))
}
