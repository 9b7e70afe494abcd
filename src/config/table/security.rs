//! Who a connection is: principals, TLS.

use crate::check::{Check, any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "connections.max.reauth.ms" Long "0" any(), Medium ReadOnly,
        "How long a SASL session lasts before the client must authenticate again; 0 for as long as the connection.";
    "sasl.server.max.receive.size" Int "524288" any(), Medium ReadOnly,
        "Largest request before a connection has authenticated.";
    "security.providers" String null any(), Low ReadOnly,
        "Java classes that provide security algorithms. Kept for compatibility.";
    "principal.builder.class" Class "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder" any(), Medium PerBroker,
        "Who makes a principal out of a connection, as a Java class name.";
    "ssl.client.auth" String "none" Check::OneOf(&["required", "requested", "none"]), Medium PerBroker,
        "Whether clients must (required), may (requested) or need not (none) show a certificate.";
    "ssl.principal.mapping.rules" String "DEFAULT" any(), Low ReadOnly,
        "How the name in a certificate becomes a principal: rules that are tried in order; DEFAULT takes it whole.";
    "ssl.allow.dn.changes" Boolean "false" any(), Low ReadOnly,
        "Whether a key store that is replaced while running may have another distinguished name.";
    "ssl.allow.san.changes" Boolean "false" any(), Low ReadOnly,
        "Whether a key store that is replaced while running may have other alternative names.";
    "ssl.protocol" String "TLSv1.3" any(), Medium PerBroker,
        "Newest TLS version to use.";
    "ssl.provider" String null any(), Medium PerBroker,
        "Which Java security provider does TLS. Kept for compatibility.";
    "ssl.enabled.protocols" List "TLSv1.2,TLSv1.3" list(), Medium PerBroker,
        "TLS versions that are accepted.";
    "ssl.keystore.type" String "JKS" any(), Medium PerBroker,
        "Format of the key store: PEM, PKCS12 or JKS.";
    "ssl.keystore.location" String null any(), Medium PerBroker,
        "File with the node's own key and certificates.";
    "ssl.keystore.password" Password null any(), Medium PerBroker,
        "Password of the key store file. PEM has none.";
    "ssl.key.password" Password null any(), Medium PerBroker,
        "Password of the private key.";
    "ssl.keystore.key" Password null any(), Medium PerBroker,
        "Private key as PEM text, instead of a file.";
    "ssl.keystore.certificate.chain" Password null any(), Medium PerBroker,
        "Certificates as PEM text, the node's own first, instead of a file.";
    "ssl.truststore.type" String "JKS" any(), Medium PerBroker,
        "Format of the trust store: PEM, PKCS12 or JKS.";
    "ssl.truststore.location" String null any(), Medium PerBroker,
        "File with the certificates that are trusted.";
    "ssl.truststore.password" Password null any(), Medium PerBroker,
        "Password of the trust store file. PEM has none.";
    "ssl.truststore.certificates" Password null any(), Medium PerBroker,
        "Trusted certificates as PEM text, instead of a file.";
    "ssl.keymanager.algorithm" String "SunX509" any(), Medium PerBroker,
        "Java's algorithm to pick a key. Kept for compatibility.";
    "ssl.trustmanager.algorithm" String "PKIX" any(), Medium PerBroker,
        "Java's algorithm to judge certificates. Kept for compatibility.";
    "ssl.endpoint.identification.algorithm" String "https" any(), Low PerBroker,
        "How a server's name is checked against its certificate: https, or empty for not at all.";
    "ssl.secure.random.implementation" String null any(), Low PerBroker,
        "Java's source of random numbers for TLS. Kept for compatibility.";
    "ssl.cipher.suites" List "" list(), Medium PerBroker,
        "Cipher suites that are accepted; empty for all that are safe.";
    "ssl.engine.factory.class" Class null any(), Low PerBroker,
        "Who makes TLS sessions, as a Java class name.";
}
