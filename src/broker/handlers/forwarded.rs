//! What only the controller decides: it is asked on the client's behalf, wherever it is (KIP-590).

use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    DescribeQuorumRequest, DescribeQuorumResponse, ElectLeadersRequest, ElectLeadersResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, UnregisterBrokerRequest,
    UnregisterBrokerResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

macro_rules! forwarded {
    ($( $request:ident -> $response:ident; )*) => {
        $( impl Handle<$request> for Node {
            async fn handle(&self, context: &Context, request: $request) -> Answer<$response, FileSlice> {
                self.controllers.forward(context, request).await
            }
        } )*
    };
}

forwarded! {
    AlterPartitionReassignmentsRequest -> AlterPartitionReassignmentsResponse;
    CreatePartitionsRequest -> CreatePartitionsResponse;
    CreateTopicsRequest -> CreateTopicsResponse;
    DeleteTopicsRequest -> DeleteTopicsResponse;
    DescribeQuorumRequest -> DescribeQuorumResponse;
    ElectLeadersRequest -> ElectLeadersResponse;
    ListPartitionReassignmentsRequest -> ListPartitionReassignmentsResponse;
    UnregisterBrokerRequest -> UnregisterBrokerResponse;
    UpdateFeaturesRequest -> UpdateFeaturesResponse;
}
