//! ApiVersions 0 to 4: what the broker speaks, and which features the cluster has (KIP-511, KIP-584).

use kafka_protocol::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use metadata::Image;
use model::ErrorCode;
use wire::{Answer, Api, Context, Handle};

use crate::apis::APIS;
use crate::node::{FileSlice, Node};
use crate::text::text;

impl Handle<ApiVersionsRequest> for Node {
    async fn handle(&self, context: &Context, request: ApiVersionsRequest) -> Answer<ApiVersionsResponse, FileSlice> {
        let published = self.published();
        let spoken = Spoken {
            apis: APIS,
            image: &published.image,
            offset: published.offset,
            has_dynamic_voters: self.config().voters.is_empty(),
        };
        tell_versions(context, &request, &spoken).into()
    }
}

/// What is spoken on a listener, and the metadata with the features' levels.
pub struct Spoken<'a> {
    /// The list.
    pub apis: &'static [Api],
    /// The metadata.
    pub image: &'a Image,
    /// The offset of the last record in it.
    pub offset: i64,
    /// Whether kraft.version is 1.
    pub has_dynamic_voters: bool,
}

/// The answer, whoever gives it.
pub fn tell_versions(context: &Context, request: &ApiVersionsRequest, spoken: &Spoken<'_>) -> ApiVersionsResponse {
    if context.is_unknown_api_versions() {
        let own = spoken.apis.iter().filter(|api| api.key == ApiKey::ApiVersions).map(advertise).collect();
        return ApiVersionsResponse::default().with_error_code(ErrorCode::UnsupportedVersion.code()).with_api_keys(own);
    }
    if context.names_software()
        && !(is_software_name(&request.client_software_name) && is_software_name(&request.client_software_version))
    {
        return ApiVersionsResponse::default().with_error_code(ErrorCode::InvalidRequest.code());
    }
    let supported = quorum::SUPPORTED
        .iter()
        .filter(|feature| feature.min > 0 || context.knows_features_from_zero())
        .map(|feature| {
            SupportedFeatureKey::default()
                .with_name(text(feature.name))
                .with_min_version(feature.min)
                .with_max_version(feature.max)
        });
    // kraft.version is no record of the metadata's but the quorum's: it is 1 exactly where voters are not configured.
    let kraft = spoken.has_dynamic_voters.then_some(("kraft.version", 1));
    let finalized = spoken.image.features.iter().map(|(name, level)| (name.as_ref(), *level));
    let finalized = finalized.chain(kraft).map(|(name, level): (&str, i16)| {
        FinalizedFeatureKey::default().with_name(text(name)).with_min_version_level(level).with_max_version_level(level)
    });
    ApiVersionsResponse::default()
        .with_api_keys(spoken.apis.iter().map(advertise).collect())
        .with_supported_features(supported.collect())
        .with_finalized_features_epoch(spoken.offset)
        .with_finalized_features(finalized.collect())
}

fn advertise(api: &Api) -> ApiVersion {
    ApiVersion::default().with_api_key(api.key as i16).with_min_version(api.advertised_min()).with_max_version(api.max)
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (KIP-511).
fn is_software_name(text: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    is_edge(bytes.first())
        && is_edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_software() {
        for name in ["a", "apache-kafka-java", "4.3.1", "X9"] {
            assert!(is_software_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "a b", "ä"] {
            assert!(!is_software_name(name), "{name}");
        }
    }
}
