//! Where the node listens, and how many connections and requests it takes.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "listeners" List "PLAINTEXT://:9092" Check::List { of: &[], empty: false, null: false }, High PerBroker,
        "Where the node listens, as NAME://host:port, comma separated. An empty host is all addresses, and port 0 any free one.";
    "advertised.listeners" List null Check::List { of: &[], empty: false, null: true }, High ReadOnly,
        "What clients and other nodes are told to connect to, in the form of listeners; the listeners themselves if it is not set.";
    "listener.security.protocol.map" String "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT" any(), Low PerBroker,
        "Which protocol each listener speaks, as NAME:PROTOCOL with PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.";
    "socket.send.buffer.bytes" Int "102400" any(), High ReadOnly,
        "Send buffer of each connection in the operating system; -1 leaves it to the system.";
    "socket.receive.buffer.bytes" Int "102400" any(), High ReadOnly,
        "Receive buffer of each connection in the operating system; -1 leaves it to the system.";
    "socket.request.max.bytes" Int "104857600" at_least(1), High ReadOnly,
        "Largest request that is read. A connection that announces more is closed.";
    "socket.listen.backlog.size" Int "50" at_least(1), Medium ReadOnly,
        "How many connections may wait to be accepted. The operating system may have a lower bound of its own.";
    "max.connections.per.ip" Int "2147483647" at_least(0), Medium ClusterWide,
        "Most connections from one address. 0 admits only the addresses in max.connections.per.ip.overrides.";
    "max.connections.per.ip.overrides" String "" any(), Medium ClusterWide,
        "Other limits for single addresses, as host:limit, comma separated.";
    "max.connections" Int "2147483647" at_least(0), Medium ClusterWide,
        "Most connections at a time, of all listeners together. One listener is limited with the prefix listener.name.NAME.";
    "max.connection.creation.rate" Int "2147483647" at_least(0), Medium ClusterWide,
        "Most connections accepted in a second. One listener is limited with the prefix listener.name.NAME.";
    "connections.max.idle.ms" Long "600000" any(), Medium ReadOnly,
        "How long a connection may be silent before it is closed.";
    "connection.failed.authentication.delay.ms" Int "100" at_least(0), Low ReadOnly,
        "How long the answer to a failed authentication is held back, so that guessing is slow. Less than connections.max.idle.ms.";
    "queued.max.requests" Int "500" at_least(1), High ReadOnly,
        "How many requests may wait to be worked on before no more are read.";
    "queued.max.request.bytes" Long "-1" any(), Medium ReadOnly,
        "How many bytes of requests may be in memory before no more are read; -1 sets no bound. Not less than socket.request.max.bytes.";
    "num.network.threads" Int "3" at_least(1), High ClusterWide,
        "Threads of each listener that read and write. Kept for compatibility; it may be changed to between half and twice its value at once.";
}
