//! Reads one partition as it grows, from whoever leads it, and holds each record against the one before it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use kafka_protocol::messages::{FetchResponse, ResponseHeader};
use kafka_protocol::protocol::Decodable;

use super::TOPIC;
use super::asker::Asker;
use super::pulse::Pulse;
use super::stage::Stage;
use crate::pause;
use crate::raw::{Connection, frames, records};

const PATIENCE: Duration = Duration::from_secs(3);
const WAIT_MS: i32 = 300;
/// After so long without a record one looks whether another leads, as `metadata.max.age.ms` has clients do.
const DOUBT: Duration = Duration::from_secs(2);
/// What goes by: another leads, or is about to.
const AGAIN: [i16; 8] = [3, 5, 6, 9, 56, 74, 75, 78];

/// Reads until all is over and nothing is left; the checksum of the record at each offset.
pub fn run(stage: &Stage, partition: i32, pulse: &Pulse) -> Vec<u32> {
    let mut asker = Asker::new(stage, usize::try_from(partition).unwrap_or_default() + 1);
    let mut seen = Vec::new();
    let mut is_done = false;
    while !is_done {
        match with_leader(stage, partition, pulse, &mut asker, &mut seen) {
            Ok(()) => is_done = true,
            Err(Trouble::Goes) => pause::short(),
            Err(Trouble::Fault(why)) => {
                stage.fault(format!("a consumer of {TOPIC}-{partition}: {why:#}"));
                is_done = true;
            }
        }
    }
    seen
}

enum Trouble {
    /// The connection ended, or another leads.
    Goes,
    Fault(anyhow::Error),
}

fn with_leader(
    stage: &Stage,
    partition: i32,
    pulse: &Pulse,
    asker: &mut Asker<'_>,
    seen: &mut Vec<u32>,
) -> Result<(), Trouble> {
    let leader = asker.leader(TOPIC, partition).map_err(|_| Trouble::Goes)?;
    let mut connection = Connection::open_for(&leader, PATIENCE).map_err(|_| Trouble::Goes)?;
    let mut last = stage.now();
    loop {
        let next = i64::try_from(seen.len()).map_err(|error| Trouble::Fault(error.into()))?;
        let frame = frames::fetch(TOPIC, &[(partition, next)], 1 << 20, WAIT_MS).map_err(Trouble::Fault)?;
        let asked = stage.now();
        let answer = connection.exchange(frame).map_err(|_| Trouble::Goes)?;
        let (high_watermark, bytes) = fetched(answer).map_err(Trouble::Fault)?.ok_or(Trouble::Goes)?;
        let before = seen.len();
        take(partition, seen, &bytes).map_err(Trouble::Fault)?;
        if seen.len() > before {
            last = stage.now();
            pulse.beat(asked, last);
        } else if stage.is_over() && next >= high_watermark {
            return Ok(());
        } else if stage.now().saturating_sub(last) > DOUBT {
            asker.doubt();
            return Err(Trouble::Goes);
        }
        pause::short();
    }
}

/// High watermark and records; nothing where another has to be asked.
fn fetched(mut answer: Bytes) -> Result<Option<(i64, Bytes)>> {
    ResponseHeader::decode(&mut answer, 1)?;
    let body = FetchResponse::decode(&mut answer, frames::FETCH).context("a Fetch answer")?;
    let part = body.responses.into_iter().flat_map(|topic| topic.partitions).next();
    let code = part.as_ref().map_or(body.error_code, |part| part.error_code);
    match (code, part) {
        (0, Some(part)) => Ok(Some((part.high_watermark, part.records.unwrap_or_default()))),
        (code, _) if AGAIN.contains(&code) => Ok(None),
        (code, _) => bail!("Fetch answered error {code}"),
    }
}

/// A partition has one producer, whose records are numbered.
fn take(partition: i32, seen: &mut Vec<u32>, bytes: &[u8]) -> Result<()> {
    for (offset, value) in records(bytes)? {
        let next = i64::try_from(seen.len())?;
        if offset < next {
            // The batch began before what was asked for.
            continue;
        }
        if offset > next {
            bail!("offset {offset} where {next} is next");
        }
        let text = String::from_utf8_lossy(value.get(..40).unwrap_or(&value)).into_owned();
        if !text.starts_with(&format!("{partition}:{next}:")) {
            bail!("at offset {next} there is {text:?}: a record is lost, doubled or moved");
        }
        seen.push(crc32c::crc32c(&value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::batch;

    #[test]
    fn what_is_lost_or_doubled_is_seen_and_a_batch_read_again_is_not() {
        let bytes = |values: &[&str]| batch(values.iter().map(|it| it.as_bytes()), None, 1).unwrap();
        let mut seen = Vec::new();
        take(3, &mut seen, &bytes(&["3:0:a", "3:1:b"])).unwrap();
        take(3, &mut seen, &bytes(&["3:0:a", "3:1:b", "3:2:c"])).unwrap();
        assert_eq!(seen.len(), 3);
        assert!(take(3, &mut seen, &bytes(&["3:0:a", "3:1:b", "3:2:c", "3:2:c"])).is_err(), "doubled");
        assert!(take(3, &mut seen, &bytes(&["3:0:a", "3:1:b", "3:2:c", "3:4:e"])).is_err(), "one is lost");
    }
}
