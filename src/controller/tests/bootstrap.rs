//! The first records of a node of one, which are those that Kafka writes.

use expect_test::expect;

use super::kit::*;
use crate::*;

#[test]
fn a_node_of_one_begins_as_kafka_does() {
    let mut script = empty();
    ask(&mut script, "bootstrap", Event::Bootstrap(Bootstrap { records: default_features() }));
    register(&mut script, 1);
    live(&mut script, 1);
    live(&mut script, 1);
    ask(&mut script, "bootstrap again", Event::Bootstrap(Bootstrap { records: default_features() }));
    expect![[r#"
        > bootstrap
        + BeginTransactionRecord { name: "Bootstrap records" }
        + FeatureLevelRecord { name: "metadata.version", feature_level: 30 }
        + FeatureLevelRecord { name: "eligible.leader.replicas.version", feature_level: 1 }
        + FeatureLevelRecord { name: "group.version", feature_level: 1 }
        + FeatureLevelRecord { name: "share.version", feature_level: 1 }
        + FeatureLevelRecord { name: "streams.version", feature_level: 1 }
        + FeatureLevelRecord { name: "transaction.version", feature_level: 2 }
        + ConfigRecord { resource_type: 4, name: "min.insync.replicas", value: "1" }
        + EndTransactionRecord
        < Reply { to: Token(7), body: Bootstrap(Ok(())) }
        > register 1
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: AQEBAQEBAQEBAQEBAQEBAQ, broker_epoch: 9, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(9)) }
        > heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: -1 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, cordoned_log_dirs: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > heartbeat 1
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > bootstrap again
        < Reply { to: Token(7), body: Bootstrap(Ok(())) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_broker_restarts() {
    let mut script = cluster(1);
    let again = RegisterBroker { incarnation: id(9), ..registration(1) };
    let alive = RegisterBroker { log_dirs: vec![id(7)], ..again.clone() };
    ask(&mut script, "another machine", Event::RegisterBroker(alive));
    ask(&mut script, "new incarnation", Event::RegisterBroker(again.clone()));
    ask(&mut script, "the same once more", Event::RegisterBroker(again));
    let stale = BrokerHeartbeat { epoch: 9.into(), ..heartbeat(&script, 1) };
    ask(&mut script, "the old one", Event::BrokerHeartbeat(stale));
    expect![[r#"
        > another machine
        < Reply { to: Token(7), body: RegisterBroker(Err(DUPLICATE_BROKER_REGISTRATION "Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve once the heartbeat manager expires the broker's session.")) }
        > new incarnation
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: CQkJCQkJCQkJCQkJCQkJCQ, broker_epoch: 12, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(12)) }
        > the same once more
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: CQkJCQkJCQkJCQkJCQkJCQ, broker_epoch: 12, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(12)) }
        > the old one
        < Reply { to: Token(7), body: BrokerHeartbeat(Err(STALE_BROKER_EPOCH "Expected broker epoch 12, but got broker epoch 9")) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_registration_is_refused() {
    let mut script = cluster(1);
    let good = registration(2);
    let mut old = good.clone();
    old.features.truncate(1);
    let mut unversioned = good.clone();
    unversioned.features.remove(0);
    let cases = [
        RegisterBroker { cluster_id: model::ClusterId("other".into()), ..good.clone() },
        RegisterBroker { log_dirs: vec![], ..good.clone() },
        RegisterBroker { log_dirs: vec![model::Uuid::LOST_DIR], ..good.clone() },
        RegisterBroker { log_dirs: vec![id(7), id(7)], ..good.clone() },
        RegisterBroker { log_dirs: vec![id(101)], ..good.clone() },
        old,
        unversioned,
    ];
    for case in cases {
        ask(&mut script, "register", Event::RegisterBroker(case));
    }
    expect![[r#"
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INCONSISTENT_CLUSTER_ID "Expected cluster ID c, but got cluster ID other")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INVALID_REGISTRATION "No directories specified in request")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INVALID_REGISTRATION "Reserved directory ID in request")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INVALID_REGISTRATION "Duplicate directory ID in request")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INVALID_REGISTRATION "Broker 1 is already registered with directory ZWVlZWVlZWVlZWVlZWVlZQ")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(UNSUPPORTED_VERSION "Unable to register because the broker does not support finalized version 1 of eligible.leader.replicas.version. The broker wants a version between 0 and 0, inclusive.")) }
        > register
        < Reply { to: Token(7), body: RegisterBroker(Err(INVALID_REGISTRATION "Request features do not contain 'metadata.version'")) }
    "#]].assert_eq(&script.text());
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut script = cluster(1);
    let epoch = heartbeat(&script, 1).epoch;
    for _ in 0..2 {
        let request = AllocateProducerIds { broker: NodeId(1), epoch };
        ask(&mut script, "producer ids", Event::AllocateProducerIds(request));
    }
    let request = AllocateProducerIds { broker: NodeId(2), epoch };
    ask(&mut script, "producer ids", Event::AllocateProducerIds(request));
    expect![[r#"
        > producer ids
        + ProducerIdsRecord { broker_id: 1, broker_epoch: 9, next_producer_id: 1000 }
        < Reply { to: Token(7), body: AllocateProducerIds(Ok(ProducerIdBlock { first: 0, count: 1000 })) }
        > producer ids
        + ProducerIdsRecord { broker_id: 1, broker_epoch: 9, next_producer_id: 2000 }
        < Reply { to: Token(7), body: AllocateProducerIds(Ok(ProducerIdBlock { first: 1000, count: 1000 })) }
        > producer ids
        < Reply { to: Token(7), body: AllocateProducerIds(Err(STALE_BROKER_EPOCH "No broker registration found for broker id 2")) }
    "#]]
    .assert_eq(&script.text());
}
