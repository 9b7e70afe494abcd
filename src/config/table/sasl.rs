//! SASL: mechanisms, Kerberos, login refresh.

use crate::check::{any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "sasl.mechanism.inter.broker.protocol" String "GSSAPI" any(), Medium PerBroker,
        "SASL mechanism between brokers. It must be one of sasl.enabled.mechanisms where brokers use SASL.";
    "sasl.enabled.mechanisms" List "GSSAPI" list(), Medium PerBroker,
        "SASL mechanisms that clients may use.";
    "sasl.server.callback.handler.class" Class null any(), Medium ReadOnly,
        "Who checks credentials, as a Java class name. Set with the prefix of a listener and a mechanism.";
    "sasl.kerberos.principal.to.local.rules" List "DEFAULT" list(), Medium PerBroker,
        "How Kerberos principals become short names: rules that are tried in order.";
    "sasl.jaas.config" Password null any(), Medium PerBroker,
        "Login modules and their options for SASL, in JAAS notation. Set with the prefix of a listener and a mechanism.";
    "sasl.client.callback.handler.class" Class null any(), Medium ReadOnly,
        "Who provides credentials for connections to other nodes, as a Java class name.";
    "sasl.login.class" Class null any(), Medium ReadOnly,
        "Who logs in for SASL, as a Java class name.";
    "sasl.login.callback.handler.class" Class null any(), Medium ReadOnly,
        "Who provides credentials for a login, as a Java class name.";
    "sasl.kerberos.service.name" String null any(), Medium PerBroker,
        "Kerberos name under which the nodes run.";
    "sasl.kerberos.kinit.cmd" String "/usr/bin/kinit" any(), Medium PerBroker,
        "Path of the kinit program.";
    "sasl.kerberos.ticket.renew.window.factor" Double "0.8" any(), Medium PerBroker,
        "After which share of its life a Kerberos ticket is renewed.";
    "sasl.kerberos.ticket.renew.jitter" Double "0.05" any(), Medium PerBroker,
        "Random share that is added to the time of renewal.";
    "sasl.kerberos.min.time.before.relogin" Long "60000" any(), Medium PerBroker,
        "Least time between two renewals of a ticket.";
    "sasl.login.refresh.window.factor" Double "0.8" any(), Medium PerBroker,
        "After which share of its life a credential is refreshed.";
    "sasl.login.refresh.window.jitter" Double "0.05" any(), Medium PerBroker,
        "Random share that is added to the time of refreshing.";
    "sasl.login.refresh.min.period.seconds" Short "60" any(), Medium PerBroker,
        "Least time between two refreshes of a credential.";
    "sasl.login.refresh.buffer.seconds" Short "300" any(), Medium PerBroker,
        "How long before its end a credential is refreshed at the latest.";
    "sasl.login.connect.timeout.ms" Int null any(), Low ReadOnly,
        "How long connecting to an OAuth provider may take.";
    "sasl.login.read.timeout.ms" Int null any(), Low ReadOnly,
        "How long an answer of an OAuth provider may take.";
    "sasl.login.retry.backoff.max.ms" Long "10000" any(), Low ReadOnly,
        "Longest wait between tries to log in with an OAuth provider.";
    "sasl.login.retry.backoff.ms" Long "100" any(), Low ReadOnly,
        "First wait between tries to log in with an OAuth provider.";
}
