//! Topics and configs: the records.

use expect_test::expect;

use super::kit::*;
use crate::*;

#[test]
fn topics_are_made_of_the_records_that_kafka_writes() {
    let mut script = cluster(1);
    let configs = [("retention.ms", "5000"), ("cleanup.policy", "compact"), ("min.insync.replicas", "1")];
    let configs = configs.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))).to_vec();
    ask(&mut script, "create", create(vec![NewTopic { configs, ..topic("t1", 1, 2, 1) }]));
    let more = CreatePartitions {
        topics: vec![MorePartitions { topic: "t1".into(), count: 3, assignments: None }],
        validate_only: false,
        seed: 1,
    };
    ask(
        &mut script,
        "more, validated",
        Event::CreatePartitions(CreatePartitions { validate_only: true, ..more.clone() }),
    );
    ask(&mut script, "more", Event::CreatePartitions(more));
    let by_name = TopicRef { name: Some("t1".into()), id: model::Uuid::ZERO };
    ask(&mut script, "delete", Event::DeleteTopics(DeleteTopics { topics: vec![by_name] }));
    expect![[r#"
        > create
        + TopicRecord { name: "t1", topic_id: AQEBAQEBAQEBAQEBAQEBAQ }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "cleanup.policy", value: "compact" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "min.insync.replicas", value: "1" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "retention.ms", value: "5000" }
        + ClearElrRecord { topic_name: "t1" }
        + PartitionRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1], isr: [1], leader: 1, leader_epoch: 0, partition_epoch: 0, directories: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        + PartitionRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1], isr: [1], leader: 1, leader_epoch: 0, partition_epoch: 0, directories: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: CreateTopics(Ok([TopicResult { name: "t1", result: Ok(CreatedTopic { id: AQEBAQEBAQEBAQEBAQEBAQ, partitions: 2, replication_factor: 1, configs: None }) }])) }
        > more, validated
        < Reply { to: Token(7), body: CreatePartitions([("t1", Ok(()))]) }
        > more
        + PartitionRecord { partition_id: 2, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1], isr: [1], leader: 1, leader_epoch: 0, partition_epoch: 0, directories: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: CreatePartitions([("t1", Ok(()))]) }
        > delete
        + RemoveTopicRecord { topic_id: AQEBAQEBAQEBAQEBAQEBAQ }
        < Reply { to: Token(7), body: DeleteTopics(Ok([DeletedTopic { name: "t1", id: AQEBAQEBAQEBAQEBAQEBAQ, result: Ok(()) }])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_topic_tells_its_configuration() {
    let mut script = cluster(1);
    ask(&mut script, "", alter(4, "", &[("log.retention.ms", 0, Some("3600000"))]));
    let told = NewTopic {
        configs: vec![("segment.ms".into(), Some("77".into()))],
        describable: true,
        ..topic("t", 1, -1, -1)
    };
    let (to, event) =
        (Token(1), Event::CreateTopics(CreateTopics { topics: vec![told], validate_only: true, seed: 1 }));
    let step = script.shard.on_event(script.now, Asked { to, event });
    assert!(step.append.is_none(), "only validated");
    let [Effect::Reply { body: Reply::CreateTopics(Ok(topics)), .. }] = &step.effects[..] else { panic!() };
    let created = topics[0].result.as_ref().unwrap();
    let configs = created.configs.as_ref().unwrap();
    let set: Vec<_> =
        configs.iter().filter(|it| it.source != 5).map(|it| (&*it.name, it.value.as_deref(), it.source)).collect();
    assert_eq!(configs.len(), 33);
    assert_eq!(
        set,
        [("min.insync.replicas", Some("1"), 3), ("retention.ms", Some("3600000"), 3), ("segment.ms", Some("77"), 1)]
    );
}

#[test]
fn configs_are_changed() {
    let mut script = cluster(1);
    ask(&mut script, "", create(vec![topic("t1", 1, 1, 1)]));
    script.text();
    for (title, event) in [
        ("set", alter(2, "t1", &[("retention.ms", 0, Some("6000")), ("segment.ms", 0, Some("7000"))])),
        ("the same", alter(2, "t1", &[("retention.ms", 0, Some("6000"))])),
        ("append", alter(2, "t1", &[("cleanup.policy", 2, Some("compact"))])),
        ("subtract", alter(2, "t1", &[("cleanup.policy", 3, Some("delete"))])),
        ("delete", alter(2, "t1", &[("segment.ms", 1, None)])),
        ("min ISR", alter(2, "t1", &[("min.insync.replicas", 0, Some("1"))])),
        ("all brokers", alter(4, "", &[("log.cleaner.threads", 0, Some("2"))])),
        ("a broker, twice", alter(4, "1", &[("log.cleaner.threads", 0, Some("3"))])),
        ("a broker, twice", alter(4, "1", &[("log.cleaner.threads", 0, Some("3"))])),
        ("client metrics", alter(16, "m1", &[("interval.ms", 0, Some("1000"))])),
        ("group", alter(32, "g1", &[("consumer.session.timeout.ms", 0, Some("50000"))])),
    ] {
        ask(&mut script, title, event);
    }
    let resource = metadata::ConfigResource::topic("t1");
    let resources = vec![(resource, vec![("segment.ms".to_owned(), Some("9999".to_owned()))])];
    ask(&mut script, "replace all", Event::AlterConfigs(AlterConfigs { resources, validate_only: false }));
    expect![[r#"
        > set
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "retention.ms", value: "6000" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "segment.ms", value: "7000" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > the same
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > append
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "cleanup.policy", value: "delete,compact" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > subtract
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "cleanup.policy", value: "compact" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > delete
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "segment.ms" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > min ISR
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "min.insync.replicas", value: "1" }
        + ClearElrRecord { topic_name: "t1" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
        > all brokers
        + ConfigRecord { resource_type: 4, name: "log.cleaner.threads", value: "2" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(4), name: "" }, Ok(()))]) }
        > a broker, twice
        + ConfigRecord { resource_type: 4, resource_name: "1", name: "log.cleaner.threads", value: "3" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(4), name: "1" }, Ok(()))]) }
        > a broker, twice
        + ConfigRecord { resource_type: 4, resource_name: "1", name: "log.cleaner.threads", value: "3" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(4), name: "1" }, Ok(()))]) }
        > client metrics
        + ConfigRecord { resource_type: 16, resource_name: "m1", name: "interval.ms", value: "1000" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(16), name: "m1" }, Ok(()))]) }
        > group
        + ConfigRecord { resource_type: 32, resource_name: "g1", name: "consumer.session.timeout.ms", value: "50000" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(32), name: "g1" }, Ok(()))]) }
        > replace all
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "cleanup.policy" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "min.insync.replicas" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "retention.ms" }
        + ConfigRecord { resource_type: 2, resource_name: "t1", name: "segment.ms", value: "9999" }
        + ClearElrRecord { topic_name: "t1" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(2), name: "t1" }, Ok(()))]) }
    "#]]
    .assert_eq(&script.text());
}

