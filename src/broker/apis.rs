//! The list of what the broker speaks: each row is both an entry of ApiVersions and a way to its handler.

use kafka_protocol::messages::{
    AlterConfigsRequest, AlterPartitionReassignmentsRequest, AlterReplicaLogDirsRequest, ApiVersionsRequest,
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteGroupsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, DescribeProducersRequest, DescribeQuorumRequest, DescribeTopicPartitionsRequest,
    ElectLeadersRequest, FetchRequest, FindCoordinatorRequest, HeartbeatRequest, IncrementalAlterConfigsRequest,
    InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest, ListConfigResourcesRequest, ListGroupsRequest,
    ListOffsetsRequest, ListPartitionReassignmentsRequest, MetadataRequest, OffsetDeleteRequest,
    OffsetForLeaderEpochRequest, ProduceRequest, SyncGroupRequest, UnregisterBrokerRequest, UpdateFeaturesRequest,
};
use wire::committed_offsets::{OffsetCommit, OffsetFetch};
use wire::log_dirs::DescribeLogDirs as DescribeLogDirsRequest;

use crate::node::Node;

wire::apis!(Node {
    Produce(ProduceRequest) 3..=13;
    Fetch(FetchRequest) 4..=18;
    ListOffsets(ListOffsetsRequest) 1..=11 as 10;
    Metadata(MetadataRequest) 0..=13;
    OffsetCommit(OffsetCommit) 2..=10;
    OffsetFetch(OffsetFetch) 1..=10;
    FindCoordinator(FindCoordinatorRequest) 0..=6;
    JoinGroup(JoinGroupRequest) 0..=9;
    Heartbeat(HeartbeatRequest) 0..=4;
    LeaveGroup(LeaveGroupRequest) 0..=5;
    SyncGroup(SyncGroupRequest) 0..=5;
    DescribeGroups(DescribeGroupsRequest) 0..=6;
    ListGroups(ListGroupsRequest) 0..=5;
    ApiVersions(ApiVersionsRequest) 0..=4;
    CreateTopics(CreateTopicsRequest) 2..=7;
    DeleteTopics(DeleteTopicsRequest) 1..=6;
    DeleteRecords(DeleteRecordsRequest) 0..=2;
    InitProducerId(InitProducerIdRequest) 0..=5;
    OffsetForLeaderEpoch(OffsetForLeaderEpochRequest) 2..=4;
    DescribeConfigs(DescribeConfigsRequest) 1..=4;
    AlterConfigs(AlterConfigsRequest) 0..=2;
    AlterReplicaLogDirs(AlterReplicaLogDirsRequest) 1..=2;
    DescribeLogDirs(DescribeLogDirsRequest) 1..=5;
    CreatePartitions(CreatePartitionsRequest) 0..=3;
    DeleteGroups(DeleteGroupsRequest) 0..=2;
    ElectLeaders(ElectLeadersRequest) 0..=2;
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest) 0..=1;
    AlterPartitionReassignments(AlterPartitionReassignmentsRequest) 0..=1;
    ListPartitionReassignments(ListPartitionReassignmentsRequest) 0..=0;
    OffsetDelete(OffsetDeleteRequest) 0..=0;
    DescribeQuorum(DescribeQuorumRequest) 0..=2;
    UpdateFeatures(UpdateFeaturesRequest) 0..=2;
    DescribeCluster(DescribeClusterRequest) 0..=2;
    DescribeProducers(DescribeProducersRequest) 0..=0;
    UnregisterBroker(UnregisterBrokerRequest) 0..=0;
    ConsumerGroupHeartbeat(ConsumerGroupHeartbeatRequest) 0..=1;
    ConsumerGroupDescribe(ConsumerGroupDescribeRequest) 0..=1;
    ListConfigResources(ListConfigResourcesRequest) 0..=1;
    DescribeTopicPartitions(DescribeTopicPartitionsRequest) 0..=0;
});
