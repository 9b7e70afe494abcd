//! OffsetCommit and OffsetFetch, whose requests of version 10 name topics by id (KIP-848) and are newer than the codec's.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{
    GroupId, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange};
use model::Uuid;

use crate::schema;
use crate::schema::Message as _;

const NEWEST_IN_CODEC: i16 = 9;

/// OffsetCommit 2 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommit(pub OffsetCommitRequest);

/// OffsetFetch 1 to 10.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetch(pub OffsetFetchRequest);

schema! {
    /// OffsetCommit by topic id.
    message CommitById key 8, versions 10-10, flexible 8+ {
        group_id: String, 10+;
        generation_id_or_member_epoch: i32, 10+, default -1, ignorable true;
        member_id: String, 10+, ignorable true;
        group_instance_id: Option<String>, 10+;
        topics: Vec<CommitTopic>, 10+;
    }

    /// One topic of it.
    struct CommitTopic {
        topic_id: Uuid, 10+;
        partitions: Vec<CommitPartition>, 10+;
    }

    /// One partition of it.
    struct CommitPartition {
        partition_index: i32, 10+;
        committed_offset: i64, 10+;
        committed_leader_epoch: i32, 10+, default -1, ignorable true;
        committed_metadata: Option<String>, 10+;
    }

    /// OffsetFetch by topic id.
    message FetchById key 9, versions 10-10, flexible 6+ {
        groups: Vec<FetchGroup>, 10+;
        require_stable: bool, 10+;
    }

    /// One group of it.
    struct FetchGroup {
        group_id: String, 10+;
        member_id: Option<String>, 10+, ignorable true;
        member_epoch: i32, 10+, default -1, ignorable true;
        topics: Option<Vec<FetchTopic>>, 10+;
    }

    /// One topic of it.
    struct FetchTopic {
        topic_id: Uuid, 10+;
        partition_indexes: Vec<i32>, 10+;
    }
}

impl From<CommitById> for OffsetCommitRequest {
    fn from(request: CommitById) -> Self {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|partition| {
                OffsetCommitRequestPartition::default()
                    .with_partition_index(partition.partition_index)
                    .with_committed_offset(partition.committed_offset)
                    .with_committed_leader_epoch(partition.committed_leader_epoch)
                    .with_committed_metadata(partition.committed_metadata.map(StrBytes::from_string))
            });
            let partitions = partitions.collect();
            OffsetCommitRequestTopic::default().with_topic_id(topic.topic_id.0).with_partitions(partitions)
        });
        Self::default()
            .with_group_id(GroupId(StrBytes::from_string(request.group_id)))
            .with_generation_id_or_member_epoch(request.generation_id_or_member_epoch)
            .with_member_id(StrBytes::from_string(request.member_id))
            .with_group_instance_id(request.group_instance_id.map(StrBytes::from_string))
            .with_topics(topics.collect())
    }
}

impl From<&OffsetCommitRequest> for CommitById {
    fn from(request: &OffsetCommitRequest) -> Self {
        let topics = request.topics.iter().map(|topic| CommitTopic {
            topic_id: Uuid(topic.topic_id),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| CommitPartition {
                    partition_index: partition.partition_index,
                    committed_offset: partition.committed_offset,
                    committed_leader_epoch: partition.committed_leader_epoch,
                    committed_metadata: partition.committed_metadata.as_ref().map(ToString::to_string),
                    ..CommitPartition::default()
                })
                .collect(),
            ..CommitTopic::default()
        });
        Self {
            group_id: request.group_id.to_string(),
            generation_id_or_member_epoch: request.generation_id_or_member_epoch,
            member_id: request.member_id.to_string(),
            group_instance_id: request.group_instance_id.as_ref().map(ToString::to_string),
            topics: topics.collect(),
            ..Self::default()
        }
    }
}

impl From<FetchById> for OffsetFetchRequest {
    fn from(request: FetchById) -> Self {
        let groups = request.groups.into_iter().map(|group| {
            let topics = group.topics.map(|topics| {
                let topics = topics.into_iter().map(|topic| {
                    let told = OffsetFetchRequestTopics::default().with_topic_id(topic.topic_id.0);
                    told.with_partition_indexes(topic.partition_indexes)
                });
                topics.collect()
            });
            OffsetFetchRequestGroup::default()
                .with_group_id(GroupId(StrBytes::from_string(group.group_id)))
                .with_member_id(group.member_id.map(StrBytes::from_string))
                .with_member_epoch(group.member_epoch)
                .with_topics(topics)
        });
        Self::default().with_groups(groups.collect()).with_require_stable(request.require_stable)
    }
}

