//! A node over a socket: every version of every API that it tells gets an answer that the codec can read.

use std::io::{Read, Write};
use std::net::TcpStream;

use broker::Running;
use bytes::{BufMut, Bytes, BytesMut};
use config::{NodeConfig, preset};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use wire::committed_offsets::{OffsetCommit, OffsetFetch};
use wire::log_dirs::DescribeLogDirs;

/// A node of one in a directory of its own.
async fn node(dir: &tempfile::TempDir) -> Running {
    let mut settings = preset::node_of_one();
    settings.insert("listeners".into(), "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0".into());
    settings.insert("group.initial.rebalance.delay.ms".into(), "0".into());
    settings.insert("log.dirs".into(), dir.path().display().to_string());
    Running::start(NodeConfig::from_settings(settings).unwrap()).await.unwrap()
}

fn ask<R: Request>(stream: &mut TcpStream, version: i16, layout: i16, request: &R) -> R::Response {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(7)
        .with_client_id(Some(StrBytes::from_static_str("test")))
        .encode(&mut frame, R::header_version(layout))
        .unwrap();
    request.encode(&mut frame, layout).unwrap();
    let length = frame.len() as i32 - 4;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame).unwrap();
    let what = format!("API {} version {version}", R::KEY);
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut answer = vec![0; i32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    let mut answer = Bytes::from(answer);
    let header = ResponseHeader::decode(&mut answer, R::Response::header_version(layout)).unwrap();
    assert_eq!(header.correlation_id, 7, "{what}");
    let response = R::Response::decode(&mut answer, layout).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(answer.is_empty(), "{what}: {} bytes are left over", answer.len());
    response
}

