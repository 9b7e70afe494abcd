//! OffsetCommit and TxnOffsetCommit: who may commit, and what is written.

use model::{ErrorCode, Timestamp};
use wire::schema::Tags;

use crate::classic::{Live, Phase};
use crate::consumer::{self, MayCommit};
use crate::records::{OffsetCommitKey, OffsetCommitValue};
use crate::{
    CommitPartition, CommitTopic, Decision, Group, Groups, OffsetCommit, Record, RefusedOffset, State, TxnOffsetCommit,
};

/// No text in a record is longer.
const LONGEST_TEXT: usize = i16::MAX as usize;

/// Who commits, in which generation.
struct Committer<'a> {
    member: &'a str,
    instance: Option<&'a str>,
    generation: i32,
    transactional: bool,
    knows_epochs: bool,
}

impl Groups {
    pub(crate) fn offset_commit(
        &mut self,
        state: &State,
        now: Timestamp,
        request: OffsetCommit,
        out: &mut Decision,
    ) -> Result<Vec<RefusedOffset>, ErrorCode> {
        let who = Committer {
            member: &request.member,
            instance: request.instance.as_deref(),
            generation: request.generation,
            transactional: false,
            knows_epochs: request.knows_epochs,
        };
        let missing = if request.knows_epochs { ErrorCode::GroupIdNotFound } else { ErrorCode::IllegalGeneration };
        let may = self.may_commit(state, &request.group, &who, missing)?;
        self.check_each(&may, &request.topics)?;
        self.commits(now, &request.group, &request.member, out);
        let expires_at = request.retention_ms.map(|retention| Timestamp(now.0.saturating_add(retention)));
        let committed_at = (now, expires_at);
        self.write_offsets(&request.group, request.topics, committed_at, out, Record::OffsetCommit)
    }

    pub(crate) fn txn_offset_commit(
        &mut self,
        state: &State,
        now: Timestamp,
        request: TxnOffsetCommit,
        out: &mut Decision,
    ) -> Result<Vec<RefusedOffset>, ErrorCode> {
        if request.group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let who = Committer {
            member: &request.member,
            instance: request.instance.as_deref(),
            generation: request.generation,
            transactional: true,
            knows_epochs: true,
        };
        let may = self.may_commit(state, &request.group, &who, ErrorCode::IllegalGeneration)?;
        // A transaction knows no epochs, only generations.
        let stale = |error| if error == ErrorCode::StaleMemberEpoch { ErrorCode::IllegalGeneration } else { error };
        self.check_each(&may, &request.topics).map_err(stale)?;
        let producer = request.producer;
        self.write_offsets(&request.group, request.topics, (now, None), out, |key, value| {
            Record::TxnOffsetCommit(producer, key, value.unwrap_or_default())
        })
    }

    /// Anybody outside of generations may commit for a group that is not there: that makes a simple group.
    fn may_commit(
        &self,
        state: &State,
        group: &str,
        who: &Committer<'_>,
        missing: ErrorCode,
    ) -> Result<MayCommit, ErrorCode> {
        match state.group(group) {
            None if who.generation < 0 => check_commit(None, who).map(|()| MayCommit::All),
            None => Err(missing),
            Some(Group::Classic(_)) => check_commit(self.live(group), who).map(|()| MayCommit::All),
            Some(Group::Consumer(group)) => group.may_commit(consumer::Committer {
                member: who.member,
                instance: who.instance,
                epoch: who.generation,
                in_transaction: who.transactional,
                knows_epochs: who.knows_epochs,
            }),
        }
    }

    /// Whether a member of a consumer group that is behind may commit all that it brings.
    fn check_each(&self, may: &MayCommit, topics: &[CommitTopic]) -> Result<(), ErrorCode> {
        if *may == MayCommit::All {
            return Ok(());
        }
        for topic in topics {
            let known = || self.surroundings.topic(&topic.name).map(|topic| topic.id).unwrap_or_default();
            let id = if topic.id.is_zero() { known() } else { topic.id };
            for partition in &topic.partitions {
                if !partition.metadata.as_ref().is_some_and(|text| self.is_too_long(text)) {
                    may.check(id, partition.index)?;
                }
            }
        }
        Ok(())
    }

    fn write_offsets(
        &self,
        group: &str,
        topics: Vec<CommitTopic>,
        (committed_at, expires_at): (Timestamp, Option<Timestamp>),
        out: &mut Decision,
        record: impl Fn(OffsetCommitKey, Option<OffsetCommitValue>) -> Record,
    ) -> Result<Vec<RefusedOffset>, ErrorCode> {
        const PER_RECORD: usize = 64; // All that is not text, and more.
        let (mut refused, mut bytes, mut longest) = (Vec::new(), 0, group.len());
        out.records.reserve_exact(topics.iter().map(|topic| topic.partitions.len()).sum());
        for (at, topic) in topics.into_iter().enumerate() {
            longest = longest.max(topic.name.len());
            for (partition, CommitPartition { index, offset, leader_epoch, metadata }) in
                topic.partitions.into_iter().enumerate()
            {
                if metadata.as_ref().is_some_and(|text| self.is_too_long(text)) {
                    refused.push(RefusedOffset { topic: at, partition, error: ErrorCode::OffsetMetadataTooLarge });
                    continue;
                }
                // All fields are named: defaults for the rest would make a topic's name to drop it.
                let key = OffsetCommitKey {
                    group: group.to_owned(),
                    topic: topic.name.clone(),
                    partition: index,
                    unknown_tags: Tags::new(),
                };
                let value = OffsetCommitValue {
                    offset,
                    leader_epoch,
                    metadata: metadata.unwrap_or_default(),
                    commit_timestamp: committed_at,
                    expire_timestamp: expires_at.unwrap_or(Timestamp(-1)),
                    topic_id: topic.id,
                    unknown_tags: Tags::new(),
                };
                bytes += group.len() + topic.name.len() + value.metadata.len() + PER_RECORD;
                out.records.push(record(key, Some(value)));
            }
        }
        if longest > LONGEST_TEXT || bytes > self.settings.max_batch_bytes {
            out.records.clear(); // They count together or not at all.
            return Err(ErrorCode::UnknownServerError);
        }
        Ok(refused)
    }

    /// As Kafka counts, in Java's characters.
    fn is_too_long(&self, text: &str) -> bool {
        let most = usize::try_from(self.settings.offset_metadata_max_bytes).unwrap_or_default();
        text.len() > LONGEST_TEXT || (text.len() > most && text.encode_utf16().count() > most)
    }
}

/// `ClassicGroup.validateOffsetCommit`; a group that is not live is empty.
fn check_commit(live: Option<&Live>, who: &Committer<'_>) -> Result<(), ErrorCode> {
    let phase = live.map_or(Phase::Empty, |live| live.phase);
    if who.generation < 0 && phase == Phase::Empty {
        return Ok(());
    }
    if who.generation >= 0 || !who.member.is_empty() || who.instance.is_some() {
        let Some(live) = live else { return Err(ErrorCode::UnknownMemberId) };
        live.check_member(who.member, who.instance)?;
        if who.generation != live.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
    } else if !who.transactional && phase != Phase::Empty {
        return Err(ErrorCode::UnknownMemberId);
    }
    if !who.transactional && phase == Phase::Completing {
        return Err(ErrorCode::RebalanceInProgress); // It has the generation, but not its assignment in it.
    }
    Ok(())
}
