//! Produce 3 to 13: validate, append the client's own bytes, answer with where they are (KIP-98, KIP-467, KIP-516).

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse};
use model::batch::{Batch, BatchError};
use model::{ErrorCode, NodeId, Offset, PartitionIndex, TopicId, TopicName};
use replication::validate::{self, Refusal, Rules};
use storage::log::{AppendError, Appended};
use tokio::sync::Notify;
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::partition::{Partition, Unwritten, Written};
use crate::text::{text, text_or_null, topic_name};

/// What a partition's answer says when nothing was appended.
struct Failure {
    error: ErrorCode,
    log_start_offset: i64,
    message: Option<String>,
    records: Vec<(i32, Option<String>)>,
}

impl From<ErrorCode> for Failure {
    fn from(error: ErrorCode) -> Self {
        Self { error, log_start_offset: -1, message: None, records: Vec::new() }
    }
}

impl Handle<ProduceRequest> for Node {
    async fn handle(&self, context: &Context, request: ProduceRequest) -> Answer<ProduceResponse, FileSlice> {
        let acks = request.acks;
        let refused = match (has_transactional(&request), acks) {
            (Err(error), _) => Some((ErrorCode::CorruptMessage, Some(error.to_string()))),
            (Ok(true), _) if request.transactional_id.is_none() => {
                Some((ErrorCode::TransactionalIdAuthorizationFailed, None))
            }
            (Ok(_), -1..=1) => None,
            (Ok(_), _) => Some((ErrorCode::InvalidRequiredAcks, None)),
        };
        let mut failed = false;
        let mut waiting = Vec::new();
        let topics = once(request.topic_data);
        let mut responses = Vec::with_capacity(topics.len());
        for topic in topics {
            let mut answer =
                TopicProduceResponse::default().with_name(topic.name.clone()).with_topic_id(topic.topic_id);
            let known = self.resolve(&topic, context);
            if let (Ok((name, _)), false) = (&known, context.topics_by_id()) {
                answer.name = topic_name(name);
            }
            answer.partition_responses.reserve_exact(topic.partition_data.len());
            for partition in topic.partition_data {
                let index = partition.index;
                let outcome = match (&known, &refused) {
                    (_, Some((error, message))) => Err(Failure { message: message.clone(), ..(*error).into() }),
                    (Err(error), None) => Err((*error).into()),
                    (Ok((name, id)), None) => self.append(context, name, *id, acks, partition),
                };
                let told = match outcome {
                    Ok((partition, written)) => {
                        let mut told = told(&written.appended);
                        match written.acknowledged {
                            _ if acks != -1 => {}
                            Some(Ok(())) => {}
                            Some(Err(error)) => told.error_code = error.code(),
                            None => waiting.push(Waiting {
                                at: (responses.len(), answer.partition_responses.len()),
                                partition,
                                upto: written.appended.last_offset.plus(1),
                                tenure: written.tenure,
                            }),
                        }
                        told
                    }
                    Err(failure) => {
                        failed = true;
                        self.tell(context, failure)
                    }
                };
                answer.partition_responses.push(told.with_index(index));
            }
            responses.push(answer);
        }
        match acks {
            // Nobody listens for the error; a closed connection makes the client look for its leader again.
            0 if failed => Answer::Close,
            0 => Answer::Nothing,
            _ if waiting.is_empty() => self.produced(context, responses).into(),
            _ => {
                let Some(node) = self.me() else { return Answer::Close };
                let (context, timeout_ms) = (context.clone(), request.timeout_ms);
                Answer::Later(Box::pin(async move {
                    acknowledge(&mut responses, waiting, timeout_ms).await;
                    node.produced(&context, responses).into()
                }))
            }
        }
    }
}

/// What was appended and is not on all replicas in sync yet.
struct Waiting {
    /// Where its answer is: the topic, and the partition in it.
    at: (usize, usize),
    partition: Arc<Partition>,
    upto: Offset,
    tenure: u64,
}

