//! The first records of a new cluster (`ActivationRecordsGenerator`).

use metadata::features::{Feature, KRAFT_VERSION, SUPPORTED};
use metadata::records::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord, FeatureLevelRecord,
};
use metadata::{Image, Record, ResourceType};
use model::ErrorCode;

use crate::configs::MIN_ISR;
use crate::{Bootstrap, Controller, Decision, Refusal, Reply};

/// The features of a cluster that a 4.3.1 node forms by itself, as `kafka-storage format` writes them.
pub fn default_features() -> Vec<Record> {
    let kept_as_records = SUPPORTED.iter().filter(|feature| feature.name != KRAFT_VERSION);
    let record = |feature: &Feature| FeatureLevelRecord {
        name: feature.name.into(),
        feature_level: feature.max,
        ..Default::default()
    };
    kept_as_records.map(|feature| record(feature).into()).collect()
}

impl Controller {
    /// A log with records only needs to be rid of a transaction that an earlier controller left open.
    pub(crate) fn bootstrap(&mut self, image: &Image, request: Bootstrap) -> Decision {
        self.begin_reign();
        let mut records: Vec<Record> = Vec::new();
        if image.in_transaction() {
            let reason = Some("Controller failover".to_owned());
            records.push(AbortTransactionRecord { reason, ..Default::default() }.into());
        }
        if image.visible().metadata_version().is_some() {
            return Decision::atomic(records, Reply::Bootstrap(Ok(())));
        }
        let mut first = Image::default();
        request.records.iter().for_each(|record| first.replay(record));
        let Some(version) = first.metadata_version() else {
            let refusal = Refusal::new(ErrorCode::InvalidRequest, "The bootstrap records have no metadata.version.");
            return Decision::reply(Reply::Bootstrap(Err(refusal)));
        };
        if version.has_transactions() {
            let name = Some("Bootstrap records".to_owned());
            records.push(BeginTransactionRecord { name, ..Default::default() }.into());
        }
        records.extend(request.records);
        if first.has_elr() {
            records.push(self.cluster_min_isr().into());
        }
        if version.has_transactions() {
            records.push(EndTransactionRecord::default().into());
        }
        Decision::atomic(records, Reply::Bootstrap(Ok(())))
    }

    /// With eligible leader replicas the least ISR must be the same in the eyes of all (KIP-966).
    pub(crate) fn cluster_min_isr(&self) -> ConfigRecord {
        let value = self.settings.node.value(MIN_ISR).and_then(config::Value::as_i64).unwrap_or(1);
        ConfigRecord {
            resource_type: ResourceType::BROKER.0,
            name: MIN_ISR.into(),
            value: Some(value.to_string()),
            ..Default::default()
        }
    }
}
