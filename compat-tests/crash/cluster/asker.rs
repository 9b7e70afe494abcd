//! Asks any node that answers who leads what, as every client does after a broken connection.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{FindCoordinatorRequest, MetadataRequest};

use super::stage::Stage;
use crate::raw::{Connection, admin};

/// A node that is paused takes connections and never answers; then another is asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection to some node, kept while it answers.
pub struct Asker<'a> {
    stage: &'a Stage,
    at: usize,
    connection: Option<Connection>,
}

impl<'a> Asker<'a> {
    /// Askers with different numbers begin at different nodes.
    pub fn new(stage: &'a Stage, number: usize) -> Self {
        Self { stage, at: number, connection: None }
    }

    /// # Errors
    /// Where this node does not answer; the next time another is asked.
    pub fn ask<T>(&mut self, ask: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let answer = self.connected().and_then(ask);
        if answer.is_err() {
            self.doubt();
        }
        answer
    }

    /// What this node says leads nowhere; another is asked the next time.
    pub fn doubt(&mut self) {
        self.connection = None;
        self.at += 1;
    }

    fn connected(&mut self) -> Result<&mut Connection> {
        if self.connection.is_none() {
            let address =
                self.stage.addresses.get(self.at % self.stage.addresses.len().max(1)).context("no address")?;
            self.connection = Some(Connection::open_for(address, PATIENCE)?);
        }
        self.connection.as_mut().context("no connection")
    }

    /// Where the leader of a partition is, as this node has it.
    ///
    /// # Errors
    /// Where it is not known, or the node does not answer.
    pub fn leader(&mut self, topic: &str, partition: i32) -> Result<String> {
        let wanted = MetadataRequestTopic::default().with_name(Some(admin::name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted]));
        let answer = self.ask(|connection| connection.call(9, &request.with_allow_auto_topic_creation(false)))?;
        let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let found = partitions.find(|it| it.partition_index == partition).context("no such partition")?;
        let leader = answer.brokers.iter().find(|broker| broker.node_id == found.leader_id);
        let Some(leader) = leader else {
            // It may be this node alone that does not know.
            self.doubt();
            anyhow::bail!("{topic}-{partition} has no leader");
        };
        Ok(format!("{}:{}", leader.host.as_str(), leader.port))
    }

    /// Where the coordinator of a group is.
    ///
    /// # Errors
    /// As [`Asker::leader`].
    pub fn coordinator(&mut self, group: &str) -> Result<String> {
        let find = FindCoordinatorRequest::default().with_key(admin::group(group).0);
        let answer = self.ask(|connection| {
            let answer = connection.call(3, &find)?;
            ensure!(answer.error_code == 0, "FindCoordinator answered error {}", answer.error_code);
            Ok(answer)
        })?;
        Ok(format!("{}:{}", answer.host.as_str(), answer.port))
    }
}
