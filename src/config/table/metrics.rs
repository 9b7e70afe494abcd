//! Metrics and their reporters, and what clients may push (KIP-714).

use crate::check::{any, at_least, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metrics.num.samples" Int "2" at_least(1), Low ReadOnly,
        "-";
    "metrics.sample.window.ms" Long "30000" at_least(1), Low ReadOnly,
        "-";
    "metric.reporters" List "org.apache.kafka.common.metrics.JmxReporter" list(), Low ClusterWide,
        "-";
    "metrics.recording.level" String "INFO" any(), Low ReadOnly,
        "-";
    "kafka.metrics.reporters" List "" list(), Low ReadOnly,
        "-";
    "kafka.metrics.polling.interval.secs" Int "10" at_least(1), Low ReadOnly,
        "-";
    "telemetry.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "-";
}
