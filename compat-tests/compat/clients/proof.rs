//! What must lie in the broker when a client says that all is well.

use anyhow::{Context, Result, bail, ensure};

use super::table::Client;
use crate::raw::batch::put_varint;
use crate::raw::record::{Record, Stored};

const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

/// A record as the contract has it.
#[derive(Debug, Default)]
struct Expected {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(&'static str, &'static [u8])>,
}

/// Holds what is stored of the client's topic, partition by partition, against the contract.
///
/// # Errors
/// Where something else is stored.
pub fn check(client: &Client, scenario: &str, stored: &[Vec<Stored>]) -> Result<()> {
    let only = |partition, expected: &[Expected]| only(stored, partition, expected);
    match scenario {
        "headers" => {
            // kcat takes headers from its command line, which has no room for a zero.
            let bytes: &'static [u8] = if client.name == "kcat" { &[0xff, 0x80] } else { &[0, 0xff, 0x80] };
            let headers: [(_, &[u8]); 4] = [("a", b"1"), ("b", b"two"), ("bytes", bytes), ("empty", b"")];
            let with = |it| Expected { headers: headers.into(), ..it };
            only(0, &numbered(0..10).into_iter().map(with).collect::<Vec<_>>())
        }
        "nulls" => {
            let some = |text: &str| Some(text.as_bytes().to_vec());
            let pairs = [(some("gone"), None), (None, some("value")), (some("empty"), some(""))];
            only(0, &pairs.map(|(key, value)| Expected { key, value, ..Expected::default() }))
        }
        "keys" => {
            let mut all = Vec::new();
            for records in stored {
                let keys = records.iter().flat_map(|batch| &batch.records).filter_map(|it| it.key.clone());
                all.push(keys.collect::<Vec<_>>());
            }
            let mut keys = all.concat();
            let mut expected: Vec<Vec<u8>> = numbered(0..200).into_iter().filter_map(|it| it.key).collect();
            keys.sort();
            expected.sort();
            ensure!(keys == expected, "{} keys are stored, not those of 200 records", keys.len());
            client.partitioner.check(&all)
        }
        "time" => {
            only(0, &numbered(0..3))?;
            let times: Vec<i64> = records(stored, 0).map(|it| it.timestamp).collect();
            let first = times.first().context("no record")?;
            let since: Vec<i64> = times.iter().map(|time| time - first).collect();
            ensure!(since == [0, 1000, 2000], "the records lie {since:?} ms behind the first");
            Ok(())
        }
        "large" => {
            let values = [b'a', b'b', b'c'].map(|letter| vec![letter; 990_000]);
            only(2, &values.map(|value| Expected { value: Some(value), ..Expected::default() }))
        }
        "batches" => {
            only(0, &numbered(0..10_000))?;
            codec(stored, 0, "gzip")?;
            let starts = stored.iter().flatten().any(|batch| batch.base == 5003);
            ensure!(!starts, "a batch starts at offset 5003, so nothing was read from amid one");
            Ok(())
        }
        "idempotent" => {
            only(0, &numbered(0..500))?;
            let batches = stored.first().context("no partition")?;
            let id = batches.first().map_or(-1, |batch| batch.producer.id);
            ensure!(id >= 0, "the batches are of no producer");
            for batch in batches {
                ensure!(batch.producer.id == id, "batches of producers {id} and {}", batch.producer.id);
                ensure!(
                    i64::from(batch.producer.sequence) == batch.base,
                    "the batch at {} has sequence {}",
                    batch.base,
                    batch.producer.sequence
                );
            }
            Ok(())
        }
        "reconnect" => only(0, &numbered(0..20)),
        name if CODECS.contains(&name) => {
            only(1, &numbered(0..200))?;
            codec(stored, 1, name)
        }
        other => bail!("there is no proof of {other}"),
    }
}

/// Record `i` has the key `key-i` and the value `text(i)`.
fn numbered(range: std::ops::Range<usize>) -> Vec<Expected> {
    let text = |i: usize| format!("value {i} {}", "compressible ".repeat(i % 20));
    let bytes = |text: String| Some(text.into_bytes());
    range.map(|i| Expected { key: bytes(format!("key-{i}")), value: bytes(text(i)), headers: Vec::new() }).collect()
}

