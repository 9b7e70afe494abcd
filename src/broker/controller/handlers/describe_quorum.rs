//! DescribeQuorum 0 to 2: who votes, who leads, and how far everyone is (KIP-595, KIP-836, KIP-853).

use kafka_protocol::messages::describe_quorum_request::TopicData as Asked;
use kafka_protocol::messages::describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData};
use kafka_protocol::messages::{BrokerId, DescribeQuorumRequest, DescribeQuorumResponse};
use model::{DirectoryId, ErrorCode, LeaderEpoch, NodeId, Offset, Timestamp};
use quorum::Description;
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text;

/// The one topic that has a quorum.
pub const METADATA_TOPIC: &str = "__cluster_metadata";
const NO_TOPIC: &str = "This server does not host this topic-partition.";
const NO_LEADER: &str = "For requests intended only for the leader, this error indicates that the broker is not the current leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.";

impl Handle<DescribeQuorumRequest> for ControllerNode {
    async fn handle(
        &self,
        context: &Context,
        request: DescribeQuorumRequest,
    ) -> Answer<DescribeQuorumResponse, FileSlice> {
        let tells_reasons = context.tells_quorum_nodes();
        let answer = DescribeQuorumResponse::default();
        if !is_the_quorum(&request.topics) {
            let refused = |asked: Asked| {
                let partitions = asked.partitions.into_iter().map(|at| {
                    let told = PartitionData::default()
                        .with_partition_index(at.partition_index)
                        .with_error_code(ErrorCode::UnknownTopicOrPartition.code());
                    if tells_reasons { told.with_error_message(Some(text(NO_TOPIC))) } else { told }
                });
                TopicData::default().with_topic_name(asked.topic_name).with_partitions(partitions.collect())
            };
            return answer.with_topics(request.topics.into_iter().map(refused).collect()).into();
        }
        let Some(quorum) = self.quorum.as_ref().and_then(|quorum| quorum.describe()) else {
            let error = ErrorCode::NotLeaderOrFollower;
            let answer = answer.with_error_code(error.code());
            return if tells_reasons { answer.with_error_message(Some(text(NO_LEADER))) } else { answer }.into();
        };
        let partition = self.describe(&quorum, tells_reasons);
        let topic = TopicData::default().with_topic_name(text(METADATA_TOPIC).into()).with_partitions(vec![partition]);
        let nodes = match tells_reasons {
            true => quorum.voters.iter().map(|voter| self.node(voter.id)).collect(),
            false => Vec::new(),
        };
        answer.with_topics(vec![topic]).with_nodes(nodes).into()
    }
}

fn is_the_quorum(topics: &[Asked]) -> bool {
    matches!(topics, [topic] if topic.topic_name.as_str() == METADATA_TOPIC
        && matches!(topic.partitions.as_slice(), [at] if at.partition_index == 0))
}

impl ControllerNode {
    fn describe(&self, quorum: &Description, with_directories: bool) -> PartitionData {
        let state = |(id, directory): (NodeId, DirectoryId), end: Offset, fetched: Timestamp, caught_up: Timestamp| {
            let told = ReplicaState::default()
                .with_replica_id(BrokerId(id.0))
                .with_log_end_offset(end.0)
                .with_last_fetch_timestamp(fetched.0)
                .with_last_caught_up_timestamp(caught_up.0);
            if with_directories { told.with_replica_directory_id(directory.0) } else { told }
        };
        let voters = quorum
            .voters
            .iter()
            .map(|voter| state((voter.id, voter.directory_id), voter.log_end, voter.last_fetch, voter.last_caught_up));
        let observers = self.observers.lock();
        let observers = observers
            .list(quorum.epoch, host::clock::now())
            .map(|(who, observer)| state(*who, observer.end, observer.fetched, observer.caught_up));
        PartitionData::default()
            .with_partition_index(0)
            .with_leader_id(BrokerId(quorum.leader.0))
            .with_leader_epoch(LeaderEpoch(quorum.epoch.0).0)
            .with_high_watermark(quorum.high_watermark.0)
            .with_current_voters(voters.collect())
            .with_observers(observers.collect())
    }

    fn node(&self, id: NodeId) -> Node {
        let listener = self.address_of(id).map(|(host, port)| {
            let name = text(self.origin.listener.to_string());
            Listener::default().with_name(name).with_host(text(host)).with_port(port)
        });
        Node::default().with_node_id(BrokerId(id.0)).with_listeners(listener.into_iter().collect())
    }
}
