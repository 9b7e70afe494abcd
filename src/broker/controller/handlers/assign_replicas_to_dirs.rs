//! AssignReplicasToDirs 0: a broker has chosen directories for replicas (KIP-858).

use controller::{AssignReplicas, Event, Reply};
use kafka_protocol::messages::assign_replicas_to_dirs_response::{DirectoryData, PartitionData, TopicData};
use kafka_protocol::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse};
use model::{BrokerEpoch, DirectoryId, ErrorCode, NodeId, PartitionIndex, TopicId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;

impl Handle<AssignReplicasToDirsRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: AssignReplicasToDirsRequest,
    ) -> Answer<AssignReplicasToDirsResponse, FileSlice> {
        let mut replicas = Vec::new();
        for directory in &request.directories {
            for topic in &directory.topics {
                let (dir, topic_id) = (DirectoryId::from(directory.id), TopicId::from(topic.topic_id));
                replicas.extend(topic.partitions.iter().map(|at| (dir, topic_id, PartitionIndex(at.partition_index))));
            }
        }
        let (broker, epoch) = (NodeId(request.broker_id.0), BrokerEpoch(request.broker_epoch));
        let answer = AssignReplicasToDirsResponse::default();
        let results = match self.submit(Event::AssignReplicas(AssignReplicas { broker, epoch, replicas })).await {
            Ok(Reply::AssignReplicas(Ok(results))) => results,
            Ok(Reply::AssignReplicas(Err(refusal))) => return answer.with_error_code(refusal.code.code()).into(),
            _ => return answer.with_error_code(ErrorCode::NotController.code()).into(),
        };
        let mut results = results.into_iter();
        let mut code = || match results.next() {
            Some(Ok(())) => 0,
            Some(Err(refusal)) => refusal.code.code(),
            None => ErrorCode::UnknownServerError.code(),
        };
        let mut directories = Vec::with_capacity(request.directories.len());
        for directory in request.directories {
            let mut topics = Vec::with_capacity(directory.topics.len());
            for topic in directory.topics {
                let partitions = topic.partitions.into_iter().map(|at| {
                    PartitionData::default().with_partition_index(at.partition_index).with_error_code(code())
                });
                let partitions = partitions.collect();
                topics.push(TopicData::default().with_topic_id(topic.topic_id).with_partitions(partitions));
            }
            directories.push(DirectoryData::default().with_id(directory.id).with_topics(topics));
        }
        answer.with_directories(directories).into()
    }
}
