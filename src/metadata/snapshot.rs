//! The image told again as records, for a snapshot, in Kafka's order (`MetadataImage.write`).

use model::{BrokerEpoch, NodeId, Uuid};

use crate::records::*;
use crate::{Image, MetadataVersion, Partition, Record, Topic};

impl Image {
    /// The records that an empty image needs to become this one; an open transaction is left out.
    pub fn to_records(&self) -> Vec<Record> {
        let image = self.visible();
        let mut records = Vec::new();
        image.write_features(&mut records);
        records.extend(image.brokers.values().map(|broker| Record::RegisterBroker((**broker).clone())));
        records.extend(image.controllers.values().map(|it| Record::RegisterController((**it).clone())));
        for topic in image.topics() {
            image.write_topic(topic, &mut records);
        }
        image.write_configs(&mut records);
        image.write_quotas(&mut records);
        records.extend(image.next_producer_id.map(|next_producer_id| {
            let (broker_id, broker_epoch) = (NodeId::NONE, BrokerEpoch(-1));
            ProducerIdsRecord { broker_id, broker_epoch, next_producer_id, ..Default::default() }.into()
        }));
        records.extend(image.acls.values().map(|acl| Record::AccessControlEntry((**acl).clone())));
        records.extend(image.scram.values().map(|it| Record::UserScramCredential((**it).clone())));
        records.extend(image.delegation_tokens.values().map(|it| Record::DelegationToken((**it).clone())));
        records.extend(
            image
                .zk_migration_state
                .map(|zk_migration_state| ZkMigrationStateRecord { zk_migration_state, ..Default::default() }.into()),
        );
        records
    }

    /// The metadata version goes first: it says how all others are read.
    fn write_features(&self, records: &mut Vec<Record>) {
        let (first, others): (Vec<_>, Vec<_>) =
            self.features.iter().partition(|(name, _)| name.as_str() == MetadataVersion::FEATURE);
        records.extend(first.into_iter().chain(others).map(|(name, level)| {
            FeatureLevelRecord { name: name.clone(), feature_level: *level, ..Default::default() }.into()
        }));
    }

    fn write_topic(&self, topic: &Topic, records: &mut Vec<Record>) {
        records.push(TopicRecord { name: topic.name.clone(), topic_id: topic.id, ..Default::default() }.into());
        let with_directories = self.metadata_version().is_some_and(MetadataVersion::has_directories);
        for (index, partition) in &topic.partitions {
            let mut record = partition.to_record();
            record.topic_id = topic.id;
            record.partition_id = *index;
            if !with_directories && record.directories.iter().all(|it| *it == Uuid::MIGRATING_DIR) {
                record.directories.clear(); // The record's version there has no room to say that there are none.
            }
            records.push(record.into());
        }
    }

    fn write_configs(&self, records: &mut Vec<Record>) {
        for (resource, keys) in &self.configs {
            records.extend(keys.iter().map(|(name, value)| {
                ConfigRecord {
                    resource_type: resource.kind.0,
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                    ..Default::default()
                }
                .into()
            }));
        }
    }

    fn write_quotas(&self, records: &mut Vec<Record>) {
        for (entity, keys) in &self.client_quotas {
            let entity: Vec<_> = entity
                .iter()
                .map(|(kind, name)| EntityData {
                    entity_type: kind.clone(),
                    entity_name: name.clone(),
                    ..Default::default()
                })
                .collect();
            records.extend(keys.iter().map(|(key, value)| {
                let (entity, key, value) = (entity.clone(), key.clone(), *value);
                ClientQuotaRecord { entity, key, value, ..Default::default() }.into()
            }));
        }
    }
}

impl Partition {
    /// The record that creates the partition as it is now; topic and number are to be filled in.
    pub fn to_record(&self) -> PartitionRecord {
        let told = |list: &Vec<NodeId>| (!list.is_empty()).then(|| list.clone());
        PartitionRecord {
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing_replicas: self.removing_replicas.clone(),
            adding_replicas: self.adding_replicas.clone(),
            leader: self.leader,
            leader_recovery_state: i8::from(self.recovering),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: told(&self.elr),
            last_known_elr: told(&self.last_known_elr),
            ..Default::default()
        }
    }
}
