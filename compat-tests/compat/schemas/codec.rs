//! The codec held against Kafka's schemas: bytes made from a schema are read, told field by field, and written again.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};

use super::{advertised, seed, table};
use crate::compat::bench::Bench;
use crate::dice::Dice;
use crate::flat::flat;
use crate::schema::{Schema, Schemas, plain, random};

/// The codec's words for a version whose number it knows, and nothing else.
const NOT_WRITTEN: &str = "specified version not supported by this message type";

/// How many messages of each version.
const MESSAGES: usize = 24;

/// Every request and response of every API that Apache Kafka tells. A fault in an API that the judged broker serves is its own;
/// of the others it is told.
pub fn run(bench: &Bench, _: &str) -> Result<String> {
    let schemas = Schemas::kafka()?;
    let (ours, theirs) = (advertised(bench.judged()?)?, advertised(bench.reference()?)?);
    let seed = seed()?;
    let mut dice = Dice::new(seed);
    let (mut faults, mut others, mut absent) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut messages = 0;
    for (number, (low, high)) in theirs {
        let Ok(key) = ApiKey::try_from(number) else {
            absent.push(table::name(schemas, number)?.to_owned());
            continue;
        };
        let known = key.valid_versions();
        for version in low..=high {
            // Apache Kafka tells Produce from 0 on, and refuses what no schema has any more (KIP-896).
            if !schemas.of(number, "request")?.versions.has(version) {
                continue;
            }
            if !(known.min..=known.max).contains(&version) {
                absent.push(format!("{key:?} {version}"));
                continue;
            }
            for role in ["request", "response"] {
                let schema = schemas.of(number, role)?;
                messages += MESSAGES;
                let told = (0..MESSAGES).try_for_each(|_| one(schema, key, version, &mut dice));
                let Err(fault) = told else { continue };
                if format!("{fault:#}").contains(NOT_WRITTEN) {
                    absent.push(format!("{key:?} {version}"));
                    break;
                }
                match ours.get(&number).is_some_and(|(low, high)| (*low..=*high).contains(&version)) {
                    true => faults.push(format!("{key:?} {role} {version}: {fault:#}")),
                    false => drop(others.insert(format!("{key:?} {role} {version}: {fault:#}"))),
                }
            }
        }
    }
    if !faults.is_empty() {
        bail!("OTTLA_SEED={seed}\n{}", faults.join("\n"));
    }
    let list = |of: Vec<String>| if of.is_empty() { "none".to_owned() } else { of.join(", ") };
    Ok(format!(
        "{messages} messages, seed {seed}; not in the codec: {}; wrong in it, not served: {}",
        list(absent),
        list(others.into_iter().collect())
    ))
}

fn one(schema: &Schema, key: ApiKey, version: i16, dice: &mut Dice) -> Result<()> {
    let value = random(schema, version, dice);
    let bytes = schema.write(&value, version)?;
    ensure!(schema.read(&bytes, version)? == value, "the judge's own codec is wrong: {value:?}");
    let (told, again) = through(schema, key, version, &bytes).with_context(|| format!("{:?}", value.lines()))?;
    let told: BTreeSet<String> = told.iter().map(|line| named_plainly(line)).collect();
    let lines = if told.is_empty() { Vec::new() } else { value.lines() };
    for line in lines {
        ensure!(told.contains(&line), "`{line}` is not in {told:#?}");
    }
    ensure!(again == bytes, "{:?} was written again as {:?}", Bytes::from(bytes), again);
    Ok(())
}

/// What the codec reads, as lines, and writes.
fn through(schema: &Schema, key: ApiKey, version: i16, bytes: &[u8]) -> Result<(Vec<String>, Bytes)> {
    let mut input = Bytes::copy_from_slice(bytes);
    let mut again = BytesMut::new();
    let told = if schema.role == "request" {
        let message = RequestKind::decode(key, &mut input, version)?;
        message.encode(&mut again, version)?;
        format!("{message:#?}")
    } else {
        let message = ResponseKind::decode(key, &mut input, version)?;
        message.encode(&mut again, version)?;
        format!("{message:#?}")
    };
    ensure!(input.is_empty(), "{} bytes are left over", input.len());
    Ok((flat(&told), again.freeze()))
}

/// `topics[0].error_code: 3` as `topics[0].errorcode: 3`.
fn named_plainly(line: &str) -> String {
    match line.split_once(": ") {
        Some((path, rest)) => format!("{}: {rest}", plain(path)),
        None => line.to_owned(),
    }
}

/// Every walk over a message's bytes before they are decoded, a request of others or a response to ours, knows where each of
/// its fields ends.
pub fn guards(bench: &Bench, _: &str) -> Result<String> {
    let schemas = Schemas::kafka()?;
    let ours = advertised(bench.judged()?)?;
    let seed = seed()?;
    let mut dice = Dice::new(seed);
    let mut walked = BTreeSet::new();
    let requests = wire::shapes::ALL.iter().map(|(name, shape)| (format!("{name}Request"), shape));
    let responses = wire::answers::ALL.iter().map(|(name, shape)| (format!("{name}Response"), shape));
    for (name, shape) in requests.chain(responses) {
        let schema = schemas.get(&name).with_context(|| format!("Apache Kafka has no {name}"))?;
        let Some(key) = schema.key else { bail!("{name} has no key") };
        if name.ends_with("Request") {
            walked.insert(key);
        }
        for version in schema.versions.min..=schema.versions.max {
            for _ in 0..MESSAGES {
                let bytes = schema.write(&random(schema, version, &mut dice), version)?;
                let told = |bytes: &[u8]| wire::guard::check(shape, version, bytes);
                let what = || format!("OTTLA_SEED={seed}: {name} {version}: {bytes:?}");
                told(&bytes).with_context(what)?;
                if let Some((_, shorter)) = bytes.split_last() {
                    ensure!(told(shorter).is_err(), "a byte less passes, {}", what());
                }
                ensure!(told(&[&bytes[..], &[0]].concat()).is_ok(), "a byte more does not pass, {}", what());
            }
        }
    }
    if bench.judges_ottla() {
        let missing: Vec<&i16> = ours.keys().filter(|key| !walked.contains(key)).collect();
        ensure!(missing.is_empty(), "the APIs {missing:?} are told without a layout");
    }
    Ok(format!("{} requests and {} responses, seed {seed}", walked.len(), wire::answers::ALL.len()))
}
