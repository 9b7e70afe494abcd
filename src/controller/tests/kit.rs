//! A cluster in a few lines.

use std::sync::Arc;

use config::NodeConfig;
use machine::transcript::Transcript;
use metadata::records::{BrokerEndpoint, BrokerFeature};
use metadata::{ConfigResource, Image, Partition, ResourceType};
use model::{BrokerEpoch, ClusterId, NodeId, Offset, PartitionIndex, Uuid};

use crate::*;

pub(super) type Script = Transcript<Controller>;

pub(super) fn id(n: u8) -> Uuid {
    Uuid::from_bytes([n; 16])
}

pub(super) fn empty() -> Script {
    Script::new(empty_machine())
}

pub(super) fn empty_machine() -> Controller {
    machine_with("")
}

fn machine_with(more: &str) -> Controller {
    let text = "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n\
        controller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers=127.0.0.1:9093\nlog.dirs=/d\n";
    let node = Arc::new(NodeConfig::from_text(&format!("{text}{more}"), &[]).unwrap());
    Controller::new(Settings { cluster_id: ClusterId("c".into()), node, node_id: NodeId(1) })
}

/// A cluster of `brokers` brokers that are alive, numbered from 1.
pub(super) fn cluster(brokers: i32) -> Script {
    cluster_with(brokers, "")
}

/// A cluster whose controller has some more lines of configuration.
pub(super) fn cluster_with(brokers: i32, more: &str) -> Script {
    with_features(Script::new(machine_with(more)), brokers, default_features())
}

/// A cluster of an older metadata version, and without other features.
pub(super) fn old_cluster(brokers: i32, metadata_version: i16) -> Script {
    let mut first = default_features().swap_remove(0);
    if let metadata::Record::FeatureLevel(record) = &mut first {
        record.feature_level = metadata_version;
    }
    with_features(empty(), brokers, vec![first])
}

fn with_features(mut script: Script, brokers: i32, records: Vec<metadata::Record>) -> Script {
    ask(&mut script, "", Event::Bootstrap(Bootstrap { records }));
    for broker in 1..=brokers {
        register(&mut script, broker);
        live(&mut script, broker);
    }
    script.text();
    script
}

pub(super) fn ask(script: &mut Script, title: &str, event: Event) {
    script.event(title, Asked { to: Token(7), event });
}

pub(super) fn registration(broker: i32) -> RegisterBroker {
    let feature = |name: &str, min_supported_version, max_supported_version| BrokerFeature {
        name: name.into(),
        min_supported_version,
        max_supported_version,
        ..Default::default()
    };
    RegisterBroker {
        broker: NodeId(broker),
        cluster_id: ClusterId("c".into()),
        incarnation: id(broker as u8),
        endpoints: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "h".into(),
            port: 9092,
            ..Default::default()
        }],
        features: vec![
            feature("metadata.version", 7, 30),
            feature("eligible.leader.replicas.version", 0, 1),
            feature("group.version", 0, 1),
            feature("share.version", 0, 1),
            feature("streams.version", 0, 1),
            feature("transaction.version", 0, 2),
        ],
        rack: None,
        log_dirs: vec![id(100 + broker as u8)],
        previous_epoch: BrokerEpoch(-1),
    }
}

pub(super) fn register(script: &mut Script, broker: i32) {
    ask(script, &format!("register {broker}"), Event::RegisterBroker(registration(broker)));
}

pub(super) fn heartbeat(script: &Script, broker: i32) -> BrokerHeartbeat {
    let epoch = script.shard.latest().brokers.get(&NodeId(broker)).map_or(BrokerEpoch(-1), |it| it.broker_epoch);
    BrokerHeartbeat {
        broker: NodeId(broker),
        epoch,
        metadata_offset: Offset(script.shard.next_offset().0 - 1),
        want_fence: false,
        want_shut_down: false,
        offline_log_dirs: vec![],
        cordoned_log_dirs: Some(vec![]),
    }
}

pub(super) fn live(script: &mut Script, broker: i32) {
    let event = Event::BrokerHeartbeat(heartbeat(script, broker));
    ask(script, &format!("heartbeat {broker}"), event);
}

pub(super) fn fence(script: &mut Script, broker: i32) {
    ask(script, &format!("fence {broker}"), Event::FenceBroker(NodeId(broker)));
}

