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
pub const KEYED: Story = Story { topic: TOPIC, partitions: PARTITIONS, make };

/// The same without tombstones: every key that was written stays.
pub const KEPT: Story = Story { topic: TOPIC, partitions: PARTITIONS, make: make_kept };

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

    /// A log with these records of producer 0, each at the offset of its place.
    fn log(numbers: &[u64]) -> Vec<Stored> {
        let how = How { codec: Codec::None, producer: None, is_transactional: false };
        let one = |(n, offset): (&u64, i64)| {
            let mut bytes = keyed(&[fresh(0, *n, true).unwrap()], how).unwrap();
            bytes[..8].copy_from_slice(&offset.to_be_bytes());
            read(&bytes).unwrap().remove(0)
        };
        numbers.iter().zip(0..).map(one).collect()
    }

    /// Some number from `from` on whose record has this key and is, or is no tombstone.
    fn find(from: u64, key: u64, tombstone: bool) -> u64 {
        (from..).find(|n| rolled(0, *n) == (key, tombstone)).unwrap()
    }

    #[test]
    fn what_is_lost_old_moved_or_risen_is_seen() {
        let (key, _) = rolled(0, 0);
        let first = find(0, key, false);
        let second = find(first + 1, key, false);
        let tombstone = find(second + 1, key, true);
        let said = |numbers: &[u64], sent: u64, acknowledged: u64, at: i64| {
            let acks = vec![(0, acknowledged, at)];
            let load = Load::remembered(KEYED, 0, sent, acks);
            // Only this key is asked for.
            let promised: Last =
                promised(load.number, load.acknowledged()).into_iter().filter(|(other, _)| *other == key).collect();
            let batches = log(numbers);
            let last = seen(&batches, true).map_err(|error| error.to_string())?;
            let found = last.get(&0).and_then(|last| last.get(&key)).copied();
            Ok::<_, String>((found, promised.get(&key).copied()))
        };
        assert_eq!(said(&[first, second], tombstone, second + 1, 0), Ok((Some(second), Some(second))));
        assert!(said(&[second, first], tombstone, 1, 0).unwrap_err().contains("stands behind"));
        assert!(said(&[first, first], tombstone, 1, 0).unwrap_err().contains("stands behind"));
    }

    /// One producer of three records, all acknowledged at offsets 0, 1, 2.
    fn judged(numbers: &[u64]) -> Result<(), String> {
        let load = Load::remembered(KEYED, 0, 3, vec![(0, 3, 0)]);
        held(&log(numbers), &[&load]).map_err(|error| error.to_string())
    }

    #[test]
    fn three_records_of_three_keys_must_all_be_where_they_were_acknowledged() {
        let keys: Vec<_> = (0..3).map(|n| rolled(0, n)).collect();
        assert!(keys.iter().all(|(_, tombstone)| !tombstone) && keys[0].0 != keys[1].0 && keys[1].0 != keys[2].0);
        assert_eq!(judged(&[0, 1, 2]), Ok(()));
        for (log, words) in [
            (&[0, 1][..], "is lost"),
            (&[1, 2], "is lost"),
            (&[0, 2, 1], "stands behind"),
            (&[0, 1, 2, 3], "never sent"),
        ] {
            assert!(judged(log).unwrap_err().contains(words), "{log:?}: {:?}", judged(log));
        }
        let load = Load::remembered(KEYED, 0, 3, vec![(0, 3, 5)]);
        assert!(held(&log(&[0, 1, 2]), &[&load]).unwrap_err().to_string().contains("acknowledged at offset 5"));
    }
}
