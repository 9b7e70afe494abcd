//! A member of a classic group (`ClassicGroupMember`).

use bytes::Bytes;

use crate::records::MemberMetadata;
use crate::{DescribedMember, JoinedMember, MemberId, Protocol, Token};

/// A member, with whom it lets wait.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) instance: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    /// In the order of its preference; each name once.
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) assignment: Bytes,
    /// Who waits for the end of the join phase.
    pub(crate) join: Option<Token>,
    /// Who waits for the assignment.
    pub(crate) sync: Option<Token>,
    /// Whether it has not been in a generation yet.
    pub(super) is_new: bool,
}

impl Member {
    /// The member as a record tells it: it supports the protocol of the generation.
    pub(super) fn from_record(record: &MemberMetadata, protocol: Option<&str>) -> Self {
        let protocol =
            Protocol { name: protocol.unwrap_or_default().to_owned(), metadata: record.subscription.clone() };
        Self {
            id: record.member_id.as_str().into(),
            instance: record.group_instance_id.clone(),
            client_id: record.client_id.clone(),
            client_host: record.client_host.clone(),
            rebalance_timeout_ms: match record.rebalance_timeout {
                -1 => record.session_timeout, // Kafka before 0.10.1 had none.
                timeout => timeout,
            },
            session_timeout_ms: record.session_timeout,
            protocols: vec![protocol],
            assignment: record.assignment.clone(),
            join: None,
            sync: None,
            is_new: false,
        }
    }

    pub(super) fn to_record(&self, protocol: Option<&str>, assignment: Bytes) -> MemberMetadata {
        MemberMetadata {
            member_id: self.id.to_string(),
            group_instance_id: self.instance.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout: self.rebalance_timeout_ms,
            session_timeout: self.session_timeout_ms,
            subscription: self.metadata(protocol),
            assignment,
            ..Default::default()
        }
    }

    pub(super) fn is_awaiting_join(&self) -> bool {
        self.join.is_some()
    }

    /// Members that wait cannot send heartbeats; only new ones may expire nevertheless.
    pub(super) fn has_satisfied_heartbeat(&self) -> bool {
        !self.is_new && (self.join.is_some() || self.sync.is_some())
    }

    /// What it told for a protocol.
    pub(crate) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let found = self.protocols.iter().find(|it| Some(it.name.as_str()) == protocol);
        found.map(|protocol| protocol.metadata.clone()).unwrap_or_default()
    }

    pub(super) fn joined(&self, protocol: Option<&str>) -> JoinedMember {
        JoinedMember { member: self.id.to_string(), instance: self.instance.clone(), metadata: self.metadata(protocol) }
    }

    /// The member for DescribeGroups, with what it told for `protocol` if the group is stable.
    pub(crate) fn describe(&self, protocol: Option<&str>) -> DescribedMember {
        DescribedMember {
            member: self.id.to_string(),
            instance: self.instance.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            metadata: protocol.map(|_| self.metadata(protocol)).unwrap_or_default(),
            assignment: self.assignment.clone(),
        }
    }
}
