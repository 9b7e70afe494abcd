//! What groups have to know of the cluster: topics with their racks, and the groups' own configurations.

use std::sync::Arc;

use config::NodeConfig;
use groups::{GroupConfig, Surroundings, Topic};
use metadata::{ConfigResource, Delta, Image, ResourceType};

/// The surroundings by `image`, which is that at `offset`, and by the node's configuration, if they differ from those of before;
/// all of it is looked at where there is no delta.
pub fn follow(
    before: &Surroundings,
    node: &NodeConfig,
    image: &Image,
    offset: i64,
    delta: Option<&Delta>,
) -> Option<Arc<Surroundings>> {
    // Carried on, not made anew: coordinators count the changes.
    let mut now = before.clone();
    now.consumer_assignment_interval_ms = Some(node.groups.consumer_assignment_interval_ms);
    match delta {
        // Racks come with brokers.
        Some(delta) if delta.brokers.is_empty() => {
            for id in delta.topics.keys() {
                match (image.topic_by_id(*id), now.name(*id).cloned()) {
                    (Some(topic), _) => now.insert(topic.name.clone(), describe(image, topic)),
                    (None, Some(name)) => now.remove(&name),
                    (None, None) => {}
                }
            }
            for resource in delta.configs.iter().filter(|resource| resource.kind == ResourceType::GROUP) {
                configure(&mut now, node, image, resource);
            }
        }
        _ => {
            for (name, topic) in before.topics() {
                if image.topic_by_id(topic.id).is_none() {
                    now.remove(name);
                }
            }
            for topic in image.topics() {
                now.insert(topic.name.clone(), describe(image, topic));
            }
            for resource in image.configs.keys().filter(|resource| resource.kind == ResourceType::GROUP) {
                configure(&mut now, node, image, resource);
            }
        }
    }
    if now == *before {
        return None;
    }
    now.version = offset;
    Some(Arc::new(now))
}

fn describe(image: &Image, topic: &metadata::Topic) -> Topic {
    let racks = topic.partitions.values().map(|partition| {
        let of = partition.replicas.iter().filter_map(|replica| image.brokers.get(replica)?.rack.as_deref());
        of.map(Arc::from).collect()
    });
    Topic { id: topic.id, racks: racks.collect() }
}

fn configure(surroundings: &mut Surroundings, node: &NodeConfig, image: &Image, resource: &ConfigResource) {
    let Some(set) = image.config(resource) else {
        surroundings.configs.remove_mut(&resource.name);
        return;
    };
    let number = |key: &str| {
        let value = set.get(key)?.parse().ok()?;
        i32::try_from(config::bounded_group_value(node, key, value)).ok()
    };
    let config = GroupConfig {
        consumer_session_timeout_ms: number("consumer.session.timeout.ms"),
        consumer_heartbeat_interval_ms: number("consumer.heartbeat.interval.ms"),
        consumer_assignment_interval_ms: number("consumer.assignment.interval.ms"),
    };
    surroundings.configs.insert_mut(resource.name.clone(), config);
}