#[test]
fn replicas_are_striped_over_racks() {
    let mut script = empty();
    ask(&mut script, "", Event::Bootstrap(Bootstrap { records: default_features() }));
    for broker in 1..=6 {
        let rack = Some(["a", "b", "c"][broker as usize % 3].to_owned());
        ask(&mut script, "", Event::RegisterBroker(RegisterBroker { rack, ..registration(broker) }));
        if broker != 6 {
            live(&mut script, broker);
        }
    }
    ask(&mut script, "", create(vec![topic("t", 1, 30, 3)]));
    let image = script.shard.latest();
    let mut leaders = [0; 7];
    for partition in image.topic("t").unwrap().partitions.values() {
        let mut racks: Vec<_> = partition.replicas.iter().map(|id| id.0 % 3).collect();
        racks.sort();
        assert_eq!(racks, [0, 1, 2], "{partition:?}");
        leaders[partition.leader.0 as usize] += 1;
    }
    assert_eq!(leaders[6], 0, "a fenced broker leads nothing");
    assert!(leaders[1..6].iter().all(|n| (3..=12).contains(n)), "{leaders:?}");
}

#[test]
fn where_a_broker_has_several_directories_it_chooses() {
    let mut script = cluster(0);
    ask(&mut script, "", Event::RegisterBroker(RegisterBroker { log_dirs: vec![id(101), id(102)], ..registration(1) }));
    live(&mut script, 1);
    ask(&mut script, "", create(vec![topic("t", 1, 1, 1)]));
    assert_eq!(partition(script.shard.latest(), "t", 0).directories, [model::Uuid::UNASSIGNED_DIR]);
}
