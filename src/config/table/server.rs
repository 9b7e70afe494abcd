//! The node as a whole: its number, threads, message size, compression, fetch limits.

use crate::check::{Check, any, at_least, between, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "broker.id" Int "-1" any(), High ReadOnly,
        "-";
    "message.max.bytes" Int "1048588" at_least(0), High ClusterWide,
        "-";
    "num.io.threads" Int "8" at_least(1), High ClusterWide,
        "-";
    "num.replica.alter.log.dirs.threads" Int null any(), High ReadOnly,
        "-";
    "background.threads" Int "10" at_least(1), High ClusterWide,
        "-";
    "request.timeout.ms" Int "30000" any(), High ReadOnly,
        "-";
    "socket.connection.setup.timeout.ms" Long "10000" any(), Medium ReadOnly,
        "-";
    "socket.connection.setup.timeout.max.ms" Long "30000" any(), Medium ReadOnly,
        "-";
    "config.providers" List "" list(), Low ClusterWide,
        "-";
    "authorizer.class.name" String "" Check::NonNull, Low ReadOnly,
        "-";
    "early.start.listeners" List null Check::List { of: &[], empty: true, null: true }, High ReadOnly,
        "-";
    "broker.rack" String null any(), Medium ReadOnly,
        "-";
    "controlled.shutdown.enable" Boolean "true" any(), Medium ReadOnly,
        "-";
    "delete.topic.enable" Boolean "true" any(), High ReadOnly,
        "-";
    "compression.type" String "producer" Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), High ClusterWide,
        "-";
    "compression.gzip.level" Int "-1" Check::GzipLevel, Medium ClusterWide,
        "-";
    "compression.lz4.level" Int "9" between(1.0, 17.0), Medium ClusterWide,
        "-";
    "compression.zstd.level" Int "3" between(-131072.0, 22.0), Medium ClusterWide,
        "-";
    "max.incremental.fetch.session.cache.slots" Int "1000" at_least(0), Medium ReadOnly,
        "-";
    "fetch.max.bytes" Int "57671680" at_least(1024), Medium ReadOnly,
        "-";
    "max.request.partition.size.limit" Int "2000" at_least(1), Medium ReadOnly,
        "-";
    "unstable.api.versions.enable" Boolean "false" any(), High ReadOnly internal,
        "-";
    "unstable.feature.versions.enable" Boolean "false" any(), High ReadOnly internal,
        "-";
}
