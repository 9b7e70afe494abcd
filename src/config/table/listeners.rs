//! Where the node listens, and how many connections and requests it takes.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "listeners" List "PLAINTEXT://:9092" Check::List { of: &[], empty: false, null: false }, High PerBroker,
        "-";
    "advertised.listeners" List null Check::List { of: &[], empty: false, null: true }, High ReadOnly,
        "-";
    "listener.security.protocol.map" String "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT" any(), Low PerBroker,
        "-";
    "socket.send.buffer.bytes" Int "102400" any(), High ReadOnly,
        "-";
    "socket.receive.buffer.bytes" Int "102400" any(), High ReadOnly,
        "-";
    "socket.request.max.bytes" Int "104857600" at_least(1), High ReadOnly,
        "-";
    "socket.listen.backlog.size" Int "50" at_least(1), Medium ReadOnly,
        "-";
    "max.connections.per.ip" Int "2147483647" at_least(0), Medium ClusterWide,
        "-";
    "max.connections.per.ip.overrides" String "" any(), Medium ClusterWide,
        "-";
    "max.connections" Int "2147483647" at_least(0), Medium ClusterWide,
        "-";
    "max.connection.creation.rate" Int "2147483647" at_least(0), Medium ClusterWide,
        "-";
    "connections.max.idle.ms" Long "600000" any(), Medium ReadOnly,
        "-";
    "connection.failed.authentication.delay.ms" Int "100" at_least(0), Low ReadOnly,
        "-";
    "queued.max.requests" Int "500" at_least(1), High ReadOnly,
        "-";
    "queued.max.request.bytes" Long "-1" any(), Medium ReadOnly,
        "-";
    "num.network.threads" Int "3" at_least(1), High ClusterWide,
        "-";
}
