//! The list of what controllers speak (`ApiKeys` with the listener `controller`).

use kafka_protocol::messages::{
    AllocateProducerIdsRequest, AlterConfigsRequest, AlterPartitionReassignmentsRequest, AlterPartitionRequest, ApiKey,
    ApiVersionsRequest, AssignReplicasToDirsRequest, BrokerHeartbeatRequest, BrokerRegistrationRequest,
    ControllerRegistrationRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    DescribeClusterRequest, DescribeConfigsRequest, DescribeQuorumRequest, ElectLeadersRequest, EnvelopeRequest,
    FetchRequest, FetchSnapshotRequest, IncrementalAlterConfigsRequest, ListPartitionReassignmentsRequest,
    UnregisterBrokerRequest, UpdateFeaturesRequest,
};

use super::ControllerNode;

wire::apis!(ControllerNode {
    Fetch(FetchRequest) 13..=18;
    ApiVersions(ApiVersionsRequest) 0..=4;
    CreateTopics(CreateTopicsRequest) 2..=7;
    DeleteTopics(DeleteTopicsRequest) 1..=6;
    DescribeConfigs(DescribeConfigsRequest) 1..=4;
    AlterConfigs(AlterConfigsRequest) 0..=2;
    CreatePartitions(CreatePartitionsRequest) 0..=3;
    ElectLeaders(ElectLeadersRequest) 0..=2;
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest) 0..=1;
    AlterPartitionReassignments(AlterPartitionReassignmentsRequest) 0..=1;
    ListPartitionReassignments(ListPartitionReassignmentsRequest) 0..=0;
    DescribeQuorum(DescribeQuorumRequest) 0..=2;
    AlterPartition(AlterPartitionRequest) 2..=3;
    UpdateFeatures(UpdateFeaturesRequest) 0..=2;
    Envelope(EnvelopeRequest) 0..=0;
    FetchSnapshot(FetchSnapshotRequest) 0..=1;
    DescribeCluster(DescribeClusterRequest) 0..=2;
    BrokerRegistration(BrokerRegistrationRequest) 0..=4;
    BrokerHeartbeat(BrokerHeartbeatRequest) 0..=1;
    UnregisterBroker(UnregisterBrokerRequest) 0..=0;
    AllocateProducerIds(AllocateProducerIdsRequest) 0..=0;
    ControllerRegistration(ControllerRegistrationRequest) 0..=0;
    AssignReplicasToDirs(AssignReplicasToDirsRequest) 0..=0;
});

/// Whether a broker may bring a client's request of this kind in an envelope (`ApiKeys.forwardable`).
pub fn is_forwardable(key: ApiKey) -> bool {
    matches!(
        key,
        ApiKey::CreateTopics
            | ApiKey::DeleteTopics
            | ApiKey::AlterConfigs
            | ApiKey::CreatePartitions
            | ApiKey::ElectLeaders
            | ApiKey::IncrementalAlterConfigs
            | ApiKey::AlterPartitionReassignments
            | ApiKey::ListPartitionReassignments
            | ApiKey::DescribeQuorum
            | ApiKey::UpdateFeatures
            | ApiKey::UnregisterBroker
    )
}
