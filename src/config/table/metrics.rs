//! Metrics and their reporters, and what clients may push (KIP-714).

use crate::check::{any, at_least, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metrics.num.samples" Int "2" at_least(1), Low ReadOnly,
        "How many samples a rate is averaged over.";
    "metrics.sample.window.ms" Long "30000" at_least(1), Low ReadOnly,
        "How long one sample of a rate is.";
    "metric.reporters" List "org.apache.kafka.common.metrics.JmxReporter" list(), Low ClusterWide,
        "Who is told of metrics, as Java class names.";
    "metrics.recording.level" String "INFO" any(), Low ReadOnly,
        "How much is measured: INFO, DEBUG or TRACE.";
    "kafka.metrics.reporters" List "" list(), Low ReadOnly,
        "Who is told of the older kind of metrics, as Java class names.";
    "kafka.metrics.polling.interval.secs" Int "10" at_least(1), Low ReadOnly,
        "How often the older kind of reporters reads metrics.";
    "telemetry.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "Largest push of a client's metrics, after compression.";
}
