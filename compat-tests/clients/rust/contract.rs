//! The scenarios, for every client on Rust alike; see ../README.md.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970; without one the client decides.
    pub timestamp: Option<i64>,
    /// Only of a record that was read.
    pub offset: i64,
}

/// What a client's own file has to do; what goes wrong panics. What it cannot do it is never asked.
pub trait Client {
    /// The bytes of the header that is no text.
    fn bytes(&self) -> Vec<u8> {
        vec![0x00, 0xff, 0x80]
    }
    /// To this partition, or wherever its partitioner wants.
    fn send(&mut self, partition: Option<i32>, records: Vec<Record>, codec: &str, idempotent: bool);
    fn read(&mut self, partition: i32, offset: i64, count: usize) -> Vec<Record>;
    /// The first offset and the one after the last.
    fn ends(&mut self, partition: i32) -> (i64, i64);
    /// The offset of the first record of this time or later.
    fn offset_at(&mut self, _partition: i32, _time: i64) -> Option<i64> {
        cannot("find offsets by time")
    }
    fn create(&mut self, _topic: &str, _partitions: i32, _config: (&str, &str)) {
        cannot("create topics")
    }
    fn partitions(&mut self, _topic: &str) -> Option<usize> {
        cannot("count partitions")
    }
    fn config(&mut self, _topic: &str, _key: &str) -> String {
        cannot("read configs")
    }
    fn alter(&mut self, _topic: &str, _key: &str, _value: &str) {
        cannot("alter configs")
    }
    fn grow(&mut self, _topic: &str, _partitions: usize) {
        cannot("add partitions")
    }
    fn drop_topic(&mut self, _topic: &str) {
        cannot("delete topics")
    }
    /// As a member of the group of the topic's name, until told to leave: `PARTITION OFFSET VALUE` a record on stdout, then a commit.
    fn group(&mut self, _protocol: &str, _told: Arc<AtomicBool>) {
        cannot("join groups")
    }
}

/// A scenario was asked of a client that the runner's table lists as unable to do it, or should.
fn cannot(what: &str) -> ! {
    panic!("this client cannot {what}, and is not to be asked")
}

/// Runs the scenario that the command line names.
pub fn main<C: Client>(make: impl FnOnce(&str, &str) -> C) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, topic, scenario] = words.as_slice() else { panic!("PROGRAM ADDRESS TOPIC SCENARIO") };
    let mut client = make(address, topic);
    run(&mut client, topic, scenario);
}

fn run(client: &mut impl Client, topic: &str, scenario: &str) {
    match scenario {
        "none" | "gzip" | "snappy" | "lz4" | "zstd" => round_trip(client, 1, numbered(0..200), 0, scenario, false),
        "headers" => {
            let mut records = numbered(0..10);
            let bytes = client.bytes();
            let headers = [("a", b"1".to_vec()), ("b", b"two".to_vec()), ("bytes", bytes), ("empty", Vec::new())];
            for record in &mut records {
                record.headers = headers.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
            }
            round_trip(client, 0, records, 0, "none", false);
        }
        "nulls" => {
            let some = |text: &str| Some(text.as_bytes().to_vec());
            let pairs = [(some("gone"), None), (None, some("value")), (some("empty"), some(""))];
            let records = pairs.map(|(key, value)| Record { key, value, ..Record::default() });
            round_trip(client, 0, records.into(), 0, "none", false);
        }
        "keys" => keys(client),
        "time" => times(client),
        "admin" => admin(client, &format!("{topic}-made")),
        "large" => {
            let record = |letter| Record { value: Some(vec![letter; 990_000]), ..Record::default() };
            round_trip(client, 2, b"abc".map(record).into(), 0, "none", false);
        }
        "batches" => {
            round_trip(client, 0, numbered(0..10_000), 0, "gzip", false);
            let first = &client.read(0, 5003, 10)[0];
            assert_eq!((first.offset, &first.value), (5003, &Some(text(5003))), "from amid a batch");
        }
        "idempotent" => round_trip(client, 0, numbered(0..500), 0, "none", true),
        "reconnect" => {
            round_trip(client, 0, numbered(0..10), 0, "none", false);
            wait();
            round_trip(client, 0, numbered(10..20), 10, "none", false);
        }
        "group" => client.group("classic", told()),
        "group-848" => client.group("consumer", told()),
        other => panic!("there is no scenario {other}"),
    }
}

