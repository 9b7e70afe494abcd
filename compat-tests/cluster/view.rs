//! The cluster as a client sees it, which asks whoever answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponse;
use kafka_protocol::messages::{CreateTopicsRequest, DescribeQuorumRequest, MetadataRequest};

use super::PATIENCE;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin};

/// TOPIC_ALREADY_EXISTS.
const EXISTS: i16 = 36;

/// Where the nodes are.
pub struct View {
    addresses: Vec<String>,
    /// Who is asked first, as the last one who answered.
    first: AtomicUsize,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// -1 where nobody leads.
    pub leader: i32,
    /// In ascending order.
    pub isr: Vec<i32>,
}

impl View {
    pub fn new(addresses: Vec<String>) -> Self {
        Self { addresses, first: AtomicUsize::new(0) }
    }

    /// A connection to a node.
    ///
    /// # Errors
    /// Where it does not listen.
    pub fn connect(&self, id: i32) -> Result<Connection> {
        let index = usize::try_from(id - 1).ok();
        let address = index.and_then(|index| self.addresses.get(index)).with_context(|| format!("node {id}"))?;
        Connection::open(address)
    }

    /// Asks one node after the other, until one answers.
    fn ask<T>(&self, mut question: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
        let first = self.first.load(Ordering::Relaxed);
        let mut last = anyhow::anyhow!("there are no nodes");
        for n in 0..self.addresses.len() {
            let index = (first + n) % self.addresses.len();
            let Some(address) = self.addresses.get(index) else { continue };
            match Connection::open(address).and_then(|mut connection| question(&mut connection)) {
                Ok(answer) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn metadata(&self, topic: Option<&str>) -> Result<MetadataResponse> {
        let topics = topic.map(|topic| MetadataRequestTopic::default().with_name(Some(admin::name(topic))));
        let topics: Vec<_> = topics.into_iter().collect();
        let request = MetadataRequest::default().with_topics(Some(topics)).with_allow_auto_topic_creation(false);
        self.ask(|connection| connection.call(9, &request))
    }

    /// Waits until so many brokers are not fenced.
    ///
    /// # Errors
    /// Where that does not come to pass, or `still_run` says that it will not.
    pub fn wait_alive(&self, brokers: usize, still_run: impl Fn() -> Result<()>) -> Result<()> {
        let since = Stopwatch::start();
        loop {
            still_run()?;
            match self.metadata(None) {
                Ok(found) if found.brokers.len() >= brokers => return Ok(()),
                found if since.left_of(PATIENCE).is_none() => {
                    let alive = found.map(|found| found.brokers.len());
                    bail!("{brokers} brokers should live, seen were {alive:?}; see ottla.log of each node")
                }
                _ => pause::short(),
            }
        }
    }

    /// The active controller.
    ///
    /// # Errors
    /// Where nobody answers, or nobody knows it.
    pub fn controller(&self) -> Result<i32> {
        let topic = TopicData::default()
            .with_topic_name(admin::name("__cluster_metadata"))
            .with_partitions(vec![PartitionData::default()]);
        let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
        let answer = self.ask(|connection| connection.call(0, &request))?;
        let partition = answer.topics.first().and_then(|topic| topic.partitions.first());
        let partition = partition.with_context(|| format!("DescribeQuorum answered error {}", answer.error_code))?;
        ensure!(partition.error_code == 0, "DescribeQuorum answered error {}", partition.error_code);
        Ok(partition.leader_id.0)
    }

    /// Makes a topic of one partition; one that is there already is as good.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn create(&self, topic: &str, replicas: usize) -> Result<()> {
        let wanted = CreatableTopic::default()
            .with_name(admin::name(topic))
            .with_num_partitions(1)
            .with_replication_factor(i16::try_from(replicas)?);
        let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(30_000);
        let answer = self.ask(|connection| connection.call(5, &request))?;
        let code = answer.topics.first().context("no topic in the answer")?.error_code;
        ensure!([0, EXISTS].contains(&code), "CreateTopics answered error {code}");
        Ok(())
    }

    /// The topic's partition now.
    ///
    /// # Errors
    /// Where nobody answers, or nobody knows it.
    pub fn state(&self, topic: &str) -> Result<State> {
        let found = self.metadata(Some(topic))?;
        let topic = found.topics.first().context("no topic in the answer")?;
        let partition = topic.partitions.first().with_context(|| format!("error {}", topic.error_code))?;
        let mut isr: Vec<i32> = partition.isr_nodes.iter().map(|id| id.0).collect();
        isr.sort_unstable();
        Ok(State { leader: partition.leader_id.0, isr })
    }

    /// Waits until the partition is as wanted.
    ///
    /// # Errors
    /// Where that does not come to pass, with how it is.
    pub fn wait(&self, topic: &str, wanted: impl Fn(&State) -> bool) -> Result<State> {
        let since = Stopwatch::start();
        loop {
            match self.state(topic) {
                Ok(state) if wanted(&state) => return Ok(state),
                state if since.left_of(PATIENCE).is_none() => bail!("{topic} stays as it is: {state:?}"),
                _ => pause::short(),
            }
        }
    }
}
