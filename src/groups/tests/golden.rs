//! Bytes that Kafka 4.3.1's `GroupCoordinatorRecordSerde` wrote.

use model::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp, Uuid};

use crate::records::*;
use crate::{BatchKind, Producer, Record, RecordError};

fn id() -> Uuid {
    "MkU3OEVBNTcwNTJENDM2Qg".parse().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn commit_key() -> OffsetCommitKey {
    OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: PartitionIndex(2), ..Default::default() }
}

fn commit() -> OffsetCommitValue {
    OffsetCommitValue {
        offset: Offset(5),
        leader_epoch: LeaderEpoch(3),
        metadata: "m".into(),
        commit_timestamp: Timestamp(1000),
        topic_id: id(),
        ..Default::default()
    }
}

fn group() -> GroupMetadataValue {
    GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 7,
        protocol: Some("range".into()),
        leader: Some("m1".into()),
        current_state_timestamp: Timestamp(1000),
        members: vec![MemberMetadata {
            member_id: "m1".into(),
            group_instance_id: Some("i".into()),
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            rebalance_timeout: 300_000,
            session_timeout: 45_000,
            subscription: vec![1, 2].into(),
            assignment: vec![3].into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn member() -> ConsumerGroupMemberMetadataValue {
    ConsumerGroupMemberMetadataValue {
        instance_id: Some("i".into()),
        client_id: "c".into(),
        client_host: "/h".into(),
        subscribed_topic_names: vec!["a".into(), "b".into()],
        subscribed_topic_regex: Some("x.*".into()),
        rebalance_timeout_ms: 5,
        server_assignor: Some("uniform".into()),
        classic_member_metadata: Some(ClassicMemberMetadata {
            session_timeout_ms: 6,
            supported_protocols: vec![ClassicProtocol {
                name: "range".into(),
                metadata: vec![9].into(),
                ..Default::default()
            }],
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn current() -> ConsumerGroupCurrentMemberAssignmentValue {
    let partitions = |index, epochs| TopicPartitions {
        topic_id: id(),
        partitions: vec![PartitionIndex(index)],
        assignment_epochs: epochs,
        ..Default::default()
    };
    ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: 4,
        previous_member_epoch: 3,
        state: 1,
        assigned_partitions: vec![partitions(0, Some(vec![2]))],
        partitions_pending_revocation: vec![partitions(1, None)],
        ..Default::default()
    }
}

/// Every kind of record with its key and value.
fn samples() -> Vec<(Record, &'static str, Option<&'static str>)> {
    macro_rules! key {
        ($type:ident $(, $more:ident: $value:expr)?) => {
            $type { group_id: "g".into(), $($more: $value.into(),)? ..Default::default() }
        };
    }
    let group_key = || GroupMetadataKey { group: "g".into(), ..Default::default() };
    vec![
        (
            Record::OffsetCommit(commit_key(), Some(commit())),
            "000100016700017400000002",
            Some("0004000000000000000500000003026d00000000000003e801001032453738454135373035324434333642"),
        ),
        (
            Record::OffsetCommit(
                commit_key(),
                Some(OffsetCommitValue {
                    leader_epoch: LeaderEpoch::NONE,
                    metadata: "".into(),
                    topic_id: Uuid::ZERO,
                    ..commit()
                }),
            ),
            "000100016700017400000002",
            Some("00040000000000000005ffffffff0100000000000003e800"),
        ),
        (Record::OffsetCommit(commit_key(), None), "000100016700017400000002", None),
        (
            Record::GroupMetadata(group_key(), Some(group())),
            "0002000167",
            Some(
                "00030008636f6e73756d657200000007000572616e676500026d3100000000000003e80000000100026d31000169000163000a2f3132372e302e302e31000493e00000afc80000000201020000000103",
            ),
        ),
        (Record::GroupMetadata(group_key(), None), "0002000167", None),
        (
            Record::ConsumerGroupMetadata(
                key!(ConsumerGroupMetadataKey),
                Some(ConsumerGroupMetadataValue { epoch: 4, metadata_hash: 99, ..Default::default() }),
            ),
            "0003000167",
            Some("0000000000040100080000000000000063"),
        ),
        (
            Record::ConsumerGroupPartitionMetadata(
                key!(ConsumerGroupPartitionMetadataKey),
                Some(ConsumerGroupPartitionMetadataValue {
                    topics: vec![TopicMetadata {
                        topic_id: id(),
                        topic_name: "t".into(),
                        num_partitions: 1,
                        partition_metadata: vec![PartitionMetadata {
                            partition: PartitionIndex(0),
                            racks: vec!["r".into()],
                            ..Default::default()
                        }],
                        ..Default::default()
                    }],
                    ..Default::default()
                }),
            ),
            "0004000167",
            Some("000002324537384541353730353244343336420274000000010200000000020272000000"),
        ),
        (
            Record::ConsumerGroupMemberMetadata(key!(ConsumerGroupMemberMetadataKey, member_id: "m"), Some(member())),
            "000500016700016d",
            Some(
                "00000269000263032f68030261026204782e2a0000000508756e69666f726d0100100100000006020672616e676502090000",
            ),
        ),
        (
            Record::ConsumerGroupTargetAssignmentMetadata(
                key!(ConsumerGroupTargetAssignmentMetadataKey),
                Some(ConsumerGroupTargetAssignmentMetadataValue {
                    assignment_epoch: 4,
                    assignment_timestamp: Timestamp(1000),
                    ..Default::default()
                }),
            ),
            "0006000167",
            Some("00000000000401000800000000000003e8"),
        ),
        (
            Record::ConsumerGroupTargetAssignmentMember(
                key!(ConsumerGroupTargetAssignmentMemberKey, member_id: "m"),
                Some(ConsumerGroupTargetAssignmentMemberValue {
                    topic_partitions: vec![TopicPartition {
                        topic_id: id(),
                        partitions: vec![PartitionIndex(0), PartitionIndex(1)],
                        ..Default::default()
                    }],
                    ..Default::default()
                }),
            ),
            "000700016700016d",
            Some("000002324537384541353730353244343336420300000000000000010000"),
        ),
        (
            Record::ConsumerGroupCurrentMemberAssignment(
                key!(ConsumerGroupCurrentMemberAssignmentKey, member_id: "m"),
                Some(current()),
            ),
            "000800016700016d",
            Some(
                "0000000000040000000301023245373845413537303532443433364202000000000100050200000002023245373845413537303532443433364202000000010000",
            ),
        ),
        (
            Record::ConsumerGroupRegularExpression(
                key!(ConsumerGroupRegularExpressionKey, regular_expression: "x.*"),
                Some(ConsumerGroupRegularExpressionValue {
                    topics: vec!["xa".into()],
                    version: 12,
                    timestamp: Timestamp(1000),
                    ..Default::default()
                }),
            ),
            "00100001670003782e2a",
            Some("000002037861000000000000000c00000000000003e800"),
        ),
    ]
}

fn written(record: &Record) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut out = bytes::BytesMut::from("what was written before");
    let (key, value) = record.encode(&mut out).unwrap();
    (key.to_vec(), value.map(<[u8]>::to_vec))
}

#[test]
fn records_have_kafkas_bytes() {
    for (record, key, value) in samples() {
        let (ours, our_value) = written(&record);
        assert_eq!((hex(&ours), our_value.map(|it| hex(&it)).as_deref()), (key.to_owned(), value), "{record:?}");
        let read = Record::decode(&bytes(key), value.map(bytes).as_deref()).unwrap();
        assert_eq!(read, Some(record));
    }
}

#[test]
fn only_version_1_tells_when_an_offset_expires() {
    let value = OffsetCommitValue { expire_timestamp: Timestamp(2000), ..commit() };
    let (key, bytes) = written(&Record::OffsetCommit(commit_key(), Some(value.clone())));
    let bytes = bytes.unwrap();
    assert_eq!(hex(&bytes), "0001000000000000000500016d00000000000003e800000000000007d0");
    let told = OffsetCommitValue { leader_epoch: LeaderEpoch::NONE, topic_id: Uuid::ZERO, ..value };
    assert_eq!(Record::decode(&key, Some(&bytes)).unwrap(), Some(Record::OffsetCommit(commit_key(), Some(told))));
}

#[test]
fn records_of_old_versions_are_read() {
    let legacy = "0000000000000000000500016d00000000000003e8";
    let told = OffsetCommitValue { leader_epoch: LeaderEpoch::NONE, topic_id: Uuid::ZERO, ..commit() };
    let read = Record::decode(&bytes("000000016700017400000002"), Some(&bytes(legacy))).unwrap();
    assert_eq!(read, Some(Record::OffsetCommit(commit_key(), Some(told))));

    let group0 = "00000008636f6e73756d657200000007000572616e676500026d310000000100026d31000163000a2f3132372e302e302e310000afc80000000201020000000103";
    let mut told = group();
    told.current_state_timestamp = Timestamp(-1);
    told.members[0].rebalance_timeout = -1;
    told.members[0].group_instance_id = None;
    let Some(Record::GroupMetadata(_, Some(read))) =
        Record::decode(&bytes("0002000167"), Some(&bytes(group0))).unwrap()
    else {
        panic!()
    };
    assert_eq!(read, told);
}

#[test]
fn other_records_are_passed_over_and_broken_ones_are_refused() {
    let share = "000000000001000000000000000000";
    assert_eq!(Record::decode(&bytes("000b000167"), Some(&bytes(share))), Ok(None), "of a share group");
    assert_eq!(Record::decode(&bytes("7fff00"), None), Ok(None), "of a later Kafka");
    assert_eq!(Record::decode(&[0], None), Err(RecordError::NoType));
    assert!(matches!(Record::decode(&bytes("00020005"), None), Err(RecordError::Key { name: "GroupMetadataKey", .. })));
    for value in ["", "00", "0005", "0003"] {
        let read = Record::decode(&bytes("0002000167"), Some(&bytes(value)));
        assert!(matches!(read, Err(RecordError::Value { name: "GroupMetadataValue", .. })), "{value}: {read:?}");
    }
}

#[test]
fn records_of_transactions_say_which_batch_they_belong_into() {
    let producer = Producer { id: ProducerId(4), epoch: ProducerEpoch(1) };
    let plain = Record::OffsetCommit(commit_key(), Some(commit()));
    let pending = plain.clone().in_transaction(producer);
    assert_eq!(written(&pending), written(&plain), "the bytes are the same");
    assert_eq!(plain.batch(), BatchKind::Plain);
    assert_eq!(pending.batch(), BatchKind::Transactional(producer));
    let end = Record::EndTransaction(producer, true, 9);
    assert_eq!(end.batch(), BatchKind::Marker { producer, commit: true, coordinator_epoch: 9 });
    let (key, value) = written(&end);
    assert_eq!((hex(&key).as_str(), hex(&value.unwrap()).as_str()), ("00000001", "000000000009"));
}

/// As `MessageUtil.toVersionPrefixedByteBuffer` writes it: that a member does not speak the classic protocol is a null of its own.
#[test]
fn a_member_of_the_consumer_protocol_has_a_null_that_is_told() {
    let member = ConsumerGroupMemberMetadataValue {
        instance_id: Some(String::new()),
        rack_id: Some(String::new()),
        client_id: "c".into(),
        client_host: "h".into(),
        subscribed_topic_regex: Some(String::new()),
        server_assignor: Some(String::new()),
        classic_member_metadata: None,
        ..Default::default()
    };
    let key = ConsumerGroupMemberMetadataKey::default();
    let record = Record::ConsumerGroupMemberMetadata(key, Some(member));
    let (key, value) = written(&record);
    let told: String = value.iter().flat_map(|it| it.iter()).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told, "00000101026302680101ffffffff0101000100");
    assert_eq!(Record::decode(&key, value.as_deref()).unwrap(), Some(record));
}
