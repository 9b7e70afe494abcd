//! Log compaction: threads, buffers, pace.

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "log.cleaner.threads" Int "1" at_least(0), Medium ClusterWide,
        "Threads that compact logs. It may be changed to between half and twice its value at once.";
    "log.cleaner.io.max.bytes.per.second" Double "1.7976931348623157E308" any(), Medium ClusterWide,
        "Upper bound of what all cleaner threads read and write together, in bytes a second.";
    "log.cleaner.dedupe.buffer.size" Long "134217728" any(), Medium ClusterWide,
        "Memory of all cleaner threads together for the last offset of each key; more than 1 MiB for each thread.";
    "log.cleaner.io.buffer.size" Int "524288" at_least(0), Medium ClusterWide,
        "Memory of all cleaner threads together for what they read and write.";
    "log.cleaner.io.buffer.load.factor" Double "0.9" any(), Medium ClusterWide,
        "How full the table of keys may become. Fuller tables clean more at once but collide more.";
    "log.cleaner.backoff.ms" Long "15000" at_least(0), Medium ClusterWide,
        "How long the cleaner rests when nothing is worth compacting.";
    "log.cleaner.min.cleanable.ratio" Double "0.5" between(0.0, 1.0), Medium ClusterWide,
        "Share of a log that must be uncompacted before it is compacted. Topics override it with min.cleanable.dirty.ratio.";
    "log.cleaner.enable" Boolean "true" any(), Medium ReadOnly,
        "Whether compaction runs at all. Without it compacted topics, the offsets topic among them, grow for ever.";
    "log.cleaner.delete.retention.ms" Long "86400000" at_least(0), Medium ClusterWide,
        "How long tombstones and transaction markers stay after compaction. Topics override it with delete.retention.ms.";
    "log.cleaner.min.compaction.lag.ms" Long "0" at_least(0), Medium ClusterWide,
        "How long a record is safe from compaction. Topics override it with min.compaction.lag.ms.";
    "log.cleaner.max.compaction.lag.ms" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "How long a record may wait for compaction at most. Topics override it with max.compaction.lag.ms.";
}
