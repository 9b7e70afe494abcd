//! Bytes that Kafka 4.3.1's `MetadataRecordSerde` wrote.

use bytes::Bytes;
use model::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, ProducerId, Timestamp, Uuid};

use crate::records::*;
use crate::{MetadataVersion, Record, RecordError};

fn id() -> Uuid {
    "MkU3OEVBNTcwNTJENDM2Qg".parse().unwrap()
}

fn dir() -> Uuid {
    "ccpu1RGFRV6SIplB6uTw1g".parse().unwrap()
}

fn nodes(ids: &[i32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn broker() -> RegisterBrokerRecord {
    RegisterBrokerRecord {
        broker_id: NodeId(1),
        incarnation_id: id(),
        broker_epoch: BrokerEpoch(13),
        end_points: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: 29392,
            ..Default::default()
        }],
        features: vec![BrokerFeature {
            name: "metadata.version".into(),
            min_supported_version: 7,
            max_supported_version: 30,
            ..Default::default()
        }],
        rack: Some("r1".into()),
        log_dirs: vec![dir()],
        ..Default::default()
    }
}

fn partition() -> PartitionRecord {
    PartitionRecord {
        partition_id: PartitionIndex(2),
        topic_id: id(),
        replicas: nodes(&[1, 2, 3]),
        isr: nodes(&[1, 2]),
        leader: NodeId(1),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        directories: vec![dir(); 3],
        ..Default::default()
    }
}

/// Each record with the metadata version at which Kafka writes it so.
fn samples() -> Vec<(i16, Record, &'static str)> {
    let unfenced = BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(13),
        fenced: -1,
        ..Default::default()
    };
    vec![
        (
            21,
            broker().into(),
            "010003000000010032453738454135373035324434333642000000000000000d020a504c41494e544558540a3132372e302e302e3172d000000002116d657461646174612e76657273696f6e0007001e0003723101000100110271ca6ed51185455e92229941eae4f0d6",
        ),
        (
            30,
            RegisterBrokerRecord { cordoned_log_dirs: Some(vec![]), ..broker() }.into(),
            "010004000000010032453738454135373035324434333642000000000000000d020a504c41494e544558540a3132372e302e302e3172d000000002116d657461646174612e76657273696f6e0007001e0003723101000200110271ca6ed51185455e92229941eae4f0d6010101",
        ),
        (
            21,
            partition().into(),
            "01030100000002324537384541353730353244343336420400000001000000020000000303000000010000000201010000000100000000000000000471ca6ed51185455e92229941eae4f0d671ca6ed51185455e92229941eae4f0d671ca6ed51185455e92229941eae4f0d600",
        ),
        (
            30,
            PartitionRecord {
                leader_recovery_state: 1,
                eligible_leader_replicas: Some(nodes(&[3])),
                last_known_elr: Some(nodes(&[2])),
                ..partition()
            }
            .into(),
            "01030200000002324537384541353730353244343336420400000001000000020000000303000000010000000201010000000100000000000000000471ca6ed51185455e92229941eae4f0d671ca6ed51185455e92229941eae4f0d671ca6ed51185455e92229941eae4f0d6030001010105020000000302050200000002",
        ),
        (
            30,
            PartitionChangeRecord {
                partition_id: PartitionIndex(2),
                topic_id: id(),
                leader: NodeId(-1),
                isr: Some(vec![]),
                eligible_leader_replicas: Some(nodes(&[1])),
                last_known_elr: Some(nodes(&[1])),
                directories: Some(vec![dir()]),
                ..Default::default()
            }
            .into(),
            "0105020000000232453738454135373035324434333642050001010104ffffffff060502000000010705020000000108110271ca6ed51185455e92229941eae4f0d6",
        ),
        (
            30,
            ConfigRecord {
                resource_type: 4,
                name: "min.insync.replicas".into(),
                value: Some("1".into()),
                ..Default::default()
            }
            .into(),
            "0104000401146d696e2e696e73796e632e7265706c69636173023100",
        ),
        (
            30,
            ConfigRecord {
                resource_type: 2,
                resource_name: "t".into(),
                name: "retention.ms".into(),
                ..Default::default()
            }
            .into(),
            "0104000202740d726574656e74696f6e2e6d730000",
        ),
        (30, unfenced.into(), "01110000000001000000000000000d010001ff"),
        (
            30,
            BeginTransactionRecord { name: Some("Bootstrap records".into()), ..Default::default() }.into(),
            "01170001001212426f6f747374726170207265636f726473",
        ),
        (30, EndTransactionRecord::default().into(), "01180000"),
        (30, NoOpRecord::default().into(), "01140000"),
        (
            30,
            ClientQuotaRecord {
                entity: vec![EntityData { entity_type: "user".into(), ..Default::default() }],
                key: "producer_byte_rate".into(),
                value: 1000.5,
                ..Default::default()
            }
            .into(),
            "010e0002057573657200001370726f64756365725f627974655f72617465408f4400000000000000",
        ),
        (
            30,
            UserScramCredentialRecord {
                name: "u".into(),
                mechanism: 1,
                salt: Bytes::from_static(&[1, 2]),
                stored_key: Bytes::from_static(&[3]),
                iterations: 4096,
                ..Default::default()
            }
            .into(),
            "010b000275010301020203010000100000",
        ),
        (30, ClearElrRecord::default().into(), "011c000100"),
        (
            30,
            ProducerIdsRecord {
                broker_id: NodeId(1),
                broker_epoch: BrokerEpoch(13),
                next_producer_id: ProducerId(1000),
                ..Default::default()
            }
            .into(),
            "010f0000000001000000000000000d00000000000003e800",
        ),
        (
            30,
            DelegationTokenRecord {
                owner: "User:a".into(),
                requester: "User:b".into(),
                renewers: vec!["User:c".into()],
                issue_timestamp: Timestamp(1),
                max_timestamp: Timestamp(2),
                expiration_timestamp: Timestamp(3),
                token_id: "t".into(),
                ..Default::default()
            }
            .into(),
            "010a0007557365723a6107557365723a620207557365723a63000000000000000100000000000000020000000000000003027400",
        ),
        (
            30,
            AccessControlEntryRecord {
                id: id(),
                resource_type: 2,
                resource_name: "t".into(),
                pattern_type: 3,
                principal: "User:a".into(),
                host: "*".into(),
                operation: 3,
                permission_type: 3,
                ..Default::default()
            }
            .into(),
            "011200324537384541353730353244343336420202740307557365723a61022a030300",
        ),
        (
            30,
            FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30, ..Default::default() }.into(),
            "010c00116d657461646174612e76657273696f6e001e00",
        ),
    ]
}