/// Asks in every version that the table has.
fn ask_all<R: Request>(stream: &mut TcpStream, newest_layout: i16, request: impl Fn(i16) -> R) {
    let api = broker::apis::APIS.iter().find(|api| api.key as i16 == R::KEY).unwrap();
    for version in api.min..=api.max.min(newest_layout) {
        ask(stream, version, version, &request(version));
    }
    for version in newest_layout + 1..=api.max {
        ask(stream, version, newest_layout, &request(newest_layout));
    }
}

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str("a-topic"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(&dir).await;
    let address = node.addresses()[0];
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let s = &mut stream;
        ask_all(s, 4, |version| {
            let named = ApiVersionsRequest::default();
            if version < 3 {
                return named;
            }
            let text = StrBytes::from_static_str("test");
            named.with_client_software_name(text.clone()).with_client_software_version(text)
        });
        ask_all(s, 7, |_| {
            let topic = create_topics_request::CreatableTopic::default().with_name(name());
            CreateTopicsRequest::default().with_topics(vec![topic.with_num_partitions(2).with_replication_factor(1)])
        });
        ask_all(s, 13, |_| MetadataRequest::default().with_topics(Some(vec![])));
        ask_all(s, 13, |version| {
            let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name()));
            let request = MetadataRequest::default().with_topics(Some(vec![topic]));
            request.with_include_topic_authorized_operations(version >= 8)
        });
        ask_all(s, 13, |version| {
            let partition = produce_request::PartitionProduceData::default().with_records(Some(Bytes::new()));
            let topic = produce_request::TopicProduceData::default().with_partition_data(vec![partition]);
            let topic = if version < 13 { topic.with_name(name()) } else { topic };
            ProduceRequest::default().with_acks(1).with_timeout_ms(1000).with_topic_data(vec![topic])
        });
        ask_all(s, 18, |version| {
            let partition = fetch_request::FetchPartition::default().with_partition_max_bytes(1000);
            let topic = fetch_request::FetchTopic::default().with_partitions(vec![partition]);
            let topic = if version < 13 { topic.with_topic(name()) } else { topic };
            FetchRequest::default().with_max_bytes(1000).with_topics(vec![topic]).with_replica_id(BrokerId(-1))
        });
        ask_all(s, 10, |_| {
            let times = [-1, -2, -3, -4, -5, -6, -7, 0, 5];
            let partitions =
                times.map(|time| list_offsets_request::ListOffsetsPartition::default().with_timestamp(time));
            let topics = partitions.map(|partition| {
                list_offsets_request::ListOffsetsTopic::default().with_name(name()).with_partitions(vec![partition])
            });
            ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(topics.into())
        });
        ask_all(s, 4, |_| {
            let partition = offset_for_leader_epoch_request::OffsetForLeaderPartition::default();
            let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default().with_topic(name());
            OffsetForLeaderEpochRequest::default().with_topics(vec![topic.with_partitions(vec![partition])])
        });
        ask_all(s, 5, |_| InitProducerIdRequest::default().with_transactional_id(None));
        ask_all(s, 4, |_| {
            let resources = [(2, "a-topic"), (4, "1"), (4, ""), (2, "no-topic"), (99, "x")].map(|(kind, name)| {
                describe_configs_request::DescribeConfigsResource::default()
                    .with_resource_type(kind)
                    .with_resource_name(StrBytes::from_static_str(name))
                    .with_configuration_keys(None)
            });
            DescribeConfigsRequest::default().with_resources(resources.into()).with_include_synonyms(true)
        });
        ask_all(s, 2, |_| {
            let resource = alter_configs_request::AlterConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(StrBytes::from_static_str("a-topic"));
            AlterConfigsRequest::default().with_resources(vec![resource])
        });
        ask_all(s, 1, |_| {
            let config = incremental_alter_configs_request::AlterableConfig::default()
                .with_name(StrBytes::from_static_str("retention.ms"))
                .with_value(Some(StrBytes::from_static_str("7")));
            let resource = incremental_alter_configs_request::AlterConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(StrBytes::from_static_str("a-topic"));
            IncrementalAlterConfigsRequest::default().with_resources(vec![resource.with_configs(vec![config])])
        });
        ask_all(s, 2, |_| {
            let topic = alter_replica_log_dirs_request::AlterReplicaLogDirTopic::default().with_name(name());
            let dir = alter_replica_log_dirs_request::AlterReplicaLogDir::default();
            AlterReplicaLogDirsRequest::default().with_dirs(vec![dir.with_topics(vec![topic.with_partitions(vec![0])])])
        });
        // Version 5 is newer than what the codec reads; `wire` has a test of its bytes.
        for version in 1..=4 {
            ask(s, version, version, &DescribeLogDirs(DescribeLogDirsRequest::default().with_topics(None)));
        }
        ask_all(s, 3, |version| {
            let topic = create_partitions_request::CreatePartitionsTopic::default().with_name(name());
            CreatePartitionsRequest::default().with_topics(vec![topic.with_count(3 + i32::from(version))])
        });
        ask_all(s, 0, |_| ListPartitionReassignmentsRequest::default().with_topics(None));
        ask_all(s, 2, |_| {
            let topic = describe_quorum_request::TopicData::default();
            let partition = describe_quorum_request::PartitionData::default();
            DescribeQuorumRequest::default().with_topics(vec![topic.with_partitions(vec![partition])])
        });
        ask_all(s, 2, |version| {
            let feature = update_features_request::FeatureUpdateKey::default();
            UpdateFeaturesRequest::default().with_feature_updates(vec![feature]).with_validate_only(version > 0)
        });
        ask_all(s, 1, |_| AlterPartitionReassignmentsRequest::default());
        ask_all(s, 2, |_| ElectLeadersRequest::default().with_topic_partitions(None));
        ask_all(s, 0, |_| UnregisterBrokerRequest::default().with_broker_id(BrokerId(99)));
        ask_all(s, 2, |_| DescribeClusterRequest::default().with_include_cluster_authorized_operations(true));
        ask_all(s, 0, |_| {
            let topic = describe_producers_request::TopicRequest::default().with_name(name());
            DescribeProducersRequest::default().with_topics(vec![topic.with_partition_indexes(vec![0, 99])])
        });
        ask_all(s, 1, |_| ListConfigResourcesRequest::default());
        ask_all(s, 0, |_| DescribeTopicPartitionsRequest::default().with_response_partition_limit(1).with_cursor(None));
        ask_all(s, 2, |_| {
            let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(0);
            let topic = delete_records_request::DeleteRecordsTopic::default().with_name(name());
            DeleteRecordsRequest::default().with_topics(vec![topic.with_partitions(vec![partition])])
        });
        ask_all(s, 6, |version| match version {
            ..6 => DeleteTopicsRequest::default().with_topic_names(vec![name()]),
            _ => {
                let topic = delete_topics_request::DeleteTopicState::default().with_name(Some(name()));
                DeleteTopicsRequest::default().with_topics(vec![topic])
            }
        });
    });
    asked.await.unwrap();
    node.stop().await.unwrap();
}

