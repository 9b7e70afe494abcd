//! CreateTopics, Metadata, CreatePartitions, DeleteTopics.

use anyhow::Result;
use kafka_protocol::messages::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{BrokerId, CreatePartitionsRequest, DeleteTopicsRequest, MetadataRequest};
use uuid::Uuid;

use super::make::{assigned, config, create, name, topic, topic_with};
use super::play::Play;

/// An id that no topic has.
pub const STRANGE: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);

pub fn play(play: &mut Play) -> Result<()> {
    creation(play)?;
    metadata(play)?;
    growth(play)?;
    deletion(play)
}

fn creation(play: &mut Play) -> Result<()> {
    let long = "x".repeat(249);
    let too_long = "x".repeat(250);
    for v in 2..=7 {
        let n = |text: &str| format!("{text}-{v}");
        let topics = [
            topic(&n("plain"), 2),
            topic(&n("no-partitions"), 0),
            topic(&n("minus-two"), -2),
            topic(&n("many-replicas"), 1).with_replication_factor(2),
            topic(&n("no-replicas"), 1).with_replication_factor(0),
            topic(&n("minus-two-replicas"), 1).with_replication_factor(-2),
            topic(&n("defaults"), -1).with_replication_factor(-1),
            topic("", 1),
            topic(".", 1),
            topic("..", 1),
            topic("white space", 1),
            topic("söndag", 1),
            topic(&too_long, 1),
            assigned(&n("assigned"), &[(0, &[7]), (1, &[7])]),
            assigned(&n("assigned-gap"), &[(0, &[7]), (2, &[7])]),
            assigned(&n("assigned-from-one"), &[(1, &[7])]),
            assigned(&n("assigned-twice"), &[(0, &[7]), (0, &[7])]),
            assigned(&n("assigned-to-nobody"), &[(0, &[])]),
            assigned(&n("assigned-to-stranger"), &[(0, &[8])]),
            assigned(&n("assigned-to-negative"), &[(0, &[-1])]),
            assigned(&n("assigned-same"), &[(0, &[7, 7])]),
            assigned(&n("assigned-uneven"), &[(0, &[7]), (1, &[7, 8])]),
            assigned(&n("assigned-and-count"), &[(0, &[7])]).with_num_partitions(1),
            assigned(&n("assigned-and-factor"), &[(0, &[7])]).with_replication_factor(1),
            topic_with(&n("configured"), 1, &[("retention.ms", "5"), ("cleanup.policy", "compact")]),
            topic_with(&n("bad-key"), 1, &[("no.such.key", "5")]),
            topic_with(&n("bad-value"), 1, &[("retention.ms", "soon")]),
            topic_with(&n("bad-bound"), 1, &[("segment.bytes", "1")]),
            topic_with(&n("bad-enum"), 1, &[("cleanup.policy", "shred")]),
            topic_with(&n("bad-pair"), 1, &[("segment.ms", "0")]),
            topic_with(&n("local-retention"), 1, &[("local.retention.ms", "9999999999"), ("retention.ms", "5")]),
            topic_with(&n("remote"), 1, &[("remote.storage.enable", "true")]),
            topic_with(&n("twice-a-key"), 1, &[("retention.ms", "5"), ("retention.ms", "6")]),
            topic(&n("null-value"), 1).with_configs(vec![config("retention.ms", None)]),
            topic(&n("null-key"), 1).with_configs(vec![config("", Some("x"))]),
            topic_with(&n("throttled"), 1, &[("leader.replication.throttled.replicas", "0:7")]),
            topic_with(&n("badly-throttled"), 1, &[("leader.replication.throttled.replicas", "0-7")]),
        ];
        for topic in &topics {
            let label = topic.name.chars().take(30).collect::<String>();
            let sort = |it: &mut kafka_protocol::messages::CreateTopicsResponse| {
                for topic in &mut it.topics {
                    topic.configs.iter_mut().flatten().for_each(|_| {});
                    if let Some(configs) = &mut topic.configs {
                        configs.sort_by(|a, b| a.name.cmp(&b.name));
                    }
                }
            };
            let request = create(std::slice::from_ref(topic)).with_validate_only(true);
            play.ask_sorted(&format!("only asked {label}"), v, &request, sort)?;
            play.ask_sorted(&label, v, &create(std::slice::from_ref(topic)), sort)?;
        }
        play.ask("again", v, &create(&[topic(&n("plain"), 2)]))?;
        play.ask("collides", v, &create(&[topic(&format!("plain_{v}"), 2)]))?;
        let dotted = [topic(&format!("dot.ted-{v}"), 1)];
        play.ask_sorted("dotted", v, &create(&dotted), |it| it.topics.iter_mut().for_each(|it| it.configs = None))?;
        play.ask("collides with a dot", v, &create(&[topic(&format!("dot_ted-{v}"), 1)]))?;
        play.ask("none", v, &create(&[]))?;
        play.ask("twice in one", v, &create(&[topic(&n("twice"), 1), topic(&n("twice"), 2)]))?;
        play.ask_sorted("two bad", v, &create(&[topic("", 1), topic(&n("other"), 0)]), |it| {
            it.topics.sort_by(|a, b| a.name.cmp(&b.name));
        })?;
        play.ask("no time", v, &create(&[topic(&n("timeless"), 0)]).with_timeout_ms(0))?;
    }
    play.ask_sorted("the longest name", 7, &create(&[topic(&long, 1)]), |it| {
        it.topics.iter_mut().for_each(|it| it.configs = None)
    })?;
    play.ask("very many", 7, &create(&[topic("very-many", 10_001)]))?;
    play.ask("too many at once", 7, &create(&[topic("too-many-a", 6000), topic("too-many-b", 6000)]))?;
    play.ask("internal", 7, &create(&[topic("__cluster_metadata", 1)]))?;
    play.settle()
}

