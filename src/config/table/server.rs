//! The node as a whole: its number, threads, message size, compression, fetch limits.

use crate::check::{Check, any, at_least, between, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "broker.id" Int "-1" any(), High ReadOnly,
        "The older name of node.id. If both are set they must be equal.";
    "message.max.bytes" Int "1048588" at_least(0), High ClusterWide,
        "Largest record batch that is accepted, in bytes, after compression. Topics override it with max.message.bytes.";
    "num.io.threads" Int "8" at_least(1), High ClusterWide,
        "Threads that work on requests. Kept for compatibility; it may be changed to between half and twice its value at once.";
    "num.replica.alter.log.dirs.threads" Int null any(), High ReadOnly,
        "Threads that move replicas between log directories; one for each directory if it is not set.";
    "background.threads" Int "10" at_least(1), High ClusterWide,
        "Threads for housekeeping.";
    "request.timeout.ms" Int "30000" any(), High ReadOnly,
        "How long this node waits for the answer to a request of its own before it tries again or gives up.";
    "socket.connection.setup.timeout.ms" Long "10000" any(), Medium ReadOnly,
        "How long the first try to connect to another node may take.";
    "socket.connection.setup.timeout.max.ms" Long "30000" any(), Medium ReadOnly,
        "How long a try to connect to another node may take at most; tries that fail double the time up to this.";
    "config.providers" List "" list(), Low ClusterWide,
        "Names of providers that values may be read from at start, such as secrets in files. Each has settings under config.providers.NAME.";
    "authorizer.class.name" String "" Check::NonNull, Low ReadOnly,
        "Who decides what a principal may do, as a Java class name; empty lets everybody do everything.";
    "early.start.listeners" List null Check::List { of: &[], empty: true, null: true }, High ReadOnly,
        "Listeners that open before the authorizer is ready; those of the controllers if it is not set.";
    "broker.rack" String null any(), Medium ReadOnly,
        "Where this broker stands, for example an availability zone. Replicas of a partition are spread over racks, and consumers can read nearby.";
    "controlled.shutdown.enable" Boolean "true" any(), Medium ReadOnly,
        "Whether leadership is handed to other brokers before a broker stops.";
    "delete.topic.enable" Boolean "true" any(), High ReadOnly,
        "Whether topics can be deleted.";
    "compression.type" String "producer" Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), High ClusterWide,
        "How batches are stored: producer keeps what producers chose; a codec's name compresses all alike; uncompressed unpacks them.";
    "compression.gzip.level" Int "-1" Check::GzipLevel, Medium ClusterWide,
        "Level where gzip is the codec of the log; -1 is the codec's own default.";
    "compression.lz4.level" Int "9" between(1.0, 17.0), Medium ClusterWide,
        "Level where lz4 is the codec of the log.";
    "compression.zstd.level" Int "3" between(-131072.0, 22.0), Medium ClusterWide,
        "Level where zstd is the codec of the log; negative levels are faster.";
    "max.incremental.fetch.session.cache.slots" Int "1000" at_least(0), Medium ReadOnly,
        "How many incremental fetch sessions are remembered. Fetchers without one send and get all their partitions each time.";
    "fetch.max.bytes" Int "57671680" at_least(1024), Medium ReadOnly,
        "Most bytes that a fetch is answered with. One batch is returned even if it is larger.";
    "max.request.partition.size.limit" Int "2000" at_least(1), Medium ReadOnly,
        "Most partitions that one request for topics' descriptions is answered with.";
    "unstable.api.versions.enable" Boolean "false" any(), High ReadOnly internal,
        "Offers versions of requests that are still being developed. For developers.";
    "unstable.feature.versions.enable" Boolean "false" any(), High ReadOnly internal,
        "Offers levels of features that are still being developed. For developers.";
}