/// Waits until the coordinators of all partitions have read them.
fn loaded(stream: &mut TcpStream) {
    while ask(stream, 5, 5, &ListGroupsRequest::default()).error_code == 14 {
        std::thread::yield_now();
    }
}

/// A member's whole life in a classic group, in each version that JoinGroup has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_work_in_every_version() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(&dir).await;
    let address = node.addresses()[0];
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let s = &mut stream;
        let topic = create_topics_request::CreatableTopic::default().with_name(name());
        let topic = topic.with_num_partitions(1).with_replication_factor(1);
        let id = ask(s, 7, 7, &CreateTopicsRequest::default().with_topics(vec![topic])).topics[0].topic_id;
        for version in 0..=6 {
            let group = StrBytes::from_static_str("g0");
            let request = FindCoordinatorRequest::default();
            let response = match version {
                ..4 => ask(s, version, version, &request.with_key(group)),
                _ => {
                    let mut response = ask(s, version, version, &request.with_coordinator_keys(vec![group]));
                    let found = response.coordinators.remove(0);
                    response.with_error_code(found.error_code).with_port(found.port)
                }
            };
            assert_eq!((response.error_code, response.port), (0, i32::from(address.port())), "version {version}");
        }
        for version in 0..=9 {
            a_life(s, version, id);
        }
    });
    asked.await.unwrap();
    node.stop().await.unwrap();
}

