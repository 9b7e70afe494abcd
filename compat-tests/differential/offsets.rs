//! ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use anyhow::Result;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{BrokerId, DeleteRecordsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest};

use super::batches::draft;
use super::make::{fetch, fetch_partition, list_offsets, name, produce, topic, topic_with};
use super::play::Play;

const TIMES: &[i64] = &[
    -1,
    -2,
    -3,
    -4,
    -5,
    -6,
    -7,
    -100,
    i64::MIN,
    0,
    1,
    99,
    100,
    101,
    149,
    150,
    151,
    199,
    200,
    201,
    250,
    300,
    301,
    999,
    1000,
    1001,
    i64::MAX,
];

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[
        topic("o", 4),
        topic_with("o-stamped", 1, &[("message.timestamp.type", "LogAppendTime")]),
        topic_with("o-rolls", 1, &[("segment.bytes", "1048576"), ("index.interval.bytes", "0")]),
    ])?;
    for codec in 0..=4 {
        for times in [&[100, 150, 120][..], &[200], &[150, 300, 300], &[50]] {
            play.quietly(9, &produce("o", i32::from(codec % 3), draft(times).packed(codec).bytes()?))?;
        }
        play.quietly(9, &produce("o-stamped", 0, draft(&[100, 150]).packed(codec).bytes()?))?;
    }
    for n in 0..40 {
        let big = draft(&[n * 100, n * 100 - 50]).with(|it| it.records[0].value = Some(vec![0; 100_000]));
        play.quietly(9, &produce("o-rolls", 0, big.bytes()?))?;
    }
    every(play, "at first")?;
    delete_records(play)?;
    every(play, "after deletions")?;
    epochs(play)
}

fn every(play: &mut Play, when: &str) -> Result<()> {
    for v in 1..=10 {
        for time in TIMES {
            let parts: Vec<(i32, i64)> = (0..4).map(|part| (part, *time)).collect();
            play.ask_sorted(&format!("{when} time {time}"), v, &list_offsets("o", &parts), by_index)?;
            // The stamps are the moments of the appends, and which batch has the largest is up to the clock.
            if *time == -3 {
                continue;
            }
            play.ask_sorted(
                &format!("{when} stamped, time {time}"),
                v,
                &list_offsets("o-stamped", &[(0, *time)]),
                by_index,
            )?;
        }
        for isolation in [1, 2, -1] {
            for time in [-1, -3, 300] {
                let request = list_offsets("o", &[(0, time)]).with_isolation_level(isolation);
                play.ask_sorted(&format!("{when} isolation {isolation} time {time}"), v, &request, by_index)?;
            }
        }
        for (label, asked) in [("partition 9", (9, -1)), ("partition -1", (-1, -1))] {
            play.ask_sorted(&format!("{when} {label}"), v, &list_offsets("o", &[asked]), by_index)?;
        }
        play.ask_sorted(&format!("{when} twice"), v, &list_offsets("o", &[(0, -1), (0, -2), (1, -1)]), by_index)?;
        let mut topics = list_offsets("o", &[(0, -1)]);
        topics.topics.extend(list_offsets("o", &[(0, -1)]).topics);
        play.ask_sorted(&format!("{when} topic twice"), v, &topics, by_index)?;
        play.ask_sorted(&format!("{when} nobody"), v, &list_offsets("nobody", &[(0, -1)]), by_index)?;
        play.ask_sorted(&format!("{when} empty name"), v, &list_offsets("", &[(0, -1)]), by_index)?;
        play.ask_sorted(&format!("{when} no partitions"), v, &list_offsets("o", &[]), by_index)?;
        play.ask_sorted(&format!("{when} no topics"), v, &list_offsets("o", &[]).with_topics(vec![]), by_index)?;
        for replica in [-2, -3, 0, 7] {
            play.ask(
                &format!("{when} replica {replica}"),
                v,
                &list_offsets("o", &[(0, -1)]).with_replica_id(BrokerId(replica)),
            )?;
        }
        for epoch in [0, 1, 9, -2] {
            let mut request = list_offsets("o", &[(0, -1)]);
            request.topics[0].partitions[0].current_leader_epoch = epoch;
            play.ask_sorted(&format!("{when} epoch {epoch}"), v, &request, by_index)?;
        }
    }
    // Version 11 looks as 10 does, and has one more special time (KIP-1023).
    for time in [-1, -2, -6, -7, 150] {
        play.ask_newer(&format!("{when} time {time}"), 11, 10, &list_offsets("o", &[(0, time)]), |_| true)?;
    }
    for time in (-100..4000).step_by(250) {
        play.ask(&format!("{when} many segments, time {time}"), 7, &list_offsets("o-rolls", &[(0, time)]))?;
    }
    play.ask(&format!("{when} many segments, latest time"), 7, &list_offsets("o-rolls", &[(0, -3)]))?;
    Ok(())
}