/// These records in this partition, in order from offset 0, and none in the others.
fn only(stored: &[Vec<Stored>], partition: usize, expected: &[Expected]) -> Result<()> {
    for (other, batches) in stored.iter().enumerate().filter(|(other, _)| *other != partition) {
        ensure!(batches.is_empty(), "there are batches in partition {other}");
    }
    let found = records(stored, partition).count();
    ensure!(found == expected.len(), "{found} records are stored, not {}", expected.len());
    for ((record, expected), offset) in records(stored, partition).zip(expected).zip(0..) {
        ensure!(record.offset == offset, "offset {} follows {}", record.offset, offset - 1);
        ensure!(record.key == expected.key, "offset {offset} has the key {}", shown(record.key.as_ref()));
        ensure!(record.value == expected.value, "offset {offset} has the value {}", shown(record.value.as_ref()));
        let headers = String::from_utf8_lossy(&record.headers);
        ensure!(record.headers == written(&expected.headers)?, "offset {offset} has the headers `{headers}`");
    }
    Ok(())
}

/// Headers as a record has them behind its value.
fn written(headers: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    put_varint(&mut out, i64::try_from(headers.len())?);
    for field in headers.iter().flat_map(|(key, value)| [key.as_bytes(), *value]) {
        put_varint(&mut out, i64::try_from(field.len())?);
        out.extend_from_slice(field);
    }
    Ok(out)
}

fn records(stored: &[Vec<Stored>], partition: usize) -> impl Iterator<Item = &Record> {
    stored.get(partition).into_iter().flatten().flat_map(|batch| &batch.records)
}

fn codec(stored: &[Vec<Stored>], partition: usize, name: &str) -> Result<()> {
    for batch in stored.get(partition).into_iter().flatten() {
        let found = usize::try_from(batch.attributes & 7).ok().and_then(|codec| CODECS.get(codec)).copied();
        ensure!(
            found == Some(name),
            "the batch at {} of {} records is of {found:?}, not {name}",
            batch.base,
            batch.records.len()
        );
    }
    Ok(())
}

fn shown(bytes: Option<&Vec<u8>>) -> String {
    let short = |bytes: &Vec<u8>| {
        let head: Vec<u8> = bytes.iter().take(60).copied().collect();
        format!("`{}` ({} bytes)", String::from_utf8_lossy(&head), bytes.len())
    };
    bytes.map_or("null".to_owned(), short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::clients::table::CLIENTS;
    use crate::raw::Producer;

    fn batch(base: i64, attributes: i16, expected: Vec<Expected>) -> Stored {
        let record = |(it, n): (Expected, i64)| Record {
            offset: base + n,
            timestamp: 0,
            key: it.key,
            value: it.value,
            headers: written(&it.headers).unwrap(),
        };
        let records: Vec<Record> = expected.into_iter().zip(0..).map(record).collect();
        Stored {
            base,
            last_delta: i32::try_from(records.len()).unwrap() - 1,
            leader_epoch: 0,
            attributes,
            base_timestamp: 0,
            max_timestamp: 0,
            producer: Producer { id: 5, epoch: 0, sequence: i32::try_from(base).unwrap() },
            records,
        }
    }

    fn fault(scenario: &str, stored: &[Vec<Stored>]) -> Option<String> {
        check(&CLIENTS[0], scenario, stored).err().map(|error| error.to_string())
    }

    #[test]
    fn a_batch_of_another_codec_is_seen() {
        let stored = |codec| {
            let batches = vec![batch(0, 1, numbered(0..100)), batch(100, codec, numbered(100..200))];
            vec![Vec::new(), batches, Vec::new(), Vec::new()]
        };
        assert_eq!(fault("gzip", &stored(1)), None);
        let expected = "the batch at 100 of 100 records is of Some(\"none\"), not gzip";
        assert_eq!(fault("gzip", &stored(0)).as_deref(), Some(expected));
    }

    #[test]
    fn null_is_not_empty_and_a_sequence_follows_the_offsets() {
        let mut all = batch(0, 0, numbered(0..500));
        assert_eq!(fault("idempotent", &[vec![all.clone()]]), None);
        all.producer.sequence = 1;
        assert_eq!(fault("idempotent", &[vec![all.clone()]]).as_deref(), Some("the batch at 0 has sequence 1"));
        all.producer.sequence = 0;
        all.records[7].value = None;
        assert_eq!(fault("idempotent", &[vec![all]]).as_deref(), Some("offset 7 has the value null"));
    }
}
