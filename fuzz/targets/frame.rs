//! Any bytes as a request frame: header, guard, decoder of every API and version; no panic, no large memory.
#![no_main]

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};

use bytes::Bytes;
use kafka_protocol::messages::{
    AlterConfigsRequest, ApiVersionsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeProducersRequest,
    DescribeTopicPartitionsRequest, FetchRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest,
    ListConfigResourcesRequest, ListOffsetsRequest, ListPartitionReassignmentsRequest, MetadataRequest,
    OffsetForLeaderEpochRequest, ProduceRequest,
};
use kafka_protocol::protocol::Request;
use libfuzzer_sys::fuzz_target;
use wire::log_dirs::DescribeLogDirs;
use wire::{Answer, Broker, Context, Handle, Header, Origin, Slice};

/// Takes every request and says nothing: only the way in is fuzzed.
struct Mute;

enum NoFile {}

impl Slice for NoFile {
    fn len(&self) -> usize {
        0
    }
}

impl Broker for Mute {
    type Slice = NoFile;
    type Admission = ();

    async fn admit(&self, _entries: usize) {}
}

impl<R: Request> Handle<R> for Mute {
    fn handle(&self, _: &Context, request: R) -> impl Future<Output = Answer<R::Response, NoFile>> + Send {
        drop(request);
        async { Answer::Nothing }
    }
}

// As the broker's own table, but for its handlers.
wire::apis!(Mute {
    Produce(ProduceRequest) 3..=13;
    Fetch(FetchRequest) 4..=18;
    ListOffsets(ListOffsetsRequest) 1..=11 as 10;
    Metadata(MetadataRequest) 0..=13;
    ApiVersions(ApiVersionsRequest) 0..=4;
    CreateTopics(CreateTopicsRequest) 2..=7;
    DeleteTopics(DeleteTopicsRequest) 1..=6;
    DeleteRecords(DeleteRecordsRequest) 0..=2;
    InitProducerId(InitProducerIdRequest) 0..=5;
    OffsetForLeaderEpoch(OffsetForLeaderEpochRequest) 2..=4;
    DescribeConfigs(DescribeConfigsRequest) 1..=4;
    AlterConfigs(AlterConfigsRequest) 0..=2;
    DescribeLogDirs(DescribeLogDirs) 1..=5;
    CreatePartitions(CreatePartitionsRequest) 0..=3;
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest) 0..=1;
    ListPartitionReassignments(ListPartitionReassignmentsRequest) 0..=0;
    DescribeCluster(DescribeClusterRequest) 0..=2;
    DescribeProducers(DescribeProducersRequest) 0..=0;
    ListConfigResources(ListConfigResourcesRequest) 0..=1;
    DescribeTopicPartitions(DescribeTopicPartitionsRequest) 0..=0;
});

fuzz_target!(|data: &[u8]| {
    let mut frame = Bytes::copy_from_slice(data);
    let Ok(header) = Header::decode(APIS, &mut frame) else { return };
    let origin = Origin { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), listener: "PLAINTEXT".into() };
    let served = pin!(dispatch(&Mute, Context::new(header, Arc::new(origin)), frame));
    // Nothing in it waits for anybody.
    let Poll::Ready(_) = served.poll(&mut Task::from_waker(Waker::noop())) else {
        panic!("decoding waits");
    };
});
