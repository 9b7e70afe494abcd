//! UpdateFeatures 0 to 2: other levels for features of the cluster (KIP-584, KIP-778).

use controller::{Event, FeatureUpdate, Refusal, Reply, UpdateFeatures, UpdateKind};
use kafka_protocol::messages::update_features_response::UpdatableFeatureResult;
use kafka_protocol::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};
use kafka_protocol::protocol::StrBytes;
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text_or_null;

impl Handle<UpdateFeaturesRequest> for ControllerNode {
    async fn handle(
        &self,
        context: &Context,
        request: UpdateFeaturesRequest,
    ) -> Answer<UpdateFeaturesResponse, FileSlice> {
        let updates = request.feature_updates.iter().map(|update| FeatureUpdate {
            name: update.feature.to_string(),
            level: update.max_version_level,
            kind: match update.upgrade_type {
                1 => UpdateKind::Upgrade,
                2 => UpdateKind::SafeDowngrade,
                3 => UpdateKind::UnsafeDowngrade,
                _ => UpdateKind::Unknown,
            },
        });
        let event = UpdateFeatures {
            updates: updates.collect(),
            validate_only: request.validate_only,
            kraft_version: i16::from(self.config.voters.is_empty()),
            voters: self.quorum.iter().flat_map(|quorum| quorum.voters().iter().copied()).collect(),
        };
        let answer = UpdateFeaturesResponse::default().with_error_message(None);
        let result = match self.submit(Event::UpdateFeatures(event)).await {
            Ok(Reply::UpdateFeatures(result)) => result,
            _ => Err(Refusal::code(ErrorCode::NotController)),
        };
        match result {
            Err(refusal) => {
                answer.with_error_code(refusal.code.code()).with_error_message(text_or_null(refusal.message))
            }
            Ok(()) if context.tells_each_feature() => {
                let told = request.feature_updates.into_iter().map(|update| {
                    // The words that stand for no error (`Errors.NONE`).
                    let none = Some(StrBytes::from_static_str("NONE"));
                    UpdatableFeatureResult::default().with_feature(update.feature).with_error_message(none)
                });
                answer.with_results(told.collect())
            }
            Ok(()) => answer,
        }
        .into()
    }
}