fn a_life(s: &mut TcpStream, version: i16, topic: uuid::Uuid) {
    let group = GroupId(StrBytes::from_string(format!("g{version}")));
    let text = StrBytes::from_static_str;
    let protocol = join_group_request::JoinGroupRequestProtocol::default().with_name(text("range"));
    let join = JoinGroupRequest::default()
        .with_group_id(group.clone())
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(if version == 0 { -1 } else { 10_000 })
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    // The coordinator may still be reading its partition.
    let mut joined = loop {
        let joined = ask(s, version, version, &join);
        if joined.error_code != 14 {
            break joined;
        }
        std::thread::yield_now();
    };
    loaded(s);
    if version >= 4 {
        assert_eq!(joined.error_code, 79, "MEMBER_ID_REQUIRED in version {version}");
        joined = ask(s, version, version, &join.with_member_id(joined.member_id));
    }
    assert_eq!((joined.error_code, joined.generation_id, joined.members.len()), (0, 1, 1), "version {version}");
    let member = joined.member_id;
    let v = version.min(5);
    let assignment = sync_group_request::SyncGroupRequestAssignment::default().with_member_id(member.clone());
    let sync = SyncGroupRequest::default().with_group_id(group.clone()).with_generation_id(1);
    let sync = sync.with_member_id(member.clone()).with_assignments(vec![assignment.with_assignment("yours".into())]);
    let sync = match v {
        5.. => sync.with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range"))),
        _ => sync,
    };
    assert_eq!(ask(s, v, v, &sync).assignment, "yours", "version {version}");
    let heartbeat = HeartbeatRequest::default().with_group_id(group.clone()).with_generation_id(1);
    let v = version.min(4);
    assert_eq!(ask(s, v, v, &heartbeat.with_member_id(member.clone())).error_code, 0, "version {version}");

    let v = (version + 2).min(10);
    let partition = offset_commit_request::OffsetCommitRequestPartition::default()
        .with_committed_offset(42)
        .with_committed_metadata(Some(text("so far")));
    let partitions = vec![partition];
    let committed = offset_commit_request::OffsetCommitRequestTopic::default().with_partitions(partitions);
    let committed = if v < 10 { committed.with_name(name()) } else { committed.with_topic_id(topic) };
    let commit = OffsetCommitRequest::default()
        .with_group_id(group.clone())
        .with_member_id(member.clone())
        .with_generation_id_or_member_epoch(1)
        .with_topics(vec![committed]);
    assert_eq!(ask(s, v, v, &OffsetCommit(commit)).topics[0].partitions[0].error_code, 0, "version {version}");

    let v = version + 1;
    let fetch = OffsetFetchRequest::default();
    let (offset, metadata) = if v < 8 {
        let topic = offset_fetch_request::OffsetFetchRequestTopic::default().with_name(name());
        let fetch = fetch.with_topics(Some(vec![topic.with_partition_indexes(vec![0])])).with_group_id(group.clone());
        let told = ask(s, v, v, &OffsetFetch(fetch)).topics.remove(0).partitions.remove(0);
        (told.committed_offset, told.metadata)
    } else {
        let named = offset_fetch_request::OffsetFetchRequestTopics::default().with_partition_indexes(vec![0]);
        let named = if v < 10 { named.with_name(name()) } else { named.with_topic_id(topic) };
        let asked = offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group.clone());
        let fetch = fetch.with_groups(vec![asked.with_topics(Some(vec![named]))]);
        let told = ask(s, v, v, &OffsetFetch(fetch)).groups.remove(0).topics.remove(0).partitions.remove(0);
        (told.committed_offset, told.metadata)
    };
    assert_eq!((offset, metadata.as_deref()), (42, Some("so far")), "version {version}");

    let v = version.min(6);
    let described = ask(s, v, v, &DescribeGroupsRequest::default().with_groups(vec![group.clone()])).groups.remove(0);
    assert_eq!((&*described.group_state, described.members.len()), ("Stable", 1), "version {version}");
    assert_eq!(described.members[0].client_host.as_str(), "/127.0.0.1");
    let v = version.min(5);
    assert!(ask(s, v, v, &ListGroupsRequest::default()).groups.iter().any(|it| it.group_id == group));
    let v = version.min(2);
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group.clone()]);
    assert_eq!(ask(s, v, v, &delete).results[0].error_code, 68, "NON_EMPTY_GROUP in version {version}");
    let v = version.min(5);
    let leave = LeaveGroupRequest::default().with_group_id(group.clone());
    let leaving = leave_group_request::MemberIdentity::default().with_member_id(member.clone());
    let left = match v {
        ..3 => ask(s, v, v, &leave.with_member_id(member)).error_code,
        _ => ask(s, v, v, &leave.with_members(vec![leaving])).members[0].error_code,
    };
    assert_eq!(left, 0, "version {version}");
    let forgotten = offset_delete_request::OffsetDeleteRequestTopic::default().with_name(name());
    let forgotten = forgotten.with_partitions(vec![offset_delete_request::OffsetDeleteRequestPartition::default()]);
    let forget = OffsetDeleteRequest::default().with_group_id(group).with_topics(vec![forgotten]);
    assert_eq!(ask(s, 0, 0, &forget).topics[0].partitions[0].error_code, 0, "version {version}");
    assert_eq!(ask(s, version.min(2), version.min(2), &delete).results[0].error_code, 0, "version {version}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_the_future_are_answered_as_version_0() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(&dir).await;
    let address = node.addresses()[0];
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        // Version 99, in a header of version 2, with a body that nobody here knows.
        stream.write_all(&[0, 0, 0, 14, 0, 18, 0, 99, 0, 0, 0, 9, 0xff, 0xff, 0, 1, 2, 3]).unwrap();
        let mut answer = [0; 20];
        stream.read_exact(&mut answer).unwrap();
        // Correlation id, no tags; UNSUPPORTED_VERSION; one API: ApiVersions 0 to 4 (KIP-511).
        assert_eq!(answer, [0, 0, 0, 16, 0, 0, 0, 9, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4]);
        // The connection goes on.
        ask(&mut stream, 0, 0, &ApiVersionsRequest::default());
        // Produce 2 is told of, for librdkafka's sake, and closes the connection.
        stream.write_all(&[0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 0, 9, 0xff, 0xff, 0, 0]).unwrap();
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0);
    });
    asked.await.unwrap();
    node.stop().await.unwrap();
}

