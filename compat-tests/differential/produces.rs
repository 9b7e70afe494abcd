//! Produce: every fault that a batch can have, every state that a producer can be in.

use anyhow::Result;
use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse, TransactionalId};

use super::batches::{Draft, draft};
use super::make::{fetch, fetch_partition, list_offsets, name, produce, s, topic, topic_with};
use super::play::Play;
use super::topics::STRANGE;
use crate::kit::stopwatch::now_ms;

pub fn play(play: &mut Play) -> Result<()> {
    faults(play)?;
    versions(play)?;
    kept_and_changed(play)?;
    producers(play)
}

fn flip(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
    bytes
}

fn put(mut bytes: Vec<u8>, at: usize, new: &[u8]) -> Vec<u8> {
    bytes.iter_mut().skip(at).zip(new).for_each(|(old, new)| *old = *new);
    bytes
}

fn faults(play: &mut Play) -> Result<()> {
    play.create(&[
        topic("p-plain", 2),
        topic_with("p-compact", 1, &[("cleanup.policy", "compact")]),
        topic_with("p-small", 1, &[("max.message.bytes", "200")]),
        topic_with(
            "p-strict",
            1,
            &[("message.timestamp.before.max.ms", "3600000"), ("message.timestamp.after.max.ms", "3600000")],
        ),
        topic_with(
            "p-stamped-strict",
            1,
            &[("message.timestamp.type", "LogAppendTime"), ("message.timestamp.before.max.ms", "3600000")],
        ),
        topic_with("p-zstd", 1, &[("compression.type", "zstd")]),
        topic_with("p-none", 1, &[("compression.type", "uncompressed")]),
        topic_with("p-isr", 1, &[("min.insync.replicas", "2")]),
    ])?;
    let now = i64::try_from(now_ms())?;
    let good = || draft(&[10, 20, 15]);
    let two = [good().bytes()?, draft(&[30]).bytes()?].concat();
    let changed = |change: fn(&mut Draft)| good().with(change).bytes();
    let whole = good().bytes()?;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("good", whole.clone()),
        ("empty", vec![]),
        ("few bytes", vec![0; 5]),
        ("only a header's length", vec![0; 17]),
        ("60 bytes", whole[..60].to_vec()),
        ("cut short", whole[..whole.len() - 1].to_vec()),
        ("bytes behind it", [whole.clone(), vec![0; 5]].concat()),
        ("half a batch behind it", [whole.clone(), whole[..30].to_vec()].concat()),
        ("two batches", two),
        ("wrong crc", flip(whole.clone(), 17)),
        ("flipped payload", flip(whole.clone(), 65)),
        ("length too short", put(whole.clone(), 8, &40i32.to_be_bytes())),
        ("length 0", put(whole.clone(), 8, &0i32.to_be_bytes())),
        ("length negative", put(whole.clone(), 8, &(-1i32).to_be_bytes())),
        ("length too long", put(whole.clone(), 8, &4000i32.to_be_bytes())),
        ("magic 0", changed(|it| it.magic = 0)?),
        ("magic 1", changed(|it| it.magic = 1)?),
        ("magic 3", changed(|it| it.magic = 3)?),
        ("magic -1", changed(|it| it.magic = -1)?),
        ("base offset 5", changed(|it| it.base = 5)?),
        ("base offset -1", changed(|it| it.base = -1)?),
        ("leader epoch 9", changed(|it| it.epoch = 9)?),
        ("count too low", changed(|it| it.count = Some(2))?),
        ("count too high", changed(|it| it.count = Some(4))?),
        ("count 0", changed(|it| it.count = Some(0))?),
        ("count -1", changed(|it| it.count = Some(-1))?),
        ("count and delta too high", changed(|it| (it.count, it.last_delta) = (Some(4), Some(3)))?),
        ("count and delta too low", changed(|it| (it.count, it.last_delta) = (Some(2), Some(1)))?),
        ("last delta too low", changed(|it| it.last_delta = Some(1))?),
        ("last delta too high", changed(|it| it.last_delta = Some(9))?),
        ("last delta negative", changed(|it| it.last_delta = Some(-1))?),
        ("no records", changed(|it| it.records.clear())?),
        ("no records, count 1", changed(|it| (it.records, it.count, it.last_delta) = (vec![], Some(1), Some(0)))?),
        ("offsets not in a row", changed(|it| it.records[1].offset = 7)?),
        ("offsets twice", changed(|it| it.records[1].offset = 0)?),
        ("first offset not 0", changed(|it| it.records[0].offset = 1)?),
        ("offsets negative", changed(|it| it.records[0].offset = -1)?),
        ("bytes behind the records", changed(|it| it.tail = vec![0; 3])?),
        ("a record too short", changed(|it| it.tail = vec![2])?),
        ("control", changed(|it| it.attributes = 0x20)?),
        ("transactional", changed(|it| it.attributes = 0x10)?),
        ("transactional with a producer", good().by(4000, 0, 0).with(|it| it.attributes = 0x10).bytes()?),
        ("LogAppendTime from a client", changed(|it| it.attributes = 0x08)?),
        ("unknown attribute bits", changed(|it| it.attributes = 0x100)?),
        ("delete horizon", changed(|it| it.attributes = 0x40)?),
        ("max time too low", changed(|it| it.max_time = Some(12))?),
        ("max time too high", changed(|it| it.max_time = Some(999))?),
        ("max time -1", changed(|it| it.max_time = Some(-1))?),
        ("base time -1", changed(|it| it.base_time = -1)?),
        ("base time negative", changed(|it| it.base_time = -100)?),
        ("no key", good().without_keys().bytes()?),
        ("null value", changed(|it| it.records[0].value = None)?),
        (
            "headers",
            changed(|it| {
                it.records[0].headers =
                    vec![("a".into(), Some("b".into())), ("a".into(), None), (String::new(), Some(String::new()))]
            })?,
        ),
        ("producer without epoch", good().by(4001, -1, 0).bytes()?),
        ("producer without sequence", good().by(4002, 0, -1).bytes()?),
        ("epoch without producer", good().by(-1, 0, -1).bytes()?),
        ("sequence without producer", good().by(-1, -1, 5).bytes()?),
        ("two batches of a producer", [good().by(4003, 0, 0).bytes()?, good().by(4003, 0, 3).bytes()?].concat()),
        ("gzip", good().packed(1).bytes()?),
        ("snappy", good().packed(2).bytes()?),
        ("lz4", good().packed(3).bytes()?),
        ("zstd", good().packed(4).bytes()?),
        ("codec 5", good().packed(5).bytes()?),
        ("codec 7", good().packed(7).bytes()?),
        ("gzip that is none", good().bytes().map(|it| put(it, 21, &[0, 1])).map(resealed)?),
        ("snappy that is none", good().bytes().map(|it| put(it, 21, &[0, 2])).map(resealed)?),
        ("lz4 that is none", good().bytes().map(|it| put(it, 21, &[0, 3])).map(resealed)?),
        ("zstd that is none", good().bytes().map(|it| put(it, 21, &[0, 4])).map(resealed)?),
        ("gzip, count too high", changed(|it| (it.attributes, it.count) = (1, Some(4)))?),
        ("gzip, count too low", changed(|it| (it.attributes, it.count, it.last_delta) = (1, Some(2), Some(1)))?),
        // Not sent: a compressed batch whose offsets have a gap. Apache Kafka fails on it with UNKNOWN_SERVER_ERROR.
        ("gzip, bytes behind the records", changed(|it| (it.attributes, it.tail) = (1, vec![0; 3]))?),
        ("gzip, no key", good().without_keys().packed(1).bytes()?),
        ("gzip, max time too low", changed(|it| (it.attributes, it.max_time) = (1, Some(12)))?),
        ("lz4, max time too high", changed(|it| (it.attributes, it.max_time) = (3, Some(999)))?),
        ("large", draft(&[1; 40]).bytes()?),
        ("large, zstd", draft(&[1; 40]).packed(4).bytes()?),
        ("of now", draft(&[now]).bytes()?),
        ("of yesterday", draft(&[now - 86_400_000]).bytes()?),
        ("of tomorrow", draft(&[now + 86_400_000]).bytes()?),
        ("of the day after, one of two", draft(&[now, now + 2 * 86_400_000]).bytes()?),
        ("of the end of time", draft(&[i64::MAX]).bytes()?),
        ("of no time", draft(&[-1]).bytes()?),
    ];
    for topic in ["p-plain", "p-compact", "p-small", "p-strict", "p-stamped-strict", "p-zstd", "p-none", "p-isr"] {
        for (label, records) in &cases {
            play.ask(&format!("{topic} {label}"), 9, &produce(topic, 0, records.clone()))?;
        }
        play.ask(&format!("ends of {topic}"), 9, &list_offsets(topic, &[(0, -1)]))?;
        play.ask(&format!("start of {topic}"), 9, &list_offsets(topic, &[(0, -2)]))?;
        play.fetch(&format!("all of {topic}"), 11, &fetch(topic, vec![fetch_partition(0, 0)]))?;
    }
    Ok(())
}

fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    crate::raw::batch::reseal(&mut bytes);
    bytes
}

/// The same few in every version: who is asked, with which acks, for whom.
fn versions(play: &mut Play) -> Result<()> {
    play.create(&[topic("pv", 2), topic("pv-other", 1)])?;
    let id = play.id("pv")?;
    for v in 3..=13 {
        let to = |partition: i32, records: Option<Vec<u8>>| {
            PartitionProduceData::default().with_index(partition).with_records(records.map(Bytes::from))
        };
        let of = |parts: Vec<PartitionProduceData>| {
            let topic = TopicProduceData::default().with_partition_data(parts);
            if v < 13 { topic.with_name(name("pv")) } else { topic.with_topic_id(id) }
        };
        let ask = |topics: Vec<TopicProduceData>| {
            ProduceRequest::default().with_acks(-1).with_timeout_ms(10_000).with_topic_data(topics)
        };
        let good = draft(&[1, 2]).bytes()?;
        let one = || of(vec![to(0, Some(good.clone()))]);
        play.ask_sorted("good", v, &ask(vec![one()]), by_index)?;
        play.ask_sorted("acks 1", v, &ask(vec![one()]).with_acks(1), by_index)?;
        play.unanswered("acks 0", v, &ask(vec![one()]).with_acks(0))?;
        play.unanswered("acks 0, wrong partition", v, &ask(vec![of(vec![to(9, Some(good.clone()))])]).with_acks(0))?;
        for acks in [2, -2, i16::MAX] {
            play.ask_sorted(&format!("acks {acks}"), v, &ask(vec![one()]).with_acks(acks), by_index)?;
        }
        play.ask_sorted("nothing", v, &ask(vec![]), by_index)?;
        play.ask_sorted("no partitions", v, &ask(vec![of(vec![])]), by_index)?;
        // Not asked: null records. Apache Kafka's handler dies of them and never answers.
        play.ask_sorted("empty records", v, &ask(vec![of(vec![to(0, Some(vec![]))])]), by_index)?;
        play.ask_sorted("wrong partition", v, &ask(vec![of(vec![to(2, Some(good.clone()))])]), by_index)?;
        play.ask_sorted("negative partition", v, &ask(vec![of(vec![to(-1, Some(good.clone()))])]), by_index)?;
        play.ask_sorted(
            "two partitions",
            v,
            &ask(vec![of(vec![to(0, Some(good.clone())), to(1, Some(good.clone()))])]),
            by_index,
        )?;
        play.ask_sorted(
            "the same twice",
            v,
            &ask(vec![of(vec![to(9, Some(good.clone())), to(9, Some(good.clone()))])]),
            by_index,
        )?;
        let nowhere = || of(vec![to(9, Some(good.clone()))]);
        play.ask_sorted("the topic twice", v, &ask(vec![nowhere(), nowhere()]), by_index)?;
        let wrong = if v < 13 { one().with_name(name("nobody")) } else { one().with_topic_id(STRANGE) };
        play.ask_sorted("unknown topic", v, &ask(vec![wrong]), by_index)?;
        let none = if v < 13 { one().with_name(name("")) } else { one().with_topic_id(uuid::Uuid::nil()) };
        play.ask_sorted("no topic", v, &ask(vec![none]), by_index)?;
        let bad = if v < 13 { one().with_name(name("bad name")) } else { one().with_name(name("pv")) };
        play.ask_sorted("bad name", v, &ask(vec![bad]), by_index)?;
        play.ask_sorted("no time", v, &ask(vec![one()]).with_timeout_ms(-1), by_index)?;
        let zstd = draft(&[1, 2]).packed(4).bytes()?;
        play.ask_sorted("zstd", v, &ask(vec![of(vec![to(0, Some(zstd))])]), by_index)?;
        let crc = flip(good.clone(), 17);
        play.ask_sorted("wrong crc", v, &ask(vec![of(vec![to(0, Some(crc))])]), by_index)?;
        let old = draft(&[1]).with(|it| it.magic = 1).bytes()?;
        play.ask_sorted("magic 1", v, &ask(vec![of(vec![to(0, Some(old))])]), by_index)?;
        let gap = draft(&[1, 2]).with(|it| it.records[1].offset = 7).bytes()?;
        play.ask_sorted("bad offsets", v, &ask(vec![of(vec![to(0, Some(gap)), to(1, Some(good.clone()))])]), by_index)?;
        let many = draft(&[1, 2]).by(5000, 0, 7).bytes()?;
        play.ask_sorted("fresh producer in the middle", v, &ask(vec![of(vec![to(1, Some(many))])]), by_index)?;
        let stale = draft(&[1, 2]).by(6000 + i64::from(v), 3, 0).bytes()?;
        play.ask_sorted("producer", v, &ask(vec![of(vec![to(1, Some(stale))])]), by_index)?;
        let stale = draft(&[1, 2]).by(6000 + i64::from(v), 2, 2).bytes()?;
        play.ask_sorted("stale epoch", v, &ask(vec![of(vec![to(1, Some(stale))])]), by_index)?;
        let gap = draft(&[1, 2]).by(6000 + i64::from(v), 3, 9).bytes()?;
        play.ask_sorted("gap", v, &ask(vec![of(vec![to(1, Some(gap))])]), by_index)?;
        let tx = draft(&[1]).by(7000, 0, 0).with(|it| it.attributes = 0x10).bytes()?;
        play.ask_sorted("transactional, no id", v, &ask(vec![of(vec![to(0, Some(tx.clone()))])]), by_index)?;
        let request = ask(vec![one()]).with_transactional_id(Some(TransactionalId(s("tx"))));
        play.ask_sorted("transactional id, plain batch", v, &request, by_index)?;
    }
    play.fetch("all", 11, &fetch("pv", vec![fetch_partition(0, 0), fetch_partition(1, 0)]))?;
    Ok(())
}

