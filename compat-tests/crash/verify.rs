//! Reads partitions from the start and holds them against what was acknowledged.

use anyhow::{Context, Result, bail, ensure};

use super::load::Load;
use super::{PARTITIONS, TOPIC};
use crate::raw::{Connection, frames, records};

/// Every record of a partition: offset and value; offsets without a gap.
///
/// # Errors
/// Where a batch is damaged, or an offset is missing or there twice.
pub fn read(connection: &mut Connection, topic: &str, partition: i32) -> Result<Vec<(i64, Vec<u8>)>> {
    let (mut found, mut next) = (Vec::new(), 0);
    loop {
        let answer = connection.exchange(frames::fetch(topic, &[(partition, next)], 8 << 20, 0)?)?;
        let (_, high_watermark, bytes) = frames::fetched(answer)?.pop().context("an answer without a partition")?;
        for (offset, value) in records(&bytes)? {
            ensure!(offset == next, "{topic}-{partition}: offset {offset} where {next} is next");
            next += 1;
            found.push((offset, value));
        }
        if next >= high_watermark {
            return Ok(found);
        }
        ensure!(!bytes.is_empty(), "{topic}-{partition} has nothing at {next}, its high watermark is {high_watermark}");
    }
}

/// Holds both partitions against all producers; how many records there are.
///
/// # Errors
/// With the first record that is lost, doubled, out of order, or elsewhere than acknowledged.
pub fn raw(connection: &mut Connection, loads: &[Load]) -> Result<u64> {
    let mut total = 0;
    for partition in 0..PARTITIONS {
        let found = read(connection, TOPIC, partition)?;
        total += found.len() as u64;
        held(&found, &loads.iter().filter(|load| load.partition == partition).collect::<Vec<_>>())
            .with_context(|| format!("{TOPIC}-{partition}"))?;
    }
    Ok(total)
}

/// Holds what one partition has against those who produced into it.
///
/// # Errors
/// As [`raw`].
pub fn held(found: &[(i64, Vec<u8>)], loads: &[&Load]) -> Result<()> {
    let mut offsets: Vec<Vec<i64>> = vec![Vec::new(); loads.len()];
    for (offset, value) in found {
        let mut words = value.split(|byte| *byte == b':').map(|word| std::str::from_utf8(word).unwrap_or_default());
        let mut number = || words.next()?.parse::<u64>().ok();
        let (producer, n) = (number().context("no producer")?, number().context("no number")?);
        let at = loads.iter().position(|load| load.number as u64 == producer);
        let at = at.with_context(|| format!("offset {offset} is of producer {producer}, who is not here"))?;
        let Some(of_producer) = offsets.get_mut(at) else { bail!("a producer too many") };
        let expected = of_producer.len() as u64;
        ensure!(n >= expected, "offset {offset}: record {n} of producer {producer} is doubled or out of order");
        ensure!(
            n == expected,
            "offset {offset}: record {n} of producer {producer} follows {expected} records: one is lost"
        );
        of_producer.push(*offset);
    }
    for (load, offsets) in loads.iter().zip(&offsets) {
        ensure!(offsets.len() as u64 <= load.sent(), "producer {} never sent so many", load.number);
        for (first, count, base) in load.acks() {
            for (n, offset) in (*first..first + count).zip(*base..) {
                let is = usize::try_from(n).ok().and_then(|n| offsets.get(n));
                ensure!(
                    is == Some(&offset),
                    "record {n} of producer {} was acknowledged at offset {offset}, and is at {is:?}",
                    load.number
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::load::RAW;
    use super::*;

    /// Producers 0 and 1 have sent four and two records; acknowledged are three at 0, 1, 3 and one at 2.
    fn judged(log: &[&str]) -> Result<(), String> {
        let loads =
            [Load::remembered(RAW, 0, 4, vec![(0, 2, 0), (2, 1, 3)]), Load::remembered(RAW, 1, 2, vec![(0, 1, 2)])];
        let found: Vec<(i64, Vec<u8>)> = (0..).zip(log.iter().map(|value| value.as_bytes().to_vec())).collect();
        held(&found, &loads.iter().collect::<Vec<_>>()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_lost_doubled_moved_or_never_sent_is_seen() {
        let good = ["0:0:", "0:1:", "1:0:", "0:2:"];
        assert_eq!(judged(&good), Ok(()));
        assert_eq!(judged(&[&good[..], &["1:1:", "0:3:"]].concat()), Ok(()), "unanswered ones may be there");
        for (log, words) in [
            (&good[..3], "acknowledged at offset 3, and is at None"),
            (&["0:0:", "1:0:", "0:1:", "0:2:"], "acknowledged at offset 1, and is at Some(2)"),
            (&["0:0:", "0:1:", "1:0:", "0:2:", "0:2:"], "doubled or out of order"),
            (&["0:0:", "0:2:"], "one is lost"),
            (&["0:0:", "0:1:", "1:0:", "0:2:", "1:1:", "1:2:"], "never sent so many"),
            (&["0:0:", "5:0:"], "who is not here"),
        ] {
            let said = judged(log).expect_err(words);
            assert!(said.contains(words), "{said:?} is not {words:?}");
        }
    }
}
