//! A load on compacted topics: what each record is follows from its number, so the last value of each key is known.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::load::{Load, Story};
use crate::dice::Dice;
use crate::raw::Producer;
use crate::raw::record::{Codec, Fresh, How, Stored, keyed};

pub const TOPIC: &str = "keyed";
pub const PARTITIONS: i32 = 2;
/// Keys of each producer; nobody shares them.
const KEYS: u64 = 500;
/// A record's timestamp is this and its number, so that it can be told of a tombstone too.
const EPOCH_MS: i64 = 1_700_000_000_000;

/// Updates and tombstones of a few keys.
pub const KEYED: Story = Story { topic: TOPIC, partitions: PARTITIONS, most: 20, make };

/// The same without tombstones: every key that was written stays.
pub const KEPT: Story = Story { topic: TOPIC, partitions: PARTITIONS, most: 20, make: make_kept };

/// What a record with this number is: its key, and whether it is a tombstone.
fn rolled(producer: usize, n: u64) -> (u64, bool) {
    let mut dice = Dice::new(n << 8 | producer as u64);
    (dice.below(KEYS), dice.below(20) == 0)
}

fn fresh(producer: usize, n: u64, tombstones: bool) -> Result<Fresh> {
    let (key, is_tombstone) = rolled(producer, n);
    let value = format!("{n:060}").into_bytes();
    Ok(Fresh {
        timestamp: EPOCH_MS + i64::try_from(n)?,
        key: format!("{producer}:{key}").into_bytes(),
        value: (!(tombstones && is_tombstone)).then_some(value),
    })
}

fn make(number: usize, first: u64, count: u64, producer: Producer, dice: &mut Dice) -> Result<Vec<u8>> {
    made(number, first..first + count, producer, dice, true)
}

fn make_kept(number: usize, first: u64, count: u64, producer: Producer, dice: &mut Dice) -> Result<Vec<u8>> {
    made(number, first..first + count, producer, dice, false)
}

fn made(
    number: usize,
    records: std::ops::Range<u64>,
    producer: Producer,
    dice: &mut Dice,
    tombstones: bool,
) -> Result<Vec<u8>> {
    let records = records.map(|n| fresh(number, n, tombstones)).collect::<Result<Vec<_>>>()?;
    let codec = Codec::ALL.get(dice.at(2 * Codec::ALL.len())).copied().unwrap_or(Codec::None);
    keyed(&records, How { codec, producer: Some(producer), is_transactional: false })
}

/// The last record of each key that a reader has seen of one producer.
pub type Last = BTreeMap<u64, u64>;

/// Takes in batches in the order of their offsets; what each producer's keys had last.
///
/// # Errors
/// With the first record that nobody wrote so, or that stands behind a later one of its producer.
pub fn seen(batches: &[Stored], tombstones: bool) -> Result<BTreeMap<usize, Last>> {
    let mut last: BTreeMap<usize, Last> = BTreeMap::new();
    let mut numbers: BTreeMap<usize, u64> = BTreeMap::new();
    for record in batches.iter().flat_map(|batch| &batch.records) {
        let offset = record.offset;
        let n = u64::try_from(record.timestamp - EPOCH_MS).with_context(|| format!("the time of offset {offset}"))?;
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let words = key.and_then(|key| key.split_once(':')).context("a key of someone else")?;
        let producer: usize = words.0.parse()?;
        let wanted = fresh(producer, n, tombstones)?;
        ensure!(
            record.key.as_ref() == Some(&wanted.key) && record.value == wanted.value,
            "offset {offset} is not record {n} of producer {producer}: {record:?}"
        );
        let before = numbers.insert(producer, n);
        ensure!(before < Some(n), "offset {offset}: record {n} of producer {producer} stands behind {before:?}");
        last.entry(producer).or_default().insert(rolled(producer, n).0, n);
    }
    Ok(last)
}

/// What must be there of a producer's keys, at least, when so many of its records are acknowledged.
pub fn promised(producer: usize, acknowledged: u64) -> Last {
    (0..acknowledged).map(|n| (rolled(producer, n).0, n)).collect()
}

/// Holds a partition against what its producers were told.
///
/// # Errors
/// With the first key whose last value is lost or old, or the first record elsewhere than acknowledged.
pub fn held(batches: &[Stored], loads: &[&Load]) -> Result<()> {
    let mut seen = seen(batches, true)?;
    for load in loads {
        let last = seen.remove(&load.number).unwrap_or_default();
        let (number, promised) = (load.number, promised(load.number, load.acknowledged()));
        let mut buried: BTreeMap<u64, u64> = BTreeMap::new();
        for n in 0..load.sent() {
            let (key, is_tombstone) = rolled(number, n);
            if is_tombstone {
                buried.insert(key, n);
            }
        }
        for (key, n) in &promised {
            match last.get(key) {
                Some(found) => {
                    ensure!(found >= n, "key {number}:{key} has record {found}, acknowledged was {n}");
                }
                None => ensure!(buried.get(key) >= Some(n), "key {number}:{key} is lost, acknowledged was {n}"),
            }
        }
        let newest = last.values().max();
        ensure!(newest < Some(&load.sent()), "producer {number} never sent {newest:?}");
        moved(batches, load)?;
    }
    ensure!(seen.is_empty(), "there are records of {:?}, who are not here", seen.keys());
    Ok(())
}