fn asked(names: &[&str]) -> MetadataRequest {
    let topics = names.iter().map(|it| MetadataRequestTopic::default().with_name(Some(name(it))));
    MetadataRequest::default().with_topics(Some(topics.collect()))
}

fn by_id(id: Uuid) -> MetadataRequest {
    let topic = MetadataRequestTopic::default().with_topic_id(id).with_name(None);
    MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(false)
}

fn metadata(play: &mut Play) -> Result<()> {
    let sort = |it: &mut kafka_protocol::messages::MetadataResponse| {
        it.topics.sort_by(|a, b| a.name.cmp(&b.name));
        it.topics.iter_mut().for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
    };
    let known = play.id("plain-7")?;
    for v in 0..=13 {
        let quiet = |names: &[&str]| asked(names).with_allow_auto_topic_creation(v < 4);
        play.ask_sorted("all", v, &MetadataRequest::default().with_topics(None), sort)?;
        play.ask_sorted("an empty list", v, &quiet(&[]), sort)?;
        play.ask("known", v, &quiet(&["plain-7"]))?;
        play.ask("twice", v, &quiet(&["plain-7", "plain-7"]))?;
        play.ask("bad name", v, &quiet(&["bad name"]))?;
        play.ask("empty name", v, &quiet(&[""]))?;
        if v >= 4 {
            play.ask_sorted("unknown and known", v, &quiet(&["nobody", "plain-7"]), sort)?;
        }
        play.ask("operations of the topic", v, &quiet(&["plain-7"]).with_include_topic_authorized_operations(true))?;
        play.ask(
            "operations of the cluster",
            v,
            &quiet(&["plain-7"]).with_include_cluster_authorized_operations(true),
        )?;
        play.ask("operations of nobody", v, &quiet(&["no body"]).with_include_topic_authorized_operations(true))?;
        play.ask("by id", v, &by_id(known))?;
        play.ask("by strange id", v, &by_id(STRANGE))?;
        play.ask("by id zero", v, &by_id(Uuid::nil()))?;
        let both = MetadataRequestTopic::default().with_topic_id(known).with_name(Some(name("other")));
        play.ask("by id with another name", v, &MetadataRequest::default().with_topics(Some(vec![both])))?;
        // The first answer while a topic is made is its own; the second comes once it is there.
        play.ask("made by asking", v, &asked(&[&format!("made-{v}")]))?;
        play.settle()?;
        play.ask("made by asking, once more", v, &asked(&[&format!("made-{v}")]))?;
        play.ask("internal", v, &quiet(&["__cluster_metadata"]))?;
    }
    Ok(())
}

