//! Fetch: limits, epochs, sessions.

use anyhow::Result;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState};
use kafka_protocol::messages::{BrokerId, FetchRequest};
use uuid::Uuid;

use super::batches::draft;
use super::make::{fetch, fetch_partition as part, list_offsets, name, produce, topic, topic_with};
use super::play::Play;
use super::topics::STRANGE;

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic("f", 3), topic("f-empty", 1), topic("f-other", 1)])?;
    for n in 0..6 {
        let batch = draft(&[n * 10, n * 10 + 1, n * 10 + 2]);
        play.quietly(9, &produce("f", 0, batch.bytes()?))?;
        play.quietly(9, &produce("f", 1, batch.packed(1).bytes()?))?;
        play.quietly(9, &produce("f-other", 0, draft(&[n]).bytes()?))?;
    }
    single(play)?;
    sessions(play)?;
    deleted(play)?;
    write_indexed(play, "f-indexed")?;
    each_offset(play, "f-indexed", "")
}

/// A topic in whose indexes every batch stands but the first: one that is looked for in a wrong place is missed at once.
pub fn write_indexed(play: &mut Play, topic: &str) -> Result<()> {
    play.create(&[topic_with(topic, 1, &[("index.interval.bytes", "0")])])?;
    for n in 0..INDEXED {
        let times: &[i64] = if n % 3 == 0 { &[n * 10, n * 10 + 1] } else { &[n * 10] };
        play.quietly(9, &produce(topic, 0, draft(times).bytes()?))?;
    }
    Ok(())
}

/// Each of its records, found by its offset and by its time.
pub fn each_offset(play: &mut Play, topic: &str, when: &str) -> Result<()> {
    for offset in 0..INDEXED + INDEXED / 3 {
        let one = part(0, offset).with_partition_max_bytes(1);
        play.fetch(&format!("{when} indexed from {offset}"), 11, &fetch(topic, vec![one]))?;
    }
    for n in 0..INDEXED {
        for time in [n * 10, n * 10 + 1] {
            play.ask(&format!("{when} indexed time {time}"), 5, &list_offsets(topic, &[(0, time)]))?;
        }
    }
    Ok(())
}

/// Batches in a topic with an index of them.
const INDEXED: i64 = 30;

/// A request of any version: by name or by id as it needs.
fn ask(v: i16, id: Uuid, topic: &str, parts: Vec<FetchPartition>) -> FetchRequest {
    let request = fetch(topic, parts);
    match v {
        ..13 => request,
        _ => by_id(request, id),
    }
}

fn by_id(mut request: FetchRequest, id: Uuid) -> FetchRequest {
    for topic in &mut request.topics {
        topic.topic = name("");
        topic.topic_id = id;
    }
    request
}

