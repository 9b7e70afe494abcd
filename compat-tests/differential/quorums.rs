//! DescribeQuorum and UpdateFeatures: what any broker brings to the active controller.

use anyhow::Result;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::update_features_request::FeatureUpdateKey;
use kafka_protocol::messages::{BrokerId, DescribeQuorumRequest, DescribeQuorumResponse, UpdateFeaturesRequest};
use kafka_protocol::protocol::StrBytes;

use super::make::{name, s};
use super::play::Play;

pub fn play(play: &mut Play) -> Result<()> {
    quorum(play, "alone")?;
    features(play)
}

/// DescribeQuorum, which any broker brings to the active controller.
pub fn quorum(play: &mut Play, at: &str) -> Result<()> {
    let of = |topic: &str, partitions: &[i32]| {
        let partitions = partitions.iter().map(|it| PartitionData::default().with_partition_index(*it));
        TopicData::default().with_topic_name(name(topic)).with_partitions(partitions.collect())
    };
    for v in 0..=2 {
        for (label, topics) in [
            ("the log", vec![of("__cluster_metadata", &[0])]),
            ("nothing", vec![]),
            ("no partition", vec![of("__cluster_metadata", &[])]),
            ("another partition", vec![of("__cluster_metadata", &[1])]),
            ("two partitions", vec![of("__cluster_metadata", &[0, 1])]),
            ("another topic", vec![of("r3", &[0])]),
            ("two topics", vec![of("__cluster_metadata", &[0]), of("r3", &[0])]),
            ("twice", vec![of("__cluster_metadata", &[0]), of("__cluster_metadata", &[0])]),
        ] {
            let request = DescribeQuorumRequest::default().with_topics(topics);
            play.ask_sorted(&format!("{at} {label}"), v, &request, same_quorum)?;
        }
    }
    Ok(())
}

/// The quorum's epoch.
///
/// # Errors
/// Where there is no answer.
pub fn epoch(play: &mut Play) -> Result<i32> {
    let topic = TopicData::default().with_topic_name(name("__cluster_metadata"));
    let request =
        DescribeQuorumRequest::default().with_topics(vec![topic.with_partitions(vec![PartitionData::default()])]);
    let answer = play.quietly(2, &request)?;
    Ok(answer.topics.iter().flat_map(|topic| &topic.partitions).map(|it| it.leader_epoch).max().unwrap_or(-1))
}

/// Who leads, and how far each of them is, is of the moment.
pub fn same_quorum(answer: &mut DescribeQuorumResponse) {
    answer.nodes.sort_by_key(|it| it.node_id);
    for partition in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.leader_id = BrokerId(partition.leader_id.0.signum());
        partition.leader_epoch = partition.leader_epoch.signum();
        partition.high_watermark = partition.high_watermark.signum();
        partition.current_voters.sort_by_key(|it| it.replica_id);
        partition.observers.sort_by_key(|it| it.replica_id);
        for replica in partition.current_voters.iter_mut().chain(&mut partition.observers) {
            replica.log_end_offset = replica.log_end_offset.signum();
            replica.last_fetch_timestamp = replica.last_fetch_timestamp.signum();
            replica.last_caught_up_timestamp = replica.last_caught_up_timestamp.signum();
        }
    }
}

/// UpdateFeatures, of which nothing is carried out.
pub fn features(play: &mut Play) -> Result<()> {
    let own = regex::Regex::new(r"Local controller \d+")?;
    for v in 0..=2 {
        for (label, updates) in [
            ("nothing", vec![]),
            ("as it is", vec![("metadata.version", 30)]),
            ("the newest that is not yet", vec![("metadata.version", 31)]),
            ("what nobody has", vec![("metadata.version", 99)]),
            ("the oldest", vec![("metadata.version", 7)]),
            ("below the oldest", vec![("metadata.version", 6)]),
            ("one lower", vec![("metadata.version", 29)]),
            ("transactions", vec![("transaction.version", 1)]),
            ("groups off", vec![("group.version", 0)]),
            ("shares", vec![("share.version", 1)]),
            ("the quorum", vec![("kraft.version", 1)]),
            ("the quorum as it is", vec![("kraft.version", 0)]),
            ("eligible leaders off", vec![("eligible.leader.replicas.version", 0)]),
            ("unknown", vec![("nonsense", 1)]),
            ("without a name", vec![("", 1)]),
            ("negative", vec![("share.version", -1)]),
            ("good and bad", vec![("share.version", 1), ("nonsense", 1)]),
            ("twice", vec![("share.version", 1), ("share.version", 0)]),
        ] {
            for kind in if v == 0 { &[1][..] } else { &[1, 2, 3, 0, 9] } {
                for downgrade in if v == 0 { &[false, true][..] } else { &[false] } {
                    // Version 0 always means it.
                    if v == 0 && *downgrade && label != "unknown" {
                        continue;
                    }
                    let keys = updates.iter().map(|(feature, level)| {
                        let key = FeatureUpdateKey::default().with_feature(s(feature)).with_max_version_level(*level);
                        if v == 0 { key.with_allow_downgrade(*downgrade) } else { key.with_upgrade_type(*kind) }
                    });
                    let request = UpdateFeaturesRequest::default()
                        .with_timeout_ms(10_000)
                        .with_feature_updates(keys.collect())
                        .with_validate_only(v > 0);
                    if v == 0
                        && ["the quorum", "shares", "transactions", "groups off", "one lower", "good and bad", "twice"]
                            .contains(&label)
                    {
                        continue;
                    }
                    play.ask_sorted(&format!("{label} kind {kind} {downgrade}"), v, &request, |answer| {
                        answer.results.sort_by(|a, b| a.feature.cmp(&b.feature));
                        // Any of them is the active one.
                        let named = answer
                            .error_message
                            .as_ref()
                            .map(|text| own.replace(text, "Local controller N").into_owned());
                        answer.error_message = named.map(StrBytes::from_string);
                    })?;
                }
            }
        }
    }
    Ok(())
}
