//! Codes and words of refusals, one by one as a running Kafka 4.3.1 answered the same requests.

use expect_test::expect;
use metadata::{ConfigResource, ResourceType};
use model::Uuid;

use super::kit::*;
use crate::*;

fn told(result: &Result<impl Sized, Refusal>) -> String {
    match result {
        Ok(_) => "NONE".to_owned(),
        Err(refusal) => format!("{} | {}", refusal.code, refusal.message.as_deref().unwrap_or("null")),
    }
}

fn answers(script: &mut Script, event: Event) -> Vec<String> {
    let step = script.shard.on_event(script.now, Asked { to: Token(0), event });
    let mut effects = step.effects;
    effects.extend(script.shard.on_committed(script.shard.next_offset()));
    let [Effect::Reply { body, .. }] = &effects[..] else { panic!() };
    match body {
        Reply::CreateTopics(Ok(topics)) => {
            topics.iter().map(|it| format!("{} -> {}", it.name, told(&it.result))).collect()
        }
        Reply::DeleteTopics(Ok(topics)) => {
            topics.iter().map(|it| format!("{:?} {} -> {}", it.name, it.id, told(&it.result))).collect()
        }
        Reply::CreatePartitions(topics) => topics.iter().map(|(name, it)| format!("{name} -> {}", told(it))).collect(),
        Reply::AlterConfigs(all) => {
            all.iter().map(|(it, result)| format!("{} {} -> {}", it.kind.0, it.name, told(result))).collect()
        }
        Reply::CreateTopics(Err(refusal)) => vec![format!("all -> {}", told(&Err::<(), _>(refusal.clone())))],
        other => vec![format!("{other:?}")],
    }
}

fn with(config: &[(&str, Option<&str>)], topic: NewTopic) -> NewTopic {
    let configs = config.iter().map(|(key, value)| ((*key).to_owned(), value.map(Into::into))).collect();
    NewTopic { configs, ..topic }
}

