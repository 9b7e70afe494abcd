//! Makes the node follow the metadata: logs come and go, configurations change, handlers see the new image.

use std::collections::BTreeSet;
use std::sync::Arc;

use metadata::{ConfigResource, Delta, Image, Partition as Registration, ResourceType, Topic};
use model::{BrokerEpoch, DirectoryId, PartitionIndex, TopicId, TopicPartition};
use replication::leader::Reign;
use tracing::{info, warn};

use crate::handlers::dynamic_configs;
use crate::node::{Node, Published};
use crate::partition::Partition;
use crate::topic_settings::TopicSettings;

impl Node {
    /// Follows the metadata from what was published last to `image`. When it returns, everything here is as the image
    /// says, so that whoever asked for the change may be answered.
    pub fn follow(&self, image: Arc<Image>, offset: i64) {
        let before = self.published();
        let delta = Delta::between(&before.image, &image);
        if self.brokers.follow(&image) {
            // Who waits for a broker that has died waits for it no longer.
            self.partitions.all().iter().for_each(|partition| partition.deleters.wake());
        }
        let brokers = self.follow_broker_configs(&image, &delta);
        for (topic, partitions) in &delta.topics {
            self.follow_topic(&image, *topic, partitions);
        }
        if brokers {
            self.follow_topic_configs(&image, image.topics());
        } else {
            let changed = delta.configs.iter().filter(|resource| resource.kind == ResourceType::TOPIC);
            self.follow_topic_configs(&image, changed.filter_map(|resource| image.topic(&resource.name)));
        }
        // Logs first, so that no handler finds a topic whose log is not there yet.
        self.publish(Published { image: Image::clone(&image), offset });
        self.movers.waiting.wake();
        if !delta.brokers.is_empty() {
            // Who shuts down waits until all others have seen what it changed. The heartbeat tells what is published, so it
            // must not overtake that: the next one comes only when its time has come.
            self.lifecycle.wake();
        }
        for (topic, partitions) in &delta.topics {
            match image.topic_by_id(*topic) {
                Some(topic) => self.drop_departed(topic, partitions),
                None => self.drop_topic(&before.image, *topic),
            }
        }
        self.groups.follow(self, &before.image, &image, Some(&delta));
    }

    /// Takes up every partition of the image whose log was loaded at the start.
    pub fn take_up(&self, image: &Image) {
        self.brokers.follow(image);
        for topic in image.topics() {
            let all: BTreeSet<PartitionIndex> = topic.partitions.keys().copied().collect();
            self.follow_topic(image, topic.id, &all);
        }
    }

    fn follow_topic(&self, image: &Image, id: TopicId, partitions: &BTreeSet<PartitionIndex>) {
        let Some(topic) = image.topic_by_id(id) else { return };
        let mut settings = None;
        for index in partitions {
            let Some(registered) = topic.partitions.get(index) else { continue };
            let here = self.partitions.get(id, *index);
            if !registered.replicas.contains(&self.id()) {
                if let Some(partition) = here {
                    // Others have it now; nothing may be acknowledged here any more, nor copied.
                    self.fetchers.leave(id, *index);
                    partition.follow(registered.leader_epoch);
                }
                continue;
            }
            match here {
                Some(partition) => {
                    self.take_role(&partition, registered);
                    self.settle_directory(&partition, registered);
                }
                None => {
                    let config = self.config();
                    let settings = settings.get_or_insert_with(|| TopicSettings::of(&config, image, &topic.name));
                    self.open(topic, *index, registered, settings);
                }
            }
        }
    }

    fn open(&self, topic: &Topic, index: PartitionIndex, registered: &Registration, settings: &TopicSettings) {
        let id = TopicPartition { topic: topic.name.clone(), partition: index };
        let directory = registered.directory(self.id());
        let log = match self.logs.get_or_create(&id, topic.id, directory, &settings.log) {
            Ok(log) => log,
            Err(error) => {
                warn!(partition = %id, %error, "the partition's log cannot be opened; the partition is offline");
                if self.logs.get(&id).is_none() && self.logs.future(&id).is_some() {
                    // Only a copy is left of it, in the directory that the metadata may name. It is no replica.
                    self.unassigned.lock().insert((topic.id, index), DirectoryId::LOST_DIR);
                }
                return;
            }
        };
        let partition = Partition::new(id, topic.id, log, settings.rules.clone(), self.brokers.clone());
        partition.set_limits(settings.min_insync_replicas, self.lag_max_ms());
        partition.set_throttled(settings.throttled.of(index));
        let partition = self.partitions.insert(partition);
        self.take_role(&partition, registered);
        self.settle_directory(&partition, registered);
        self.resume_move(&partition);
    }

