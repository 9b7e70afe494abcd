//! The controller's listener: what brokers ask there, with epochs, ids and offsets that are wrong.

use anyhow::Result;
use bytes::Bytes;
use kafka_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use kafka_protocol::messages::fetch_snapshot_request::{PartitionSnapshot, SnapshotId, TopicSnapshot};
use kafka_protocol::messages::{
    AllocateProducerIdsRequest, AlterPartitionRequest, ApiVersionsRequest, AssignReplicasToDirsRequest,
    BrokerHeartbeatRequest, BrokerId, BrokerRegistrationRequest, DescribeClusterRequest, EnvelopeRequest, FetchRequest,
    FetchSnapshotRequest, MetadataRequest,
};
use uuid::Uuid;

use super::configs;
use super::make::{assigned, name, s, set};
use super::play::{Play, Step};
use super::quorums;
use crate::kit::Broker;
use crate::raw::connection::frame;

/// The broker beside the controller.
const ME: i32 = 7;
/// A broker that is in no cluster here.
const NOBODY: i32 = 4711;
/// `__cluster_metadata`.
const LOG: Uuid = Uuid::from_u128(1);

pub fn play(broker: Broker) -> Result<Vec<Step>> {
    let mut play = Play::open(broker)?;
    let play = &mut play;
    play.part("controller");
    play.create(&[assigned("led", &[(0, &[ME])])])?;
    let led = play.id("led")?;
    let cluster = play.cluster_id()?;
    configs::prepare(play)?;
    play.quietly(1, &set(4, "", &[("log.cleaner.backoff.ms", 0, Some("14000"))]))?;
    play.quietly(1, &set(4, "7", &[("background.threads", 0, Some("9"))]))?;
    play.settle()?;
    play.turn_to_controller()?;
    let epoch = quorums::epoch(play)?;
    for v in 0..=2 {
        play.ask_sorted("", v, &ApiVersionsRequest::default(), |it| it.api_keys.retain(|api| api.api_key == 18))?;
        for kind in [1, 2, 0] {
            play.ask(&format!("endpoints {kind}"), v, &DescribeClusterRequest::default().with_endpoint_type(kind))?;
        }
    }
    quorums::quorum(play, "controller")?;
    log(play, &cluster, epoch)?;
    snapshots(play, &cluster)?;
    brokers(play)?;
    partitions(play, led)?;
    envelopes(play)?;
    configs::describe(play)?;
    Ok(play.take_steps())
}

fn log(play: &mut Play, cluster: &str, now: i32) -> Result<()> {
    for v in [13, 15, 16, 17] {
        for (label, id, partition, offset, epoch, last, whose) in [
            ("far behind its end", LOG, 0, 1 << 40, now, now, cluster),
            ("below zero", LOG, 0, -5, now, now, cluster),
            ("without an epoch", LOG, 0, 0, -1, 0, cluster),
            ("without a last epoch", LOG, 0, 0, now, -1, cluster),
            ("another partition", LOG, 1, 0, now, 0, cluster),
            ("another topic", Uuid::from_u128(99), 0, 0, now, 0, cluster),
            ("no topic", Uuid::nil(), 0, 0, now, 0, cluster),
            ("an epoch to come", LOG, 0, 0, 1000, 0, cluster),
            ("an epoch that is over", LOG, 0, 0, 0, 0, cluster),
            ("a last epoch to come", LOG, 0, 5, now, 1000, cluster),
            ("of another cluster", LOG, 0, 0, now, 0, "another"),
        ] {
            let part = FetchPartition::default()
                .with_partition(partition)
                .with_fetch_offset(offset)
                .with_current_leader_epoch(epoch)
                .with_last_fetched_epoch(last)
                .with_partition_max_bytes(1 << 20);
            let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![part]);
            let request = FetchRequest::default()
                .with_cluster_id(Some(s(whose)))
                .with_max_wait_ms(0)
                .with_max_bytes(1 << 20)
                .with_session_epoch(-1)
                .with_topics(vec![topic]);
            let request = if v < 15 {
                request.with_replica_id(BrokerId(NOBODY))
            } else {
                request.with_replica_state(ReplicaState::default().with_replica_id(BrokerId(NOBODY)))
            };
            play.ask_sorted(label, v, &request, |answer| {
                for part in answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
                    // How far the log is, and who led when, is of the moment.
                    part.records = None;
                    // Nobody has transactions there: null and empty say the same.
                    part.aborted_transactions = None;
                    part.high_watermark = part.high_watermark.signum();
                    part.log_start_offset = part.log_start_offset.signum();
                    part.current_leader.leader_epoch = part.current_leader.leader_epoch.signum();
                    part.diverging_epoch.epoch = part.diverging_epoch.epoch.signum();
                    part.diverging_epoch.end_offset = part.diverging_epoch.end_offset.signum();
                }
            })?;
        }
    }
    Ok(())
}

