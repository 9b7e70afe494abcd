//! AlterReplicaLogDirs 1 and 2: replicas move to other directories of this broker (KIP-113).

use indexmap::IndexMap;
use kafka_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use kafka_protocol::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use model::{ErrorCode, TopicPartition};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

impl Handle<AlterReplicaLogDirsRequest> for Node {
    async fn handle(
        &self,
        _: &Context,
        request: AlterReplicaLogDirsRequest,
    ) -> Answer<AlterReplicaLogDirsResponse, FileSlice> {
        // Each partition once: of several directories the last counts.
        let mut wanted: IndexMap<_, IndexMap<i32, _>> = IndexMap::new();
        for dir in request.dirs {
            for topic in dir.topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
                let partitions = topic.partitions.into_iter().map(|index| (index, dir.path.clone()));
                wanted.entry(topic.name).or_default().extend(partitions);
            }
        }
        let Some(node) = self.me() else { return Answer::Close };
        let alter = move || {
            let results = wanted.into_iter().map(|(topic, partitions)| {
                let partitions = partitions.into_iter().map(|(index, path)| {
                    let altered = node.alter_log_dir(&TopicPartition::new(&**topic, index), &path);
                    let code = altered.err().unwrap_or(ErrorCode::None).code();
                    AlterReplicaLogDirPartitionResult::default().with_partition_index(index).with_error_code(code)
                });
                let partitions = partitions.collect();
                AlterReplicaLogDirTopicResult::default().with_topic_name(topic).with_partitions(partitions)
            });
            AlterReplicaLogDirsResponse::default().with_results(results.collect())
        };
        match host::task::blocking(alter).await {
            Ok(response) => response.into(),
            Err(_) => Answer::Close,
        }
    }
}
