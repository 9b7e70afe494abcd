//! Seeded sequences of writes, deletions and questions; one that differs is made as short as it still differs.

use anyhow::{Result, anyhow, bail};
use kafka_protocol::messages::DeleteRecordsRequest;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

use super::batches::draft;
use super::compare::difference;
use super::make::{fetch, fetch_partition, list_offsets, name, produce, topic_with};
use super::play::{Play, Step};
use crate::dice::Dice;
use crate::kit::Broker;
use crate::kit::stopwatch::now_ms;

const SEQUENCES: usize = 12;
const LENGTH: usize = 40;

#[derive(Clone, Debug)]
enum Act {
    /// Times, codec, producer, epoch, sequence.
    Write(Vec<i64>, i16, i64, i16, i32),
    Delete(i64),
    Time(i64),
    Fetch(i64, i32, i32),
    Who,
}

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
        // Every step that is not needed goes.
        let mut at = acts.len();
        while at > 0 {
            at -= 1;
            let mut fewer = acts.clone();
            fewer.remove(at);
            if let Some(still) = differ(&fewer)? {
                (acts, fault) = (fewer, still);
            }
        }
        bail!("OTTLA_SEED={seed}, sequence {sequence}, compacted {compacted}, shortest: {acts:#?}\n{fault}");
    }
    Ok(format!("seed {seed}, {SEQUENCES} sequences of {LENGTH}"))
}

fn act(dice: &mut Dice) -> Act {
    let small = |dice: &mut Dice, n: u64| i32::try_from(dice.below(n)).unwrap_or_default();
    match dice.below(10) {
        0..=4 => {
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
        5 => Act::Delete(i64::from(small(dice, 25)) - 2),
        6 | 7 => Act::Time(i64::from(small(dice, 35)) * 10 - 30),
        8 => Act::Fetch(i64::from(small(dice, 40)), small(dice, 600), small(dice, 3)),
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
            Act::Who => super::cluster::producers(play, topic, &[0])?,
        }
    }
    Ok(play.take_steps())
}