#[test]
fn records_have_kafkas_bytes() {
    for (version, record, hex) in samples() {
        let bytes = record.encode(MetadataVersion(version)).unwrap();
        assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex, "{record:?}");
        assert_eq!(Record::decode(&bytes).unwrap(), record);
    }
}

#[test]
fn what_a_version_cannot_tell_is_refused() {
    let cordoned = Record::from(RegisterBrokerRecord { cordoned_log_dirs: Some(vec![]), ..broker() });
    assert!(cordoned.encode(MetadataVersion(21)).is_err());
}

#[test]
fn foreign_and_broken_records_are_refused() {
    let read = |bytes: &[u8]| Record::decode(&Bytes::copy_from_slice(bytes)).unwrap_err();
    assert_eq!(read(&[2, 24, 0, 0]), RecordError::Frame(2));
    assert_eq!(read(&[1, 29, 0, 0]), RecordError::Key(29));
    assert!(matches!(read(&[1, 24, 1, 0]), RecordError::Body { name: "EndTransactionRecord", version: 1, .. }));
    assert!(matches!(read(&[1, 24, 0, 0, 0]), RecordError::Body { .. }));
    assert!(matches!(read(&[]), RecordError::Header(_)));
    for (version, record, _) in samples() {
        let bytes = record.encode(MetadataVersion(version)).unwrap();
        for end in 0..bytes.len() {
            assert!(Record::decode(&bytes.slice(..end)).is_err(), "{record:?} cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut hostile = bytes.to_vec();
            hostile[at] ^= 0xff;
            drop(Record::decode(&hostile.into())); // It may be read or refused; it does not panic.
        }
    }
}
