//! What makes a process a broker, a controller or both (KIP-500), and how brokers register.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "process.roles" List required Check::List { of: &["broker", "controller"], empty: false, null: false }, High ReadOnly,
        "-";
    "node.id" Int required at_least(0), High ReadOnly,
        "-";
    "initial.broker.registration.timeout.ms" Int "60000" any(), Medium ReadOnly,
        "-";
    "broker.heartbeat.interval.ms" Int "2000" any(), Medium ReadOnly,
        "-";
    "broker.session.timeout.ms" Int "9000" any(), Medium ReadOnly,
        "-";
    "controller.listener.names" List required Check::List { of: &[], empty: false, null: false }, High ReadOnly,
        "-";
    "sasl.mechanism.controller.protocol" String "GSSAPI" any(), High ReadOnly,
        "-";
    "controller.performance.sample.period.ms" Long "60000" at_least(100), Medium ReadOnly internal,
        "-";
    "controller.performance.always.log.threshold.ms" Long "2000" at_least(0), Medium ReadOnly internal,
        "-";
    "server.max.startup.time.ms" Long "9223372036854775807" at_least(0), Medium ReadOnly internal,
        "-";
}
