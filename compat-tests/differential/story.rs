//! A topic's whole life: written, cut, read through sessions, configured anew, grown, deleted, and made again under its name.

use anyhow::Result;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, DeleteRecordsRequest, DeleteTopicsRequest, FetchRequest,
    OffsetForLeaderEpochRequest,
};
use uuid::Uuid;

use super::batches::{Draft, draft};
use super::make::{fetch, fetch_partition as part, list_offsets, name, produce, set, topic};
use super::play::Play;

const TOPIC: &str = "life";

/// A session by names and one by ids, as they stand.
struct Sessions {
    /// Version, session, epoch of the next request, id of the topic as it was at first.
    each: [(i16, i32, i32, Uuid); 2],
}

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic(TOPIC, 2)])?;
    let first = play.id(TOPIC)?;
    write(play, "first", draft(&[100, 300, 200]).by(40, 0, 0))?;
    write(play, "second", draft(&[150]).packed(4).by(40, 0, 3))?;
    write(play, "third", draft(&[400, 50]))?;
    let mut sessions = Sessions::begin(play, first)?;
    everything(play, "written", first)?;

    cut(play, "into a batch", 2)?;
    sessions.go(play, "cut")?;
    everything(play, "cut", first)?;
    write(play, "after the cut", draft(&[500]).by(40, 0, 4))?;
    write(play, "a duplicate of what was cut", draft(&[100, 300, 200]).by(40, 0, 0))?;
    sessions.go(play, "written again")?;

    configured(play, &mut sessions)?;
    everything(play, "configured", first)?;

    let more = CreatePartitionsTopic::default().with_name(name(TOPIC)).with_count(3).with_assignments(None);
    let grow = CreatePartitionsRequest::default().with_topics(vec![more]).with_timeout_ms(10_000);
    play.ask("grows", 3, &grow)?;
    play.settle()?;
    sessions.go(play, "grown")?;
    for v in [9, 13] {
        play.fetch("the new partition", v.min(12), &fetch(TOPIC, vec![part(2, 0)]))?;
    }
    cut(play, "all", -1)?;
    everything(play, "all cut", first)?;
    write(play, "goes on after all was cut", draft(&[600]).by(40, 0, 5))?;
    sessions.go(play, "all cut")?;

    delete(play)?;
    sessions.go(play, "deleted")?;
    everything(play, "deleted", first)?;
    sessions.go(play, "still deleted")?;

    play.create(&[topic(TOPIC, 2)])?;
    let second = play.id(TOPIC)?;
    sessions.go(play, "made again")?;
    everything(play, "made again, by its old id", first)?;
    everything(play, "made again", second)?;
    write(play, "the producer of the old one goes on", draft(&[700]).by(40, 0, 6))?;
    write(play, "the producer of the old one begins", draft(&[700]).by(40, 0, 0))?;
    sessions.go(play, "written anew")?;
    everything(play, "written anew", second)
}

fn write(play: &mut Play, label: &str, batch: Draft) -> Result<()> {
    play.ask(label, 9, &produce(TOPIC, 0, batch.bytes()?)).map(drop)
}

fn cut(play: &mut Play, label: &str, offset: i64) -> Result<()> {
    let part = DeleteRecordsPartition::default().with_partition_index(0).with_offset(offset);
    let topic = DeleteRecordsTopic::default().with_name(name(TOPIC)).with_partitions(vec![part]);
    play.ask(label, 2, &DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(5_000)).map(drop)
}

fn delete(play: &mut Play) -> Result<()> {
    let request = DeleteTopicsRequest::default().with_topic_names(vec![name(TOPIC)]).with_timeout_ms(10_000);
    play.ask("deletes", 5, &request)?;
    play.settle()
}

