//! This broker as a coordinator of groups: which machine answers for a group, and what the machines are told.

mod resident;
mod surroundings;

use std::sync::Arc;

use config::NodeConfig;
use groups::consumer::assignor::Assignor;
use groups::{ConsumerSettings, Event, Groups, MigrationPolicy, Request, Settings, Surroundings};
use metadata::{Delta, Image};
use model::batch::Compression;
use model::{ErrorCode, TopicName};
use parking_lot::Mutex;
use wire::Answer;

use crate::coordinators::{Coordinators, Pending, Told};
use crate::node::{FileSlice, Node};

/// Every operation on a group, as bits (`AclOperation`): read, delete, describe, describe configs, alter configs.
pub const GROUP_OPERATIONS: i32 = 0b1101_0100_1000;

/// The groups' coordinators, and what they were told of the cluster.
pub struct GroupCoordinators {
    shards: Coordinators<Groups>,
    assignors: Vec<String>,
    surroundings: Mutex<Arc<Surroundings>>,
}

/// A question that was put, or why it could not be.
pub type Asked = Result<Pending<Groups>, ErrorCode>;

impl GroupCoordinators {
    /// None yet; they come with the partitions of the offsets topic.
    pub fn new(config: &NodeConfig) -> Self {
        let compression = match config.groups.offsets_topic_compression_codec {
            1 => Compression::Gzip,
            2 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            _ => Compression::None,
        };
        let settings = settings(config);
        let assignors = settings.consumer.assignors.clone();
        let shards = Coordinators::new(compression, move |max_batch_bytes| {
            Groups::new(Settings { max_batch_bytes, ..settings.clone() })
        });
        let load_buffer = usize::try_from(config.groups.offsets_load_buffer_size).unwrap_or_default();
        let shards = shards.with_load_buffer(load_buffer);
        Self { shards, assignors, surroundings: Mutex::default() }
    }

    /// The assignors that members of consumer groups may ask for, by name.
    pub fn assignors(&self) -> &[String] {
        &self.assignors
    }

    /// Follows the metadata: `delta` is what has changed since `before`; everything if there was nothing before.
    pub fn follow(&self, node: &Node, before: &Image, image: &Image, delta: Option<&Delta>) {
        let told = {
            let mut surroundings = self.surroundings.lock();
            let next = surroundings::follow(&surroundings, &node.config(), image, node.published().offset, delta);
            if let Some(next) = &next {
                *surroundings = next.clone();
            }
            next
        };
        let now = self.surroundings.lock().clone();
        self.shards.follow(node, image, move || vec![Event::Surroundings(now.clone())]);
        let gone = delta.map(|delta| gone(before, image, delta)).unwrap_or_default();
        for coordinator in self.shards.all() {
            if let Some(told) = &told {
                coordinator.tell(Event::Surroundings(told.clone()));
            }
            if !gone.is_empty() {
                coordinator.tell(Event::TopicsDeleted(gone.clone()));
            }
        }
    }

    /// Answers nobody any more: the node stops.
    pub fn resign(&self) {
        self.shards.resign();
    }

    /// Lets all look for offsets and groups that nobody needs any more.
    pub fn expire(&self) {
        for coordinator in self.shards.all() {
            coordinator.tell(Event::Expire);
        }
    }
}

impl Node {
    /// Whether the cluster and this broker know consumer groups (KIP-848).
    pub fn has_consumer_groups(&self) -> bool {
        self.config().groups.rebalance_protocols.iter().any(|it| it == "consumer")
            && self.published().image.feature("group.version") >= 1
    }

    /// Asks the coordinator of a group; what it decides is decided when this returns, its answer may come later.
    pub fn ask_group(&self, group: &str, request: Request) -> Asked {
        self.groups.shards.of(group)?.ask(request)
    }

    /// Asks every coordinator that is here.
    pub fn ask_all_groups(&self, request: &Request) -> Vec<Asked> {
        self.groups.shards.all().iter().map(|coordinator| coordinator.ask(request.clone())).collect()
    }
}

/// What a coordinator answered.
///
/// # Errors
/// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE: it is not here, not yet, or cannot write.
pub async fn answered(asked: Asked) -> Told<Groups> {
    asked?.told().await
}

/// The response that `tell` makes of what a coordinator answered: now if the answer is there, else later.
pub fn answer<T: Send + 'static>(
    asked: Asked,
    tell: impl FnOnce(Told<Groups>) -> T + Send + 'static,
) -> Answer<T, FileSlice> {
    match asked {
        Err(error) => tell(Err(error)).into(),
        Ok(Pending::Now(told)) => tell(told).into(),
        Ok(later) => Answer::Later(Box::pin(async move { tell(later.told().await).into() })),
    }
}

/// The topics that are there no more.
fn gone(before: &Image, image: &Image, delta: &Delta) -> Vec<(TopicName, model::TopicId)> {
    let ids = delta.topics.keys().filter(|id| image.topic_by_id(**id).is_none());
    ids.filter_map(|id| before.topic_by_id(*id)).map(|topic| (topic.name.clone(), topic.id)).collect()
}

/// An assignor of `group.consumer.assignors`, which may be named by its Java class. There are no others: the configuration has been
/// checked.
fn assignor(configured: &str) -> Option<String> {
    Assignor::configured(configured).map(|assignor| assignor.name().to_owned())
}

fn settings(config: &NodeConfig) -> Settings {
    let groups = &config.groups;
    Settings {
        min_session_timeout_ms: groups.classic_min_session_timeout_ms,
        max_session_timeout_ms: groups.classic_max_session_timeout_ms,
        initial_rebalance_delay_ms: groups.classic_initial_rebalance_delay_ms,
        max_size: groups.classic_max_size,
        offset_metadata_max_bytes: groups.offset_metadata_max_bytes,
        offsets_retention_ms: i64::from(groups.offsets_retention_minutes) * 60_000,
        max_batch_bytes: usize::try_from(config.server.message_max_bytes).unwrap_or(usize::MAX),
        consumer: ConsumerSettings {
            session_timeout_ms: groups.consumer_session_timeout_ms,
            heartbeat_interval_ms: groups.consumer_heartbeat_interval_ms,
            assignment_interval_ms: groups.consumer_assignment_interval_ms,
            max_size: groups.consumer_max_size,
            assignors: groups.consumer_assignors.iter().filter_map(|it| assignor(it)).collect(),
            migration: MigrationPolicy::parse(&groups.consumer_migration_policy),
            regex_refresh_interval_ms: groups.consumer_regex_refresh_interval_ms,
        },
    }
}
