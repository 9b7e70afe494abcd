//! The image: folding, transactions, snapshots, deltas.

use expect_test::expect;
use model::{NodeId, PartitionIndex, ProducerId, Uuid};

use crate::records::*;
use crate::{ConfigResource, Delta, Image, Record};

fn id(n: u8) -> Uuid {
    Uuid::from_bytes([n; 16])
}

fn feature(name: &str, feature_level: i16) -> Record {
    FeatureLevelRecord { name: name.into(), feature_level, ..Default::default() }.into()
}

fn topic(name: &str, n: u8) -> Record {
    TopicRecord { name: name.into(), topic_id: id(n), ..Default::default() }.into()
}

fn partition(n: u8, index: i32) -> Record {
    PartitionRecord {
        partition_id: PartitionIndex(index),
        topic_id: id(n),
        replicas: vec![NodeId(1), NodeId(2)],
        isr: vec![NodeId(1), NodeId(2)],
        leader: NodeId(1),
        leader_epoch: 0.into(),
        partition_epoch: 0.into(),
        directories: vec![id(200), id(201)],
        ..Default::default()
    }
    .into()
}

fn change(n: u8, index: i32, leader: i32) -> Record {
    PartitionChangeRecord {
        partition_id: PartitionIndex(index),
        topic_id: id(n),
        leader: NodeId(leader),
        isr: Some(vec![NodeId(leader)]),
        eligible_leader_replicas: Some(vec![NodeId(1)]),
        ..Default::default()
    }
    .into()
}

fn config(kind: i8, resource: &str, name: &str, value: Option<&str>) -> Record {
    ConfigRecord {
        resource_type: kind,
        resource_name: resource.into(),
        name: name.into(),
        value: value.map(Into::into),
        ..Default::default()
    }
    .into()
}

fn image(records: &[Record]) -> Image {
    let mut image = Image::default();
    records.iter().for_each(|record| image.replay(record));
    image
}

fn everything() -> Vec<Record> {
    let quota = ClientQuotaRecord {
        entity: vec![EntityData { entity_type: "user".into(), ..Default::default() }],
        key: "producer_byte_rate".into(),
        value: 5.0,
        ..Default::default()
    };
    let broker = RegisterBrokerRecord {
        broker_id: NodeId(1),
        broker_epoch: 7.into(),
        rack: Some("r".into()),
        log_dirs: vec![id(200)],
        unknown_tags: [(9, bytes::Bytes::from_static(b"later"))].into(),
        ..Default::default()
    };
    let fenced = BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: 7.into(),
        fenced: -1,
        cordoned_log_dirs: Some(vec![]),
        ..Default::default()
    };
    vec![
        feature("group.version", 1),
        feature("metadata.version", 30),
        broker.into(),
        fenced.into(),
        RegisterControllerRecord { controller_id: NodeId(1), ..Default::default() }.into(),
        topic("t", 1),
        partition(1, 0),
        partition(1, 1),
        change(1, 1, 2),
        config(2, "t", "retention.ms", Some("1")),
        config(4, "", "min.insync.replicas", Some("1")),
        config(99, "what is to come", "k", Some("v")),
        quota.into(),
        ProducerIdsRecord { next_producer_id: ProducerId(1000), ..Default::default() }.into(),
        AccessControlEntryRecord { id: id(3), ..Default::default() }.into(),
        UserScramCredentialRecord { name: "u".into(), mechanism: 1, ..Default::default() }.into(),
        DelegationTokenRecord { token_id: "token".into(), ..Default::default() }.into(),
        ZkMigrationStateRecord { zk_migration_state: 3, ..Default::default() }.into(),
    ]
}

