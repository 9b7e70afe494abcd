//! Any metadata record, and its frame in the log (`MetadataRecordSerde`).

use std::fmt;

use bytes::{Bytes, BytesMut};
use wire::schema::{DecodeError, EncodeError, Layout, Message, read_varint, write_varint};

use crate::MetadataVersion;
use crate::records::*;

/// The version of the frame itself.
const FRAME_VERSION: u32 = 1;

/// Why a metadata record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A frame of a later Kafka.
    #[error("a metadata record has frame version {0}; this node reads version 1")]
    Frame(u32),
    /// A record of a later Kafka.
    #[error("a metadata record has the unknown type {0}: the log is of a newer version than this node")]
    Key(u32),
    /// The body is broken, or of a later version.
    #[error("a metadata record of type {name} version {version} cannot be read: {source}")]
    Body {
        /// Kafka's name of the record.
        name: &'static str,
        /// Its version.
        version: u32,
        /// What is wrong.
        source: DecodeError,
    },
    /// Not even a frame.
    #[error("a metadata record has no header: {0}")]
    Header(#[from] DecodeError),
}

macro_rules! records {
    ($( $name:ident($record:ident); )*) => {
        /// One metadata record; the closed list of Kafka 4.3's.
        #[derive(Clone, PartialEq)]
        #[allow(missing_docs)] // Each is documented at its declaration.
        pub enum Record {
            $( $name($record), )*
        }

        impl Record {
            /// The declaration of every record.
            pub const LAYOUTS: &[Layout] = &[$( <$record as Message>::LAYOUT ),*];

            /// The record's declaration.
            pub fn layout(&self) -> Layout {
                match self {
                    $( Self::$name(_) => <$record as Message>::LAYOUT, )*
                }
            }

            fn encode_body(&self, out: &mut BytesMut, version: i16) -> Result<(), EncodeError> {
                match self {
                    $( Self::$name(record) => record.encode_body(out, version), )*
                }
            }

            fn decode_body(input: &mut Bytes, key: u32, version: u32) -> Result<Self, RecordError> {
                let number = i16::try_from(version).unwrap_or(i16::MAX);
                match key {
                    $( key if key == <$record as Message>::LAYOUT.key as u32 => {
                        let source = |source| RecordError::Body { name: stringify!($record), version, source };
                        let record = $record::decode_body(input, number).map_err(source)?;
                        if input.is_empty() {
                            Ok(Self::$name(record))
                        } else {
                            Err(source(DecodeError::Trailing(input.len())))
                        }
                    } )*
                    key => Err(RecordError::Key(key)),
                }
            }
        }

        impl fmt::Debug for Record {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name(record) => record.fmt(f), )*
                }
            }
        }

        $( impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$name(record)
            }
        } )*
    };
}

records! {
    RegisterBroker(RegisterBrokerRecord);
    UnregisterBroker(UnregisterBrokerRecord);
    Topic(TopicRecord);
    Partition(PartitionRecord);
    Config(ConfigRecord);
    PartitionChange(PartitionChangeRecord);
    FenceBroker(FenceBrokerRecord);
    UnfenceBroker(UnfenceBrokerRecord);
    RemoveTopic(RemoveTopicRecord);
    DelegationToken(DelegationTokenRecord);
    UserScramCredential(UserScramCredentialRecord);
    FeatureLevel(FeatureLevelRecord);
    ClientQuota(ClientQuotaRecord);
    ProducerIds(ProducerIdsRecord);
    BrokerRegistrationChange(BrokerRegistrationChangeRecord);
    AccessControlEntry(AccessControlEntryRecord);
    RemoveAccessControlEntry(RemoveAccessControlEntryRecord);
    NoOp(NoOpRecord);
    ZkMigrationState(ZkMigrationStateRecord);
    RemoveUserScramCredential(RemoveUserScramCredentialRecord);
    BeginTransaction(BeginTransactionRecord);
    EndTransaction(EndTransactionRecord);
    AbortTransaction(AbortTransactionRecord);
    RemoveDelegationToken(RemoveDelegationTokenRecord);
    RegisterController(RegisterControllerRecord);
    ClearElr(ClearElrRecord);
}

impl Record {
    /// The bytes of the record's value in the log, for a cluster at metadata version `at`.
    ///
    /// Fails when a field has a value that the record's version at that level cannot tell.
    pub fn encode(&self, at: MetadataVersion) -> Result<Bytes, EncodeError> {
        let version = self.version(at);
        let mut out = BytesMut::new();
        write_varint(&mut out, FRAME_VERSION);
        write_varint(&mut out, self.layout().key as u32);
        write_varint(&mut out, version as u32);
        self.encode_body(&mut out, version)?;
        Ok(out.freeze())
    }

    /// Reads a record's value, all of it.
    pub fn decode(value: &Bytes) -> Result<Self, RecordError> {
        let mut input = value.clone();
        let frame = read_varint(&mut input)?;
        if frame != FRAME_VERSION {
            return Err(RecordError::Frame(frame));
        }
        let key = read_varint(&mut input)?;
        let version = read_varint(&mut input)?;
        Self::decode_body(&mut input, key, version)
    }

    /// The version in which Kafka writes this record at metadata version `at`.
    pub fn version(&self, at: MetadataVersion) -> i16 {
        match self {
            Self::RegisterBroker(_) => at.register_broker_record(),
            Self::Partition(_) | Self::PartitionChange(_) => at.partition_record(),
            Self::BrokerRegistrationChange(change) => match change {
                change if change.cordoned_log_dirs.is_some() => 3,
                change if !change.log_dirs.is_empty() => 2,
                change if change.in_controlled_shutdown != 0 => 1,
                _ => 0,
            },
            _ => 0,
        }
    }
}