/// Waits until all that were appended are on the replicas in sync, and tells those that will not be, or not in time
/// (`DelayedProduce`).
async fn acknowledge(responses: &mut [TopicProduceResponse], mut waiting: Vec<Waiting>, timeout_ms: i32) {
    let deadline = host::clock::monotonic().plus_ms(u64::try_from(timeout_ms).unwrap_or(0));
    let waiter = Arc::new(Notify::new());
    waiting.iter().for_each(|waiting| waiting.partition.writers.park(&waiter));
    let mut tell = |(topic, partition): (usize, usize), error: ErrorCode| {
        let told = responses.get_mut(topic).and_then(|topic| topic.partition_responses.get_mut(partition));
        if let Some(told) = told {
            told.error_code = error.code();
        }
    };
    loop {
        // Parked first and looked at then, so that nothing that comes in between is missed.
        waiting.retain(|waiting| match waiting.partition.acknowledged(waiting.upto, waiting.tenure) {
            None => true,
            Some(Ok(())) => false,
            Some(Err(error)) => {
                tell(waiting.at, error);
                false
            }
        });
        if waiting.is_empty() {
            return;
        }
        if host::task::timeout_at(deadline, waiter.notified()).await.is_err() {
            waiting.iter().for_each(|waiting| tell(waiting.at, ErrorCode::RequestTimedOut));
            return;
        }
    }
}

fn told(appended: &Appended) -> PartitionProduceResponse {
    PartitionProduceResponse::default()
        .with_base_offset(appended.first_offset.0)
        .with_log_append_time_ms(appended.append_time.0)
        .with_log_start_offset(appended.log_start_offset.0)
}

