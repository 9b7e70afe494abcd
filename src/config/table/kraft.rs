//! What makes a process a broker, a controller or both (KIP-500), and how brokers register.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "process.roles" List required Check::List { of: &["broker", "controller"], empty: false, null: false }, High ReadOnly,
        "What this process is: broker, controller, or both.";
    "node.id" Int required at_least(0), High ReadOnly,
        "The number of this node, different from that of every other broker and controller.";
    "initial.broker.registration.timeout.ms" Int "60000" any(), Medium ReadOnly,
        "How long a starting broker tries to register with the controllers before it gives up.";
    "broker.heartbeat.interval.ms" Int "2000" any(), Medium ReadOnly,
        "How often a broker tells the active controller that it is alive. At most half the session timeout.";
    "broker.session.timeout.ms" Int "9000" any(), Medium ReadOnly,
        "How long the controller waits for a broker's heartbeat before it fences the broker and elects other leaders.";
    "controller.listener.names" List required Check::List { of: &[], empty: false, null: false }, High ReadOnly,
        "Names of the listeners that controllers serve. Brokers connect to the first.";
    "sasl.mechanism.controller.protocol" String "GSSAPI" any(), High ReadOnly,
        "SASL mechanism for connections to controllers.";
    "controller.performance.sample.period.ms" Long "60000" at_least(100), Medium ReadOnly internal,
        "How often the controller logs how long its events took.";
    "controller.performance.always.log.threshold.ms" Long "2000" at_least(0), Medium ReadOnly internal,
        "An event of the controller that takes longer than this is always logged.";
    "server.max.startup.time.ms" Long "9223372036854775807" at_least(0), Medium ReadOnly internal,
        "How long the start may take before it fails. For tests.";
}
