//! SASL/OAUTHBEARER: tokens' retrieval and validation.

use crate::check::{Check, any, between, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "sasl.oauthbearer.jwt.retriever.class" Class "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever" any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.jwt.validator.class" Class "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator" any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.scope" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.client.credentials.client.id" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.client.credentials.client.secret" Password null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.algorithm" String "RS256" Check::OneOfAnyCase(&["ES256", "RS256"]), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.aud" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.exp.seconds" Int "300" between(0.0, 86400.0), Low ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.iss" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.jti.include" Boolean "false" any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.nbf.seconds" Int "60" between(0.0, 3600.0), Low ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.claim.sub" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.file" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.private.key.file" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.private.key.passphrase" Password null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.assertion.template.file" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.scope.claim.name" String "scope" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.sub.claim.name" String "sub" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.token.endpoint.url" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.jwks.endpoint.url" String null any(), Medium ReadOnly,
        "-";
    "sasl.oauthbearer.jwks.endpoint.refresh.ms" Long "3600000" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" Long "100" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" Long "10000" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.clock.skew.seconds" Int "30" any(), Low ReadOnly,
        "-";
    "sasl.oauthbearer.expected.audience" List "" list(), High ReadOnly,
        "-";
    "sasl.oauthbearer.expected.issuer" String null any(), High ReadOnly,
        "-";
}