/// Refused partitions come first in Apache Kafka's answers, the others in no order.
fn by_index(it: &mut ListOffsetsResponse) {
    it.topics.iter_mut().for_each(|it| it.partitions.sort_by_key(|it| it.partition_index));
}

fn delete_records(play: &mut Play) -> Result<()> {
    for v in 0..=2 {
        let ask = |topic: &str, asked: &[(i32, i64)]| {
            let parts = asked.iter().map(|(part, offset)| {
                DeleteRecordsPartition::default().with_partition_index(*part).with_offset(*offset)
            });
            let topic = DeleteRecordsTopic::default().with_name(name(topic)).with_partitions(parts.collect());
            DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(5_000)
        };
        let n = i64::from(v);
        for (label, request) in [
            ("nothing", ask("o", &[]).with_topics(vec![])),
            ("no partitions", ask("o", &[])),
            ("unknown topic", ask("nobody", &[(0, 1)])),
            ("empty name", ask("", &[(0, 1)])),
            ("unknown partition", ask("o", &[(9, 1)])),
            ("negative partition", ask("o", &[(-1, 1)])),
            ("to 0", ask("o", &[(0, 0)])),
            ("negative", ask("o", &[(0, -2)])),
            ("behind the end", ask("o", &[(0, 10_000)])),
            ("into a batch", ask("o", &[(0, 1 + n)])),
            ("back", ask("o", &[(0, 0)])),
            ("to where it is", ask("o", &[(0, 1 + n)])),
            ("twice", ask("o", &[(1, 1 + n), (1, 2 + n)])),
            ("all of an empty one", ask("o", &[(3, -1)])),
            ("segments", ask("o-rolls", &[(0, 30 + n)])),
            ("the quorum's", ask("__cluster_metadata", &[(0, 1)])),
            ("no time", ask("o", &[(0, 2 + n)]).with_timeout_ms(0)),
        ] {
            play.ask_sorted(label, v, &request, |it| {
                it.topics.iter_mut().for_each(|it| it.partitions.sort_by_key(|it| it.partition_index))
            })?;
        }
        for offset in 0..4 {
            play.fetch(&format!("after it, from {offset}"), 11, &fetch("o", vec![fetch_partition(0, offset)]))?;
        }
        if v == 2 {
            play.ask("all", v, &ask("o", &[(2, -1)]))?;
            play.fetch("all are gone", 11, &fetch("o", vec![fetch_partition(2, 0)]))?;
        }
    }
    Ok(())
}

pub fn epochs(play: &mut Play) -> Result<()> {
    for v in 2..=4 {
        for current in [-1, 0, 1, 2, 9, -2] {
            for leader in [-1, 0, 1, 2, 9, -2, i32::MAX] {
                for part in [0, 1] {
                    let asked = OffsetForLeaderPartition::default()
                        .with_partition(part)
                        .with_current_leader_epoch(current)
                        .with_leader_epoch(leader);
                    let topic = OffsetForLeaderTopic::default().with_topic(name("o")).with_partitions(vec![asked]);
                    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
                    let request = if v >= 3 { request.with_replica_id(BrokerId(-1)) } else { request };
                    play.ask(&format!("partition {part} current {current} leader {leader}"), v, &request)?;
                }
            }
        }
        let part = OffsetForLeaderPartition::default().with_current_leader_epoch(-1);
        let ask = |topic: &str, parts: Vec<OffsetForLeaderPartition>| {
            let topic = OffsetForLeaderTopic::default().with_topic(name(topic)).with_partitions(parts);
            let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
            if v >= 3 { request.with_replica_id(BrokerId(-1)) } else { request }
        };
        play.ask("nothing", v, &ask("o", vec![]).with_topics(vec![]))?;
        play.ask("no partitions", v, &ask("o", vec![]))?;
        play.ask("nobody", v, &ask("nobody", vec![part.clone()]))?;
        play.ask("wrong partition", v, &ask("o", vec![part.clone().with_partition(9)]))?;
        play.ask("twice", v, &ask("o", vec![part.clone(), part.clone()]))?;
        let request = ask("o", vec![part.clone()]);
        play.ask("replica 7", v, &if v >= 3 { request.with_replica_id(BrokerId(7)) } else { request })?;
    }
    Ok(())
}
