//! The log of the cluster's metadata and its snapshots (KIP-630).

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metadata.log.max.record.bytes.between.snapshots" Long "20971520" at_least(1), High ReadOnly,
        "-";
    "metadata.log.max.snapshot.interval.ms" Long "3600000" at_least(0), High ReadOnly,
        "-";
    "metadata.log.dir" String null any(), High ReadOnly,
        "-";
    "metadata.log.segment.bytes" Int "1073741824" at_least(8388608), High ReadOnly,
        "-";
    "metadata.log.segment.ms" Long "604800000" any(), High ReadOnly,
        "-";
    "metadata.max.retention.bytes" Long "104857600" any(), High ReadOnly,
        "-";
    "metadata.max.retention.ms" Long "604800000" any(), High ReadOnly,
        "-";
    "metadata.max.idle.interval.ms" Int "500" at_least(0), Low ReadOnly,
        "-";
    "internal.metadata.log.segment.bytes" Int null any(), Low ReadOnly internal,
        "-";
    "internal.metadata.max.batch.size.in.bytes" Int "8388608" any(), Low ReadOnly internal,
        "-";
    "internal.metadata.delete.delay.millis" Long "60000" any(), Low ReadOnly internal,
        "-";
}