/// Whether every record that is there and was acknowledged is where it was acknowledged.
fn moved(batches: &[Stored], load: &Load) -> Result<()> {
    let prefix = format!("{}:", load.number).into_bytes();
    let mine = |key: &Option<Vec<u8>>| key.as_ref().is_some_and(|key| key.starts_with(&prefix));
    let mut acks = load.acks().iter().peekable();
    for record in batches.iter().flat_map(|batch| &batch.records).filter(|record| mine(&record.key)) {
        let n = u64::try_from(record.timestamp - EPOCH_MS)?;
        while acks.next_if(|(first, count, _)| first + count <= n).is_some() {}
        let Some((first, _, base)) = acks.peek() else { return Ok(()) };
        let acknowledged = base + i64::try_from(n - first)?;
        ensure!(
            acknowledged == record.offset,
            "record {n} of producer {} was acknowledged at offset {acknowledged}, and is at {}",
            load.number,
            record.offset
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::record::read;

    const ACKNOWLEDGED: u64 = 2000;

    /// A log with these records of producer 0, each at the offset of its number.
    fn log(numbers: &[u64]) -> Vec<Stored> {
        let how = How { codec: Codec::None, producer: None, is_transactional: false };
        let one = |n: &u64| {
            let mut bytes = keyed(&[fresh(0, *n, true).unwrap()], how).unwrap();
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            read(&bytes).unwrap().remove(0)
        };
        numbers.iter().map(one).collect()
    }

    /// Whether the log is as it must be, when some more were sent than acknowledged, at offsets from `base` on.
    fn judged(numbers: &[u64], base: i64) -> Result<(), String> {
        let load = Load::remembered(KEYED, 0, ACKNOWLEDGED + 10, vec![(0, ACKNOWLEDGED, base)]);
        held(&log(numbers), &[&load]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_lost_old_moved_or_never_sent_is_seen() {
        let all: Vec<u64> = (0..ACKNOWLEDGED).collect();
        let mut compacted: Vec<u64> = promised(0, ACKNOWLEDGED).into_values().collect();
        compacted.sort();
        assert!(compacted.len() < 500);
        assert_eq!(judged(&all, 0), Ok(()));
        assert_eq!(judged(&compacted, 0), Ok(()));
        let without_tombstones: Vec<u64> = compacted.iter().copied().filter(|n| !rolled(0, *n).1).collect();
        assert!(without_tombstones.len() < compacted.len());
        assert_eq!(judged(&without_tombstones, 0), Ok(()));

        // The last value of a key that nothing buries, and the one before.
        let buried = |key| (ACKNOWLEDGED..ACKNOWLEDGED + 10).any(|n| rolled(0, n) == (key, true));
        let older = |last: u64| (0..last).rev().find(|n| rolled(0, *n).0 == rolled(0, last).0);
        let lasts = without_tombstones.iter().copied().filter(|n| !buried(rolled(0, *n).0));
        let (last, before) = lasts.filter_map(|last| Some((last, older(last)?))).next().unwrap();
        let lost: Vec<u64> = compacted.iter().copied().filter(|n| *n != last).collect();
        let mut old = [&lost[..], &[before]].concat();
        old.sort();
        let turned: Vec<u64> = compacted.iter().copied().rev().collect();
        let many = [&compacted[..], &[ACKNOWLEDGED + 10]].concat();
        for (log, base, words) in [
            (&lost, 0, "is lost"),
            (&old, 0, "acknowledged was"),
            (&turned, 0, "stands behind"),
            (&many, 0, "never sent"),
            (&compacted, 5, "and is at"),
        ] {
            let said = judged(log, base).expect_err(words);
            assert!(said.contains(words), "{said:?} is not {words:?}");
        }
    }

    #[test]
    fn a_tombstone_that_went_does_not_bring_back_what_it_buried() {
        let tombstone = (0..).find(|n| rolled(0, *n).1).unwrap();
        let (key, _) = rolled(0, tombstone);
        let value = (0..).find(|n| rolled(0, *n) == (key, false)).unwrap();
        let (first, second) = (value.min(tombstone), value.max(tombstone));
        let load = Load::remembered(KEYED, 0, second + 1, vec![(0, second + 1, 0)]);
        let others: Vec<u64> = promised(0, second + 1).into_values().filter(|n| *n != second).collect();
        let mut risen = [&others[..], &[first]].concat();
        risen.sort();
        assert!(held(&log(&risen), &[&load]).unwrap_err().to_string().contains("acknowledged was"));
    }
}
