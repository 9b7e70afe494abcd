//! SASL/OAUTHBEARER: tokens' retrieval and validation.

use crate::check::{Check, any, between, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "sasl.oauthbearer.jwt.retriever.class" Class "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever" any(), Medium ReadOnly,
        "Who fetches tokens, as a Java class name.";
    "sasl.oauthbearer.jwt.validator.class" Class "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator" any(), Medium ReadOnly,
        "Who checks tokens, as a Java class name.";
    "sasl.oauthbearer.scope" String null any(), Medium ReadOnly,
        "Scope that is asked for with a token.";
    "sasl.oauthbearer.client.credentials.client.id" String null any(), Medium ReadOnly,
        "Client id for the client credentials grant.";
    "sasl.oauthbearer.client.credentials.client.secret" Password null any(), Medium ReadOnly,
        "Client secret for the client credentials grant.";
    "sasl.oauthbearer.assertion.algorithm" String "RS256" Check::OneOfAnyCase(&["ES256", "RS256"]), Medium ReadOnly,
        "Algorithm that signs assertions.";
    "sasl.oauthbearer.assertion.claim.aud" String null any(), Medium ReadOnly,
        "Audience that assertions name.";
    "sasl.oauthbearer.assertion.claim.exp.seconds" Int "300" between(0.0, 86400.0), Low ReadOnly,
        "How long an assertion is valid.";
    "sasl.oauthbearer.assertion.claim.iss" String null any(), Medium ReadOnly,
        "Issuer that assertions name.";
    "sasl.oauthbearer.assertion.claim.jti.include" Boolean "false" any(), Medium ReadOnly,
        "Whether each assertion has an id of its own.";
    "sasl.oauthbearer.assertion.claim.nbf.seconds" Int "60" between(0.0, 3600.0), Low ReadOnly,
        "How far back an assertion is already valid, for clocks that differ.";
    "sasl.oauthbearer.assertion.claim.sub" String null any(), Medium ReadOnly,
        "Subject that assertions name.";
    "sasl.oauthbearer.assertion.file" String null any(), Medium ReadOnly,
        "File with a ready assertion, read again when it changes.";
    "sasl.oauthbearer.assertion.private.key.file" String null any(), Medium ReadOnly,
        "File with the key that signs assertions, as PEM.";
    "sasl.oauthbearer.assertion.private.key.passphrase" Password null any(), Medium ReadOnly,
        "Password of the key that signs assertions.";
    "sasl.oauthbearer.assertion.template.file" String null any(), Medium ReadOnly,
        "File with headers and claims to start assertions from, as JSON.";
    "sasl.oauthbearer.scope.claim.name" String "scope" any(), Low ReadOnly,
        "Claim of a token that has its scope.";
    "sasl.oauthbearer.sub.claim.name" String "sub" any(), Low ReadOnly,
        "Claim of a token that has its subject, which becomes the principal.";
    "sasl.oauthbearer.token.endpoint.url" String null any(), Medium ReadOnly,
        "Where tokens are fetched: a URL of the provider, or a file.";
    "sasl.oauthbearer.jwks.endpoint.url" String null any(), Medium ReadOnly,
        "Where the keys that check tokens are fetched: a URL of the provider, or a file.";
    "sasl.oauthbearer.jwks.endpoint.refresh.ms" Long "3600000" any(), Low ReadOnly,
        "How often the keys that check tokens are fetched again.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" Long "100" any(), Low ReadOnly,
        "First wait between tries to fetch the keys that check tokens.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" Long "10000" any(), Low ReadOnly,
        "Longest wait between tries to fetch the keys that check tokens.";
    "sasl.oauthbearer.clock.skew.seconds" Int "30" any(), Low ReadOnly,
        "How far the provider's clock may differ from ours.";
    "sasl.oauthbearer.expected.audience" List "" list(), High ReadOnly,
        "Audiences of which a token must name one.";
    "sasl.oauthbearer.expected.issuer" String null any(), High ReadOnly,
        "Issuer that a token must name.";
}
