//! What changed between two images: noted record by record, or found by comparing.

use std::collections::{BTreeMap, BTreeSet};

use model::{NodeId, PartitionIndex, TopicId};

use crate::{ConfigResource, Image, Map, Record, ResourceType};

/// The parts of the metadata that changed. What they were and are, the two images tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Some feature has another level.
    pub features: bool,
    /// Brokers that registered, changed or went.
    pub brokers: BTreeSet<NodeId>,
    /// Controllers that registered, changed or went.
    pub controllers: BTreeSet<NodeId>,
    /// Topics that were created or deleted, and those of which a partition changed, with these partitions; a deleted
    /// topic has all of its partitions here.
    pub topics: BTreeMap<TopicId, BTreeSet<PartitionIndex>>,
    /// Resources with another configuration.
    pub configs: BTreeSet<ConfigResource>,
    /// Some client quota changed.
    pub client_quotas: bool,
    /// A block of producer ids was taken.
    pub producer_ids: bool,
    /// Some ACL changed.
    pub acls: bool,
    /// Some SCRAM credential or delegation token changed.
    pub credentials: bool,
}

impl Delta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes what `record` is about to change in what `before` shows ([`Image::visible`]); call it before
    /// [`Image::replay`]. The records of a transaction are noted together, when it ends.
    pub fn note(&mut self, before: &Image, record: &Record) {
        if let Record::EndTransaction(_) = record {
            if before.in_transaction() {
                self.merge(Self::between(before.visible(), before));
            }
            return;
        }
        if before.in_transaction() {
            return;
        }
        match record {
            Record::FeatureLevel(_) => self.features = true,
            Record::RegisterBroker(record) => self.broker(record.broker_id),
            Record::UnregisterBroker(record) => self.broker(record.broker_id),
            Record::FenceBroker(record) => self.broker(record.id),
            Record::UnfenceBroker(record) => self.broker(record.id),
            Record::BrokerRegistrationChange(record) => self.broker(record.broker_id),
            Record::RegisterController(record) => {
                self.controllers.insert(record.controller_id);
            }
            Record::ProducerIds(_) => self.producer_ids = true,
            Record::Topic(record) => {
                self.topics.entry(record.topic_id).or_default();
            }
            Record::RemoveTopic(record) => {
                if let Some(topic) = before.topic_by_id(record.topic_id) {
                    self.topics.entry(record.topic_id).or_default().extend(topic.partitions.keys().copied());
                    let resource = ConfigResource::topic(&topic.name);
                    if before.config(&resource).is_some() {
                        self.configs.insert(resource);
                    }
                }
            }
            Record::Partition(record) => self.partition(record.topic_id, record.partition_id),
            Record::PartitionChange(record) => self.partition(record.topic_id, record.partition_id),
            Record::ClearElr(record) => {
                let all = record.topic_name.is_empty();
                for topic in before.topics().filter(|topic| all || topic.name == record.topic_name) {
                    let changed = topic.partitions.iter().filter(|(_, partition)| partition.has_elr());
                    changed.for_each(|(index, _)| self.partition(topic.id, *index));
                }
            }
            Record::Config(record) => {
                let kind = ResourceType(record.resource_type);
                self.configs.insert(ConfigResource::new(kind, record.resource_name.clone()));
            }
            Record::ClientQuota(_) => self.client_quotas = true,
            Record::AccessControlEntry(_) | Record::RemoveAccessControlEntry(_) => self.acls = true,
            Record::UserScramCredential(_)
            | Record::RemoveUserScramCredential(_)
            | Record::DelegationToken(_)
            | Record::RemoveDelegationToken(_) => self.credentials = true,
            Record::NoOp(_)
            | Record::ZkMigrationState(_)
            | Record::BeginTransaction(_)
            | Record::EndTransaction(_)
            | Record::AbortTransaction(_) => {}
        }
    }

    /// Compares two images, as after a snapshot was loaded. Takes time in proportion to their size.
    pub fn between(old: &Image, new: &Image) -> Self {
        let mut topics = BTreeMap::new();
        for topic in old.topics() {
            match new.topic_by_id(topic.id) {
                None => drop(topics.insert(topic.id, topic.partitions.keys().copied().collect())),
                Some(now) if now != topic => {
                    drop(topics.insert(topic.id, changed(&topic.partitions, &now.partitions)));
                }
                Some(_) => {}
            }
        }
        for topic in new.topics().filter(|topic| old.topic_by_id(topic.id).is_none()) {
            topics.insert(topic.id, topic.partitions.keys().copied().collect::<BTreeSet<_>>());
        }
        Self {
            features: old.features != new.features,
            brokers: changed(&old.brokers, &new.brokers),
            controllers: changed(&old.controllers, &new.controllers),
            topics,
            configs: changed(&old.configs, &new.configs),
            client_quotas: old.client_quotas != new.client_quotas,
            producer_ids: old.next_producer_id != new.next_producer_id,
            acls: old.acls != new.acls,
            credentials: old.scram != new.scram || old.delegation_tokens != new.delegation_tokens,
        }
    }

    /// Adds what `other` notes.
    pub fn merge(&mut self, other: Self) {
        self.features |= other.features;
        self.brokers.extend(other.brokers);
        self.controllers.extend(other.controllers);
        for (topic, partitions) in other.topics {
            self.topics.entry(topic).or_default().extend(partitions);
        }
        self.configs.extend(other.configs);
        self.client_quotas |= other.client_quotas;
        self.producer_ids |= other.producer_ids;
        self.acls |= other.acls;
        self.credentials |= other.credentials;
    }

    fn broker(&mut self, id: NodeId) {
        self.brokers.insert(id);
    }

    fn partition(&mut self, topic: TopicId, partition: PartitionIndex) {
        self.topics.entry(topic).or_default().insert(partition);
    }
}

fn changed<K: Ord + Clone, V: PartialEq>(old: &Map<K, V>, new: &Map<K, V>) -> BTreeSet<K> {
    let gone_or_other = old.iter().filter(|(key, value)| new.get(key) != Some(value)).map(|(key, _)| key);
    let fresh = new.keys().filter(|key| old.get(key).is_none());
    gone_or_other.chain(fresh).cloned().collect()
}
