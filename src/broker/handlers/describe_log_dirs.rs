//! DescribeLogDirs 1 to 5: how full the directories are, and with what (KIP-113, KIP-827, KIP-1066).

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::DescribeLogDirsResponse;
use kafka_protocol::messages::describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsTopic};
use model::{ErrorCode, TopicName};
use wire::log_dirs::{DescribeLogDirs, Dir, Response};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::text::{text, topic_name};

impl Handle<DescribeLogDirs> for Node {
    async fn handle(&self, _: &Context, request: DescribeLogDirs) -> Answer<Response, FileSlice> {
        let asked: Option<BTreeSet<(String, i32)>> = request.0.topics.map(|topics| {
            let pairs = topics.iter().flat_map(|topic| topic.partitions.iter().map(|p| (topic.topic.to_string(), *p)));
            pairs.collect()
        });
        let cordoned_dirs = &self.config().cordoned_log_dirs;
        let mut results = Vec::new();
        let mut cordoned = Vec::new();
        for dir in self.logs.describe() {
            cordoned.push(cordoned_dirs.iter().any(|path| *path == dir.path.to_string_lossy()));
            let told = Dir::default().with_log_dir(text(dir.path.to_string_lossy()));
            if dir.is_offline {
                results.push(told.with_error_code(ErrorCode::KafkaStorageError.code()));
                continue;
            }
            let mut topics: BTreeMap<TopicName, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
            for log in &dir.logs {
                let key = (log.id.topic.to_string(), log.id.partition.0);
                if asked.as_ref().is_some_and(|asked| !asked.contains(&key)) {
                    continue;
                }
                topics.entry(log.id.topic.clone()).or_default().push(
                    DescribeLogDirsPartition::default()
                        .with_partition_index(log.id.partition.0)
                        .with_partition_size(log.size as i64)
                        .with_offset_lag(log.offset_lag)
                        .with_is_future_key(log.is_future),
                );
            }
            let topics = topics.into_iter().map(|(name, partitions)| {
                DescribeLogDirsTopic::default().with_name(topic_name(&name)).with_partitions(partitions)
            });
            let told = told.with_topics(topics.collect());
            results.push(told.with_total_bytes(dir.total_bytes).with_usable_bytes(dir.usable_bytes));
        }
        Response { body: DescribeLogDirsResponse::default().with_results(results), cordoned }.into()
    }
}
