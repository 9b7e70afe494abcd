//! The encoder against the codec, byte for byte, in every version.

use kafka_protocol::messages::fetch_response as codec;
use kafka_protocol::messages::{ApiKey, FetchResponse, ResponseHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};

use super::*;
use crate::{Api, Header, Origin};

fn context(version: i16) -> Context {
    let api = Api { key: ApiKey::Fetch, min: 4, max: 18, shape: &crate::shapes::Fetch };
    let header = Header { api, version, correlation_id: 77, client_id: None, is_unknown_api_versions: false };
    let origin = Origin { peer: [127, 0, 0, 1].into(), listener: "PLAINTEXT".into() };
    Context::new(header, origin.into())
}

fn response() -> Response<Bytes> {
    let full = Partition {
        index: PartitionIndex(3),
        error: None,
        high_watermark: Offset(10),
        last_stable_offset: Offset(9),
        log_start_offset: Offset(1),
        diverging: Some((LeaderEpoch(4), Offset(8))),
        current_leader: Some((NodeId(2), LeaderEpoch(5))),
        aborted: Some(vec![(ProducerId(6), Offset(7))]),
        preferred_read_replica: NodeId::NONE,
        records: Some(Bytes::from(vec![9; 200])),
    };
    let failed = Partition::failed(PartitionIndex(4), ErrorCode::OffsetOutOfRange);
    Response {
        error: None,
        session_id: 12,
        topics: vec![Topic { name: "a-topic".into(), id: TopicId::METADATA_TOPIC, partitions: vec![full, failed] }],
        endpoints: vec![
            Endpoint { node: NodeId(2), host: "h".into(), port: 9, rack: None },
            Endpoint { node: NodeId(3), host: "i".into(), port: 8, rack: Some("r".into()) },
        ],
    }
}

/// The same response as the codec knows it, without what `version` cannot carry.
fn reference(version: i16) -> FetchResponse {
    let mut full = codec::PartitionData::default()
        .with_partition_index(3)
        .with_high_watermark(10)
        .with_last_stable_offset(9)
        .with_log_start_offset(1)
        .with_aborted_transactions(Some(vec![
            codec::AbortedTransaction::default().with_producer_id(6.into()).with_first_offset(7),
        ]))
        .with_records(Some(Bytes::from(vec![9; 200])));
    if version >= 12 {
        full = full
            .with_diverging_epoch(codec::EpochEndOffset::default().with_epoch(4).with_end_offset(8))
            .with_current_leader(codec::LeaderIdAndEpoch::default().with_leader_id(2.into()).with_leader_epoch(5));
    }
    let failed = codec::PartitionData::default()
        .with_partition_index(4)
        .with_error_code(1)
        .with_high_watermark(-1)
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()));
    let mut topic = codec::FetchableTopicResponse::default().with_partitions(vec![full, failed]);
    if version >= 13 {
        topic = topic.with_topic_id(TopicId::METADATA_TOPIC.0);
    } else {
        topic = topic.with_topic(StrBytes::from_static_str("a-topic").into());
    }
    let mut response = FetchResponse::default().with_responses(vec![topic]);
    if version >= 7 {
        response = response.with_session_id(12);
    }
    if version >= 16 {
        let endpoint = |node: i32, host, port| {
            codec::NodeEndpoint::default()
                .with_node_id(node.into())
                .with_host(StrBytes::from_static_str(host))
                .with_port(port)
        };
        let rack = Some(StrBytes::from_static_str("r"));
        response = response
            .with_node_endpoints(vec![endpoint(2, "h", 9).with_rack(None), endpoint(3, "i", 8).with_rack(rack)]);
    }
    response
}

#[test]
fn every_version_is_what_the_codec_writes() {
    for version in 4..=18 {
        let mut expected = BytesMut::new();
        expected.put_i32(0);
        let header = ResponseHeader::default().with_correlation_id(77);
        header.encode(&mut expected, FetchResponse::header_version(version)).unwrap();
        reference(version).encode(&mut expected, version).unwrap();
        let length = expected.len() as i32 - 4;
        expected[..4].copy_from_slice(&length.to_be_bytes());

        let chunks = encode(&context(version), response());
        let slices = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Slice(_))).count();
        assert_eq!(slices, 1, "records stay where they are");
        let bytes: Vec<u8> = chunks
            .iter()
            .flat_map(|chunk| match chunk {
                Chunk::Bytes(bytes) | Chunk::Slice(bytes) => bytes.to_vec(),
            })
            .collect();
        assert_eq!(bytes, expected, "version {version}");
    }
}