pub(super) fn topic(name: &str, n: u8, partitions: i32, replication_factor: i16) -> NewTopic {
    NewTopic {
        name: name.into(),
        id: id(n),
        partitions,
        replication_factor,
        assignments: vec![],
        configs: vec![],
        describable: false,
    }
}

pub(super) fn assigned(name: &str, n: u8, assignments: &[(i32, &[i32])]) -> NewTopic {
    let assignments =
        assignments.iter().map(|(index, ids)| (*index, ids.iter().copied().map(NodeId).collect())).collect();
    NewTopic { assignments, ..topic(name, n, -1, -1) }
}

pub(super) fn create(topics: Vec<NewTopic>) -> Event {
    Event::CreateTopics(CreateTopics { topics, validate_only: false, seed: 1 })
}

/// An incremental change; `ops` are key, operation, value.
pub(super) fn alter(kind: i8, name: &str, ops: &[(&str, i8, Option<&str>)]) -> Event {
    let change = |(name, operation, value): &(&str, i8, Option<&str>)| ConfigChange {
        name: (*name).into(),
        operation: *operation,
        value: value.map(Into::into),
    };
    let resource = ConfigResource::new(ResourceType(kind), name);
    let resources = vec![(resource, ops.iter().map(change).collect())];
    Event::IncrementalAlterConfigs(IncrementalAlterConfigs { resources, validate_only: false })
}

pub(super) fn partition<'a>(image: &'a Image, topic: &str, index: i32) -> &'a Partition {
    image.partition(topic, PartitionIndex(index)).unwrap()
}

/// Lets seconds pass, in each of which `alive` send heartbeats and the controller looks at its clock.
pub(super) fn pass(script: &mut Script, seconds: i64, alive: &[i32]) {
    for _ in 0..seconds {
        script.now.0 += 1000;
        alive.iter().for_each(|broker| live(script, *broker));
        ask(script, "tick", Event::Tick);
    }
}

/// What was written since the last look, without the steps that wrote nothing, and without replies.
pub(super) fn written(script: &mut Script) -> String {
    let text = script.text();
    let steps = text.split("> ").filter(|step| step.contains("\n+ "));
    let shown = |step: &str| step.lines().filter(|line| !line.starts_with("< ")).map(|it| format!("{it}\n")).collect();
    steps.map(shown).collect::<Vec<String>>().join("")
}

/// The topic `t` with these replicas, and a least ISR of 2.
pub(super) fn safe(n: u8, assignments: &[(i32, &[i32])]) -> Event {
    let configs = vec![("min.insync.replicas".to_owned(), Some("2".to_owned()))];
    create(vec![NewTopic { configs, ..assigned("t", n, assignments) }])
}

/// A leader's wish for another ISR of partition 0 of `t`, with the epochs as they are.
pub(super) fn new_isr(script: &Script, isr: &[i32]) -> NewIsr {
    let now = partition(script.shard.latest(), "t", 0);
    NewIsr {
        topic_id: script.shard.latest().topic("t").unwrap().id,
        partition: PartitionIndex(0),
        leader_epoch: now.leader_epoch,
        partition_epoch: now.partition_epoch,
        isr: isr.iter().map(|id| (NodeId(*id), BrokerEpoch(-1))).collect(),
        recovering: now.recovering,
    }
}

/// The leader of partition 0 of `t` asks for another ISR.
pub(super) fn alter_isr(script: &mut Script, broker: i32, partition: NewIsr) {
    let epoch = heartbeat(script, broker).epoch;
    let request = AlterPartition { broker: NodeId(broker), epoch, partitions: vec![partition] };
    ask(script, "alter", Event::AlterPartition(request));
}

/// Moves partition 0 of `t`; no replicas to cancel.
pub(super) fn reassign(script: &mut Script, replicas: Option<&[i32]>) {
    let replicas = replicas.map(|ids| ids.iter().copied().map(NodeId).collect());
    let topics = vec![("t".to_owned(), vec![ReassignedPartition { partition: PartitionIndex(0), replicas }])];
    let event = AlterReassignments { topics, allow_replication_factor_change: true };
    ask(script, "reassign", Event::AlterReassignments(event));
}