fn snapshots(play: &mut Play, cluster: &str) -> Result<()> {
    for v in 0..=1 {
        for (label, topic, partition, epoch, whose) in [
            ("one that is not there", "__cluster_metadata", 0, -1, cluster),
            ("another partition", "__cluster_metadata", 1, -1, cluster),
            ("another topic", "led", 0, -1, cluster),
            ("an epoch to come", "__cluster_metadata", 0, 1000, cluster),
            ("an epoch that is over", "__cluster_metadata", 0, 0, cluster),
            ("of another cluster", "__cluster_metadata", 0, -1, "another"),
        ] {
            let part = PartitionSnapshot::default()
                .with_partition(partition)
                .with_current_leader_epoch(epoch)
                .with_snapshot_id(SnapshotId::default().with_end_offset(1 << 40).with_epoch(1));
            let topic = TopicSnapshot::default().with_name(name(topic)).with_partitions(vec![part]);
            let request = FetchSnapshotRequest::default()
                .with_cluster_id(Some(s(whose)))
                .with_replica_id(BrokerId(NOBODY))
                .with_max_bytes(1000)
                .with_topics(vec![topic]);
            play.ask_sorted(label, v, &request, |answer| {
                for part in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                    part.current_leader.leader_epoch = part.current_leader.leader_epoch.signum();
                }
            })?;
        }
    }
    Ok(())
}

fn brokers(play: &mut Play) -> Result<()> {
    for (broker, epoch) in [(NOBODY, 0), (ME, 0), (ME, 1 << 40), (-1, 0)] {
        for v in 0..=1 {
            let request = BrokerHeartbeatRequest::default()
                .with_broker_id(BrokerId(broker))
                .with_broker_epoch(epoch)
                .with_current_metadata_offset(0);
            play.ask(&format!("{broker} epoch {epoch}"), v, &request)?;
        }
        let request = AllocateProducerIdsRequest::default().with_broker_id(BrokerId(broker)).with_broker_epoch(epoch);
        play.ask(&format!("{broker} epoch {epoch}"), 0, &request)?;
        let request = AssignReplicasToDirsRequest::default().with_broker_id(BrokerId(broker)).with_broker_epoch(epoch);
        play.ask(&format!("{broker} epoch {epoch}"), 0, &request)?;
    }
    for v in 0..=4 {
        let request =
            BrokerRegistrationRequest::default().with_broker_id(BrokerId(NOBODY)).with_cluster_id(s("another"));
        play.ask("of another cluster", v, &request)?;
    }
    Ok(())
}

fn partitions(play: &mut Play, led: Uuid) -> Result<()> {
    for v in 2..=3 {
        for (label, broker, epoch, id, partition, leader_epoch) in [
            ("by nobody", NOBODY, 0, led, 0, 0),
            ("with an old epoch", ME, 0, led, 0, 0),
            ("with an epoch to come", ME, 1 << 40, led, 0, 0),
        ] {
            let mut part = PartitionData::default()
                .with_partition_index(partition)
                .with_leader_epoch(leader_epoch)
                .with_partition_epoch(0);
            if v < 3 {
                part.new_isr = vec![BrokerId(ME)];
            } else {
                part.new_isr_with_epochs = vec![BrokerState::default().with_broker_id(BrokerId(ME))];
            }
            let topic = TopicData::default().with_topic_id(id).with_partitions(vec![part]);
            let request = AlterPartitionRequest::default()
                .with_broker_id(BrokerId(broker))
                .with_broker_epoch(epoch)
                .with_topics(vec![topic]);
            play.ask(label, v, &request)?;
        }
    }
    Ok(())
}

fn envelopes(play: &mut Play) -> Result<()> {
    // DefaultPrincipalData 0: type, name, no token, no tags.
    let principal = Bytes::from_static(b"\0\0\x05User\x0aANONYMOUS\0\0");
    let whole = frame(5, 9, &MetadataRequest::default())?;
    let metadata = Bytes::copy_from_slice(whole.get(4..).unwrap_or_default());
    for (label, data, principal, host) in [
        ("what is not forwarded", metadata.clone(), Some(principal.clone()), &[127, 0, 0, 1][..]),
        ("nobody", metadata.clone(), None, &[127, 0, 0, 1]),
        ("who cannot be read", metadata, Some(Bytes::from_static(b"\0\x09xx")), &[127, 0, 0, 1]),
    ] {
        let request = EnvelopeRequest::default()
            .with_request_data(data)
            .with_request_principal(principal)
            .with_client_host_address(Bytes::copy_from_slice(host));
        play.ask(label, 0, &request)?;
    }
    Ok(())
}