fn single(play: &mut Play) -> Result<()> {
    let id = play.id("f")?;
    for v in 4..=18 {
        let ask = |parts: Vec<FetchPartition>| ask(v, id, "f", parts);
        for offset in [0, 1, 2, 3, 17, 18, 19, -1, -2, i64::MAX] {
            play.fetch(&format!("from {offset}"), v, &ask(vec![part(0, offset)]))?;
        }
        for max in [0, 1, 60, 100, 250, 300, 1 << 20, i32::MAX, -1] {
            play.fetch(
                &format!("partition max {max}"),
                v,
                &ask(vec![part(0, 0).with_partition_max_bytes(max), part(1, 0)]),
            )?;
            play.fetch(&format!("max {max}"), v, &ask(vec![part(0, 4), part(1, 4)]).with_max_bytes(max))?;
        }
        for (min, wait) in [(1, 0), (1 << 20, 20), (-1, 0), (0, -1), (i32::MAX, 10)] {
            play.fetch(
                &format!("min {min} wait {wait}"),
                v,
                &ask(vec![part(0, 15)]).with_min_bytes(min).with_max_wait_ms(wait),
            )?;
        }
        for isolation in [1, 2, -1] {
            play.fetch(&format!("isolation {isolation}"), v, &ask(vec![part(0, 15)]).with_isolation_level(isolation))?;
        }
        for isolation in [0, 1] {
            let asked = ask(vec![part(0, 18), part(1, 99), part(2, 0), part(9, 0)]);
            play.fetch(&format!("isolation {isolation} of nothing"), v, &asked.with_isolation_level(isolation))?;
        }
        play.fetch("wrong partition", v, &ask(vec![part(9, 0), part(0, 15)]))?;
        play.fetch("negative partition", v, &ask(vec![part(-1, 0)]))?;
        play.fetch("empty partition", v, &ask(vec![part(2, 0)]))?;
        play.fetch("empty partition behind its end", v, &ask(vec![part(2, 1)]))?;
        play.fetch("partition twice", v, &ask(vec![part(0, 15), part(0, 12)]))?;
        play.fetch("no partitions", v, &ask(vec![]))?;
        play.fetch("no topics", v, &ask(vec![]).with_topics(vec![]))?;
        let mut twice = ask(vec![part(0, 15)]);
        twice.topics.extend(ask(vec![part(1, 15)]).topics);
        play.fetch("topic twice", v, &twice)?;
        let wrong = if v < 13 { fetch("nobody", vec![part(0, 0)]) } else { by_id(ask(vec![part(0, 0)]), STRANGE) };
        play.fetch("unknown topic", v, &wrong)?;
        let none = if v < 13 { fetch("", vec![part(0, 0)]) } else { by_id(ask(vec![part(0, 0)]), Uuid::nil()) };
        play.fetch("no topic", v, &none)?;
        let mut mixed = ask(vec![part(0, 15)]);
        mixed.topics.extend(wrong.topics.clone());
        play.fetch("known and unknown", v, &mixed)?;
        for epoch in [0, 1, 100, -1, -2] {
            play.fetch(&format!("current epoch {epoch}"), v, &ask(vec![part(0, 15).with_current_leader_epoch(epoch)]))?;
        }
        if v >= 12 {
            for epoch in [0, 1, 5, -1, -2] {
                let asked = part(0, 15).with_last_fetched_epoch(epoch);
                play.fetch(&format!("last fetched epoch {epoch}"), v, &ask(vec![asked.clone()]))?;
                play.fetch(
                    &format!("last fetched epoch {epoch} of now"),
                    v,
                    &ask(vec![asked.with_current_leader_epoch(0)]),
                )?;
            }
            let behind = part(0, 30).with_last_fetched_epoch(0);
            play.fetch("last fetched epoch behind the end", v, &ask(vec![behind]))?;
        }
        for replica in [-2, 7, 8, 100] {
            let request = ask(vec![part(0, 15)]);
            let request = if v < 15 {
                request.with_replica_id(BrokerId(replica))
            } else {
                request.with_replica_state(ReplicaState::default().with_replica_id(BrokerId(replica)))
            };
            play.fetch(&format!("replica {replica}"), v, &request)?;
        }
        if v >= 12 {
            let cluster = ask(vec![part(0, 15)]).with_cluster_id(Some(super::make::s("another")));
            play.fetch("another cluster", v, &cluster)?;
        }
        if v >= 11 {
            play.fetch("a rack", v, &ask(vec![part(0, 15)]).with_rack_id(super::make::s("r")))?;
        }
        if v >= 7 {
            for (session, epoch) in
                [(0, -1), (0, 0), (0, 1), (5, 1), (5, 0), (5, -1), (0, -2), (0, i32::MAX), (-1, 0), (-1, 1)]
            {
                let request = ask(vec![part(0, 15)]).with_session_id(session).with_session_epoch(epoch);
                play.fetch(&format!("session {session} epoch {epoch}"), v, &request)?;
            }
        }
    }
    Ok(())
}

