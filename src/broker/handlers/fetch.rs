//! Fetch 4 to 18: session, plan, wait, and a response whose records stay in their files (KIP-227, KIP-516).

use std::collections::BTreeSet;

use kafka_protocol::messages::{FetchRequest, FetchResponse};
use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId, TopicName};
use replication::sessions::{self, PartitionKey, Told, TopicKey};
use wire::fetch::{self, Endpoint};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::read::{Manner, Reader, Reading, Wanted};

impl Handle<FetchRequest> for Node {
    async fn handle(&self, context: &Context, request: FetchRequest) -> Answer<FetchResponse, FileSlice> {
        let manner = self.manner(context, &request);
        let follower = request.replica_id.0.max(request.replica_state.replica_id.0);
        let begun = self.sessions.lock().begin(session_request(context, request, follower), host::clock::now());
        let session = match begun {
            Ok(session) => session,
            Err(error) => {
                let response = fetch::Response { error: Some(error), session_id: 0, topics: vec![], endpoints: vec![] };
                return Answer::Chunks(fetch::encode(context, response));
            }
        };
        let wanted: Vec<Wanted> = session.partitions().iter().map(|(key, asked)| self.locate(key, asked)).collect();
        self.learn_names(session.session_id());
        let mut reading = self.read_now(&wanted, &manner);
        self.recall_topics(&session, &mut reading);
        // Who finds no room to wait in is told at once that there is nothing.
        let room = match reading.is_enough(&manner) {
            true => None,
            false => self.parked.clone().try_acquire_many_owned(wanted.len() as u32).ok(),
        };
        let Some(room) = room else {
            return Answer::Chunks(self.answer(context, &session, follower >= 0, reading));
        };
        drop(reading);
        let Some(node) = self.me() else { return Answer::Close };
        let context = context.clone();
        Answer::Later(Box::pin(async move {
            let mut reading = node.wait_and_read(&wanted, &manner).await;
            drop(room);
            // When it was asked every topic was there, or nobody would have waited.
            reading.forget_ids(|_| ErrorCode::UnknownTopicOrPartition);
            Answer::Chunks(node.answer(&context, &session, follower >= 0, reading))
        }))
    }
}

fn session_request(context: &Context, request: FetchRequest, follower: i32) -> sessions::Request {
    let key = |name: &str, id: uuid::Uuid, partition: i32| {
        let topic = match context.topics_by_id() {
            true => TopicKey::Id(TopicId::from(id)),
            false => TopicKey::Name(TopicName::from(name)),
        };
        PartitionKey { topic, partition: PartitionIndex(partition) }
    };
    let some_epoch = |epoch: i32| (epoch >= 0).then_some(LeaderEpoch(epoch));
    let mut partitions = Vec::new();
    for topic in &request.topics {
        partitions.extend(topic.partitions.iter().map(|asked| {
            let wanted = sessions::Wanted {
                fetch_offset: Offset(asked.fetch_offset),
                max_bytes: asked.partition_max_bytes,
                leader_epoch: some_epoch(asked.current_leader_epoch),
                last_fetched_epoch: some_epoch(asked.last_fetched_epoch),
                log_start_offset: Offset(asked.log_start_offset),
            };
            (key(&topic.topic, topic.topic_id, asked.partition), wanted)
        }));
    }
    let forgotten = request.forgotten_topics_data.iter();
    let forgotten = forgotten.flat_map(|topic| topic.partitions.iter().map(|p| key(&topic.topic, topic.topic_id, *p)));
    sessions::Request {
        session_id: request.session_id,
        epoch: request.session_epoch,
        uses_topic_ids: context.topics_by_id(),
        from_follower: follower >= 0,
        partitions,
        forgotten: forgotten.collect(),
    }
}

impl Node {
    fn manner(&self, context: &Context, request: &FetchRequest) -> Manner {
        let follower = request.replica_id.0.max(request.replica_state.replica_id.0);
        let max_bytes = request.max_bytes.min(self.config().fetch.max_bytes).max(0);
        Manner {
            committed_only: request.isolation_level == 1,
            reader: match follower {
                0.. => Reader::Follower(NodeId(follower), BrokerEpoch(request.replica_state.replica_epoch)),
                _ => Reader::Consumer { from_followers: context.reads_from_followers() },
            },
            place: if follower < 0 { self.place(context, &request.rack_id) } else { None },
            by_id: context.topics_by_id(),
            max_bytes: max_bytes as usize,
            min_bytes: request.min_bytes.clamp(0, max_bytes) as usize,
            max_wait_ms: request.max_wait_ms.max(0) as u64,
        }
    }

