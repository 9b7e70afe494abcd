//! kcat, librdkafka's command, called as someone at a terminal would.

mod contract;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStringExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{Client, PATIENCE, Record};

struct Kcat {
    address: String,
    topic: String,
    reader: Option<Reader>,
}

/// A consumer that runs on: what it has told so far may be asked for again.
struct Reader {
    child: Child,
    lines: BufReader<ChildStdout>,
    partition: i32,
    next: i64,
}

fn main() {
    contract::main(|address, topic| Kcat { address: address.to_owned(), topic: topic.to_owned(), reader: None });
}

impl Kcat {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("kcat");
        command.args(["-b", &self.address]).args(words);
        command
    }

    /// One call: the records have the same headers, and where an empty one means null it does so in all of them.
    fn produce(&self, partition: Option<i32>, records: &[Record], codec: &str, idempotent: bool) {
        let mut command = self.command(&["-P", "-t", &self.topic, "-K", "\t", "-z", codec, "-X", "linger.ms=50"]);
        command.args(["-X", &format!("enable.idempotence={idempotent}"), "-X", "acks=all"]);
        if let Some(partition) = partition {
            command.args(["-p", &partition.to_string()]);
        }
        if is_null(&records[0]) {
            command.arg("-Z");
        }
        for (key, value) in &records[0].headers {
            let header = [key.as_bytes(), b"=", value].concat();
            command.arg("-H").arg(OsString::from_vec(header));
        }
        let mut child = command.stdin(Stdio::piped()).spawn().expect("kcat");
        let mut stdin = child.stdin.take().expect("a pipe");
        for it in records {
            let (key, value) = (it.key.as_deref().unwrap_or_default(), it.value.as_deref().unwrap_or_default());
            stdin.write_all(&[key, b"\t", value, b"\n"].concat()).expect("it reads");
        }
        drop(stdin);
        assert!(child.wait().expect("an end").success());
    }
}

fn is_null(record: &Record) -> bool {
    record.key.is_none() || record.value.is_none()
}

impl Client for Kcat {
    fn bytes(&self) -> Vec<u8> {
        // It takes headers from its command line, which has no room for a zero.
        vec![0xff, 0x80]
    }

    fn send(&mut self, partition: Option<i32>, records: Vec<Record>, codec: &str, idempotent: bool) {
        for same in records.chunk_by(|a, b| is_null(a) == is_null(b)) {
            self.produce(partition, same, codec, idempotent);
        }
    }

    fn read(&mut self, partition: i32, offset: i64, count: usize) -> Vec<Record> {
        if self.reader.as_ref().is_none_or(|it| (it.partition, it.next) != (partition, offset)) {
            let (p, o) = (partition.to_string(), offset.to_string());
            let format = "%o\t%T\t%K\t%S\t%k\t%s\t%h\n";
            let words =
                ["-C", "-u", "-q", "-t", &self.topic, "-p", &p, "-o", &o, "-X", "check.crcs=true", "-f", format];
            let mut child = self.command(&words).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("kcat");
            let lines = BufReader::new(child.stdout.take().expect("a pipe"));
            if let Some(mut before) = self.reader.replace(Reader { child, lines, partition, next: offset }) {
                before.child.kill().expect("a running one");
                before.child.wait().expect("an end");
            }
        }
        let reader = self.reader.as_mut().expect("a reader");
        let seen: Vec<Record> = (0..count).map(|_| record(&mut reader.lines)).collect();
        reader.next = offset + count as i64;
        seen
    }

    fn ends(&mut self, partition: i32) -> (i64, i64) {
        let at = |time: i64| {
            let output =
                self.command(&["-Q", "-t", &format!("{}:{partition}:{time}", self.topic)]).output().expect("kcat");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.trim()
                .rsplit(' ')
                .next()
                .and_then(|word| word.parse().ok())
                .unwrap_or_else(|| panic!("it says {text}"))
        };
        (at(-2), at(-1))
    }

    fn group(&mut self, _: &str, told: Arc<AtomicBool>) {
        let settings = ["heartbeat.interval.ms=300", "auto.commit.interval.ms=100", "auto.offset.reset=earliest"];
        let settings: Vec<&str> = settings.iter().flat_map(|it| ["-X", it]).collect();
        let words = [&["-G", &self.topic, "-u", "-q", "-f", "%p %o %s\n"][..], &settings, &[&self.topic]].concat();
        let mut child = self.command(&words).stdin(Stdio::null()).spawn().expect("kcat");
        while !told.load(Ordering::Relaxed) {
            assert!(child.try_wait().expect("a status").is_none(), "it has ended by itself");
            std::thread::sleep(Duration::from_millis(50));
        }
        // As Ctrl-C does: it leaves the group and ends.
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(killed.success());
        let end = Instant::now() + PATIENCE;
        while child.try_wait().expect("a status").is_none() {
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Kcat {
    fn drop(&mut self) {
        if let Some(reader) = &mut self.reader {
            // It may have ended by itself.
            let _ = reader.child.kill();
            let _ = reader.child.wait();
        }
    }
}

/// A line of the reader's format; the lengths say what is null.
fn record(lines: &mut impl BufRead) -> Record {
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).expect("a line");
    let fields: Vec<&[u8]> = line.strip_suffix(b"\n").unwrap_or(&line).split(|byte| *byte == b'\t').collect();
    let [offset, time, key_length, value_length, key, value, headers] = fields.as_slice() else {
        panic!("it says {}", String::from_utf8_lossy(&line))
    };
    let number = |text: &[u8]| String::from_utf8_lossy(text).parse::<i64>().expect("a number");
    let some = |length: &[u8], text: &[u8]| (number(length) >= 0).then(|| text.to_vec());
    let header = |text: &[u8]| {
        let at = text.iter().position(|byte| *byte == b'=').expect("a header's value");
        (String::from_utf8_lossy(&text[..at]).into_owned(), text[at + 1..].to_vec())
    };
    let headers = headers.split(|byte| *byte == b',').filter(|text| !text.is_empty());
    Record {
        key: some(key_length, key),
        value: some(value_length, value),
        headers: headers.map(header).collect(),
        timestamp: Some(number(time)),
        offset: number(offset),
    }
}