#[test]
fn of_create_topics() {
    let mut script = cluster(1);
    let mut lines = Vec::new();
    let manual =
        |partitions, factor| NewTopic { partitions, replication_factor: factor, ..assigned("m", 9, &[(0, &[1])]) };
    for topics in [
        vec![topic("t1", 1, 1, 1), topic("a.b", 2, 1, 1)],
        vec![
            topic("bad/name", 3, 1, 1),
            topic("", 4, 1, 1),
            topic("..", 5, 1, 1),
            topic("__cluster_metadata", 6, 1, 1),
            topic("t1", 7, 1, 1),
        ],
        vec![topic("a_b", 3, 1, 1), topic("d", 4, 1, 1), topic("d", 5, 1, 1)],
        vec![
            topic("p0", 3, 0, 1),
            topic("p2", 4, -2, 1),
            topic("r0", 5, 1, 0),
            topic("r2", 6, 1, 2),
            topic("rm", 7, 1, -2),
        ],
        vec![topic("big", 3, 10_001, 1)],
        vec![topic("big", 3, 10_000, 1)],
        vec![manual(1, -1)],
        vec![manual(-1, 1)],
        vec![
            assigned("m3", 3, &[(0, &[2])]),
            assigned("m4", 4, &[(0, &[1, 1])]),
            assigned("m5", 5, &[(0, &[1]), (0, &[1])]),
        ],
        vec![
            assigned("m6", 3, &[(1, &[1])]),
            assigned("m7", 4, &[(0, &[])]),
            assigned("m9", 4, &[(-1, &[1])]),
            assigned("m8", 5, &[(0, &[1]), (1, &[1])]),
        ],
        vec![
            with(&[("nope", Some("1"))], topic("c1", 13, 1, 1)),
            with(&[("retention.ms", Some("x"))], topic("c2", 14, 1, 1)),
        ],
        vec![
            with(&[("retention.ms", None), ("segment.ms", None)], topic("c3", 13, 1, 1)),
            with(&[("cleanup.policy", Some("foo"))], topic("c4", 14, 1, 1)),
        ],
    ] {
        lines.extend(answers(&mut script, create(topics)));
    }
    expect![[r#"
        t1 -> NONE
        a.b -> NONE
        bad/name -> INVALID_TOPIC_EXCEPTION | Topic name is invalid: 'bad/name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'
         -> INVALID_TOPIC_EXCEPTION | Topic name is invalid: the empty string is not allowed
        .. -> INVALID_TOPIC_EXCEPTION | Topic name is invalid: '..' is not allowed
        t1 -> TOPIC_ALREADY_EXISTS | Topic 't1' already exists.
        __cluster_metadata -> INVALID_REQUEST | Creation of internal topic __cluster_metadata is prohibited.
        a_b -> INVALID_TOPIC_EXCEPTION | Topic 'a_b' collides with existing topic: a.b
        d -> INVALID_REQUEST | Duplicate topic name.
        p0 -> INVALID_PARTITIONS | Number of partitions was set to an invalid non-positive value.
        p2 -> INVALID_PARTITIONS | Number of partitions was set to an invalid non-positive value.
        r0 -> INVALID_REPLICATION_FACTOR | Replication factor must be larger than 0, or -1 to use the default value.
        r2 -> INVALID_REPLICATION_FACTOR | Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.
        rm -> INVALID_REPLICATION_FACTOR | Replication factor must be larger than 0, or -1 to use the default value.
        all -> POLICY_VIOLATION | Excessively large number of partitions per request.
        all -> POLICY_VIOLATION | Unable to perform excessively large batch operation.
        m -> INVALID_REQUEST | A manual partition assignment was specified, but numPartitions was not set to -1.
        m -> INVALID_REQUEST | A manual partition assignment was specified, but replication factor was not set to -1.
        m3 -> INVALID_REPLICA_ASSIGNMENT | The manual partition assignment includes broker 2, but no such broker is registered.
        m4 -> INVALID_REPLICA_ASSIGNMENT | The manual partition assignment includes the broker 1 more than once.
        m5 -> INVALID_REPLICA_ASSIGNMENT | Found multiple manual partition assignments for partition 0
        m6 -> INVALID_REPLICA_ASSIGNMENT | partitions should be a consecutive 0-based integer sequence
        m7 -> INVALID_REPLICA_ASSIGNMENT | The manual partition assignment includes an empty replica list.
        m9 -> INVALID_REPLICA_ASSIGNMENT | partitions should be a consecutive 0-based integer sequence
        m8 -> NONE
        c1 -> INVALID_CONFIG | Unknown topic config name: nope
        c2 -> INVALID_CONFIG | Invalid value x for configuration retention.ms: Not a number of type LONG
        c3 -> INVALID_CONFIG | Null value not supported for topic configs: retention.ms,segment.ms
        c4 -> INVALID_CONFIG | Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn of_create_partitions_and_delete_topics() {
    let mut script = cluster(1);
    answers(&mut script, create(vec![topic("m8", 1, 2, 1)]));
    let mut lines = Vec::new();
    let one: &[&[i32]] = &[&[1]];
    for (name, count, assignments) in [
        ("m8", 2, None),
        ("m8", 1, None),
        ("nosuch", 3, None),
        ("m8", 4, Some(one)),
        ("m8", 3, Some(&[&[9][..]][..])),
        ("m8", 3, Some(&[&[][..]][..])),
        ("m8", 20_000, None),
        ("m8", 3, Some(one)),
    ] {
        let assignments =
            assignments.map(|all| all.iter().map(|ids| ids.iter().copied().map(NodeId).collect()).collect());
        let topics = vec![MorePartitions { topic: name.into(), count, assignments }];
        lines.extend(answers(
            &mut script,
            Event::CreatePartitions(CreatePartitions { topics, validate_only: false, seed: 1 }),
        ));
    }
    let named = |name: &str| TopicRef { name: Some(name.into()), id: Uuid::ZERO };
    let none = TopicRef { name: None, id: Uuid::ZERO };
    let unknown = TopicRef { name: None, id: id(77) };
    let both = TopicRef { name: Some("m8".into()), id: id(1) };
    let topics = vec![named("nosuch"), unknown.clone(), named("m8"), named("m8"), none, both];
    lines.extend(answers(&mut script, Event::DeleteTopics(DeleteTopics { topics })));
    let topics = vec![unknown.clone(), unknown, TopicRef { name: None, id: id(1) }];
    lines.extend(answers(&mut script, Event::DeleteTopics(DeleteTopics { topics })));
    expect![[r#"
        m8 -> INVALID_PARTITIONS | Topic already has 2 partition(s).
        m8 -> INVALID_PARTITIONS | The topic m8 currently has 2 partition(s); 1 would not be an increase.
        nosuch -> UNKNOWN_TOPIC_OR_PARTITION | null
        m8 -> INVALID_REPLICA_ASSIGNMENT | Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.
        m8 -> INVALID_REPLICA_ASSIGNMENT | The manual partition assignment includes broker 9, but no such broker is registered.
        m8 -> INVALID_REPLICA_ASSIGNMENT | The manual partition assignment includes an empty replica list.
        m8 -> UNKNOWN_SERVER_ERROR | null
        m8 -> NONE
        Some("nosuch") AAAAAAAAAAAAAAAAAAAAAA -> UNKNOWN_TOPIC_OR_PARTITION | This server does not host this topic-partition.
        None TU1NTU1NTU1NTU1NTU1NTQ -> UNKNOWN_TOPIC_ID | This server does not host this topic ID.
        Some("m8") AAAAAAAAAAAAAAAAAAAAAA -> INVALID_REQUEST | Duplicate topic name.
        None AAAAAAAAAAAAAAAAAAAAAA -> INVALID_REQUEST | Neither topic name nor id were specified.
        Some("m8") AQEBAQEBAQEBAQEBAQEBAQ -> INVALID_REQUEST | You may not specify both topic name and topic id.
        None TU1NTU1NTU1NTU1NTU1NTQ -> INVALID_REQUEST | Duplicate topic id.
        Some("m8") AQEBAQEBAQEBAQEBAQEBAQ -> NONE"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn of_alter_configs() {
    let mut script = cluster(1);
    answers(&mut script, create(vec![topic("t1", 1, 1, 1)]));
    let mut lines = Vec::new();
    let long = "x".repeat(33_000);
    for event in [
        alter(2, "nosuch", &[("retention.ms", 0, Some("5"))]),
        alter(2, "t1", &[("nope", 0, Some("5"))]),
        alter(2, "t1", &[("retention.ms", 0, Some("x"))]),
        alter(2, "t1", &[("retention.ms", 0, None)]),
        alter(2, "t1", &[("retention.ms", 0, Some("5")), ("retention.ms", 1, None)]),
        alter(2, "t1", &[("retention.ms", 2, Some("5"))]),
        alter(2, "t1", &[("retention.ms", 3, Some("5"))]),
        alter(2, "t1", &[("retention.ms", 9, Some("5"))]),
        alter(2, "t1", &[("compression.type", 0, Some(&long))]),
        alter(2, "", &[("retention.ms", 0, Some("5"))]),
        alter(2, "a/b", &[("retention.ms", 0, Some("5"))]),
        alter(2, "t1", &[("max.message.bytes", 0, Some("-5"))]),
        alter(4, "1", &[("min.insync.replicas", 0, Some("1"))]),
        alter(4, "", &[("min.insync.replicas", 1, None)]),
        alter(4, "", &[("min.insync.replicas", 0, Some("1"))]),
        alter(4, "2", &[("log.cleaner.threads", 0, Some("2"))]),
        alter(4, "x", &[("log.cleaner.threads", 0, Some("2"))]),
        alter(4, "1", &[("node.id", 0, Some("2"))]),
        alter(4, "", &[("nosuch.key", 0, Some("2"))]),
        alter(4, "", &[("listeners", 0, Some("2"))]),
        alter(4, "-1", &[("log.cleaner.threads", 0, Some("3"))]),
        alter(16, "", &[("interval.ms", 0, Some("1000"))]),
        alter(16, "m2", &[("interval.ms", 0, Some("1"))]),
        alter(16, "m2", &[("nope", 0, Some("1"))]),
        alter(16, "m2", &[("match", 0, Some("bad"))]),
        alter(16, "m2", &[("metrics", 0, Some("a,b"))]),
        alter(16, "m2", &[("metrics", 2, Some("c"))]),
        alter(32, "", &[("consumer.session.timeout.ms", 0, Some("45000"))]),
        alter(32, "g", &[("nope", 0, Some("1"))]),
        alter(32, "g", &[("consumer.session.timeout.ms", 0, Some("1"))]),
        alter(99, "g", &[("nope", 0, Some("1"))]),
    ] {
        lines.extend(answers(&mut script, event));
    }
    let mut whole = |kind, name: &str, configs: &[(&str, Option<&str>)]| {
        let configs: Vec<_> = configs.iter().map(|(key, value)| ((*key).to_owned(), value.map(Into::into))).collect();
        let resources = vec![(ConfigResource::new(ResourceType(kind), name), configs)];
        lines.extend(answers(&mut script, Event::AlterConfigs(AlterConfigs { resources, validate_only: false })));
    };
    whole(2, "t1", &[("segment.ms", None)]);
    whole(2, "nosuch", &[("segment.ms", Some("1"))]);
    whole(2, "t1", &[]);
    whole(99, "t1", &[]);
    expect![[r#"
        2 nosuch -> UNKNOWN_TOPIC_OR_PARTITION | The topic 'nosuch' does not exist.
        2 t1 -> INVALID_CONFIG | Unknown topic config name: nope
        2 t1 -> INVALID_CONFIG | Invalid value x for configuration retention.ms: Not a number of type LONG
        2 t1 -> INVALID_REQUEST | Null value not supported for : retention.ms
        2 t1 -> INVALID_REQUEST | Error due to duplicate config keys
        2 t1 -> INVALID_CONFIG | Can't APPEND to key retention.ms because its type is not LIST.
        2 t1 -> INVALID_CONFIG | Can't SUBTRACT to key retention.ms because its type is not LIST.
        2 t1 -> UNKNOWN_SERVER_ERROR | null
        2 t1 -> INVALID_CONFIG | The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.
        2  -> INVALID_REQUEST | Default topic resources are not allowed.
        2 a/b -> INVALID_TOPIC_EXCEPTION | Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'
        2 t1 -> INVALID_CONFIG | Invalid value -5 for configuration max.message.bytes: Value must be at least 0
        4 1 -> INVALID_CONFIG | Broker-level min.insync.replicas cannot be altered while ELR is enabled.
        4  -> INVALID_CONFIG | Cluster-level min.insync.replicas cannot be removed while ELR is enabled.
        4  -> NONE
        4 2 -> BROKER_ID_NOT_REGISTERED | No node with id 2 found.
        4 x -> INVALID_REQUEST | Unable to parse broker name as a base 10 number.
        4 1 -> INVALID_REQUEST | Cannot update these configs dynamically: [node.id]
        4  -> NONE
        4  -> INVALID_REQUEST | Cannot update these configs at default cluster level, broker id must be specified: [listeners]
        4 -1 -> INVALID_REQUEST | Invalid negative broker ID.
        16  -> INVALID_REQUEST | Subscription name can't be empty
        16 m2 -> INVALID_REQUEST | Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)
        16 m2 -> INVALID_REQUEST | Unknown client metrics configuration: nope
        16 m2 -> INVALID_CONFIG | Illegal client matching pattern: bad
        16 m2 -> NONE
        16 m2 -> INVALID_CONFIG | Can't APPEND to key metrics because its type is not LIST.
        32  -> INVALID_REQUEST | Default group resources are not allowed.
        32 g -> INVALID_CONFIG | Unknown group config name: nope
        32 g -> INVALID_CONFIG | consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms
        99 g -> INVALID_REQUEST | Unknown resource type 99
        2 t1 -> INVALID_REQUEST | Null value not supported for : segment.ms
        2 nosuch -> UNKNOWN_TOPIC_OR_PARTITION | The topic 'nosuch' does not exist.
        2 t1 -> NONE
        99 t1 -> INVALID_REQUEST | Unknown resource type 99"#]].assert_eq(&lines.join("\n"));
}
