//! What a topic's configuration says about its logs on disk (`LogConfig`).

/// How a log is kept, with the topic configuration key of each field. `Default` is Kafka's.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// `segment.bytes`: roll before a segment becomes larger.
    pub segment_bytes: u64,
    /// `segment.ms`: roll when the first record is so much older than the one that comes.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: roll up to so much earlier, so that not all partitions roll at once.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: roll when an index has grown to this.
    pub segment_index_bytes: u64,
    /// `index.interval.bytes`: bytes of log for each entry of the indexes.
    pub index_interval_bytes: u64,
    /// `flush.messages`: sync when so many records are not on disk.
    pub flush_messages: i64,
    /// `flush.ms`: sync when records have waited so long for it.
    pub flush_ms: i64,
    /// `retention.bytes`: delete the oldest segments while the log keeps at least so much; negative is no limit.
    pub retention_bytes: i64,
    /// `retention.ms`: delete segments whose newest record is older; negative is no limit.
    pub retention_ms: i64,
    /// `file.delete.delay.ms`: how long a deleted file stays, renamed, for those who still read it.
    pub file_delete_delay_ms: i64,
    /// Whether `cleanup.policy` has `delete`.
    pub delete: bool,
    /// Whether `cleanup.policy` has `compact`.
    pub compact: bool,
    /// `min.cleanable.dirty.ratio`: compact when more than this share is dirty.
    pub min_cleanable_ratio: f64,
    /// `min.compaction.lag.ms`: leave records alone for so long.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: compact what has waited for so long. Bounds `segment.ms` of a compacted log too, for the
    /// active segment is never compacted.
    pub max_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long tombstones and transaction markers stay after the compaction that meets them first.
    pub delete_retention_ms: i64,
    /// `preallocate`: give a new segment all its disk space at once.
    pub preallocate: bool,
    /// `producer.id.expiration.ms`, a key of the broker: forget a producer that wrote nothing for so long.
    pub producer_expiration_ms: i64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 4096,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            retention_bytes: -1,
            retention_ms: 7 * 24 * 3_600_000,
            file_delete_delay_ms: 60_000,
            delete: true,
            compact: false,
            min_cleanable_ratio: 0.5,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            delete_retention_ms: 86_400_000,
            preallocate: false,
            producer_expiration_ms: 86_400_000,
        }
    }
}

impl LogConfig {
    /// The longest that a segment stays active, jitter aside (`LogConfig.maxSegmentMs`).
    pub(super) fn max_segment_ms(&self) -> i64 {
        if self.compact && self.max_compaction_lag_ms > 0 {
            self.max_compaction_lag_ms.min(self.segment_ms)
        } else {
            self.segment_ms
        }
    }

    /// How much earlier than that a new segment shall be rolled.
    pub(super) fn random_jitter_ms(&self) -> i64 {
        match self.segment_jitter_ms.min(self.segment_ms) {
            most @ 1.. => host::dice::below(most as u64) as i64,
            _ => 0,
        }
    }
}
