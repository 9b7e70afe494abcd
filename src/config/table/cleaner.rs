//! Log compaction: threads, buffers, pace.

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "log.cleaner.threads" Int "1" at_least(0), Medium ClusterWide,
        "-";
    "log.cleaner.io.max.bytes.per.second" Double "1.7976931348623157E308" any(), Medium ClusterWide,
        "-";
    "log.cleaner.dedupe.buffer.size" Long "134217728" any(), Medium ClusterWide,
        "-";
    "log.cleaner.io.buffer.size" Int "524288" at_least(0), Medium ClusterWide,
        "-";
    "log.cleaner.io.buffer.load.factor" Double "0.9" any(), Medium ClusterWide,
        "-";
    "log.cleaner.backoff.ms" Long "15000" at_least(0), Medium ClusterWide,
        "-";
    "log.cleaner.min.cleanable.ratio" Double "0.5" between(0.0, 1.0), Medium ClusterWide,
        "-";
    "log.cleaner.enable" Boolean "true" any(), Medium ReadOnly,
        "-";
    "log.cleaner.delete.retention.ms" Long "86400000" at_least(0), Medium ClusterWide,
        "-";
    "log.cleaner.min.compaction.lag.ms" Long "0" at_least(0), Medium ClusterWide,
        "-";
    "log.cleaner.max.compaction.lag.ms" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "-";
}