    /// Leads or follows, as the metadata says. What it says before this broker has registered is of a reign that is over.
    fn take_role(&self, partition: &Partition, registered: &Registration) {
        if registered.leader != self.id() || self.epoch() == BrokerEpoch(-1) {
            partition.follow(registered.leader_epoch);
            if let Some(node) = self.me().filter(|_| registered.leader != self.id()) {
                node.fetchers.follow(&node, partition, registered.leader, registered.leader_epoch);
            }
            return;
        }
        let reign = Reign {
            leader_epoch: registered.leader_epoch,
            partition_epoch: registered.partition_epoch,
            replicas: registered.replicas.clone(),
            isr: registered.isr.clone(),
        };
        self.fetchers.leave(partition.topic_id, partition.id.partition);
        if registered.recovering && registered.leader_epoch > partition.leader_epoch() {
            let (from, epoch) = (partition.log().end_offset(), registered.leader_epoch);
            warn!(partition = %partition.id, %from, %epoch, "leads although it was not in sync: what only others have from here on is lost");
        }
        if let Err(error) = partition.lead(self.id(), reign, self.lag_max_ms()) {
            self.storage_failed(&partition.id, &error);
        }
    }

    /// `replica.lag.time.max.ms`.
    fn lag_max_ms(&self) -> i64 {
        self.config().replication.lag_time_max_ms
    }

    fn drop_topic(&self, before: &Image, id: TopicId) {
        let Some(topic) = before.topic_by_id(id) else { return };
        for index in topic.partitions.keys() {
            self.drop_partition(topic, *index);
        }
        info!(topic = %topic.name, "topic deleted");
    }

    /// Lets go of the partitions of which this broker has no replica any more: a reassignment took them elsewhere.
    fn drop_departed(&self, topic: &Topic, partitions: &BTreeSet<PartitionIndex>) {
        for index in partitions {
            let is_replica = |registered: &Registration| registered.replicas.contains(&self.id());
            let stays = topic.partitions.get(index).is_none_or(is_replica);
            if !stays && self.partitions.get(topic.id, *index).is_some() {
                self.drop_partition(topic, *index);
                info!(topic = %topic.name, partition = %index, "the replica is no longer wanted here");
            }
        }
    }

    fn drop_partition(&self, topic: &Topic, index: PartitionIndex) {
        self.fetchers.leave(topic.id, index);
        if let Some(partition) = self.partitions.remove(topic.id, index) {
            let _ = partition.end_move();
        }
        let partition = TopicPartition { topic: topic.name.clone(), partition: index };
        if let Err(error) = self.logs.delete(&partition) {
            warn!(%partition, %error, "the log of a deleted partition stays");
        }
    }

    fn follow_topic_configs<'a>(&self, image: &Image, topics: impl Iterator<Item = &'a Topic>) {
        let config = self.config();
        for topic in topics {
            let settings = TopicSettings::of(&config, image, &topic.name);
            for index in topic.partitions.keys() {
                let Some(partition) = self.partitions.get(topic.id, *index) else { continue };
                partition.log().set_config(settings.log.clone());
                if let Some(future) = partition.future() {
                    future.log.set_config(settings.log.clone());
                }
                partition.rules.store(Arc::new(settings.rules.clone()));
                partition.set_limits(settings.min_insync_replicas, config.replication.lag_time_max_ms);
                partition.set_throttled(settings.throttled.of(*index));
            }
        }
    }

    /// Puts changed dynamic configurations of brokers in force; tells whether there were any.
    fn follow_broker_configs(&self, image: &Image, delta: &Delta) -> bool {
        let own = self.id().to_string();
        let concerns = |resource: &&ConfigResource| {
            resource.kind == ResourceType::BROKER && (resource.name.is_empty() || resource.name == own)
        };
        if !delta.configs.iter().any(|resource| concerns(&resource)) {
            return false;
        }
        self.apply_dynamic(image);
        true
    }

    /// Puts the image's dynamic configurations of this broker and of all brokers in force.
    pub fn apply_dynamic(&self, image: &Image) {
        let (cluster, own) = dynamic_configs(image, self.id());
        match self.config().with_dynamic(&cluster, &own) {
            Err(error) => warn!(%error, "the dynamic configuration contradicts itself and is not used"),
            Ok((config, ignored)) => {
                for key in ignored {
                    warn!(key, "a dynamic configuration cannot be used and is ignored");
                }
                self.throttles.follow(&config);
                self.set_config(config);
            }
        }
    }
}
