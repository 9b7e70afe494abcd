//! The levels of features, and what goes with them.

use expect_test::expect;
use metadata::records::ControllerFeature;
use model::NodeId;

use super::kit::*;
use crate::*;

fn update(script: &mut Script, updates: &[(&str, i16, UpdateKind)]) {
    let update = |(name, level, kind): &(&str, i16, UpdateKind)| FeatureUpdate {
        name: (*name).to_owned(),
        level: *level,
        kind: *kind,
    };
    let request = UpdateFeatures {
        updates: updates.iter().map(update).collect(),
        validate_only: false,
        kraft_version: 1,
        voters: vec![NodeId(1)],
    };
    ask(script, "update", Event::UpdateFeatures(request));
}

#[test]
fn eligible_replicas_are_turned_on_and_off() {
    let mut script = old_cluster(2, 29);
    ask(&mut script, "", alter(4, "1", &[("min.insync.replicas", 0, Some("2"))]));
    ask(&mut script, "", safe(1, &[(0, &[1, 2])]));
    script.text();
    let elr = "eligible.leader.replicas.version";
    update(&mut script, &[(elr, 1, UpdateKind::Upgrade)]);
    fence(&mut script, 2);
    update(&mut script, &[(elr, 0, UpdateKind::Upgrade)]);
    update(&mut script, &[(elr, 0, UpdateKind::SafeDowngrade)]);
    live(&mut script, 2);
    let wanted = new_isr(&script, &[1, 2]);
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        update
        + ConfigRecord { resource_type: 4, name: "min.insync.replicas", value: "1" }
        + ConfigRecord { resource_type: 4, resource_name: "1", name: "min.insync.replicas" }
        + FeatureLevelRecord { name: "eligible.leader.replicas.version", feature_level: 1 }
        fence 2
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], eligible_leader_replicas: [2] }
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 5, fenced: 1 }
        update
        + FeatureLevelRecord { name: "eligible.leader.replicas.version" }
        heartbeat 2
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 5, fenced: -1 }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2], eligible_leader_replicas: [] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn levels_are_refused() {
    let mut script = old_cluster(1, 22);
    use UpdateKind::*;
    for updates in [
        &[("transaction.version", 2, Unknown)][..],
        &[("transaction.version", -1, Upgrade)],
        &[("transaction.version", 3, Upgrade)],
        &[("nope", 1, Upgrade)],
        &[("nope", 0, Upgrade)],
        &[("transaction.version", 1, SafeDowngrade)],
        &[("metadata.version", 6, SafeDowngrade)],
        &[("metadata.version", 16, SafeDowngrade)],
        &[("metadata.version", 16, UnsafeDowngrade)],
        &[("metadata.version", 16, Upgrade)],
        &[("kraft.version", 0, SafeDowngrade)],
        &[("group.version", 1, Upgrade), ("eligible.leader.replicas.version", 1, Upgrade)],
        &[("metadata.version", 18, SafeDowngrade)], // Nothing changed from 18 to 22.
    ] {
        update(&mut script, updates);
    }
    let lines: Vec<_> = script
        .text()
        .lines()
        .map(|it| it.replace("The update failed for all features since the following feature had an error: ", ""))
        .collect();
    expect![[r#"
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 2 for feature transaction.version. The controller does not support the given upgrade type.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version -1 for feature transaction.version. A feature version cannot be less than 0.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 3 for feature transaction.version. Local controller 1 only supports versions 0-2")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 1 for feature nope. Local controller 1 does not support this feature.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 0 for feature nope. Feature nope not found.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 1 for feature transaction.version. Can't downgrade to a newer version.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 6 for feature metadata.version. Local controller 1 only supports versions 7-30")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Unsupported metadata.version downgrade from 22 to 16. Refusing to perform the requested downgrade because it might delete metadata information.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Unsupported metadata.version downgrade from 22 to 16. Unsafe metadata downgrade is not supported in this version.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 16 for feature metadata.version. Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature.")) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "Invalid update version 1 for feature eligible.leader.replicas.version. eligible.leader.replicas.version could not be set to 1 because it depends on metadata.version level 23")) }
        > update
        + FeatureLevelRecord { name: "metadata.version", feature_level: 18 }
        < Reply { to: Token(7), body: UpdateFeatures(Ok(())) }"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn every_node_must_know_the_level() {
    let mut script = old_cluster(1, 29);
    let mut old = registration(2);
    old.features.retain(|feature| feature.name != "streams.version");
    ask(&mut script, "", Event::RegisterBroker(old));
    let controller = |max_supported_version| RegisterController {
        controller: NodeId(3),
        incarnation: id(3),
        endpoints: vec![],
        features: vec![ControllerFeature { name: "group.version".into(), max_supported_version, ..Default::default() }],
    };
    script.text();
    update(&mut script, &[("streams.version", 1, UpdateKind::Upgrade)]);
    ask(&mut script, "register", Event::RegisterController(controller(0)));
    update(&mut script, &[("group.version", 1, UpdateKind::Upgrade)]);
    ask(&mut script, "register", Event::RegisterController(controller(1)));
    update(&mut script, &[("group.version", 1, UpdateKind::Upgrade)]);
    let request = UpdateFeatures {
        updates: vec![FeatureUpdate { name: "share.version".into(), level: 0, kind: UpdateKind::Upgrade }],
        validate_only: false,
        kraft_version: 1,
        voters: vec![NodeId(1), NodeId(3), NodeId(4)],
    };
    ask(&mut script, "a voter is away", Event::UpdateFeatures(request));
    expect![[r#"
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "The update failed for all features since the following feature had an error: Invalid update version 1 for feature streams.version. Broker 2 does not support this feature.")) }
        > register
        + RegisterControllerRecord { controller_id: 3, incarnation_id: AwMDAwMDAwMDAwMDAwMDAw, features: [ControllerFeature { name: "group.version" }] }
        < Reply { to: Token(7), body: RegisterController(Ok(())) }
        > update
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "The update failed for all features since the following feature had an error: Invalid update version 1 for feature group.version. Controller 3 does not support this feature.")) }
        > register
        + RegisterControllerRecord { controller_id: 3, incarnation_id: AwMDAwMDAwMDAwMDAwMDAw, features: [ControllerFeature { name: "group.version", max_supported_version: 1 }] }
        < Reply { to: Token(7), body: RegisterController(Ok(())) }
        > update
        + FeatureLevelRecord { name: "group.version", feature_level: 1 }
        < Reply { to: Token(7), body: UpdateFeatures(Ok(())) }
        > a voter is away
        < Reply { to: Token(7), body: UpdateFeatures(Err(INVALID_UPDATE_VERSION "The update failed for all features since the following feature had an error: Invalid update version 0 for feature share.version. controller 4 has not registered, and may not support this feature")) }
    "#]].assert_eq(&script.text());
}