fn sessions(play: &mut Play) -> Result<()> {
    for v in [7, 12, 13, 16, 18] {
        let (f, empty, other) = (play.id("f")?, play.id("f-empty")?, play.id("f-other")?);
        let start = |v: i16| {
            let mut request = ask(v, f, "f", vec![part(0, 15), part(1, 15), part(2, 0)]).with_session_epoch(0);
            request.topics.extend(ask(v, empty, "f-empty", vec![part(0, 0)]).topics);
            request
        };
        let Some(first) = play.fetch("begins", v, &start(v))? else { continue };
        let id = first.session_id;
        let next = |epoch: i32, topics: Vec<FetchTopic>| {
            start(v).with_topics(topics).with_session_id(id).with_session_epoch(epoch)
        };
        let forget = |topic: &str, id: Uuid, partitions: &[i32]| {
            let it = ForgottenTopic::default().with_partitions(partitions.to_vec());
            if v < 13 { it.with_topic(name(topic)) } else { it.with_topic_id(id) }
        };
        play.fetch("nothing new but records", v, &next(1, vec![]))?;
        play.fetch("moves on", v, &next(2, ask(v, f, "f", vec![part(0, 18), part(1, 18)]).topics))?;
        play.fetch("has nothing", v, &next(3, vec![]))?;
        play.quietly(9, &produce("f", 2, draft(&[1]).bytes()?))?;
        play.fetch("has something", v, &next(4, vec![]))?;
        play.fetch("an old epoch", v, &next(4, vec![]))?;
        play.fetch("a later epoch", v, &next(9, vec![]))?;
        play.fetch("goes on all the same", v, &next(5, ask(v, f, "f", vec![part(2, 0)]).topics))?;
        play.fetch("adds a topic", v, &next(6, ask(v, other, "f-other", vec![part(0, 4)]).topics))?;
        play.fetch("adds an unknown one", v, &next(7, ask(v, STRANGE, "nobody", vec![part(0, 4)]).topics))?;
        play.fetch("is told of it again", v, &next(8, vec![]))?;
        play.fetch(
            "forgets it",
            v,
            &next(9, vec![]).with_forgotten_topics_data(vec![forget("nobody", STRANGE, &[0])]),
        )?;
        play.fetch(
            "forgets two",
            v,
            &next(10, vec![])
                .with_forgotten_topics_data(vec![forget("f", f, &[0, 1, 9]), forget("f-other", other, &[0])]),
        )?;
        play.fetch(
            "forgets what it never had",
            v,
            &next(11, vec![]).with_forgotten_topics_data(vec![forget("x", STRANGE, &[0])]),
        )?;
        play.fetch("an offset out of range", v, &next(12, ask(v, f, "f", vec![part(2, 99)]).topics))?;
        play.fetch("again out of range", v, &next(13, vec![]))?;
        play.fetch("a wrong partition", v, &next(14, ask(v, f, "f", vec![part(77, 0)]).topics))?;
        if v >= 13 {
            play.fetch("by name after ids", 12, &next(15, vec![]).with_session_id(id))?;
        } else {
            play.fetch("by id after names", 13, &next(15, vec![]).with_session_id(id))?;
        }
        play.fetch("back from that", v, &next(16, vec![]))?;
        play.fetch("ends", v, &next(-1, vec![]))?;
        play.fetch("is over", v, &next(17, vec![]))?;
        let Some(again) = play.fetch("begins again", v, &start(v))? else { continue };
        let anew = start(v).with_session_id(again.session_id).with_session_epoch(0);
        play.fetch("begins in place of the other", v, &anew)?;
        play.fetch("which is over", v, &next(1, vec![]).with_session_id(again.session_id))?;
        play.fetch("of nothing", v, &start(v).with_topics(vec![]))?;
    }
    Ok(())
}

/// A session goes on when one of its topics is deleted, and made again.
fn deleted(play: &mut Play) -> Result<()> {
    for v in [12, 13, 18] {
        play.create(&[topic("f-gone", 2)])?;
        play.quietly(9, &produce("f-gone", 0, draft(&[1]).bytes()?))?;
        let (gone, other) = (play.id("f-gone")?, play.id("f-other")?);
        let mut start = ask(v, gone, "f-gone", vec![part(0, 1)]).with_session_epoch(0);
        start.topics.extend(ask(v, other, "f-other", vec![part(0, 6)]).topics);
        let Some(first) = play.fetch("begins with one that will go", v, &start)? else { continue };
        let next = |epoch: i32, topics: Vec<FetchTopic>| {
            start.clone().with_topics(topics).with_session_id(first.session_id).with_session_epoch(epoch)
        };
        play.delete(&["f-gone"])?;
        play.fetch("it is gone", v, &next(1, vec![]))?;
        play.fetch("another partition of it", v, &next(2, ask(v, gone, "f-gone", vec![part(1, 0)]).topics))?;
        play.fetch("anew of what is gone", v, &start)?;
        play.create(&[topic("f-gone", 1)])?;
        play.fetch("there is another of that name", v, &next(3, vec![]))?;
        play.fetch("and another partition", v, &next(4, ask(v, gone, "f-gone", vec![part(0, 1)]).topics))?;
        play.delete(&["f-gone"])?;
        play.fetch("it is gone too", v, &next(5, vec![]))?;
    }
    Ok(())
}
