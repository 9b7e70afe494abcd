//! One member on the wire: it follows the protocol, and has accidents by dice.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest,
    OffsetFetchRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::super::watch::Committed;
use super::truth::Truth;
use super::{PARTITIONS, TOPIC};
use crate::dice::Dice;
use crate::raw::connection::frame;
use crate::raw::{Connection, admin};

const SESSION_MS: i32 = 1_500;
const REBALANCE_MS: i32 = 3_000;
/// A subscription of version 0 to the topic.
const WANTED: &[u8] = b"\0\0\0\0\0\x01\0\x06random\xff\xff\xff\xff";

/// Codes that a member of a living group may be told, and what it does then.
mod code {
    pub const LOADING: i16 = 14;
    pub const NOT_AVAILABLE: i16 = 15;
    pub const NOT_COORDINATOR: i16 = 16;
    pub const ILLEGAL_GENERATION: i16 = 22;
    pub const UNKNOWN_MEMBER: i16 = 25;
    pub const REBALANCE: i16 = 27;
    pub const ID_REQUIRED: i16 = 79;
    pub const FENCED: i16 = 82;
}

/// A member and what it remembers of itself.
pub struct Member<'a> {
    address: &'a str,
    group: &'a str,
    instance: Option<String>,
    /// The same through all its lives.
    name: String,
    dice: Dice,
    truth: &'a Truth,
    connection: Option<Connection>,
    id: String,
    generation: i32,
}

impl<'a> Member<'a> {
    pub fn new(address: &'a str, group: &'a str, instance: Option<String>, mut dice: Dice, truth: &'a Truth) -> Self {
        let name = instance.clone().unwrap_or_else(|| format!("{:x}", dice.roll()));
        Self { address, group, instance, name, dice, truth, connection: None, id: String::new(), generation: -1 }
    }

    /// Until it is over; then it leaves.
    ///
    /// # Errors
    /// With what must never be.
    pub fn live(mut self, calm: &AtomicBool, over: &AtomicBool) -> Result<()> {
        while !over.load(Ordering::Relaxed) {
            self.truth.works(&self.name, false);
            let wild = !calm.load(Ordering::Relaxed);
            if wild && self.dice.below(8) == 0 {
                self.vanish_while_joining()?;
                continue;
            }
            let Some(joined) = self.join()? else { continue };
            let Some(owned) = self.sync(&joined)? else { continue };
            self.work(&owned, calm, over)?;
        }
        self.leave()
    }

    /// Asks to join and is gone before the answer comes.
    fn vanish_while_joining(&mut self) -> Result<()> {
        let request = self.joining();
        let mut connection = Connection::open(self.address)?;
        connection.send(&mut frame(0, 9, &request)?)?;
        connection.close();
        self.connection = None;
        Ok(())
    }