fn text(i: usize) -> Vec<u8> {
    format!("value {i} {}", "compressible ".repeat(i % 20)).into_bytes()
}

fn numbered(range: std::ops::Range<usize>) -> Vec<Record> {
    let record = |i| Record { key: Some(format!("key-{i}").into_bytes()), value: Some(text(i)), ..Record::default() };
    range.map(record).collect()
}

fn round_trip(
    client: &mut impl Client,
    partition: i32,
    records: Vec<Record>,
    first: i64,
    codec: &str,
    idempotent: bool,
) {
    client.send(Some(partition), records.clone(), codec, idempotent);
    let seen = client.read(partition, first, records.len());
    assert_eq!(seen.len(), records.len());
    for ((expected, it), offset) in records.iter().zip(seen).zip(first..) {
        assert_eq!(it.offset, offset);
        assert!(it.key == expected.key, "another key at {offset}: {:?}", it.key);
        assert!(it.value == expected.value, "another value at {offset}");
        assert_eq!(it.headers, expected.headers, "headers at {offset}");
    }
}

fn keys(client: &mut impl Client) {
    client.send(None, numbered(0..200), "none", false);
    let mut seen = Vec::new();
    for partition in 0..4 {
        let (low, high) = client.ends(partition);
        if high > low {
            seen.extend(client.read(partition, low, (high - low) as usize).into_iter().map(|it| it.value));
        }
    }
    let mut expected: Vec<_> = numbered(0..200).into_iter().map(|it| it.value).collect();
    expected.sort();
    seen.sort();
    assert!(seen == expected, "{} values are read, not those of 200 records", seen.len());
}

fn times(client: &mut impl Client) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let base = now - 60_000;
    let stamped = numbered(0..3).into_iter().zip(0..);
    let stamped = stamped.map(|(it, i)| Record { timestamp: Some(base + 1000 * i), ..it });
    client.send(Some(0), stamped.collect(), "none", false);
    let found = [base, base + 1, base + 2000, base + 2001].map(|asked| client.offset_at(0, asked));
    assert_eq!(found, [Some(0), Some(1), Some(2), None], "offsets of times");
    let first = &client.read(0, 1, 2)[0];
    assert_eq!((first.offset, first.timestamp, &first.value), (1, Some(base + 1000), &Some(text(1))));
}

fn admin(client: &mut impl Client, made: &str) {
    client.create(made, 3, ("retention.ms", "3600000"));
    eventually(Some(3), || client.partitions(made));
    eventually("3600000".to_owned(), || client.config(made, "retention.ms"));
    wait();
    client.alter(made, "retention.ms", "7200000");
    eventually("7200000".to_owned(), || client.config(made, "retention.ms"));
    client.grow(made, 5);
    eventually(Some(5), || client.partitions(made));
    wait();
    client.drop_topic(made);
    eventually(None, || client.partitions(made));
}

/// Apache Kafka answers from an image that may be a moment old.
fn eventually<T: PartialEq + std::fmt::Debug>(expected: T, mut look: impl FnMut() -> T) {
    let end = Instant::now() + Duration::from_secs(10);
    let mut seen = look();
    while seen != expected && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
        seen = look();
    }
    assert_eq!(seen, expected);
}

fn wait() {
    println!("ready");
    line();
}

fn line() {
    std::io::stdin().read_line(&mut String::new()).expect("a line");
}

/// True once there was a line to read.
fn told() -> Arc<AtomicBool> {
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    std::thread::spawn(move || {
        line();
        tell.store(true, Ordering::Relaxed);
    });
    told
}

/// One line of a member.
#[allow(dead_code, reason = "not every client has groups")]
pub fn say(partition: i32, offset: i64, value: &[u8]) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{partition} {offset} {}", String::from_utf8_lossy(value)).expect("a reader");
}
