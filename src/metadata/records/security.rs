//! Records of ACLs, SCRAM credentials and delegation tokens.

use bytes::Bytes;
use model::{Timestamp, Uuid};
use wire::schema;

schema! {
    /// An ACL was added.
    message AccessControlEntryRecord key 18, versions 0-0, flexible 0+ {
        id: Uuid, 0+;
        resource_type: i8, 0+;
        resource_name: String, 0+;
        pattern_type: i8, 0+;
        principal: String, 0+;
        host: String, 0+;
        operation: i8, 0+;
        permission_type: i8, 0+;
    }

    /// An ACL was removed.
    message RemoveAccessControlEntryRecord key 19, versions 0-0, flexible 0+ {
        id: Uuid, 0+;
    }

    /// A user's SCRAM credential was set.
    message UserScramCredentialRecord key 11, versions 0-0, flexible 0+ {
        name: String, 0+;
        mechanism: i8, 0+;
        salt: Bytes, 0+;
        stored_key: Bytes, 0+;
        server_key: Bytes, 0+;
        iterations: i32, 0+;
    }

    /// A user's SCRAM credential was removed.
    message RemoveUserScramCredentialRecord key 22, versions 0-0, flexible 0+ {
        name: String, 0+;
        mechanism: i8, 0+;
    }

    /// A delegation token was made or renewed.
    message DelegationTokenRecord key 10, versions 0-0, flexible 0+ {
        owner: String, 0+;
        requester: String, 0+;
        renewers: Vec<String>, 0+;
        issue_timestamp: Timestamp, 0+;
        max_timestamp: Timestamp, 0+;
        expiration_timestamp: Timestamp, 0+;
        token_id: String, 0+;
    }

    /// A delegation token was removed.
    message RemoveDelegationTokenRecord key 26, versions 0-0, flexible 0+ {
        token_id: String, 0+;
    }
}