/// A member's whole life in a consumer group, in both versions of its protocol.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumer_groups_work_in_every_version() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(&dir).await;
    let address = node.addresses()[0];
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let s = &mut stream;
        let topic = create_topics_request::CreatableTopic::default().with_name(name());
        let topic = topic.with_num_partitions(3).with_replication_factor(1);
        let id = ask(s, 7, 7, &CreateTopicsRequest::default().with_topics(vec![topic])).topics[0].topic_id;
        ask(s, 0, 0, &FindCoordinatorRequest::default().with_key(StrBytes::from_static_str("c0")));
        for version in 0..=1 {
            a_consumers_life(s, version, id);
        }
    });
    asked.await.unwrap();
    node.stop().await.unwrap();
}

fn a_consumers_life(s: &mut TcpStream, version: i16, topic: uuid::Uuid) {
    let group = GroupId(StrBytes::from_string(format!("c{version}")));
    let beat = ConsumerGroupHeartbeatRequest::default().with_group_id(group.clone()).with_rebalance_timeout_ms(-1);
    let joins = beat
        .clone()
        .with_rebalance_timeout_ms(5_000)
        .with_subscribed_topic_names(Some(vec![name()]))
        .with_topic_partitions(Some(vec![]));
    // Its own name, where it must have one.
    let member = match version {
        0 => StrBytes::default(),
        _ => StrBytes::from_static_str("me"),
    };
    if version > 0 {
        let refused = ask(s, version, version, &joins);
        assert_eq!((refused.error_code, refused.member_id), (42, None), "INVALID_REQUEST without a name");
    }
    // The coordinator may still be reading its partition.
    let joined = loop {
        let joined = ask(s, version, version, &joins.clone().with_member_id(member.clone()));
        if joined.error_code != 14 {
            break joined;
        }
        std::thread::yield_now();
    };
    loaded(s);
    let given = joined.assignment.unwrap().topic_partitions.remove(0);
    assert_eq!((joined.error_code, joined.member_epoch, given.topic_id), (0, 2, topic), "version {version}");
    assert_eq!((given.partitions, joined.heartbeat_interval_ms), (vec![0, 1, 2], 5_000), "version {version}");
    let member = joined.member_id.unwrap();
    let beat = beat.with_member_id(member.clone());
    let lives = ask(s, version, version, &beat.clone().with_member_epoch(2));
    assert_eq!((lives.error_code, lives.member_epoch, lives.assignment), (0, 2, None), "version {version}");

    let stranger = GroupId(StrBytes::from_static_str("nobody"));
    let describe = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group.clone(), stranger]);
    let mut described = ask(s, version, version, &describe.with_include_authorized_operations(true)).groups;
    let told = described.remove(0);
    assert_eq!((&*told.group_state, told.group_epoch, told.assignment_epoch), ("Stable", 2, 2), "version {version}");
    assert_eq!((&*told.assignor_name, told.authorized_operations), ("uniform", 0b1101_0100_1000));
    let me = &told.members[0];
    assert_eq!((&me.member_id, me.client_host.as_str(), me.member_epoch), (&member, "/127.0.0.1", 2));
    assert_eq!(me.member_type, [-1, 1][version as usize], "version {version}");
    assert_eq!(me.assignment.topic_partitions[0].topic_name, name());
    assert_eq!(me.assignment, me.target_assignment);
    assert_eq!(described[0].error_code, 69, "GROUP_ID_NOT_FOUND");

    let list = ListGroupsRequest::default().with_types_filter(vec![StrBytes::from_static_str("consumer")]);
    assert!(ask(s, 5, 5, &list).groups.iter().any(|it| it.group_id == group && &*it.group_type == "consumer"));
    let left = ask(s, version, version, &beat.with_member_epoch(-1));
    assert_eq!((left.error_code, left.member_epoch), (0, -1), "version {version}");
}
