//! Share groups' delivery limits and record locks (KIP-932).

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "group.share.delivery.count.limit" Int "5" between(2.0, 10.0), Medium ReadOnly,
        "How often a record is delivered to a share group before it is given up.";
    "group.share.max.delivery.count.limit" Int "10" between(5.0, 25.0), Medium ReadOnly,
        "Largest delivery count limit that a share group may set for itself.";
    "group.share.min.delivery.count.limit" Int "2" between(2.0, 5.0), Medium ReadOnly,
        "Least delivery count limit that a share group may set for itself.";
    "group.share.record.lock.duration.ms" Int "30000" between(1000.0, 3600000.0), Medium ReadOnly,
        "How long a delivered record belongs to one member of a share group before another may get it.";
    "group.share.min.record.lock.duration.ms" Int "15000" between(1000.0, 30000.0), Medium ReadOnly,
        "Least lock duration that a share group may set for itself.";
    "group.share.max.record.lock.duration.ms" Int "60000" between(30000.0, 3600000.0), Medium ReadOnly,
        "Largest lock duration that a share group may set for itself.";
    "group.share.partition.max.record.locks" Int "2000" between(100.0, 10000.0), Medium ReadOnly,
        "How many records of a partition a share group may have in delivery at a time.";
    "group.share.max.partition.max.record.locks" Int "4000" between(2000.0, 10000.0), Medium ReadOnly,
        "Largest number of records in delivery that a share group may set for itself.";
    "group.share.min.partition.max.record.locks" Int "100" between(100.0, 2000.0), Medium ReadOnly,
        "Least number of records in delivery that a share group may set for itself.";
    "share.fetch.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "After how many finished share fetches their waiters' memory is tidied. Kept for compatibility.";
    "group.share.max.share.sessions" Int "2000" at_least(1), Medium ReadOnly,
        "Most share sessions of this broker. Not less than group.share.max.size.";
    "group.share.persister.class.name" String "org.apache.kafka.server.share.persister.DefaultStatePersister" any(), Medium ReadOnly internal,
        "Who keeps share groups' state, as a Java class name. For tests.";
}
