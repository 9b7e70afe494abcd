//! Seeded sequences of writes, deletions and questions; one that differs is made as short as it still differs.

use anyhow::{Result, anyhow, bail};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{BrokerId, DeleteRecordsRequest, OffsetForLeaderEpochRequest};

use super::batches::draft;
use super::compare::difference;
use super::make::{fetch, fetch_partition, list_offsets, name, produce, set, topic_with};
use super::play::{Play, Step};
use crate::dice::Dice;
use crate::kit::Broker;
use crate::kit::stopwatch::now_ms;

const SEQUENCES: usize = 12;
const LENGTH: usize = 40;
/// A sequence is made no shorter after so many tries.
const MOST_TRIES: usize = 400;

#[derive(Clone, Debug)]
enum Act {
    /// Times, codec, producer, epoch, sequence.
    Write(Vec<i64>, i16, i64, i16, i32),
    Delete(i64),
    Time(i64),
    /// Offset, most bytes, current epoch.
    Fetch(i64, i32, i32),
    /// The next of a session: from which offset on, if that changes.
    Session(Option<i64>),
    /// Current epoch, epoch that is asked for.
    Epoch(i32, i32),
    /// The topic's configuration.
    Config(&'static str, Option<&'static str>),
    Who,
}

/// What a topic may be told on its way; nothing that makes times count.
const CONFIGS: &[(&str, Option<&str>)] = &[
    ("max.message.bytes", Some("150")),
    ("max.message.bytes", None),
    ("compression.type", Some("gzip")),
    ("compression.type", Some("zstd")),
    ("compression.type", Some("uncompressed")),
    ("compression.type", None),
    ("segment.bytes", Some("1048576")),
];

/// Plays all on one pair.
///
/// # Errors
/// Where one differs.
pub fn play(theirs: &Broker, ours: &Broker) -> Result<String> {
    let seed = match std::env::var("OTTLA_SEED") {
        Ok(text) => text.parse()?,
        Err(_) => now_ms(),
    };
    let mut dice = Dice::new(seed);
    let mut sides = (Play::beside(theirs)?, Play::beside(ours)?);
    let mut topics = 0;
    for sequence in 0..SEQUENCES {
        let compacted = dice.below(4) == 0;
        let mut acts: Vec<Act> = (0..LENGTH).map(|_| act(&mut dice)).collect();
        let mut differ = |acts: &[Act]| -> Result<Option<String>> {
            topics += 1;
            both(&mut sides, &format!("r-{topics}"), compacted, acts)
        };
        let Some(mut fault) = differ(&acts)? else { continue };
        // Whatever is not needed goes, until nothing more can.
        let mut tries = 0;
        while let Some((fewer, still)) = smaller(&acts, &mut tries, &mut differ)? {
            (acts, fault) = (fewer, still);
        }
        let acts: Vec<String> = acts.iter().map(|act| format!("    {act:?}")).collect();
        bail!(
            "OTTLA_SEED={seed}, sequence {sequence}, compacted {compacted}, shortest after {tries} tries:\n{}\n{fault}",
            acts.join("\n")
        );
    }
    Ok(format!("seed {seed}, {SEQUENCES} sequences of {LENGTH}"))
}

/// A sequence that is shorter, or as long and simpler, and still differs.
fn smaller(
    acts: &[Act],
    tries: &mut usize,
    differ: &mut impl FnMut(&[Act]) -> Result<Option<String>>,
) -> Result<Option<(Vec<Act>, String)>> {
    let len = acts.len();
    // The last half, the first half, and so on down to single ones, the last first: what differs stands at the end.
    let cuts = std::iter::successors(Some(len / 2), |size| Some(size / 2)).take_while(|size| *size > 0);
    let cuts = cuts.flat_map(|size| (0..=len - size).rev().step_by(size).map(move |at| (at, size)));
    let shorter = cuts.map(|(at, size)| [&acts[..at], &acts[at + size..]].concat());
    let simpler = SIMPLER.iter().flat_map(|change| {
        // All at once first: what differs may be that two of them are alike.
        let all = acts.iter().map(|act| change(act).unwrap_or_else(|| act.clone())).collect();
        let one = |at: usize| {
            let mut changed = acts.to_vec();
            changed[at] = change(&acts[at])?;
            Some(changed)
        };
        let ones: Vec<Vec<Act>> = (0..len).rev().filter_map(one).collect();
        if ones.is_empty() { Vec::new() } else { [vec![all], ones].concat() }
    });
    for fewer in shorter.chain(simpler) {
        *tries += 1;
        if *tries > MOST_TRIES {
            return Ok(None);
        }
        if let Some(still) = differ(&fewer)? {
            return Ok(Some((fewer, still)));
        }
    }
    Ok(None)
}

/// Ways to make one act simpler; none where it is as simple as that.
const SIMPLER: &[fn(&Act) -> Option<Act>] = &[
    // By nobody.
    |act| match act {
        Act::Write(times, codec, 0.., _, _) => Some(Act::Write(times.clone(), *codec, -1, -1, -1)),
        _ => None,
    },
    // Not compressed.
    |act| match act {
        Act::Write(times, 1.., id, epoch, sequence) => Some(Act::Write(times.clone(), 0, *id, *epoch, *sequence)),
        _ => None,
    },
    // One record less.
    |act| match act {
        Act::Write(times, codec, id, epoch, sequence) => {
            let (_, rest) = times.split_first().filter(|(_, rest)| !rest.is_empty())?;
            Some(Act::Write(rest.to_vec(), *codec, *id, *epoch, *sequence))
        }
        _ => None,
    },
];

