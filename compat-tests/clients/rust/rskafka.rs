//! rskafka: a client of partitions, without partitioner and groups.

mod contract;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::{Client, PATIENCE, Record};
use rskafka::BackoffConfig;
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use tokio::runtime::Runtime;

struct Rskafka {
    topic: String,
    runtime: Runtime,
    client: rskafka::client::Client,
    partitions: BTreeMap<i32, Arc<PartitionClient>>,
}

fn main() {
    contract::main(|address, topic| {
        let runtime = Runtime::new().expect("a runtime");
        let backoff =
            BackoffConfig { max_backoff: Duration::from_secs(1), deadline: Some(PATIENCE), ..Default::default() };
        let client = ClientBuilder::new(vec![address.to_owned()]).backoff_config(backoff).build();
        let client = runtime.block_on(client).expect("a client");
        Rskafka { topic: topic.to_owned(), runtime, client, partitions: BTreeMap::new() }
    });
}

impl Rskafka {
    fn partition(&mut self, partition: i32) -> Arc<PartitionClient> {
        let make = || {
            let client = self.client.partition_client(self.topic.clone(), partition, UnknownTopicHandling::Retry);
            Arc::new(self.runtime.block_on(client).expect("a partition"))
        };
        Arc::clone(self.partitions.entry(partition).or_insert_with(make))
    }
}

impl Client for Rskafka {
    fn send(&mut self, partition: Option<i32>, records: Vec<Record>, codec: &str, _: bool) {
        let compression = match codec {
            "gzip" => Compression::Gzip,
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            _ => Compression::NoCompression,
        };
        let client = self.partition(partition.expect("a partition"));
        let record = |it: Record| rskafka::record::Record {
            key: it.key,
            value: it.value,
            headers: it.headers.into_iter().collect(),
            timestamp: it.timestamp.map_or_else(Utc::now, stamp),
        };
        let records: Vec<_> = records.into_iter().map(record).collect();
        // What is sent in one call is one batch, and a batch has an end.
        let mut batch = Vec::new();
        let mut size = 0;
        for record in records {
            if size + record.approximate_size() > 900_000 && !batch.is_empty() {
                let full = std::mem::take(&mut batch);
                self.runtime.block_on(client.produce(full, compression)).expect("stored");
                size = 0;
            }
            size += record.approximate_size();
            batch.push(record);
        }
        self.runtime.block_on(client.produce(batch, compression)).expect("stored");
    }

    fn read(&mut self, partition: i32, mut offset: i64, count: usize) -> Vec<Record> {
        let client = self.partition(partition);
        let mut seen = Vec::new();
        while seen.len() < count {
            let fetch =
                async { tokio::time::timeout(PATIENCE, client.fetch_records(offset, 1..10_000_000, 1000)).await };
            for it in self.runtime.block_on(fetch).expect("an answer in time").expect("records").0 {
                offset = it.offset + 1;
                seen.push(Record {
                    key: it.record.key,
                    value: it.record.value,
                    headers: it.record.headers.into_iter().collect(),
                    timestamp: Some(it.record.timestamp.timestamp_millis()),
                    offset: it.offset,
                });
            }
        }
        seen.truncate(count);
        seen
    }

    fn ends(&mut self, partition: i32) -> (i64, i64) {
        let client = self.partition(partition);
        let at = |at| self.runtime.block_on(client.get_offset(at)).expect("an offset");
        (at(OffsetAt::Earliest), at(OffsetAt::Latest))
    }

    fn offset_at(&mut self, partition: i32, time: i64) -> Option<i64> {
        let client = self.partition(partition);
        let found = self.runtime.block_on(client.get_offset(OffsetAt::Timestamp(stamp(time)))).expect("an offset");
        (found >= 0).then_some(found)
    }
}

fn stamp(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).expect("a time")
}
