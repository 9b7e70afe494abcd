//! Round trips through kcat: what librdkafka writes, librdkafka reads.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::Entry;
use super::bench::Bench;
use super::script::difference;
use crate::kit::kcat::kcat;

const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];
const FORMAT: &str = "%p %o %k=%s %h %S\\n";

pub fn entries() -> Vec<Entry> {
    let codecs = CODECS.iter().map(|codec| Entry::asks(format!("kcat round trip {codec}"), round_trip));
    let others = [
        Entry::asks("kcat list", list),
        Entry::asks("kcat null and tombstone", nulls),
        Entry::asks("kcat records of 1 MB", large),
        Entry::asks("kcat idempotent", idempotent),
        Entry::asks("kcat from the middle of a batch", middle),
        Entry::asks("kcat acks", acks),
    ];
    codecs.chain(others).collect()
}

fn list(bench: &Bench, _: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    produce(address, "k-list", &["-p", "3"], "x\n")?;
    let text = kcat(address, &["-L", "-t", "k-list"], b"")?.ok()?;
    for part in [
        "1 brokers:",
        &format!(" at {address} (controller)"),
        "topic \"k-list\" with 4 partitions:",
        "partition 3, leader ",
    ] {
        if bench.options.address.is_none() && !text.contains(part) {
            bail!("`{part}` is missing in\n{text}");
        }
    }
    Ok(String::new())
}

/// Keys, headers, empty values, several partitions and several batches.
fn round_trip(bench: &Bench, name: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    let codec = name.rsplit(' ').next().context("a codec")?;
    let topic = format!("k-{codec}");
    let (mut input, mut expected) = (String::new(), String::new());
    for n in 0..500 {
        let value = if n % 50 == 0 { String::new() } else { format!("value {n} {}", "compressible ".repeat(n % 20)) };
        writeln!(input, "key-{n}\t{value}")?;
        // kcat takes an empty value as empty, not as null, unless -Z is said.
        writeln!(expected, "2 {n} key-{n}={value} a=1,b=two {}", value.len())?;
    }
    let options = ["-p", "2", "-K", "\t", "-H", "a=1", "-H", "b=two", "-z", codec, "-X", "batch.num.messages=100"];
    produce(address, &topic, &options, &input)?;
    same(&expected, &consume(address, &topic, &["-o", "beginning", "-p", "2"])?)?;
    let last = expected.lines().last().map(|line| format!("{line}\n")).unwrap_or_default();
    same(&last, &consume(address, &topic, &["-o", "-1", "-p", "2"])?)?;
    Ok(String::new())
}

/// Null keys, null values (tombstones), and empty ones beside them.
fn nulls(bench: &Bench, _: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    produce(address, "k-null", &["-p", "0", "-K", "\t", "-Z"], "gone\t\n\tvalue\n\t\n")?;
    produce(address, "k-null", &["-p", "0", "-K", "\t"], "empty\t\n")?;
    let text =
        kcat(address, &["-C", "-e", "-q", "-Z", "-t", "k-null", "-p", "0", "-f", "%o %K %k %S %s\\n"], b"")?.ok()?;
    same("0 4 gone -1 NULL\n1 -1 NULL 5 value\n2 -1 NULL -1 NULL\n3 5 empty 0 NULL\n", &text)?;
    Ok(String::new())
}

/// The largest that defaults let through, in one batch each, read with small fetches too.
fn large(bench: &Bench, name: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    let folder = bench.folder(name)?;
    let mut args = vec!["-P".to_owned(), "-t".into(), "k-large".into(), "-p".into(), "1".into()];
    for n in 0..4_u8 {
        let path = folder.join(n.to_string());
        std::fs::write(&path, vec![b'a' + n; 999_900])?;
        args.push(path.display().to_string());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    kcat(address, &args, b"")?.ok()?;
    for small in ["fetch.message.max.bytes=1000000", "fetch.message.max.bytes=1"] {
        let text =
            kcat(address, &["-C", "-e", "-q", "-t", "k-large", "-p", "1", "-X", small, "-f", "%o %S %s\\n"], b"")?
                .ok()?;
        let seen: Vec<(Option<&str>, usize)> = text.lines().map(|line| (line.get(..9), line.len())).collect();
        let expected: Vec<String> =
            ["a", "b", "c", "d"].iter().enumerate().map(|(n, c)| format!("{n} 999900 {c}")).collect();
        if seen.iter().map(|(head, _)| head.unwrap_or_default()).ne(expected.iter().map(|it| &it[..9]))
            || seen.iter().any(|(_, len)| *len != 999_909)
        {
            bail!("with {small} the reader saw {seen:?}");
        }
    }
    Ok(String::new())
}

fn idempotent(bench: &Bench, _: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    let (mut input, mut expected) = (String::new(), String::new());
    for n in 0..2000 {
        writeln!(input, "{n}")?;
        writeln!(expected, "0 {n} ={n}  {}", n.to_string().len())?;
    }
    let options = ["-p", "0", "-X", "enable.idempotence=true", "-X", "batch.num.messages=50"];
    produce(address, "k-idempotent", &options, &input)?;
    same(&expected, &consume(address, "k-idempotent", &["-o", "beginning", "-p", "0"])?)?;
    Ok(String::new())
}

/// A fetch that starts inside a batch gets the whole batch, of which the client drops the head.
fn middle(bench: &Bench, _: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    let input: String = (0..20).map(|n| format!("{n}\n")).collect();
    produce(address, "k-middle", &["-p", "0", "-X", "linger.ms=200", "-z", "gzip"], &input)?;
    let expected: String = (13..20).map(|n| format!("0 {n} ={n}  2\n")).collect();
    same(&expected, &consume(address, "k-middle", &["-p", "0", "-o", "13"])?)?;
    Ok(String::new())
}

fn acks(bench: &Bench, _: &str) -> Result<String> {
    let address = &bench.judged()?.address;
    for acks in ["-1", "1", "0"] {
        produce(address, "k-acks", &["-p", "0", "-X", &format!("acks={acks}")], "a\nb\n")?;
    }
    // What nobody acknowledged is on its way; the answer to a later request of acks=1 comes after it only on the same connection.
    let text =
        kcat(address, &["-C", "-q", "-t", "k-acks", "-p", "0", "-o", "beginning", "-c", "6", "-f", "%o%s "], b"")?
            .ok()?;
    same("0a 1b 2a 3b 4a 5b ", &text)?;
    Ok(String::new())
}

fn produce(address: &str, topic: &str, options: &[&str], input: &str) -> Result<()> {
    let mut args = vec!["-P", "-t", topic];
    args.extend(options);
    kcat(address, &args, input.as_bytes())?.ok()?;
    Ok(())
}

fn consume(address: &str, topic: &str, options: &[&str]) -> Result<String> {
    let mut args = vec!["-C", "-e", "-q", "-X", "check.crcs=true", "-t", topic, "-f", FORMAT];
    args.extend(options);
    kcat(address, &args, b"")?.ok()
}

fn same(expected: &str, seen: &str) -> Result<()> {
    if expected != seen {
        bail!("(-: written, +: read)\n{}", difference(expected, seen));
    }
    Ok(())
}