fn act(dice: &mut Dice) -> Act {
    let small = |dice: &mut Dice, n: u64| i32::try_from(dice.below(n)).unwrap_or_default();
    match dice.below(16) {
        0..=5 => {
            let times = (0..=dice.below(4)).map(|_| i64::from(small(dice, 30)) * 10).collect();
            let codec = i16::try_from(dice.below(5)).unwrap_or_default();
            match dice.below(3) {
                0 => Act::Write(times, codec, -1, -1, -1),
                _ => {
                    let epoch = i16::try_from(dice.below(8) / 6).unwrap_or_default();
                    Act::Write(times, codec, i64::from(small(dice, 2)), epoch, small(dice, 9))
                }
            }
        }
        6 => Act::Delete(i64::from(small(dice, 25)) - 2),
        7 | 8 => Act::Time(i64::from(small(dice, 35)) * 10 - 30),
        9 | 10 => Act::Fetch(i64::from(small(dice, 40)), small(dice, 600), small(dice, 3)),
        11 | 12 => Act::Session((dice.below(2) == 0).then(|| i64::from(small(dice, 40)))),
        13 => Act::Epoch(small(dice, 4) - 2, small(dice, 4) - 2),
        14 => {
            let (key, value) = CONFIGS.get(dice.at(CONFIGS.len())).copied().unwrap_or_default();
            Act::Config(key, value)
        }
        _ => Act::Who,
    }
}

fn both(sides: &mut (Play, Play), topic: &str, compacted: bool, acts: &[Act]) -> Result<Option<String>> {
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| perform(&mut sides.0, topic, compacted, acts));
        let ours = perform(&mut sides.1, topic, compacted, acts);
        (theirs.join(), ours)
    });
    let (theirs, ours) = (theirs.map_err(|_| anyhow!("a sequence panicked"))??, ours?);
    for (theirs, ours) in theirs.iter().zip(&ours) {
        let mut lines = difference(&theirs.lines, &ours.lines);
        // Listed: slices end where batches end.
        lines.retain(|line| !line.ends_with("bytes of a torn one"));
        if !lines.is_empty() {
            return Ok(Some(format!("`{}`\n    {}", ours.label, lines.join("\n    "))));
        }
    }
    Ok(None)
}

fn perform(play: &mut Play, topic: &str, compacted: bool, acts: &[Act]) -> Result<Vec<Step>> {
    let policy = if compacted { "compact" } else { "delete" };
    play.create(&[topic_with(topic, 1, &[("cleanup.policy", policy)])])?;
    let mut session = (0, 0);
    for act in acts {
        let label = format!("{act:?}");
        match act {
            Act::Write(times, codec, id, epoch, sequence) => {
                let batch = draft(times).packed(*codec).by(*id, *epoch, *sequence).bytes()?;
                play.ask(&label, 9, &produce(topic, 0, batch)).map(drop)?;
            }
            Act::Delete(offset) => {
                let part = DeleteRecordsPartition::default().with_partition_index(0).with_offset(*offset);
                let topic = DeleteRecordsTopic::default().with_name(name(topic)).with_partitions(vec![part]);
                play.ask(&label, 2, &DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(5000))
                    .map(drop)?;
            }
            Act::Time(time) => play.ask(&label, 7, &list_offsets(topic, &[(0, *time)])).map(drop)?,
            Act::Fetch(offset, max, epoch) => {
                let part =
                    fetch_partition(0, *offset).with_partition_max_bytes(*max).with_current_leader_epoch(*epoch - 1);
                play.fetch(&label, 11, &fetch(topic, vec![part])).map(drop)?;
            }
            Act::Session(offset) => {
                let mut request = fetch(topic, offset.iter().map(|offset| fetch_partition(0, *offset)).collect());
                if offset.is_none() {
                    request.topics.clear();
                }
                let request = request.with_session_id(session.0).with_session_epoch(session.1);
                let answer = play.fetch(&label, 12, &request)?;
                session = match answer {
                    Some(answer) if answer.session_id != 0 => (answer.session_id, session.1 + 1),
                    _ => (0, 0),
                };
            }
            Act::Epoch(current, leader) => {
                let asked =
                    OffsetForLeaderPartition::default().with_current_leader_epoch(*current).with_leader_epoch(*leader);
                let topic = OffsetForLeaderTopic::default().with_topic(name(topic)).with_partitions(vec![asked]);
                let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
                play.ask(&label, 4, &request.with_replica_id(BrokerId(-1))).map(drop)?;
            }
            Act::Config(key, value) => {
                let operation = i8::from(value.is_none());
                play.ask(&label, 1, &set(2, topic, &[(key, operation, *value)])).map(drop)?;
                play.settle()?;
            }
            Act::Who => super::cluster::producers(play, topic, &[0])?,
        }
    }
    Ok(play.take_steps())
}
