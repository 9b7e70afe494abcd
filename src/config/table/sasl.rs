//! SASL: mechanisms, Kerberos, login refresh.

use crate::check::{any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "sasl.mechanism.inter.broker.protocol" String "GSSAPI" any(), Medium PerBroker,
        "-";
    "sasl.enabled.mechanisms" List "GSSAPI" list(), Medium PerBroker,
        "-";
    "sasl.server.callback.handler.class" Class null any(), Medium ReadOnly,
        "-";
    "sasl.kerberos.principal.to.local.rules" List "DEFAULT" list(), Medium PerBroker,
        "-";
    "sasl.jaas.config" Password null any(), Medium PerBroker,
        "-";
    "sasl.client.callback.handler.class" Class null any(), Medium ReadOnly,
        "-";
    "sasl.login.class" Class null any(), Medium ReadOnly,
        "-";
    "sasl.login.callback.handler.class" Class null any(), Medium ReadOnly,
        "-";
    "sasl.kerberos.service.name" String null any(), Medium PerBroker,
        "-";
    "sasl.kerberos.kinit.cmd" String "/usr/bin/kinit" any(), Medium PerBroker,
        "-";
    "sasl.kerberos.ticket.renew.window.factor" Double "0.8" any(), Medium PerBroker,
        "-";
    "sasl.kerberos.ticket.renew.jitter" Double "0.05" any(), Medium PerBroker,
        "-";
    "sasl.kerberos.min.time.before.relogin" Long "60000" any(), Medium PerBroker,
        "-";
    "sasl.login.refresh.window.factor" Double "0.8" any(), Medium PerBroker,
        "-";
    "sasl.login.refresh.window.jitter" Double "0.05" any(), Medium PerBroker,
        "-";
    "sasl.login.refresh.min.period.seconds" Short "60" any(), Medium PerBroker,
        "-";
    "sasl.login.refresh.buffer.seconds" Short "300" any(), Medium PerBroker,
        "-";
    "sasl.login.connect.timeout.ms" Int null any(), Low ReadOnly,
        "-";
    "sasl.login.read.timeout.ms" Int null any(), Low ReadOnly,
        "-";
    "sasl.login.retry.backoff.max.ms" Long "10000" any(), Low ReadOnly,
        "-";
    "sasl.login.retry.backoff.ms" Long "100" any(), Low ReadOnly,
        "-";
}