    fn joining(&self) -> JoinGroupRequest {
        let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("range"));
        JoinGroupRequest::default()
            .with_group_id(self.group())
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(REBALANCE_MS)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol.with_metadata(Bytes::from_static(WANTED))])
    }

    /// A generation, or nothing where it must be asked for again.
    fn join(&mut self) -> Result<Option<JoinGroupResponse>> {
        let request = self.joining();
        let joined = self.connection()?.call(9, &request).context("joining")?;
        match joined.error_code {
            0 => {
                ensure!(joined.generation_id >= self.generation, "{} after {}", joined.generation_id, self.generation);
                self.generation = joined.generation_id;
                self.id = joined.member_id.to_string();
                return Ok(Some(joined));
            }
            code::ID_REQUIRED => self.id = joined.member_id.to_string(),
            told => self.took(told).context("joining")?,
        }
        Ok(None)
    }

    fn sync(&mut self, joined: &JoinGroupResponse) -> Result<Option<Vec<i32>>> {
        let leads = joined.leader == joined.member_id && !joined.skip_assignment;
        let mut assignments: Vec<(StrBytes, Vec<u8>)> =
            joined.members.iter().filter(|_| leads).map(|member| (member.member_id.clone(), vec![])).collect();
        let among = assignments.len().max(1);
        for (n, (_, assignment)) in assignments.iter_mut().enumerate() {
            assignment.extend((0..PARTITIONS).skip(n).step_by(among));
        }
        let assignments = assignments.into_iter().map(|(member, partitions)| {
            SyncGroupRequestAssignment::default().with_member_id(member).with_assignment(partitions.into())
        });
        let request = SyncGroupRequest::default()
            .with_group_id(self.group())
            .with_generation_id(self.generation)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance())
            .with_protocol_type(Some(StrBytes::from_static_str("consumer")))
            .with_protocol_name(Some(StrBytes::from_static_str("range")))
            .with_assignments(assignments.collect());
        let synced = self.connection()?.call(5, &request).context("syncing")?;
        if synced.error_code != 0 {
            self.took(synced.error_code).context("syncing")?;
            return Ok(None);
        }
        let owned: Vec<i32> = synced.assignment.iter().map(|byte| i32::from(*byte)).collect();
        // A static member's successor has what the member had.
        self.truth.owns(self.instance.as_ref().unwrap_or(&self.id), self.generation, &owned)?;
        Ok(Some(owned))
    }

    /// Commits and lives, until a rebalance, an accident, or the end.
    fn work(&mut self, owned: &[i32], calm: &AtomicBool, over: &AtomicBool) -> Result<()> {
        let before = self.truth.committed();
        let Some(mut offsets) = self.fetch(owned)? else { return Ok(()) };
        for partition in owned {
            let (known, told) = (before.get(partition), offsets.get(partition));
            ensure!(told >= known, "partition {partition}: {known:?} was acknowledged, {told:?} is told");
        }
        self.truth.works(&self.name, true);
        while !over.load(Ordering::Relaxed) {
            offsets.values_mut().for_each(|offset| *offset += 1);
            let told = match self.commit(&offsets)? {
                0 => {
                    offsets.iter().for_each(|(partition, offset)| self.truth.acknowledged(*partition, *offset));
                    self.heartbeat()?
                }
                told => told,
            };
            if told != 0 {
                return self.took(told).context("at work");
            }
            if !calm.load(Ordering::Relaxed) && self.accident()? {
                return Ok(());
            }
            crate::pause::short();
        }
        Ok(())
    }

    /// Whether it is not at work any more.
    fn accident(&mut self) -> Result<bool> {
        match self.dice.below(60) {
            0 => self.leave()?,
            // It is never heard of again; its thread is somebody else from now on.
            1 => self.forget(),
            // Its connection breaks, and it comes back as itself.
            2 => self.connection = None,
            // It joins anew without need.
            3 => return Ok(true),
            _ => return Ok(false),
        }
        Ok(self.id.is_empty())
    }

    fn forget(&mut self) {
        self.connection = None;
        // What a static one had, its successor may be given in the same generation.
        if self.instance.is_none() {
            self.generation = -1;
        }
        self.id.clear();
    }

    /// Does what a code asks for.
    fn took(&mut self, told: i16) -> Result<()> {
        match told {
            code::REBALANCE => (),
            code::LOADING | code::NOT_AVAILABLE => crate::pause::short(),
            code::UNKNOWN_MEMBER | code::ILLEGAL_GENERATION | code::FENCED => self.id.clear(),
            code::NOT_COORDINATOR => self.connection = None,
            told => bail!("error {told}"),
        }
        Ok(())
    }

    fn fetch(&mut self, owned: &[i32]) -> Result<Option<Committed>> {
        let topic = OffsetFetchRequestTopics::default().with_name(admin::name(TOPIC));
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(self.group())
            .with_topics(Some(vec![topic.with_partition_indexes(owned.to_vec())]));
        let answer = self.connection()?.call(8, &OffsetFetchRequest::default().with_groups(vec![group]))?;
        let group = answer.groups.first().context("no group in the answer")?;
        if group.error_code != 0 {
            self.took(group.error_code).context("fetching")?;
            return Ok(None);
        }
        let parts = group.topics.iter().flat_map(|topic| &topic.partitions);
        Ok(Some(parts.map(|part| (part.partition_index, part.committed_offset.max(0))).collect()))
    }

    fn commit(&mut self, offsets: &Committed) -> Result<i16> {
        let parts = offsets.iter().map(|(partition, offset)| {
            let part = OffsetCommitRequestPartition::default().with_partition_index(*partition);
            part.with_committed_offset(*offset).with_committed_metadata(Some(StrBytes::default()))
        });
        let topic = OffsetCommitRequestTopic::default().with_name(admin::name(TOPIC)).with_partitions(parts.collect());
        let request = OffsetCommitRequest::default()
            .with_group_id(self.group())
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance())
            .with_topics(vec![topic]);
        let answer = self.connection()?.call(8, &request)?;
        Ok(answer.topics.iter().flat_map(|topic| &topic.partitions).map(|part| part.error_code).max().unwrap_or(0))
    }

    fn heartbeat(&mut self) -> Result<i16> {
        let request = HeartbeatRequest::default()
            .with_group_id(self.group())
            .with_generation_id(self.generation)
            .with_member_id(text(&self.id))
            .with_group_instance_id(self.instance());
        Ok(self.connection()?.call(4, &request)?.error_code)
    }

    fn leave(&mut self) -> Result<()> {
        let member = MemberIdentity::default().with_member_id(text(&self.id)).with_group_instance_id(self.instance());
        let request = LeaveGroupRequest::default().with_group_id(self.group()).with_members(vec![member]);
        self.connection()?.call(5, &request)?;
        self.id.clear();
        self.generation = -1;
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        Ok(self.connection.insert(connection))
    }

    fn group(&self) -> GroupId {
        GroupId(text(self.group))
    }

    fn instance(&self) -> Option<StrBytes> {
        self.instance.as_deref().map(text)
    }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
