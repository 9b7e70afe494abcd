//! Who may commit and fetch offsets of a consumer group (`ConsumerGroup.validateOffsetCommit`, `validateOffsetFetch`).

use std::sync::Arc;

use model::{ErrorCode, PartitionIndex, TopicId};

use super::group::ConsumerGroup;
use super::member::Member;

/// Who commits, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Committer<'a> {
    /// The member; empty for one outside of all epochs.
    pub member: &'a str,
    /// The name of a static member.
    pub instance: Option<&'a str>,
    /// Its epoch; negative for one outside of all epochs.
    pub epoch: i32,
    /// Whether the offsets are part of a transaction.
    pub in_transaction: bool,
    /// Whether the client knows of member epochs (OffsetCommit 9 and later).
    pub knows_epochs: bool,
}

/// Which partitions a committer may commit.
#[derive(Clone, Debug, PartialEq)]
pub enum MayCommit {
    /// All.
    All,
    /// Those that this member has had since this epoch or earlier: it has not heard of its newer epoch yet (KIP-1251).
    HeldSince(Arc<Member>, i32),
}

impl ConsumerGroup {
    /// Says who may not commit anything at all.
    pub fn may_commit(&self, who: Committer<'_>) -> Result<MayCommit, ErrorCode> {
        if who.epoch < 0 && self.is_empty() {
            return Ok(MayCommit::All); // A tool, or a consumer that divides partitions itself.
        }
        if who.in_transaction && who.epoch == -1 && who.member.is_empty() && who.instance.is_none() {
            return Ok(MayCommit::All);
        }
        let Some(member) = self.member(who.member) else { return Err(ErrorCode::UnknownMemberId) };
        if !who.in_transaction && member.classic.is_none() && !who.knows_epochs {
            return Err(ErrorCode::UnsupportedVersion);
        }
        match who.epoch {
            epoch if epoch == member.epoch => Ok(MayCommit::All),
            epoch if epoch > member.epoch => Err(stale(member)),
            epoch => Ok(MayCommit::HeldSince(member.clone(), epoch)),
        }
    }

    /// Whether this member may fetch offsets. Tools, and clients that do not say who they are, may.
    pub fn may_fetch(&self, member: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        let id = match member {
            None if epoch < 0 => return Ok(()),
            other => other.unwrap_or_default(),
        };
        let Some(member) = self.member(id) else { return Err(ErrorCode::UnknownMemberId) };
        if member.epoch == epoch { Ok(()) } else { Err(stale(member)) }
    }
}

impl MayCommit {
    /// Whether this partition may be committed. A refusal is one of the whole request.
    pub fn check(&self, topic: TopicId, partition: PartitionIndex) -> Result<(), ErrorCode> {
        let Self::HeldSince(member, epoch) = self else { return Ok(()) };
        let since = |held| super::partitions::epoch_of(held, topic, partition);
        match since(&member.assigned).or_else(|| since(&member.revoking)) {
            Some(since) if *epoch >= since => Ok(()),
            _ => Err(stale(member)),
        }
    }
}

/// Each protocol has its own word for it.
fn stale(member: &Member) -> ErrorCode {
    if member.classic.is_some() { ErrorCode::IllegalGeneration } else { ErrorCode::StaleMemberEpoch }
}
