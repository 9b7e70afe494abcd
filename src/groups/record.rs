//! Any record of `__consumer_offsets`, and its bytes in the log (`GroupCoordinatorRecordSerde`).

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use model::batch::ControlType;
use model::{ProducerEpoch, ProducerId};
use wire::schema::{DecodeError, EncodeError, Layout, Message};

use crate::records::*;

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No key, or one without a type.
    #[error("a record of __consumer_offsets has a key that is shorter than its type")]
    NoType,
    /// The key is broken.
    #[error("the key of a {name} cannot be read: {source}")]
    Key {
        /// Kafka's name of the key.
        name: &'static str,
        /// What is wrong.
        source: DecodeError,
    },
    /// The value is broken, or of a later version.
    #[error("the value of a {name} version {version} cannot be read: {source}")]
    Value {
        /// Kafka's name of the value.
        name: &'static str,
        /// Its version.
        version: i16,
        /// What is wrong.
        source: DecodeError,
    },
}

/// The producer of a transaction, in one of its incarnations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// The batch that a record belongs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// Any.
    Plain,
    /// A batch of a producer's transaction.
    Transactional(Producer),
    /// A control batch that ends a producer's transaction; see [`model::batch::EndMarker`].
    Marker {
        /// The producer.
        producer: Producer,
        /// Committed, or aborted.
        commit: bool,
        /// The epoch of the transaction coordinator that says so.
        coordinator_epoch: i32,
    },
}

macro_rules! records {
    ($( $(#[$doc:meta])* $name:ident($key:ident, $value:ident); )*) => {
        /// One record: a key and its value, or none for a tombstone.
        ///
        /// Those of share and streams groups are none of them: they stay in the log as they are.
        #[derive(Clone, PartialEq)]
        pub enum Record {
            $( $(#[$doc])* $name($key, Option<$value>), )*
            /// A committed offset that counts once its transaction is committed.
            TxnOffsetCommit(Producer, OffsetCommitKey, OffsetCommitValue),
            /// The end of a producer's transaction: committed or aborted, as the coordinator of this epoch says.
            EndTransaction(Producer, bool, i32),
        }

        impl Record {
            /// The declarations of all keys, and of all values.
            pub const LAYOUTS: &[Layout] = &[
                <LegacyOffsetCommitKey as Message>::LAYOUT,
                <LegacyOffsetCommitValue as Message>::LAYOUT,
                $( <$key as Message>::LAYOUT, <$value as Message>::LAYOUT, )*
            ];

            /// Writes the key and the value as they lie in the log into `out`, which is emptied before, and gives both.
            ///
            /// Fails when a text is longer than 32,767 bytes.
            pub fn encode<'a>(&self, out: &'a mut BytesMut) -> Result<(&'a [u8], Option<&'a [u8]>), EncodeError> {
                out.clear();
                let (key, has_value) = match self {
                    $( Self::$name(key, value) => {
                        let end = write_key(key, out)?;
                        value.as_ref().map(|it| write_value(it, self.version(), out)).transpose()?;
                        (end, value.is_some())
                    } )*
                    Self::TxnOffsetCommit(_, key, value) => {
                        let end = write_key(key, out)?;
                        write_value(value, self.version(), out)?;
                        (end, true)
                    }
                    Self::EndTransaction(_, commit, coordinator_epoch) => {
                        let kind = if *commit { ControlType::Commit } else { ControlType::Abort };
                        out.extend_from_slice(&kind.key());
                        let end = out.len();
                        out.put_i16(0);
                        out.put_i32(*coordinator_epoch);
                        (end, true)
                    }
                };
                let (key, value) = out.split_at(key);
                Ok((key, has_value.then_some(value)))
            }

            /// How many bytes key and value take.
            ///
            /// Fails as [`Record::encode`] does.
            pub fn encoded_len(&self) -> Result<usize, EncodeError> {
                let mut out = BytesMut::with_capacity(SMALL);
                self.encode(&mut out).map(|(key, value)| key.len() + value.map_or(0, <[u8]>::len))
            }

            /// Reads a record of a batch that is no control batch. `None` for types that are not known: they may be
            /// passed over, as Kafka does. Keeps nothing of the memory that it was given.
            pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Option<Self>, RecordError> {
                let Some((kind, key)) = key.split_first_chunk::<2>() else { return Err(RecordError::NoType) };
                let kind = i16::from_be_bytes(*kind);
                let mut key = Bytes::copy_from_slice(key);
                let value = value.map(Bytes::copy_from_slice);
                match kind {
                    kind if kind == <LegacyOffsetCommitKey as Message>::LAYOUT.key => {
                        let key: LegacyOffsetCommitKey = read_key(&mut key)?;
                        let value = value.map(read_value::<LegacyOffsetCommitValue>).transpose()?;
                        Ok(Some(Self::OffsetCommit(key.into(), value.map(Into::into))))
                    }
                    $( kind if kind == <$key as Message>::LAYOUT.key => {
                        Ok(Some(Self::$name(read_key(&mut key)?, value.map(read_value).transpose()?)))
                    } )*
                    _ => Ok(None),
                }
            }
        }

        impl fmt::Debug for Record {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name(key, Some(value)) => write!(f, "{key:?} = {value:?}"), )*
                    $( Self::$name(key, None) => write!(f, "{key:?} = tombstone"), )*
                    Self::TxnOffsetCommit(producer, key, value) => write!(f, "{producer:?}: {key:?} = {value:?}"),
                    Self::EndTransaction(producer, true, _) => write!(f, "{producer:?}: commit"),
                    Self::EndTransaction(producer, false, _) => write!(f, "{producer:?}: abort"),
                }
            }
        }
    };
}