#[test]
fn a_snapshot_tells_everything_again() {
    let original = image(&everything());
    let records = original.to_records();
    assert_eq!(image(&records), original);
    let kinds: Vec<_> = records.iter().map(|record| record.layout().name).collect();
    expect![[r#"["FeatureLevelRecord", "FeatureLevelRecord", "RegisterBrokerRecord", "RegisterControllerRecord", "TopicRecord", "PartitionRecord", "PartitionRecord", "ConfigRecord", "ConfigRecord", "ConfigRecord", "ClientQuotaRecord", "ProducerIdsRecord", "AccessControlEntryRecord", "UserScramCredentialRecord", "DelegationTokenRecord", "ZkMigrationStateRecord"]"#]]
    .assert_eq(&format!("{kinds:?}"));
    assert_eq!(records[0], feature("metadata.version", 30), "first, for it says how the rest is read");
    for record in records {
        let bytes = record.encode(original.metadata_version().unwrap()).unwrap();
        assert_eq!(Record::decode(&bytes).unwrap(), record, "through bytes too, with tags of a later version");
    }
}

#[test]
fn a_change_of_leader_begins_an_epoch() {
    let image = image(&everything());
    let partition = image.partition("t", PartitionIndex(1)).unwrap();
    assert_eq!((partition.leader, partition.leader_epoch.0, partition.partition_epoch.0), (NodeId(2), 1, 1));
    assert_eq!((&partition.isr, &partition.elr), (&vec![NodeId(2)], &vec![NodeId(1)]));
    let mut cleared = image.clone();
    cleared.replay(&ClearElrRecord::default().into());
    let partition = cleared.partition("t", PartitionIndex(1)).unwrap();
    assert_eq!((partition.elr.len(), partition.partition_epoch.0, partition.leader_epoch.0), (0, 2, 1));
}

#[test]
fn a_deleted_topic_takes_its_configuration_along() {
    let mut image = image(&everything());
    let remove = RemoveTopicRecord { topic_id: id(1), ..Default::default() }.into();
    let mut delta = Delta::default();
    delta.note(&image, &remove);
    image.replay(&remove);
    assert!(image.topic("t").is_none() && image.config(&ConfigResource::topic("t")).is_none());
    assert_eq!(delta.configs, [ConfigResource::topic("t")].into());
    assert_eq!(delta.topics[&id(1)].len(), 2);
}

#[test]
fn a_transaction_is_seen_when_it_ends() {
    let mut image = Image::default();
    let mut delta = Delta::default();
    let begin = BeginTransactionRecord::default().into();
    for record in [begin, topic("t", 1), partition(1, 0)] {
        delta.note(&image, &record);
        image.replay(&record);
    }
    assert!(image.topic("t").is_some() && image.visible().topic("t").is_none());
    assert!(delta.is_empty() && image.to_records().is_empty());

    let mut aborted = image.clone();
    aborted.replay(&AbortTransactionRecord::default().into());
    assert_eq!(aborted, Image::default());

    let end = EndTransactionRecord::default().into();
    delta.note(&image, &end);
    image.replay(&end);
    assert!(image.visible().topic("t").is_some());
    assert_eq!(delta.topics, [(id(1), [PartitionIndex(0)].into())].into());
}

#[test]
fn noting_finds_what_comparing_finds() {
    let (mut now, mut noted) = (Image::default(), Delta::default());
    let mut records = everything();
    records.retain(|record| !matches!(record, Record::ZkMigrationState(_)));
    for record in &records {
        noted.note(&now, record);
        now.replay(record);
    }
    assert_eq!(noted, Delta::between(&Image::default(), &now));
    let mut later = now.clone();
    let mut noted = Delta::default();
    for record in [change(1, 0, 2), config(2, "t", "retention.ms", None), topic("u", 2), partition(2, 0)] {
        noted.note(&later, &record);
        later.replay(&record);
    }
    assert_eq!(noted, Delta::between(&now, &later));
}

#[test]
fn records_of_what_is_not_there_change_nothing() {
    let before = image(&everything());
    let mut after = before.clone();
    let stale = BrokerRegistrationChangeRecord {
        broker_id: NodeId(1),
        broker_epoch: 6.into(),
        fenced: 1,
        ..Default::default()
    };
    let unregister = UnregisterBrokerRecord { broker_id: NodeId(1), broker_epoch: 6.into(), ..Default::default() };
    for record in [stale.into(), unregister.into(), change(9, 0, 1), change(1, 9, 1), partition(9, 0)] {
        after.replay(&record);
    }
    assert_eq!(after, before);
}
