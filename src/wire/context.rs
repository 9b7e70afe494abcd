//! What a handler may ask about a request besides its body: its meaning, never its version.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::Header;
use crate::guard::Shape;

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The address of the client.
    pub peer: IpAddr,
    /// The name of the listener it came in at, such as `PLAINTEXT`.
    pub listener: Arc<str>,
}

/// What of a Metadata request may be null, since which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataNull {
    /// The list of topics.
    Topics = 1,
    /// The name of a topic, in favour of its id.
    Name = 10,
}

/// One request, but for its body.
#[derive(Clone, Debug)]
pub struct Context {
    header: Header,
    origin: Arc<Origin>,
}

impl Context {
    /// The context of a request with this header from that origin.
    pub fn new(header: Header, origin: Arc<Origin>) -> Self {
        Self { header, origin }
    }

    /// The context of a request that this node makes of itself.
    pub fn own(api: crate::Api, origin: Arc<Origin>) -> Self {
        let header =
            Header { api, version: api.max, correlation_id: 0, client_id: None, is_unknown_api_versions: false };
        Self { header, origin }
    }

    /// Which API is asked; for the dispatch.
    pub fn key(&self) -> ApiKey {
        self.header.api.key
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What the client calls itself; empty if it does not say.
    pub fn client_id(&self) -> &str {
        let id: &Bytes = match &self.header.client_id {
            Some(id) => id,
            None => return "",
        };
        std::str::from_utf8(id).unwrap_or("")
    }

    /// The client's number for the request.
    pub fn correlation_id(&self) -> i32 {
        self.header.correlation_id
    }

    /// ApiVersions was asked in a version of the future: it gets UNSUPPORTED_VERSION in version 0 (KIP-511).
    pub fn is_unknown_api_versions(&self) -> bool {
        self.header.is_unknown_api_versions
    }

    /// ApiVersions: whether the client says which software it is (3, KIP-511).
    pub fn names_software(&self) -> bool {
        self.version() >= 3
    }

    /// Whether a feature whose range starts at 0 may be told (ApiVersions 4: older Java clients choke on it).
    pub fn knows_features_from_zero(&self) -> bool {
        self.version() >= 4
    }

    /// Metadata 0 asks for all topics with an empty list; later versions with null.
    pub fn empty_list_is_all_topics(&self) -> bool {
        self.key() == ApiKey::Metadata && self.version() == 0
    }

    /// Metadata: whether the list of topics may be null (1), and the name of a topic (10); what is null before is no request.
    pub fn may_be_null(&self, what: MetadataNull) -> bool {
        self.version() >= what as i16
    }

    /// Metadata before 6 learns LEADER_NOT_AVAILABLE where later ones learn LISTENER_NOT_FOUND (KAFKA-6911).
    pub fn knows_listener_not_found(&self) -> bool {
        self.version() >= 6
    }

    /// Whether DescribeQuorum tells of directories, of where voters listen, and why it fails (2, KIP-853).
    pub fn tells_quorum_nodes(&self) -> bool {
        self.key() == ApiKey::DescribeQuorum && self.version() >= 2
    }

    /// Whether UpdateFeatures answers for each feature (0 and 1), and not only for all.
    pub fn tells_each_feature(&self) -> bool {
        self.key() == ApiKey::UpdateFeatures && self.version() <= 1
    }

    /// Whether topics go by id instead of name (Fetch and Produce since 13, KIP-516; committed offsets since 10,
    /// KIP-848).
    pub fn topics_by_id(&self) -> bool {
        match self.key() {
            ApiKey::Fetch | ApiKey::Produce => self.version() >= 13,
            ApiKey::OffsetCommit | ApiKey::OffsetFetch => self.version() >= 10,
            _ => false,
        }
    }

    /// Whether the client can be sent to a follower, and so may read from one (Fetch 11, KIP-392).
    pub fn reads_from_followers(&self) -> bool {
        self.key() == ApiKey::Fetch && self.version() >= 11
    }

    /// Whether OFFSET_NOT_AVAILABLE is known (ListOffsets 5, KIP-207); older clients get LEADER_NOT_AVAILABLE.
    pub fn knows_offset_not_available(&self) -> bool {
        self.version() >= 5
    }

    /// Whether the current leader is told beside errors about leadership (Fetch 16, Produce 10, KIP-951).
    pub fn learns_leaders(&self) -> bool {
        match self.key() {
            ApiKey::Fetch => self.version() >= 16,
            ApiKey::Produce => self.version() >= 10,
            _ => false,
        }
    }

    /// Whether the client can decompress, or may compress with, zstd (KIP-110).
    pub fn knows_zstd(&self) -> bool {
        match self.key() {
            ApiKey::Fetch => self.version() >= 10,
            ApiKey::Produce => self.version() >= 7,
            _ => true,
        }
    }

    /// Whether KAFKA_STORAGE_ERROR is known; older clients get NOT_LEADER_OR_FOLLOWER, to try elsewhere.
    pub fn knows_storage_error(&self) -> bool {
        match self.key() {
            ApiKey::Fetch => self.version() >= 6,
            ApiKey::Produce => self.version() >= 4,
            _ => true,
        }
    }

    /// Whether errors of records are told one by one (KIP-467); older clients need an error they know.
    pub fn knows_record_errors(&self) -> bool {
        self.version() >= 8
    }

    /// ListConfigResources 0 was ListClientMetricsResources, and lists only those (KIP-1142).
    pub fn lists_client_metrics_only(&self) -> bool {
        self.key() == ApiKey::ListConfigResources && self.version() == 0
    }

    /// Whether topics are named in the list that can hold ids too (DeleteTopics 6).
    pub fn topics_by_name_or_id(&self) -> bool {
        self.version() >= 6
    }

    /// Whether TOPIC_DELETION_DISABLED is known; older clients get INVALID_REQUEST.
    pub fn knows_deletion_disabled(&self) -> bool {
        self.version() >= 3
    }

    /// Whether this special timestamp of ListOffsets (below zero) exists in the client's version.
    pub fn knows_special_time(&self, timestamp: i64) -> bool {
        let since = match timestamp {
            0.. | -2..=-1 => 0,
            -3 => 7,
            -4 => 8,
            -5 => 9,
            -6 => 11,
            _ => return false,
        };
        self.version() >= since
    }

    /// ListOffsets: whether offsets are told with their leader epoch (4, KIP-320).
    pub fn knows_leader_epoch_of_offsets(&self) -> bool {
        self.version() >= 4
    }

    /// Metadata: whether the operations that a client may perform are asked of the cluster (8 to 10, KIP-430).
    pub fn may_ask_cluster_operations(&self) -> bool {
        (8..=10).contains(&self.version())
    }

    /// Metadata: whether topics can be asked by id (12, KIP-516); before, their names must be there.
    pub fn may_ask_topics_by_id(&self) -> bool {
        self.version() >= 12
    }

    /// FindCoordinator: whether several can be asked for at once (4, KIP-699).
    pub fn finds_many_coordinators(&self) -> bool {
        self.version() >= 4
    }

    /// FindCoordinator: whether coordinators of share groups' state are known (6, KIP-932).
    pub fn knows_share_coordinators(&self) -> bool {
        self.version() >= 6
    }

    /// JoinGroup: whether a rebalance may take longer than a session (1, KIP-62).
    pub fn tells_rebalance_timeout(&self) -> bool {
        self.version() >= 1
    }

    /// JoinGroup: whether a new member comes again with the id it is given (4, KIP-394).
    pub fn joins_with_known_id(&self) -> bool {
        self.version() >= 4
    }

    /// JoinGroup: whether there may be no chosen protocol (7, KIP-559).
    pub fn knows_null_protocol(&self) -> bool {
        self.version() >= 7
    }

    /// JoinGroup: whether a leader can be told to keep the assignment (9, KIP-814).
    pub fn can_skip_assignment(&self) -> bool {
        self.version() >= 9
    }

    /// SyncGroup: whether the protocol must be named (5, KIP-559).
    pub fn must_name_protocol(&self) -> bool {
        self.version() >= 5
    }

    /// LeaveGroup: whether several members may leave at once (3, KIP-345).
    pub fn leaves_in_batch(&self) -> bool {
        self.version() >= 3
    }

    /// OffsetCommit: whether the errors of consumer groups are known (9, KIP-848).
    pub fn knows_member_epochs(&self) -> bool {
        self.version() >= 9
    }

    /// OffsetFetch: whether there is one error for all partitions (2, KIP-88).
    pub fn knows_error_of_group(&self) -> bool {
        self.version() >= 2
    }

    /// OffsetFetch: whether several groups can be asked for at once (8, KIP-709).
    pub fn fetches_many_groups(&self) -> bool {
        self.version() >= 8
    }

    /// DescribeGroups: whether a group that is not there is an error (6, KIP-1043).
    pub fn knows_missing_groups(&self) -> bool {
        self.version() >= 6
    }

    /// DescribeGroups: whether the operations that a client may perform are known (3, KIP-430).
    pub fn knows_group_operations(&self) -> bool {
        self.version() >= 3
    }

    /// ConsumerGroupHeartbeat: whether members name themselves (1, KIP-1082).
    pub fn names_member(&self) -> bool {
        self.version() >= 1
    }

    pub(crate) fn version(&self) -> i16 {
        if self.header.is_unknown_api_versions { 0 } else { self.header.version }
    }

    pub(crate) fn shape(&self) -> &'static Shape {
        self.header.api.shape
    }
}
