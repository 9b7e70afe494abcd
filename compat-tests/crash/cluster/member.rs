//! A group of one member that commits all the time, and looks at each return whether what was acknowledged is still there.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest};
use kafka_protocol::protocol::StrBytes;

use super::TOPIC;
use super::asker::Asker;
use super::pulse::Pulse;
use super::stage::Stage;
use crate::pause;
use crate::raw::{Connection, admin};

const PATIENCE: Duration = Duration::from_secs(3);
/// A member is not forgotten while a node is away.
const SESSION_MS: i32 = 45_000;
/// What goes by: the coordinator loads, is not there, moves, or too few are in sync.
const AGAIN: [i16; 7] = [7, 14, 15, 16, 19, 20, 56];
/// What a member is told that has to join again.
const STRANGER: [i16; 3] = [22, 25, 27];

/// A group, and how far it has come.
#[derive(Debug)]
pub struct Member {
    pub group: String,
    id: StrBytes,
    generation: i32,
    /// The last offset that was sent, and the last that was acknowledged.
    sent: i64,
    acknowledged: i64,
    /// How often it had to join.
    pub joined: u64,
    /// Whether an older commit may be told for a moment: a new coordinator of Apache Kafka's counts only what lies below the high
    /// watermark that it knows, until its followers have fetched.
    pub forgives: bool,
}

impl Member {
    pub fn new(group: String) -> Self {
        Self { group, id: StrBytes::default(), generation: -1, sent: 0, acknowledged: 0, joined: 0, forgives: false }
    }

    /// How many commits are acknowledged.
    pub fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    /// Commits until all is over.
    pub fn run(&mut self, stage: &Stage, number: usize, pulse: &Pulse) {
        let mut asker = Asker::new(stage, number + 2);
        while !stage.is_over() {
            let before = self.acknowledged;
            match self.with_coordinator(stage, pulse, &mut asker) {
                Ok(None) => {}
                Err(_) => {
                    if self.acknowledged == before {
                        asker.doubt();
                    }
                    pause::short();
                }
                Ok(Some(fault)) => {
                    stage.fault(format!("group {}: {fault}", self.group));
                    return;
                }
            }
        }
    }

    /// Until another has to be asked, or until something is wrong, which is returned.
    fn with_coordinator(&mut self, stage: &Stage, pulse: &Pulse, asker: &mut Asker<'_>) -> Result<Option<String>> {
        let address = asker.coordinator(&self.group)?;
        let mut connection = Connection::open_for(&address, PATIENCE)?;
        if let Some(fault) = self.looks(&mut connection)? {
            // What is lost for good is told again and again, and nobody commits over it.
            ensure!(!self.forgives, "{fault}");
            return Ok(Some(fault));
        }
        while !stage.is_over() {
            if self.generation < 0 {
                self.join(&mut connection)?;
            }
            let asked = stage.now();
            self.sent += 1;
            match self.commit(&mut connection)? {
                0 => {
                    self.acknowledged = self.sent;
                    pulse.beat(asked, stage.now());
                }
                code if STRANGER.contains(&code) => self.generation = -1,
                code if AGAIN.contains(&code) => bail!("answered error {code}"),
                code => return Ok(Some(format!("OffsetCommit answered error {code}"))),
            }
            pause::short();
        }
        Ok(None)
    }

    /// What is committed lies between what was acknowledged and what was sent.
    ///
    /// # Errors
    /// Where the coordinator does not answer, or not yet.
    pub fn looks(&self, connection: &mut Connection) -> Result<Option<String>> {
        let topic = OffsetFetchRequestTopic::default().with_name(admin::name(TOPIC)).with_partition_indexes(vec![0]);
        let request =
            OffsetFetchRequest::default().with_group_id(admin::group(&self.group)).with_topics(Some(vec![topic]));
        let answer = connection.call(5, &request)?;
        ensure!(answer.error_code == 0, "OffsetFetch answered error {}", answer.error_code);
        let part = answer.topics.iter().flat_map(|topic| &topic.partitions).next().context("no partition")?;
        let committed = part.committed_offset.max(0);
        let fits = part.error_code == 0 && (self.acknowledged..=self.sent).contains(&committed);
        Ok((!fits).then(|| {
            let (acknowledged, sent, code) = (self.acknowledged, self.sent, part.error_code);
            format!("{committed} is committed (error {code}), acknowledged was {acknowledged}, sent {sent}")
        }))
    }

    fn join(&mut self, connection: &mut Connection) -> Result<()> {
        let protocol = JoinGroupRequestProtocol::default().with_name("range".into()).with_metadata(Bytes::from_static(
            // Version 0, one topic, no user data.
            b"\0\0\0\0\0\x01\0\x03raw\0\0\0\0",
        ));
        let request = JoinGroupRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(5_000)
            .with_member_id(self.id.clone())
            .with_protocol_type("consumer".into())
            .with_protocols(vec![protocol]);
        let joined = connection.call(3, &request)?;
        if joined.error_code == 25 {
            self.id = StrBytes::default();
        }
        ensure!(joined.error_code == 0, "JoinGroup answered error {}", joined.error_code);
        self.id = joined.member_id;
        let assignment = SyncGroupRequestAssignment::default().with_member_id(self.id.clone());
        let request = SyncGroupRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_generation_id(joined.generation_id)
            .with_member_id(self.id.clone())
            .with_assignments(vec![assignment]);
        let synced = connection.call(2, &request)?;
        ensure!(synced.error_code == 0, "SyncGroup answered error {}", synced.error_code);
        self.generation = joined.generation_id;
        self.joined += 1;
        Ok(())
    }

    fn commit(&self, connection: &mut Connection) -> Result<i16> {
        let partition = OffsetCommitRequestPartition::default()
            .with_committed_offset(self.sent)
            .with_committed_metadata(Some(StrBytes::default()));
        let topic = OffsetCommitRequestTopic::default().with_name(admin::name(TOPIC)).with_partitions(vec![partition]);
        let request = OffsetCommitRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_member_id(self.id.clone())
            .with_generation_id_or_member_epoch(self.generation)
            .with_topics(vec![topic]);
        let answer = connection.call(7, &request)?;
        let part = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        Ok(part.context("an answer without a partition")?.error_code)
    }
}

/// Which of so many partitions of `__consumer_offsets` a group lies in: Java's hash of its name.
pub fn partition_of(group: &str, partitions: i32) -> i32 {
    let hash = group.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_lie_where_javas_hash_says() {
        // "group".hashCode() is 98629247; "polygenelubricants" has the one hash without an absolute value.
        assert_eq!(partition_of("group", 50), 47);
        assert_eq!(partition_of("polygenelubricants", 50), 0);
    }
}
