//! Who a connection is: principals, TLS.

use crate::check::{Check, any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "connections.max.reauth.ms" Long "0" any(), Medium ReadOnly,
        "-";
    "sasl.server.max.receive.size" Int "524288" any(), Medium ReadOnly,
        "-";
    "security.providers" String null any(), Low ReadOnly,
        "-";
    "principal.builder.class" Class "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder" any(), Medium PerBroker,
        "-";
    "ssl.client.auth" String "none" Check::OneOf(&["required", "requested", "none"]), Medium PerBroker,
        "-";
    "ssl.principal.mapping.rules" String "DEFAULT" any(), Low ReadOnly,
        "-";
    "ssl.allow.dn.changes" Boolean "false" any(), Low ReadOnly,
        "-";
    "ssl.allow.san.changes" Boolean "false" any(), Low ReadOnly,
        "-";
    "ssl.protocol" String "TLSv1.3" any(), Medium PerBroker,
        "-";
    "ssl.provider" String null any(), Medium PerBroker,
        "-";
    "ssl.enabled.protocols" List "TLSv1.2,TLSv1.3" list(), Medium PerBroker,
        "-";
    "ssl.keystore.type" String "JKS" any(), Medium PerBroker,
        "-";
    "ssl.keystore.location" String null any(), Medium PerBroker,
        "-";
    "ssl.keystore.password" Password null any(), Medium PerBroker,
        "-";
    "ssl.key.password" Password null any(), Medium PerBroker,
        "-";
    "ssl.keystore.key" Password null any(), Medium PerBroker,
        "-";
    "ssl.keystore.certificate.chain" Password null any(), Medium PerBroker,
        "-";
    "ssl.truststore.type" String "JKS" any(), Medium PerBroker,
        "-";
    "ssl.truststore.location" String null any(), Medium PerBroker,
        "-";
    "ssl.truststore.password" Password null any(), Medium PerBroker,
        "-";
    "ssl.truststore.certificates" Password null any(), Medium PerBroker,
        "-";
    "ssl.keymanager.algorithm" String "SunX509" any(), Medium PerBroker,
        "-";
    "ssl.trustmanager.algorithm" String "PKIX" any(), Medium PerBroker,
        "-";
    "ssl.endpoint.identification.algorithm" String "https" any(), Low PerBroker,
        "-";
    "ssl.secure.random.implementation" String null any(), Low PerBroker,
        "-";
    "ssl.cipher.suites" List "" list(), Medium PerBroker,
        "-";
    "ssl.engine.factory.class" Class null any(), Low PerBroker,
        "-";
}