records! {
    /// A committed offset.
    OffsetCommit(OffsetCommitKey, OffsetCommitValue);
    /// A classic group.
    GroupMetadata(GroupMetadataKey, GroupMetadataValue);
    /// A consumer group.
    ConsumerGroupMetadata(ConsumerGroupMetadataKey, ConsumerGroupMetadataValue);
    /// The topics of a consumer group, before 4.1.
    ConsumerGroupPartitionMetadata(ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue);
    /// A member of a consumer group.
    ConsumerGroupMemberMetadata(ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue);
    /// The epoch of a consumer group's target assignment.
    ConsumerGroupTargetAssignmentMetadata(
        ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue);
    /// A member's part of the target assignment.
    ConsumerGroupTargetAssignmentMember(
        ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue);
    /// What a member has.
    ConsumerGroupCurrentMemberAssignment(
        ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue);
    /// A regular expression and what it matched.
    ConsumerGroupRegularExpression(ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue);
}

impl Record {
    /// The batch that it belongs into.
    pub fn batch(&self) -> BatchKind {
        match *self {
            Self::TxnOffsetCommit(producer, ..) => BatchKind::Transactional(producer),
            Self::EndTransaction(producer, commit, coordinator_epoch) => {
                BatchKind::Marker { producer, commit, coordinator_epoch }
            }
            _ => BatchKind::Plain,
        }
    }

    /// The record as it counts in a transactional batch of `producer`.
    pub fn in_transaction(self, producer: Producer) -> Self {
        match self {
            Self::OffsetCommit(key, Some(value)) => Self::TxnOffsetCommit(producer, key, value),
            other => other,
        }
    }

    /// The version in which Kafka 4.3 writes the value (`GroupCoordinatorRecordHelpers`).
    fn version(&self) -> i16 {
        match self {
            Self::OffsetCommit(_, Some(value)) | Self::TxnOffsetCommit(_, _, value) => {
                if value.expire_timestamp.0 == -1 { 4 } else { 1 } // Only version 1 can tell when it expires.
            }
            Self::GroupMetadata(..) => 3,
            _ => 0,
        }
    }
}

/// Bytes that most records do not exceed: memory of this size need not grow while they are written.
const SMALL: usize = 256;

fn write_key(key: &impl Message, out: &mut BytesMut) -> Result<usize, EncodeError> {
    out.put_i16(layout(key).key);
    key.encode_body(out, 0)?;
    Ok(out.len())
}

fn write_value(value: &impl Message, version: i16, out: &mut BytesMut) -> Result<(), EncodeError> {
    out.put_i16(version);
    value.encode_body(out, version)
}

fn layout<T: Message>(_: &T) -> Layout {
    T::LAYOUT
}

fn read_key<T: Message>(key: &mut Bytes) -> Result<T, RecordError> {
    T::decode_body(key, 0).map_err(|source| RecordError::Key { name: T::LAYOUT.name, source })
}

fn read_value<T: Message>(mut value: Bytes) -> Result<T, RecordError> {
    let name = T::LAYOUT.name;
    let version =
        value.try_get_i16().map_err(|_| RecordError::Value { name, version: -1, source: DecodeError::TooShort })?;
    T::decode_body(&mut value, version).map_err(|source| RecordError::Value { name, version, source })
}

impl From<LegacyOffsetCommitKey> for OffsetCommitKey {
    fn from(key: LegacyOffsetCommitKey) -> Self {
        Self { group: key.group, topic: key.topic, partition: key.partition, ..Default::default() }
    }
}

impl From<LegacyOffsetCommitValue> for OffsetCommitValue {
    fn from(value: LegacyOffsetCommitValue) -> Self {
        let LegacyOffsetCommitValue { offset, metadata, commit_timestamp, .. } = value;
        Self { offset, metadata, commit_timestamp, ..Default::default() }
    }
}