/// Partitions of a request are a map in Apache Kafka, of no order.
fn by_index(it: &mut ProduceResponse) {
    it.responses.iter_mut().for_each(|it| it.partition_responses.sort_by_key(|it| it.index));
}

/// What stays the client's bytes and what is written anew.
fn kept_and_changed(play: &mut Play) -> Result<()> {
    for target in ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"] {
        for times in ["CreateTime", "LogAppendTime"] {
            let topic = format!("pc-{target}-{times}");
            play.create(&[topic_with(&topic, 1, &[("compression.type", target), ("message.timestamp.type", times)])])?;
            for codec in 0..=4 {
                let batch = draft(&[50, 10, 70, 70]).packed(codec).by(9, 0, i32::from(codec) * 4);
                let odd = draft(&[5, 6]).packed(codec).with(|it| it.records[1].headers = vec![("h".into(), None)]);
                play.ask(&format!("{topic} codec {codec}"), 9, &produce(&topic, 0, batch.bytes()?))?;
                play.ask(&format!("{topic} codec {codec} again"), 9, &produce(&topic, 0, batch.bytes()?))?;
                play.ask(&format!("{topic} codec {codec} headers"), 9, &produce(&topic, 0, odd.bytes()?))?;
            }
            play.fetch(&format!("{topic} read"), 11, &fetch(&topic, vec![fetch_partition(0, 0)]))?;
            for v in [4, 7, 10] {
                let times = [(0, 0), (0, 6), (0, 50), (0, 51), (0, 70), (0, 71)];
                for time in times {
                    play.ask(&format!("{topic} time {}", time.1), v, &list_offsets(&topic, &[time]))?;
                }
            }
        }
    }
    Ok(())
}