impl From<&OffsetFetchRequest> for FetchById {
    fn from(request: &OffsetFetchRequest) -> Self {
        let groups = request.groups.iter().map(|group| FetchGroup {
            group_id: group.group_id.to_string(),
            member_id: group.member_id.as_ref().map(ToString::to_string),
            member_epoch: group.member_epoch,
            topics: group.topics.as_ref().map(|topics| {
                let topics = topics.iter().map(|topic| FetchTopic {
                    topic_id: Uuid(topic.topic_id),
                    partition_indexes: topic.partition_indexes.clone(),
                    ..FetchTopic::default()
                });
                topics.collect()
            }),
            ..FetchGroup::default()
        });
        Self { groups: groups.collect(), require_stable: request.require_stable, ..Self::default() }
    }
}

macro_rules! newer {
    ($request:ident($codec:ident) as $newest:ident, key $key:literal, from $min:literal, response $response:ident) => {
        impl Request for $request {
            const KEY: i16 = $key;
            type Response = $response;
        }

        impl Message for $request {
            const VERSIONS: VersionRange = VersionRange { min: $min, max: 10 };
            const DEPRECATED_VERSIONS: Option<VersionRange> = None;
        }

        impl HeaderVersion for $request {
            fn header_version(version: i16) -> i16 {
                $codec::header_version(version.min(NEWEST_IN_CODEC))
            }
        }

        impl Encodable for $request {
            fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> Result<()> {
                if version <= NEWEST_IN_CODEC {
                    return self.0.encode(buf, version);
                }
                let mut body = BytesMut::new();
                $newest::from(&self.0).encode_body(&mut body, version)?;
                buf.put_slice(&body);
                Ok(())
            }

            fn compute_size(&self, version: i16) -> Result<usize> {
                let mut body = BytesMut::new();
                self.encode(&mut body, version)?;
                Ok(body.len())
            }
        }

        impl Decodable for $request {
            fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> Result<Self> {
                if version <= NEWEST_IN_CODEC {
                    return $codec::decode(buf, version).map(Self);
                }
                let mut body: Bytes = buf.copy_to_bytes(buf.remaining());
                let request = $newest::decode_body(&mut body, version)?;
                anyhow::ensure!(body.is_empty(), "{} bytes follow the request", body.len());
                Ok(Self(request.into()))
            }
        }
    };
}

newer!(OffsetCommit(OffsetCommitRequest) as CommitById, key 8, from 2, response OffsetCommitResponse);
newer!(OffsetFetch(OffsetFetchRequest) as FetchById, key 9, from 1, response OffsetFetchResponse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_go_by_id() {
        let id = Uuid::METADATA_TOPIC.0;
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(42);
        let topic = OffsetCommitRequestTopic::default().with_topic_id(id).with_partitions(vec![partition]);
        let request = OffsetCommit(OffsetCommitRequest::default().with_topics(vec![topic]));
        let mut bytes = BytesMut::new();
        request.encode(&mut bytes, 10).unwrap();
        // Group, generation, member, no instance, one topic: id, one partition: index, offset, epoch, metadata, tags; tags; tags.
        let head: &[u8] = &[1, 0xff, 0xff, 0xff, 0xff, 1, 0, 2];
        let tail: &[u8] = &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 42, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0];
        assert_eq!(bytes[..], [head, id.as_bytes(), tail].concat());
        assert_eq!(OffsetCommit::decode(&mut bytes.freeze(), 10).unwrap(), request);

        let topic = OffsetFetchRequestTopics::default().with_topic_id(id).with_partition_indexes(vec![3]);
        let group = OffsetFetchRequestGroup::default().with_topics(Some(vec![topic]));
        let request = OffsetFetch(OffsetFetchRequest::default().with_groups(vec![group]));
        let mut bytes = BytesMut::new();
        request.encode(&mut bytes, 10).unwrap();
        assert_eq!(OffsetFetch::decode(&mut bytes.freeze(), 10).unwrap(), request);
    }
}
