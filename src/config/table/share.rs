//! Share groups' delivery limits and record locks (KIP-932).

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "group.share.delivery.count.limit" Int "5" between(2.0, 10.0), Medium ReadOnly,
        "-";
    "group.share.max.delivery.count.limit" Int "10" between(5.0, 25.0), Medium ReadOnly,
        "-";
    "group.share.min.delivery.count.limit" Int "2" between(2.0, 5.0), Medium ReadOnly,
        "-";
    "group.share.record.lock.duration.ms" Int "30000" between(1000.0, 3600000.0), Medium ReadOnly,
        "-";
    "group.share.min.record.lock.duration.ms" Int "15000" between(1000.0, 30000.0), Medium ReadOnly,
        "-";
    "group.share.max.record.lock.duration.ms" Int "60000" between(30000.0, 3600000.0), Medium ReadOnly,
        "-";
    "group.share.partition.max.record.locks" Int "2000" between(100.0, 10000.0), Medium ReadOnly,
        "-";
    "group.share.max.partition.max.record.locks" Int "4000" between(2000.0, 10000.0), Medium ReadOnly,
        "-";
    "group.share.min.partition.max.record.locks" Int "100" between(100.0, 2000.0), Medium ReadOnly,
        "-";
    "share.fetch.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "-";
    "group.share.max.share.sessions" Int "2000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.persister.class.name" String "org.apache.kafka.server.share.persister.DefaultStatePersister" any(), Medium ReadOnly internal,
        "-";
}