/// By every question about offsets, of the topic of this name and of this id.
fn everything(play: &mut Play, when: &str, id: Uuid) -> Result<()> {
    for time in [-1, -2, -3, -4, -5, 0, 100, 150, 151, 250, 301, 401, 501, 1_000] {
        // Of the stamps that the broker's clock gave, which is the largest is up to the clock.
        if ["configured", "all cut"].contains(&when) && time == -3 {
            continue;
        }
        for v in [1, 9, 10] {
            play.ask(&format!("{when}, time {time}"), v, &list_offsets(TOPIC, &[(0, time)]))?;
        }
    }
    for (current, leader) in [(-1, 0), (0, 0), (1, 0), (-1, 1), (0, -1)] {
        let asked = OffsetForLeaderPartition::default().with_current_leader_epoch(current).with_leader_epoch(leader);
        let topic = OffsetForLeaderTopic::default().with_topic(name(TOPIC)).with_partitions(vec![asked]);
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]).with_replica_id(BrokerId(-1));
        play.ask(&format!("{when}, current {current} leader {leader}"), 4, &request)?;
    }
    for offset in 0..14 {
        play.fetch(&format!("{when}, from {offset}"), 12, &fetch(TOPIC, vec![part(0, offset)]))?;
    }
    for v in [13, 18] {
        play.fetch(&format!("{when}, by id"), v, &by(v, id, vec![part(0, 3), part(1, 0), part(2, 0)]))?;
    }
    let mut wrong = produce("", 7, draft(&[1]).bytes()?);
    wrong.topic_data[0].topic_id = id;
    play.ask(&format!("{when}, written by id"), 13, &wrong)?;
    super::cluster::producers(play, TOPIC, &[0, 1])
}

fn by(v: i16, id: Uuid, parts: Vec<FetchPartition>) -> FetchRequest {
    let mut request = fetch(TOPIC, parts);
    if v >= 13 {
        request.topics[0].topic = name("");
        request.topics[0].topic_id = id;
    }
    request
}

impl Sessions {
    fn begin(play: &mut Play, id: Uuid) -> Result<Self> {
        let mut each = [(12, 0, 1, id), (17, 0, 1, id)];
        for (v, session, _, id) in &mut each {
            let request = by(*v, *id, vec![part(0, 0), part(1, 0)]).with_session_epoch(0);
            *session = play.fetch("a session begins", *v, &request)?.map_or(0, |answer| answer.session_id);
        }
        Ok(Self { each })
    }

    /// Asks each for what is new, three times: a change is told once, an error each time.
    fn go(&mut self, play: &mut Play, when: &str) -> Result<()> {
        for (v, session, epoch, _) in &mut self.each {
            for n in 0..3 {
                let request =
                    fetch("", vec![]).with_topics(vec![]).with_session_id(*session).with_session_epoch(*epoch);
                play.fetch(&format!("{when}, session, {n}"), *v, &request)?;
                *epoch += 1;
            }
        }
        Ok(())
    }
}

/// Each change of the configuration holds for the very next batch, and for no earlier one.
fn configured(play: &mut Play, sessions: &mut Sessions) -> Result<()> {
    let large = || draft(&[100; 30]).with(|it| it.records[0].value = Some(vec![b'v'; 300]));
    for (key, value) in [
        ("max.message.bytes", "300"),
        ("compression.type", "zstd"),
        ("compression.type", "uncompressed"),
        ("message.timestamp.after.max.ms", "0"),
        ("message.timestamp.before.max.ms", "1000"),
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("min.insync.replicas", "3"),
        ("segment.bytes", "1048576"),
        ("message.timestamp.type", "LogAppendTime"),
    ] {
        let when = format!("{key} {value}");
        play.ask(&format!("sets {when}"), 1, &set(2, TOPIC, &[(key, 0, Some(value))]))?;
        play.settle()?;
        write(play, &format!("{when}, small"), draft(&[250]))?;
        write(play, &format!("{when}, large"), large())?;
        write(play, &format!("{when}, packed"), large().packed(1))?;
        write(play, &format!("{when}, without keys"), draft(&[250, 260]).without_keys())?;
        cut(play, &format!("{when}, cut to where it is"), 2)?;
        play.fetch(&format!("{when}, read"), 12, &fetch(TOPIC, vec![part(0, 7)]))?;
        sessions.go(play, &when)?;
        play.ask(&format!("clears {when}"), 1, &set(2, TOPIC, &[(key, 1, None)]))?;
        play.settle()?;
        write(play, &format!("{when} no more"), draft(&[250]).without_keys())?;
    }
    Ok(())
}
