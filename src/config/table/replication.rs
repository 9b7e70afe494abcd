//! How brokers copy partitions from each other, and who leads them.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "controller.socket.timeout.ms" Int "30000" any(), Medium ReadOnly,
        "How long a broker waits for a controller's answer.";
    "default.replication.factor" Int "1" any(), Medium ReadOnly,
        "How many replicas new topics get whose creator says nothing, created automatically or not.";
    "replica.lag.time.max.ms" Long "30000" any(), High ReadOnly,
        "How long a follower may fall behind its leader before it leaves the in-sync replicas.";
    "replica.socket.timeout.ms" Int "30000" any(), High ReadOnly,
        "How long a follower waits for a leader's answer. Not less than replica.fetch.wait.max.ms.";
    "replica.socket.receive.buffer.bytes" Int "65536" any(), High ReadOnly,
        "Receive buffer of connections to leaders.";
    "replica.fetch.max.bytes" Int "1048576" at_least(0), Medium ReadOnly,
        "Bytes that a follower asks for of each partition. One batch is returned even if it is larger.";
    "replica.fetch.wait.max.ms" Int "500" any(), High ReadOnly,
        "How long a leader may hold a follower's fetch that finds nothing new. Below replica.lag.time.max.ms.";
    "replica.fetch.backoff.ms" Int "1000" at_least(0), Medium ReadOnly,
        "How long a follower leaves a partition alone whose fetch failed.";
    "replica.fetch.min.bytes" Int "1" any(), High ReadOnly,
        "Bytes that a leader collects before it answers a follower's fetch, within replica.fetch.wait.max.ms.";
    "replica.fetch.response.max.bytes" Int "10485760" at_least(0), Medium ReadOnly,
        "Bytes that a follower asks for of all partitions of one fetch.";
    "num.replica.fetchers" Int "1" at_least(1), High ClusterWide,
        "Fetchers that copy from each other broker. More copy in parallel; it may be changed to between half and twice its value at once.";
    "replica.high.watermark.checkpoint.interval.ms" Long "5000" any(), High ReadOnly,
        "How often the high watermarks are written to disk.";
    "fetch.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "After how many finished fetches their waiters' memory is tidied. Kept for compatibility.";
    "producer.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "After how many finished produce requests their waiters' memory is tidied. Kept for compatibility.";
    "delete.records.purgatory.purge.interval.requests" Int "1" any(), Medium ReadOnly,
        "After how many finished DeleteRecords their waiters' memory is tidied. Kept for compatibility.";
    "auto.leader.rebalance.enable" Boolean "true" any(), High ReadOnly,
        "Whether leadership returns by itself to the first replica of each partition.";
    "leader.imbalance.check.interval.seconds" Long "300" at_least(1), High ReadOnly,
        "How often it is looked for partitions that are not led by their first replica.";
    "unclean.leader.election.interval.ms" Long "300000" at_least(1), Medium ReadOnly internal,
        "How often the controller looks for partitions without a leader that may have an unclean one.";
    "unclean.leader.election.enable" Boolean "false" any(), High ClusterWide,
        "Whether a replica that is not in sync may lead when no other is left. Acknowledged records can be lost then.";
    "security.inter.broker.protocol" String "PLAINTEXT" Check::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), Medium ReadOnly,
        "Protocol between brokers where inter.broker.listener.name is not set; only one of the two may be.";
    "inter.broker.listener.name" String null any(), Medium ReadOnly,
        "Listener that brokers use between themselves. If it is not set, the one named like security.inter.broker.protocol.";
    "replica.selector.class" String null any(), Medium ReadOnly,
        "Who decides from which replica a consumer reads, as a Java class name; always the leader if it is not set.";
    "follower.fetch.last.tiered.offset.enable" Boolean "false" any(), Medium ClusterWide,
        "Whether an empty follower starts after what is stored remotely instead of copying it all.";
}
