//! The log of the cluster's metadata and its snapshots (KIP-630).

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metadata.log.max.record.bytes.between.snapshots" Long "20971520" at_least(1), High ReadOnly,
        "After how many bytes of new metadata records a snapshot is written.";
    "metadata.log.max.snapshot.interval.ms" Long "3600000" at_least(0), High ReadOnly,
        "After how long a snapshot is written if there are metadata records that the last one lacks; 0 is never for this reason.";
    "metadata.log.dir" String null any(), High ReadOnly,
        "Directory of the metadata log; the first log directory if it is not set.";
    "metadata.log.segment.bytes" Int "1073741824" at_least(8388608), High ReadOnly,
        "Size at which a segment of the metadata log is full.";
    "metadata.log.segment.ms" Long "604800000" any(), High ReadOnly,
        "Age at which a segment of the metadata log is closed.";
    "metadata.max.retention.bytes" Long "104857600" any(), High ReadOnly,
        "Size of the metadata log with its snapshots above which old ones go. The newest snapshot always stays.";
    "metadata.max.retention.ms" Long "604800000" any(), High ReadOnly,
        "Age at which old metadata segments and snapshots go. The newest snapshot always stays.";
    "metadata.max.idle.interval.ms" Int "500" at_least(0), Low ReadOnly,
        "How often an idle active controller writes a no-op record, so that the others see progress; 0 is never.";
    "internal.metadata.log.segment.bytes" Int null any(), Low ReadOnly internal,
        "Segment size of the metadata log below the usual bound. For tests.";
    "internal.metadata.max.batch.size.in.bytes" Int "8388608" any(), Low ReadOnly internal,
        "Largest batch in the metadata log. For tests.";
    "internal.metadata.delete.delay.millis" Long "60000" any(), Low ReadOnly internal,
        "How long deleted files of the metadata log stay on disk. For tests.";
}