impl Node {
    fn resolve(&self, topic: &TopicProduceData, context: &Context) -> Result<(TopicName, TopicId), ErrorCode> {
        let published = self.published();
        let image = &published.image;
        if context.topics_by_id() {
            let id = TopicId::from(topic.topic_id);
            let found = image.topic_by_id(id).ok_or(ErrorCode::UnknownTopicId)?;
            Ok((found.name.clone(), id))
        } else {
            let found = image.topic(&topic.name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
            Ok((found.name.clone(), found.id))
        }
    }

    fn append(
        &self,
        context: &Context,
        name: &TopicName,
        id: TopicId,
        acks: i16,
        data: PartitionProduceData,
    ) -> Result<(Arc<Partition>, Written), Failure> {
        // Only the tools' own client may write to the broker's own topics.
        if name.is_internal() && context.client_id() != "__admin_client" {
            self.partition(id, PartitionIndex(data.index))?;
            return Err(ErrorCode::InvalidTopicException.into());
        }
        let partition = self.partition(id, PartitionIndex(data.index))?;
        let records = data.records.unwrap_or_default();
        let written = append_to(self, &partition, records, context, acks)?;
        Ok((partition, written))
    }

    /// The response, with the leaders of those partitions whose leader is not here.
    fn produced(&self, context: &Context, mut responses: Vec<TopicProduceResponse>) -> ProduceResponse {
        let mut leaders = BTreeSet::new();
        let topics = responses.iter_mut().filter(|_| context.learns_leaders());
        for topic in topics {
            let (name, id) = (&topic.name, topic.topic_id);
            for told in &mut topic.partition_responses {
                if told.error_code != ErrorCode::NotLeaderOrFollower.code() {
                    continue;
                }
                let topic = if context.topics_by_id() { Some(id.into()) } else { self.topic_id(name) };
                let known = topic.and_then(|id| self.leader_of(id, PartitionIndex(told.index)));
                if let Some((leader, epoch)) = known {
                    leaders.insert(leader);
                    told.current_leader =
                        LeaderIdAndEpoch::default().with_leader_id(BrokerId(leader.0)).with_leader_epoch(epoch.0);
                }
            }
        }
        let mut response = ProduceResponse::default().with_responses(responses);
        response.node_endpoints = self.endpoints(&leaders, context);
        response
    }

    fn tell(&self, context: &Context, failure: Failure) -> PartitionProduceResponse {
        let errors = failure.records.into_iter().map(|(index, message)| {
            BatchIndexAndErrorMessage::default()
                .with_batch_index(index)
                .with_batch_index_error_message(text_or_null(message))
        });
        let error = match failure.error {
            ErrorCode::KafkaStorageError if !context.knows_storage_error() => ErrorCode::NotLeaderOrFollower,
            error => error,
        };
        let mut told = PartitionProduceResponse::default()
            .with_error_code(error.code())
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(failure.log_start_offset);
        if context.knows_record_errors() {
            told.record_errors = errors.collect();
            told.error_message = text_or_null(failure.message);
        }
        told
    }

    fn endpoints(&self, leaders: &BTreeSet<NodeId>, context: &Context) -> Vec<NodeEndpoint> {
        self.brokers_among(leaders, context)
            .into_iter()
            .map(|broker| {
                NodeEndpoint::default()
                    .with_node_id(BrokerId(broker.node.0))
                    .with_host(text(broker.host))
                    .with_port(broker.port)
                    .with_rack(text_or_null(broker.rack))
            })
            .collect()
    }
}

fn append_to(
    node: &Node,
    partition: &Arc<Partition>,
    records: Bytes,
    context: &Context,
    acks: i16,
) -> Result<Written, Failure> {
    let log_start_offset = partition.log().start_offset().0;
    let refuse = |refusal: Refusal| Failure {
        error: refusal.code,
        log_start_offset: if tells_start(&refusal, &records) { log_start_offset } else { -1 },
        message: refusal.client_message().map(|words| format!("{words}, in {}", partition.id)),
        records: refusal
            .record_errors
            .into_iter()
            .map(|(index, words)| (index, words.map(|words| format!("{words}, in {}", partition.id))))
            .collect(),
    };
    let rules = partition.rules.load();
    let now = host::clock::now();
    let validated = if context.knows_zstd() {
        validate::validate(&records, &rules, now)
    } else {
        validate::validate(&records, &Rules { zstd_allowed: false, ..Rules::clone(&rules) }, now)
    };
    let validated = validated.map_err(refuse)?;
    if validated.batches.iter().any(|batch| batch.is_transactional) {
        // No transaction can be open while no transactional id can be had.
        return Err(Failure { log_start_offset, ..ErrorCode::InvalidTxnState.into() });
    }
    partition.append(&validated, None, acks == -1, now).map_err(|error| match error {
        Unwritten::Refused(error @ ErrorCode::NotEnoughReplicas) => Failure { log_start_offset, ..error.into() },
        Unwritten::Refused(error) => error.into(),
        Unwritten::Log(AppendError::Producer(error)) => Failure { log_start_offset, ..error.code().into() },
        Unwritten::Log(AppendError::Storage(error)) => node.storage_failed(&partition.id, &error).into(),
        Unwritten::Log(error) => error.code().into(),
    })
}

/// Each topic and each partition once, as Kafka's map of them has it: of equal ones the last counts, and a topic without
/// partitions is none.
fn once(topics: Vec<TopicProduceData>) -> Vec<TopicProduceData> {
    if let [topic] = &*topics
        && let [_] = &*topic.partition_data
    {
        return topics;
    }
    let mut merged: IndexMap<_, (TopicProduceData, IndexMap<i32, PartitionProduceData>)> = IndexMap::new();
    for mut topic in topics.into_iter().filter(|topic| !topic.partition_data.is_empty()) {
        let partitions = std::mem::take(&mut topic.partition_data);
        let key = (topic.name.clone(), topic.topic_id);
        let (_, known) = merged.entry(key).or_insert_with(|| (topic, IndexMap::new()));
        known.extend(partitions.into_iter().map(|partition| (partition.index, partition)));
    }
    let topics = merged.into_values();
    topics.map(|(topic, partitions)| topic.with_partition_data(partitions.into_values().collect())).collect()
}

/// Whether the log's start is told beside the error: not with those that blame the bytes as a whole
/// (`ReplicaManager.appendRecordsToLeader`, `ProduceRequest.validateRecords`).
fn tells_start(refusal: &Refusal, records: &[u8]) -> bool {
    let whole = [
        ErrorCode::CorruptMessage,
        ErrorCode::MessageTooLarge,
        ErrorCode::RecordListTooLarge,
        ErrorCode::UnsupportedCompressionType,
    ];
    !refusal.record_errors.is_empty() || (!whole.contains(&refusal.code) && is_one_batch(records))
}

/// One complete batch of today's format, whatever is in it.
fn is_one_batch(records: &[u8]) -> bool {
    let end_of = |at: usize| {
        let length = records.get(at + 8..at + 12)?.first_chunk()?;
        let end = at + 12 + usize::try_from(i32::from_be_bytes(*length)).ok()?;
        (end <= records.len()).then_some(end)
    };
    end_of(0).is_some_and(|end| records.get(16) == Some(&2) && end_of(end).is_none())
}

/// Whether a partition's first batch is of a transaction. What cannot even be the start of a batch spoils the whole request
/// (`RequestUtils.hasTransactionalRecords`, `ByteBufferLogInputStream`).
fn has_transactional(request: &ProduceRequest) -> Result<bool, BatchError> {
    let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    for records in partitions.filter_map(|partition| partition.records.as_deref()) {
        match Batch::first(records) {
            Ok(batch) if batch.is_transactional() => return Ok(true),
            Err(error @ BatchError::Length(..14)) => return Err(error),
            Err(error @ BatchError::Magic(magic)) if !(0..=1).contains(&magic) => return Err(error),
            _ => {}
        }
    }
    Ok(false)
}