fn producers(play: &mut Play) -> Result<()> {
    play.create(&[topic("ps", 1)])?;
    // Producer, epoch, first sequence, records.
    let steps: &[(i64, i16, i32, usize)] = &[
        (1, 0, 0, 3),
        (1, 0, 0, 3),
        (1, 0, 3, 2),
        (1, 0, 0, 3),
        (1, 0, 3, 2),
        (1, 0, 3, 1),
        (1, 0, 4, 1),
        (1, 0, 0, 2),
        (1, 0, 9, 1),
        (1, 0, 5, 1),
        (1, 0, 6, 1),
        (1, 0, 7, 1),
        (1, 0, 8, 1),
        (1, 0, 9, 1),
        (1, 0, 0, 3),
        (1, 0, 3, 2),
        (1, 0, 5, 1),
        (1, 0, 10, 1),
        (1, 0, 5, 1),
        (1, 1, 5, 1),
        (1, 1, 0, 1),
        (1, 0, 11, 1),
        (1, 1, 1, 1),
        (1, 3, 0, 2),
        (1, 2, 0, 1),
        (1, 3, 0, 2),
        (1, 3, 2, 1),
        (2, 0, 5, 1),
        (2, 0, 6, 1),
        (2, 0, 5, 1),
        (2, 5, 1, 1),
        (2, 5, 0, 1),
        (3, 0, i32::MAX - 1, 2),
        (3, 0, 0, 1),
        (3, 0, 1, 1),
        (4, 0, i32::MAX - 1, 4),
        (4, 0, 2, 1),
        (4, 0, i32::MAX - 1, 4),
        (5, 0, i32::MAX, 1),
        (5, 0, 0, 2),
        (5, 0, 1, 1),
        (5, 0, 2, 1),
        (6, i16::MAX, 0, 1),
        (6, 0, 0, 1),
        (7, 0, -2, 1),
        (-2, 0, 0, 1),
        (-2, 0, 1, 1),
        (8, -2, 0, 1),
    ];
    for (n, (id, epoch, sequence, count)) in steps.iter().enumerate() {
        let batch = draft(&vec![100; *count]).by(*id, *epoch, *sequence).bytes()?;
        play.ask(&format!("{n}: {id} {epoch} {sequence} {count}"), 9, &produce("ps", 0, batch)).map(drop)?;
    }
    play.fetch("all", 11, &fetch("ps", vec![fetch_partition(0, 0)]))?;
    super::cluster::producers(play, "ps", &[0])
}