fn growth(play: &mut Play) -> Result<()> {
    for v in 0..=3 {
        let topic_name = format!("grow-{v}");
        play.create(&[topic(&topic_name, 1), topic("grow-other", 1).with_name(name(&format!("grow-other-{v}")))])?;
        let to = |count: i32| {
            CreatePartitionsTopic::default().with_name(name(&topic_name)).with_count(count).with_assignments(None)
        };
        let on = |count: i32, lists: &[&[i32]]| {
            let lists = lists.iter().map(|ids| {
                CreatePartitionsAssignment::default().with_broker_ids(ids.iter().map(|id| BrokerId(*id)).collect())
            });
            to(count).with_assignments(Some(lists.collect()))
        };
        let ask = |topics: Vec<CreatePartitionsTopic>, only: bool| {
            CreatePartitionsRequest::default().with_topics(topics).with_timeout_ms(10_000).with_validate_only(only)
        };
        for (label, topics) in [
            ("none", vec![]),
            ("the same", vec![to(1)]),
            ("zero", vec![to(0)]),
            ("negative", vec![to(-1)]),
            ("unknown", vec![to(2).with_name(name("nobody"))]),
            ("bad name", vec![to(2).with_name(name("bad name"))]),
            ("empty name", vec![to(2).with_name(name(""))]),
            ("twice", vec![to(2), to(3)]),
            ("assigned to a stranger", vec![on(2, &[&[8]])]),
            ("assigned to nobody", vec![on(2, &[&[]])]),
            ("assigned too few", vec![on(3, &[&[7]])]),
            ("assigned too many", vec![on(2, &[&[7], &[7]])]),
            ("assigned none", vec![on(2, &[])]),
            ("assigned the same", vec![on(2, &[&[7, 7]])]),
            ("assigned another factor", vec![on(2, &[&[7, 8]])]),
            ("to two", vec![to(2)]),
            ("to three, assigned", vec![on(3, &[&[7]])]),
            ("less", vec![to(2)]),
        ] {
            play.ask(&format!("only asked, {label}"), v, &ask(topics.clone(), true))?;
            play.ask(label, v, &ask(topics, false))?;
        }
        let two = vec![to(9), to(9).with_name(name("nobody"))];
        play.ask_sorted("one good, one bad", v, &ask(two, false), |it| it.results.sort_by(|a, b| a.name.cmp(&b.name)))?;
        play.settle()?;
        play.ask("what grew", 9, &asked(&[&topic_name]))?;
    }
    Ok(())
}

fn deletion(play: &mut Play) -> Result<()> {
    for v in 1..=6 {
        let names: Vec<String> = (0..4).map(|n| format!("gone-{v}-{n}")).collect();
        play.create(&names.iter().map(|it| topic(it, 1)).collect::<Vec<_>>())?;
        let ask = |names: &[&str]| match v {
            ..6 => DeleteTopicsRequest::default().with_topic_names(names.iter().map(|it| name(it)).collect()),
            _ => DeleteTopicsRequest::default()
                .with_topics(names.iter().map(|it| DeleteTopicState::default().with_name(Some(name(it)))).collect()),
        };
        let ask = |names: &[&str]| ask(names).with_timeout_ms(10_000);
        let sort = |it: &mut kafka_protocol::messages::DeleteTopicsResponse| {
            it.responses.sort_by(|a, b| a.name.cmp(&b.name));
        };
        play.ask("none", v, &ask(&[]))?;
        play.ask("unknown", v, &ask(&["nobody"]))?;
        play.ask("bad name", v, &ask(&["bad name"]))?;
        play.ask("empty name", v, &ask(&[""]))?;
        play.ask("one", v, &ask(&[&names[0]]))?;
        play.ask("it again", v, &ask(&[&names[0]]))?;
        play.ask_sorted("twice", v, &ask(&[&names[1], &names[1]]), sort)?;
        play.ask_sorted("two", v, &ask(&[&names[1], &names[2]]), sort)?;
        play.ask("the quorum's", v, &ask(&["__cluster_metadata"]))?;
        play.settle()?;
        if v == 6 {
            let state = |name: Option<&str>, id| {
                DeleteTopicState::default().with_name(name.map(super::make::name)).with_topic_id(id)
            };
            let ask = |states: Vec<DeleteTopicState>| {
                DeleteTopicsRequest::default().with_topics(states).with_timeout_ms(10_000)
            };
            let id = play.id(&names[3])?;
            play.ask("neither", v, &ask(vec![state(None, Uuid::nil())]))?;
            play.ask("both", v, &ask(vec![state(Some(&names[3]), id)]))?;
            play.ask("strange id", v, &ask(vec![state(None, STRANGE)]))?;
            play.ask_sorted(
                "id and name of one",
                v,
                &ask(vec![state(None, id), state(Some(&names[3]), Uuid::nil())]),
                sort,
            )?;
            play.ask("strange id twice", v, &ask(vec![state(None, STRANGE), state(None, STRANGE)]))?;
            play.ask("by id", v, &ask(vec![state(None, id)]))?;
            play.ask("by id again", v, &ask(vec![state(None, id)]))?;
            play.settle()?;
            play.ask("gone by id", 12, &by_id(id))?;
        }
        play.ask("gone", 9, &asked(&[&names[0]]).with_allow_auto_topic_creation(false))?;
    }
    Ok(())
}
