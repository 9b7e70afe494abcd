//! Records of classic groups.

use bytes::Bytes;
use model::Timestamp;
use wire::schema;

schema! {
    /// A classic group.
    message GroupMetadataKey key 2, versions 0-0 {
        group: String, 0-0;
    }

    /// A classic group's generation: its members and their assignments.
    message GroupMetadataValue key 2, versions 0-4, flexible 4+ {
        protocol_type: String, 0+;
        generation: i32, 0+;
        protocol: Option<String>, 0+;
        leader: Option<String>, 0+;
        current_state_timestamp: Timestamp, 2+, default Timestamp(-1), ignorable true;
        members: Vec<MemberMetadata>, 0+;
    }

    /// One member.
    struct MemberMetadata {
        member_id: String, 0+;
        group_instance_id: Option<String>, 3+, ignorable true;
        client_id: String, 0+;
        client_host: String, 0+;
        rebalance_timeout: i32, 1+, default -1, ignorable true;
        session_timeout: i32, 0+;
        subscription: Bytes, 0+;
        assignment: Bytes, 0+;
    }
}
