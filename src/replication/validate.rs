//! Whether batches may be appended to a log, and what of them must change first
//! (`UnifiedLog.analyzeAndValidateRecords`, `LogValidator`).

mod check;
mod info;
mod records;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use model::batch::{Compression, TimestampType};
use model::{ErrorCode, Timestamp};

pub use info::BatchInfo;

/// Who appends, which decides how much is checked (`AppendOrigin`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client, by Produce: everything is checked.
    Client,
    /// A coordinator of this broker: group, transaction and share state, markers.
    Coordinator,
    /// A follower that copies what its leader checked: offsets are kept, records are not looked at.
    Replication,
    /// The leader of the metadata quorum: offsets are kept.
    Raft,
}

/// How records shall lie in the log (`compression.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// As the producer compressed them.
    #[default]
    Producer,
    /// With this codec, whatever the producer did; a batch of another codec is rebuilt.
    Codec {
        /// The codec.
        codec: Compression,
        /// `compression.{gzip,lz4,zstd}.level`; `None` is the codec's default.
        level: Option<i32>,
    },
}

/// What a log asks of the batches that are appended to it; made from a topic's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `compression.type`.
    pub compression: Target,
    /// Whether `cleanup.policy` has `compact`: records must have keys.
    pub compacted: bool,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub after_max_ms: i64,
    /// `max.message.bytes`: the largest batch, in bytes with its header.
    pub max_message_bytes: usize,
    /// The most bytes that one batch may become when decompressed. Kafka has no such limit; ours is by default what
    /// a request could have carried uncompressed (`socket.request.max.bytes`).
    pub max_decompressed_bytes: usize,
    /// Whether the request may carry zstd: Produce may from version 7 on (KIP-110).
    pub zstd_allowed: bool,
    /// Who appends.
    pub origin: Origin,
}

impl Default for Rules {
    /// Kafka's defaults, for a client.
    fn default() -> Self {
        Self {
            compression: Target::Producer,
            compacted: false,
            timestamp_type: TimestampType::CreateTime,
            before_max_ms: i64::MAX,
            after_max_ms: 3_600_000,
            max_message_bytes: 1_048_588,
            max_decompressed_bytes: 104_857_600,
            zstd_allowed: true,
            origin: Origin::Client,
        }
    }
}

/// Batches that may be appended. Base offsets and leader epochs are still to be written
/// (`model::batch::patch`), except where the origin keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The bytes to append: the very ones that came, or rebuilt ones where Kafka rebuilds. Whole batches only.
    pub bytes: Bytes,
    /// One entry a batch, in order; from a client always exactly one.
    pub batches: Vec<BatchInfo>,
    /// How many offsets all batches take together.
    pub offsets: i64,
    /// The largest timestamp of all records, or -1.
    pub max_timestamp: Timestamp,
    /// The broker's time if it sets the timestamps (LogAppendTime), else -1: what the answer to Produce says.
    pub append_time: Timestamp,
    /// Who appends.
    pub origin: Origin,
}

/// Why batches may not be appended, as it is told to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The error.
    pub code: ErrorCode,
    /// What is wrong, in words. Kafka tells it to clients only together with record errors.
    pub message: String,
    /// The records at fault, by their index in the batch, each with words of its own (KIP-467).
    pub record_errors: Vec<(i32, Option<String>)>,
}

impl Refusal {
    /// A refusal of the batch as a whole.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), record_errors: Vec::new() }
    }

    /// The words for the answer's `error_message`: null unless single records are at fault (`ReplicaManager`).
    pub fn client_message(&self) -> Option<&str> {
        (!self.record_errors.is_empty()).then_some(self.message.as_str())
    }
}

/// Checks `batches` against `rules`, and changes of them what Kafka changes.
///
/// A client's bytes come back as they are, unless the log sets the timestamps (then the header is patched) or wants
/// another codec (then the batch is rebuilt). An incomplete batch at the end is left out.
pub fn validate(batches: &Bytes, rules: &Rules, now: Timestamp) -> Result<Validated, Refusal> {
    check::validate(batches, rules, now)
}
