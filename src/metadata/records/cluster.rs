//! Records of brokers, controllers, features and producer ids.

use model::{BrokerEpoch, NodeId, ProducerId, Uuid};
use wire::schema;

schema! {
    /// A broker has registered, in this incarnation.
    message RegisterBrokerRecord key 0, versions 0-4, flexible 0+ {
        broker_id: NodeId, 0+;
        is_migrating_zk_broker: bool, 2+;
        incarnation_id: Uuid, 0+;
        broker_epoch: BrokerEpoch, 0+;
        end_points: Vec<BrokerEndpoint>, 0+;
        features: Vec<BrokerFeature>, 0+;
        rack: Option<String>, 0+;
        fenced: bool, 0+, default true;
        in_controlled_shutdown: bool, 1+;
        log_dirs: Vec<Uuid>, 3+, tag 0;
        cordoned_log_dirs: Option<Vec<Uuid>>, 4+, tag 1;
    }
    /// An address of a broker.
    struct BrokerEndpoint {
        name: String, 0+;
        host: String, 0+;
        port: u16, 0+;
        security_protocol: i16, 0+;
    }
    /// The levels of a feature that a broker knows.
    struct BrokerFeature {
        name: String, 0+;
        min_supported_version: i16, 0+;
        max_supported_version: i16, 0+;
    }

    /// A broker was unregistered.
    message UnregisterBrokerRecord key 1, versions 0-0, flexible 0+ {
        broker_id: NodeId, 0+;
        broker_epoch: BrokerEpoch, 0+;
    }

    /// A broker may not lead (the older form).
    message FenceBrokerRecord key 7, versions 0-0, flexible 0+ {
        id: NodeId, 0+;
        epoch: BrokerEpoch, 0+;
    }

    /// A broker may lead again (the older form).
    message UnfenceBrokerRecord key 8, versions 0-0, flexible 0+ {
        id: NodeId, 0+;
        epoch: BrokerEpoch, 0+;
    }

    /// Something about a registered broker has changed.
    message BrokerRegistrationChangeRecord key 17, versions 0-3, flexible 0+ {
        broker_id: NodeId, 0+;
        broker_epoch: BrokerEpoch, 0+;
        /// -1 unfences, 1 fences, 0 leaves as it is.
        fenced: i8, 0+, tag 0;
        /// 1 if controlled shutdown has begun.
        in_controlled_shutdown: i8, 1+, tag 1;
        log_dirs: Vec<Uuid>, 2+, tag 2;
        cordoned_log_dirs: Option<Vec<Uuid>>, 3+, tag 3;
    }

    /// A controller has registered.
    message RegisterControllerRecord key 27, versions 0-0, flexible 0+ {
        controller_id: NodeId, 0+;
        incarnation_id: Uuid, 0+;
        zk_migration_ready: bool, 0+;
        end_points: Vec<ControllerEndpoint>, 0+;
        features: Vec<ControllerFeature>, 0+;
    }
    /// An address of a controller.
    struct ControllerEndpoint {
        name: String, 0+;
        host: String, 0+;
        port: u16, 0+;
        security_protocol: i16, 0+;
    }
    /// The levels of a feature that a controller knows.
    struct ControllerFeature {
        name: String, 0+;
        min_supported_version: i16, 0+;
        max_supported_version: i16, 0+;
    }

    /// The level of a feature in the whole cluster; 0 is "off".
    message FeatureLevelRecord key 12, versions 0-0, flexible 0+ {
        name: String, 0+;
        feature_level: i16, 0+;
    }

    /// A broker took a block of producer ids.
    message ProducerIdsRecord key 15, versions 0-0, flexible 0+ {
        broker_id: NodeId, 0+;
        broker_epoch: BrokerEpoch, 0+, default BrokerEpoch(-1);
        next_producer_id: ProducerId, 0+;
    }

    /// How far a migration from ZooKeeper had come.
    message ZkMigrationStateRecord key 21, versions 0-0, flexible 0+ {
        zk_migration_state: i8, 0+;
    }
}