#[test]
fn an_old_cluster_has_neither_directories_nor_controllers() {
    let mut script = old_cluster(2, 14);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    let request = RegisterController { controller: NodeId(3), incarnation: id(3), endpoints: vec![], features: vec![] };
    ask(&mut script, "register", Event::RegisterController(request));
    let epoch = heartbeat(&script, 1).epoch;
    let replicas = vec![(id(101), id(1), 0.into())];
    ask(&mut script, "assign", Event::AssignReplicas(AssignReplicas { broker: NodeId(1), epoch, replicas }));
    reassign(&mut script, Some(&[2, 1]));
    fence(&mut script, 1);
    fence(&mut script, 2);
    expect![[r#"
        > create
        + TopicRecord { name: "t", topic_id: AQEBAQEBAQEBAQEBAQEBAQ }
        + PartitionRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1, 2], isr: [1, 2], leader: 1, leader_epoch: 0, partition_epoch: 0 }
        < Reply { to: Token(7), body: CreateTopics(Ok([TopicResult { name: "t", result: Ok(CreatedTopic { id: AQEBAQEBAQEBAQEBAQEBAQ, partitions: 1, replication_factor: 2, configs: None }) }])) }
        > register
        < Reply { to: Token(7), body: RegisterController(Err(UNSUPPORTED_VERSION "The current MetadataVersion is too old to support controller registrations.")) }
        > assign
        < Reply { to: Token(7), body: AssignReplicas(Err(UNSUPPORTED_VERSION "Directory assignment is not supported yet.")) }
        > reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [2, 1] }
        < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Ok(()))] }]) }
        > fence 1
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 3, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
        > fence 2
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: -1 }
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 5, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
    "#]].assert_eq(&script.text());
}
