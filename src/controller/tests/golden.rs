//! Changes of partitions, each held to the bytes that Apache Kafka 4.3.1's `PartitionChangeBuilder` made of the same.
//!
//! A line of the file names a partition, who is alive, and what it shall be; `~` is "as it is", `-` the empty list. Behind the
//! arrow is the record with its frame, in hexadecimal.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::features::ELR_VERSION;
use metadata::records::{FeatureLevelRecord, RegisterBrokerRecord};
use metadata::{Image, MetadataVersion, Partition, Record};
use model::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, Uuid};

use super::kit::id;
use crate::partition_change::{Because, Change, Election};

struct Line<'a>(BTreeMap<&'a str, &'a str>);

impl Line<'_> {
    fn number(&self, key: &str) -> i32 {
        self.0[key].parse().unwrap()
    }

    fn flag(&self, key: &str) -> bool {
        self.0[key] == "1"
    }

    fn numbers(&self, key: &str) -> Option<Vec<i32>> {
        match self.0[key] {
            "~" => None,
            "-" => Some(vec![]),
            list => Some(list.split(',').map(|it| it.parse().unwrap()).collect()),
        }
    }

    fn ids(&self, key: &str) -> Option<Vec<NodeId>> {
        Some(self.numbers(key)?.into_iter().map(NodeId).collect())
    }
}

fn directory(n: i32) -> Uuid {
    match n {
        0 => Uuid::UNASSIGNED_DIR,
        2 => Uuid::MIGRATING_DIR,
        n => id(n as u8),
    }
}

/// Six brokers with two directories each.
fn image(line: &Line<'_>) -> Image {
    let mut image = Image::default();
    let levels = [(MetadataVersion::FEATURE, line.number("mv")), (ELR_VERSION, line.number("elr_on"))];
    for (name, level) in levels {
        let record = FeatureLevelRecord { name: name.into(), feature_level: level as i16, ..Default::default() };
        image.replay(&record.into());
    }
    let alive = line.ids("alive").unwrap();
    for broker in 1..=6 {
        let record = RegisterBrokerRecord {
            broker_id: NodeId(broker),
            fenced: !alive.contains(&NodeId(broker)),
            log_dirs: vec![directory(100 + broker), directory(110 + broker)],
            ..Default::default()
        };
        image.brokers.insert_mut(NodeId(broker), Arc::new(record));
    }
    image
}

fn partition(line: &Line<'_>) -> Partition {
    Partition {
        replicas: line.ids("replicas").unwrap(),
        directories: line.numbers("dirs").unwrap().into_iter().map(directory).collect(),
        isr: line.ids("isr").unwrap(),
        removing_replicas: line.ids("removing").unwrap(),
        adding_replicas: line.ids("adding").unwrap(),
        elr: line.ids("elr").unwrap(),
        last_known_elr: line.ids("last").unwrap(),
        leader: NodeId(line.number("leader")),
        recovering: line.flag("recovering"),
        leader_epoch: LeaderEpoch(5),
        partition_epoch: PartitionEpoch(9),
    }
}

fn decided(line: &Line<'_>) -> String {
    let (image, partition) = (image(line), partition(line));
    let mut change = Change::new(&image, &partition, line.number("min") as usize);
    change.election = match line.0["election"] {
        "PREFERRED" => Election::Preferred,
        "ONLINE" => Election::Online,
        _ => Election::Unclean,
    };
    let set = |field: &mut Vec<NodeId>, key| line.ids(key).into_iter().for_each(|ids| *field = ids);
    set(&mut change.isr, "to_isr");
    set(&mut change.replicas, "to_replicas");
    set(&mut change.adding, "to_adding");
    set(&mut change.removing, "to_removing");
    if line.0["to_recovering"] != "~" {
        change.recovering = line.flag("to_recovering");
    }
    if line.number("unclean") != 0 {
        change.because = Because::Unclean(NodeId(line.number("unclean")));
    }
    if let Some([broker, dir]) = line.numbers("moved").as_deref() {
        change.moved = Some((NodeId(*broker), directory(*dir)));
    }
    let Some(mut record) = change.record(id(7), PartitionIndex(3)) else { return "none".to_owned() };
    // Where these answers were taken, a replica without a directory of its own has the id zero.
    let unassigned = record.directories.iter_mut().flatten().filter(|it| **it == Uuid::UNASSIGNED_DIR);
    unassigned.for_each(|it| *it = Uuid::ZERO);
    let bytes = Record::from(record).encode(MetadataVersion(line.number("mv") as i16)).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn partitions_change_as_kafkas_do() {
    let all = include_str!("../testdata/partition-changes-4.3.1.txt");
    for text in all.lines() {
        let (given, kafka) = text.split_once(" => ").unwrap();
        let line = Line(given.split(' ').map(|it| it.split_once('=').unwrap()).collect());
        assert_eq!(decided(&line), kafka, "{given}");
    }
    assert_eq!(all.lines().count(), 300);
}
