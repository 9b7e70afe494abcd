//! What the records add up to: the whole metadata of a cluster at one moment.

mod brokers;
mod configs;
mod security;
mod topics;

use std::sync::Arc;

use model::{NodeId, ProducerId, TopicId, TopicName, Uuid};

use crate::records::*;
use crate::{Map, MetadataVersion, Record};
pub use configs::{ConfigResource, QuotaEntity, ResourceType};
pub use topics::{Partition, Topic};

/// The metadata of a cluster. A clone is a snapshot and costs next to nothing.
///
/// Nothing that a record told is lost: [`Image::to_records`] tells it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// The level of each feature that is not 0.
    pub features: Map<String, i16>,
    /// The registered brokers, with all that changed since they registered.
    pub brokers: Map<NodeId, Arc<RegisterBrokerRecord>>,
    /// The registered controllers.
    pub controllers: Map<NodeId, Arc<RegisterControllerRecord>>,
    topics: Map<TopicId, Topic>,
    topic_ids: Map<TopicName, TopicId>,
    /// The configurations that were set, by resource and key.
    pub configs: Map<ConfigResource, Map<String, String>>,
    /// The client quotas, by entity and key.
    pub client_quotas: Map<QuotaEntity, Map<String, f64>>,
    /// The first producer id that nobody has yet; none before the first block was taken.
    pub next_producer_id: Option<ProducerId>,
    /// The ACLs by id.
    pub acls: Map<Uuid, Arc<AccessControlEntryRecord>>,
    /// The SCRAM credentials by mechanism and user.
    pub scram: Map<(i8, String), Arc<UserScramCredentialRecord>>,
    /// The delegation tokens by id.
    pub delegation_tokens: Map<String, Arc<DelegationTokenRecord>>,
    /// How far a migration from ZooKeeper had come, in clusters that once had one.
    pub zk_migration_state: Option<i8>,
    /// The image as it was when the open transaction of records began.
    before_transaction: Option<Arc<Image>>,
}

impl Image {
    /// Folds one record in. Infallible: what contradicts the image (the change of a broker or topic that is not there) changes
    /// nothing, so that every node comes to the same image from the same records.
    pub fn replay(&mut self, record: &Record) {
        match record {
            Record::BeginTransaction(_) => self.begin_transaction(),
            Record::EndTransaction(_) => self.before_transaction = None,
            Record::AbortTransaction(_) => self.abort_transaction(),
            Record::NoOp(_) => {}

            Record::FeatureLevel(record) => self.replay_feature_level(record),
            Record::RegisterBroker(record) => {
                self.brokers.insert_mut(record.broker_id, Arc::new(record.clone()));
            }
            Record::UnregisterBroker(record) => self.replay_unregister_broker(record),
            Record::FenceBroker(record) => self.change_broker(record.id, record.epoch, |broker| broker.fenced = true),
            Record::UnfenceBroker(record) => {
                self.change_broker(record.id, record.epoch, |broker| broker.fenced = false)
            }
            Record::BrokerRegistrationChange(record) => self.replay_broker_registration_change(record),
            Record::RegisterController(record) => {
                self.controllers.insert_mut(record.controller_id, Arc::new(record.clone()));
            }
            Record::ProducerIds(record) => self.next_producer_id = Some(record.next_producer_id),
            Record::ZkMigrationState(record) => self.zk_migration_state = Some(record.zk_migration_state),

            Record::Topic(record) => self.replay_topic(record),
            Record::RemoveTopic(record) => self.replay_remove_topic(record),
            Record::Partition(record) => self.replay_partition(record),
            Record::PartitionChange(record) => self.replay_partition_change(record),
            Record::ClearElr(record) => self.replay_clear_elr(record),

            Record::Config(record) => self.replay_config(record),
            Record::ClientQuota(record) => self.replay_client_quota(record),

            Record::AccessControlEntry(record) => self.acls.insert_mut(record.id, Arc::new(record.clone())),
            Record::RemoveAccessControlEntry(record) => {
                self.acls.remove_mut(&record.id);
            }
            Record::UserScramCredential(record) => self.replay_scram(record),
            Record::RemoveUserScramCredential(record) => {
                self.scram.remove_mut(&(record.mechanism, record.name.clone()));
            }
            Record::DelegationToken(record) => {
                self.delegation_tokens.insert_mut(record.token_id.clone(), Arc::new(record.clone()));
            }
            Record::RemoveDelegationToken(record) => {
                self.delegation_tokens.remove_mut(&record.token_id);
            }
        }
    }

    /// The cluster's metadata version; none before the first record of it.
    pub fn metadata_version(&self) -> Option<MetadataVersion> {
        self.features.get(MetadataVersion::FEATURE).copied().map(MetadataVersion)
    }

    /// The level of a feature; 0 if it is off.
    pub fn feature(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or_default()
    }

    /// Whether partitions may have eligible leader replicas (KIP-966).
    pub fn has_elr(&self) -> bool {
        self.feature(crate::features::ELR_VERSION) >= 1
    }

    /// Whether a transaction of records is open.
    pub fn in_transaction(&self) -> bool {
        self.before_transaction.is_some()
    }

    /// What may be shown to others: without the records of a transaction that has not ended (KIP-868).
    pub fn visible(&self) -> &Self {
        self.before_transaction.as_deref().unwrap_or(self)
    }

    fn begin_transaction(&mut self) {
        if !self.in_transaction() {
            self.before_transaction = Some(Arc::new(self.clone()));
        }
    }

    fn abort_transaction(&mut self) {
        if let Some(before) = self.before_transaction.take() {
            *self = (*before).clone();
        }
    }

    fn replay_feature_level(&mut self, record: &FeatureLevelRecord) {
        if record.feature_level == 0 {
            self.features.remove_mut(&record.name);
        } else {
            self.features.insert_mut(record.name.clone(), record.feature_level);
        }
    }
}
