//! rust-rdkafka, librdkafka's Rust binding.

mod contract;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{Client, PATIENCE, Record, say};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::runtime::Runtime;

struct RustRdkafka {
    address: String,
    topic: String,
    runtime: Runtime,
    producers: BTreeMap<(String, bool), FutureProducer>,
    consumer: BaseConsumer,
    admin: AdminClient<DefaultClientContext>,
}

fn main() {
    contract::main(|address, topic| RustRdkafka {
        address: address.to_owned(),
        topic: topic.to_owned(),
        runtime: Runtime::new().expect("a runtime"),
        producers: BTreeMap::new(),
        // A group's name is demanded, also from one who only assigns.
        consumer: config(address, &[("group.id", "assigned"), ("enable.auto.commit", "false"), ("check.crcs", "true")])
            .create()
            .expect("a consumer"),
        admin: config(address, &[]).create().expect("an administrator"),
    });
}

fn config(address: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address);
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE))
}

impl RustRdkafka {
    fn producer(&mut self, codec: &str, idempotent: bool) -> FutureProducer {
        let make = || {
            let idempotent = idempotent.to_string();
            let settings = [
                ("compression.type", codec),
                ("enable.idempotence", &idempotent),
                ("linger.ms", "50"),
                ("acks", "all"),
            ];
            config(&self.address, &settings).create().expect("a producer")
        };
        self.producers.entry((codec.to_owned(), idempotent)).or_insert_with(make).clone()
    }
}

impl Client for RustRdkafka {
    fn send(&mut self, partition: Option<i32>, records: Vec<Record>, codec: &str, idempotent: bool) {
        let producer = self.producer(codec, idempotent);
        let mut sent = Vec::new();
        for it in &records {
            let mut record = FutureRecord::<[u8], [u8]>::to(&self.topic);
            record.partition = partition;
            record.key = it.key.as_deref();
            record.payload = it.value.as_deref();
            record.timestamp = it.timestamp;
            if !it.headers.is_empty() {
                let with = |all: OwnedHeaders, (key, value): &(String, Vec<u8>)| {
                    all.insert(Header { key, value: Some(value) })
                };
                record.headers = Some(it.headers.iter().fold(OwnedHeaders::new(), with));
            }
            sent.push(producer.send_result(record).map_err(|(error, _)| error).expect("room in the queue"));
        }
        for it in sent {
            let stored = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, it).await });
            stored.expect("stored in time").expect("a producer").map_err(|(error, _)| error).expect("stored");
        }
    }

    fn read(&mut self, partition: i32, offset: i64, count: usize) -> Vec<Record> {
        let mut at = TopicPartitionList::new();
        at.add_partition_offset(&self.topic, partition, Offset::Offset(offset)).expect("an offset");
        self.consumer.assign(&at).expect("assigned");
        let mut seen = Vec::new();
        let end = Instant::now() + PATIENCE;
        while seen.len() < count {
            assert!(Instant::now() < end, "{} of {count} records after {PATIENCE:?}", seen.len());
            // It tells of a broker that is gone, and goes on by itself.
            let Some(Ok(it)) = self.consumer.poll(Duration::from_secs(1)) else { continue };
            let headers = it.headers().into_iter().flat_map(Headers::iter);
            seen.push(Record {
                key: it.key().map(<[u8]>::to_vec),
                value: it.payload().map(<[u8]>::to_vec),
                headers: headers.map(|it| (it.key.to_owned(), it.value.expect("not null").to_vec())).collect(),
                timestamp: it.timestamp().to_millis(),
                offset: it.offset(),
            });
        }
        seen
    }

    fn ends(&mut self, partition: i32) -> (i64, i64) {
        self.consumer.fetch_watermarks(&self.topic, partition, PATIENCE).expect("watermarks")
    }

    fn offset_at(&mut self, partition: i32, time: i64) -> Option<i64> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&self.topic, partition, Offset::Offset(time)).expect("a time");
        let found = self.consumer.offsets_for_times(asked, PATIENCE).expect("offsets");
        match found.find_partition(&self.topic, partition).expect("the partition").offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    fn create(&mut self, topic: &str, partitions: i32, (key, value): (&str, &str)) {
        let wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set(key, value);
        let made = self.runtime.block_on(self.admin.create_topics([&wanted], &options()));
        made.expect("an answer")[0].as_ref().expect("made");
    }

    fn partitions(&mut self, topic: &str) -> Option<usize> {
        let metadata = self.consumer.fetch_metadata(None, PATIENCE).expect("metadata");
        metadata.topics().iter().find(|it| it.name() == topic).map(|it| it.partitions().len())
    }

    fn config(&mut self, topic: &str, key: &str) -> String {
        let resource = ResourceSpecifier::Topic(topic);
        let found = self.runtime.block_on(self.admin.describe_configs([&resource], &options())).expect("an answer");
        let found = found[0].as_ref().expect("described").get(key).expect("the key");
        found.value.clone().expect("a value")
    }

    fn alter(&mut self, topic: &str, key: &str, value: &str) {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(key, value);
        let done = self.runtime.block_on(self.admin.alter_configs([&change], &options()));
        done.expect("an answer")[0].as_ref().expect("altered");
    }

    fn grow(&mut self, topic: &str, partitions: usize) {
        let wanted = NewPartitions::new(topic, partitions);
        let done = self.runtime.block_on(self.admin.create_partitions([&wanted], &options()));
        done.expect("an answer")[0].as_ref().expect("grown");
    }

    fn drop_topic(&mut self, topic: &str) {
        let done = self.runtime.block_on(self.admin.delete_topics(&[topic], &options()));
        done.expect("an answer")[0].as_ref().expect("dropped");
    }

    fn group(&mut self, protocol: &str, told: Arc<AtomicBool>) {
        let mut settings = vec![
            ("group.id", self.topic.as_str()),
            ("group.protocol", protocol),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "earliest"),
        ];
        if protocol == "classic" {
            settings.push(("heartbeat.interval.ms", "300"));
        }
        let member: BaseConsumer = config(&self.address, &settings).create().expect("a member");
        member.subscribe(&[&self.topic]).expect("subscribed");
        while !told.load(Ordering::Relaxed) {
            let Some(Ok(it)) = member.poll(Duration::from_millis(200)) else { continue };
            say(it.partition(), it.offset(), it.payload().unwrap_or_default());
            // Where a rebalance comes between, who has the partition now reads it again.
            let _ = member.commit_message(&it, CommitMode::Sync);
        }
    }
}