    fn locate(&self, key: &PartitionKey, asked: &sessions::Wanted) -> Wanted {
        let topic = match &key.topic {
            TopicKey::Id(id) => *id,
            TopicKey::Name(name) => self.published().image.topic(name).map_or(TopicId::ZERO, |topic| topic.id),
        };
        Wanted {
            topic,
            index: key.partition,
            from: asked.fetch_offset,
            max_bytes: asked.max_bytes,
            leader_epoch: asked.leader_epoch.map_or(-1, |epoch| epoch.0),
            last_fetched_epoch: asked.last_fetched_epoch.map_or(-1, |epoch| epoch.0),
            log_start: asked.log_start_offset,
        }
    }

    fn answer(
        &self,
        context: &Context,
        session: &sessions::Context,
        to_follower: bool,
        reading: Reading,
    ) -> Vec<wire::Chunk<FileSlice>> {
        self.throttles.led.record(reading.throttled());
        let keys = session.partitions().iter().map(|(key, _)| key);
        let told: Vec<_> = keys.clone().cloned().zip(reading.partitions.iter().map(told)).collect();
        let dice = || i32::from_be_bytes(host::dice::bytes()) & i32::MAX;
        let answer = self.sessions.lock().finish(session, &told, host::clock::now(), dice);
        self.learn_names(answer.session_id);
        let published = self.published();
        let mut topics: Vec<fetch::Topic<FileSlice>> = Vec::new();
        let mut last: Option<&TopicKey> = None;
        let mut leaders = BTreeSet::new();
        let answers = keys.zip(reading.partitions).zip(&answer.include).filter(|(_, include)| **include);
        for ((key, mut partition), _) in answers {
            partition.error = partition.error.map(|error| match error {
                ErrorCode::KafkaStorageError if !context.knows_storage_error() => ErrorCode::NotLeaderOrFollower,
                error => error,
            });
            // What is not even known has no transactions either; what could not be read says nothing of them.
            let unknown = [ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicId];
            if partition.error.is_some_and(|error| unknown.contains(&error)) {
                partition.aborted = Some(Vec::new());
            }
            partition.current_leader = partition.current_leader.filter(|_| context.learns_leaders());
            leaders.extend(partition.current_leader.map(|(leader, _)| leader));
            if last != Some(&key.topic) {
                let (name, id) = match &key.topic {
                    TopicKey::Name(name) => {
                        (name.clone(), published.image.topic(name).map_or(TopicId::ZERO, |topic| topic.id))
                    }
                    TopicKey::Id(id) => (TopicName::from(""), *id),
                };
                topics.push(fetch::Topic { name, id, partitions: Vec::new() });
                last = Some(&key.topic);
            }
            if let Some(topic) = topics.last_mut() {
                topic.partitions.push(partition);
            }
        }
        // Followers know their peers from the metadata.
        let endpoints = if to_follower { Vec::new() } else { self.endpoints_of(&leaders, context) };
        let error = (answer.error != ErrorCode::None).then_some(answer.error);
        fetch::encode(context, fetch::Response { error, session_id: answer.session_id, topics, endpoints })
    }

    fn learn_names(&self, session_id: i32) {
        let published = self.published();
        let name_of = |id| published.image.topic_by_id(id).map(|topic| topic.name.clone());
        self.sessions.lock().learn_names(session_id, name_of);
    }

    /// An id that is unknown now was a topic's when the session began: by its name it is gone, or another topic's
    /// (`KafkaApis.handleFetchRequest`, `ReplicaManager.readFromLog`).
    fn recall_topics(&self, session: &sessions::Context, reading: &mut Reading) {
        let published = self.published();
        reading.forget_ids(|at| {
            let sessions = self.sessions.lock();
            let name = session.partitions().get(at).and_then(|(key, _)| sessions.name_of(session.session_id(), key));
            match name.map(|name| published.image.topic(name)) {
                None => ErrorCode::UnknownTopicId,
                Some(None) => ErrorCode::UnknownTopicOrPartition,
                Some(Some(_)) => ErrorCode::InconsistentTopicId,
            }
        });
    }

    fn endpoints_of(&self, leaders: &BTreeSet<NodeId>, context: &Context) -> Vec<Endpoint> {
        let brokers = self.brokers_among(leaders, context).into_iter();
        brokers
            .map(|broker| Endpoint { node: broker.node, host: broker.host, port: broker.port, rack: broker.rack })
            .collect()
    }
}

fn told(partition: &fetch::Partition<FileSlice>) -> Told {
    Told {
        has_records: partition.records.is_some(),
        high_watermark: partition.high_watermark,
        log_start_offset: partition.log_start_offset,
        error: partition.error.unwrap_or(ErrorCode::None),
        preferred_replica: partition.preferred_read_replica != NodeId::NONE,
        diverging: partition.diverging.is_some(),
    }
}
