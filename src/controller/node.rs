//! The controller's own configuration, under what is set dynamically in the image.

use std::sync::Arc;

use config::{NodeConfig, Settings, TopicConfig};
use metadata::{ConfigResource, Image, Map, ResourceType, Topic};
use model::NodeId;

/// The node's configuration as it is with the image's dynamic configs, kept until these change.
pub(crate) struct EffectiveNode {
    file: Arc<NodeConfig>,
    id: NodeId,
    latest: Option<Effective>,
}

struct Effective {
    layers: (Layer, Layer),
    node: Arc<NodeConfig>,
    rules: TopicRules,
}

type Layer = Option<Map<String, String>>;

impl EffectiveNode {
    pub(crate) fn new(file: Arc<NodeConfig>, id: NodeId) -> Self {
        Self { file, id, latest: None }
    }

    /// What holds with the dynamic configs of `image`; the file alone where these contradict each other.
    pub(crate) fn in_force(&mut self, image: &Image) -> Arc<NodeConfig> {
        self.effective(image).node.clone()
    }

    /// What elections must know of topics that do not say otherwise.
    pub(crate) fn topic_rules(&mut self, image: &Image) -> TopicRules {
        self.effective(image).rules
    }

    fn effective(&mut self, image: &Image) -> &Effective {
        let layer = |name: String| image.config(&ConfigResource::new(ResourceType::BROKER, name)).cloned();
        let layers = (layer(String::new()), layer(self.id.to_string()));
        let latest = self.latest.take().filter(|latest| latest.layers == layers);
        self.latest.insert(latest.unwrap_or_else(|| {
            let (of_all, of_this) = (to_settings(layers.0.as_ref()), to_settings(layers.1.as_ref()));
            let node = match self.file.with_dynamic(&of_all, &of_this) {
                Ok((node, _)) => Arc::new(node),
                Err(_) => self.file.clone(),
            };
            let rules = TopicRules::new(&node);
            Effective { layers, node, rules }
        }))
    }
}

/// What elections must know of a topic's configuration. Read key by key: thousands of topics may need it at once.
#[derive(Clone, Copy)]
pub(crate) struct TopicRules {
    min_isr: i32,
    unclean: bool,
}

impl TopicRules {
    fn new(node: &NodeConfig) -> Self {
        match TopicConfig::new(node, &Settings::new()) {
            Ok(it) => Self { min_isr: it.min_insync_replicas, unclean: it.unclean_leader_election_enable },
            Err(_) => Self { min_isr: 1, unclean: false }, // Be strict.
        }
    }

    /// The least ISR, at most the replication factor, and whether a replica out of sync may lead.
    pub(crate) fn of(&self, image: &Image, topic: &Topic) -> (usize, bool) {
        let set = image.config(&ConfigResource::topic(&topic.name));
        let set = |key: &str| set.and_then(|keys| keys.get(key)).map(|value| value.trim());
        let min_isr = set("min.insync.replicas").and_then(|it| it.parse().ok()).unwrap_or(self.min_isr);
        let unclean = set("unclean.leader.election.enable").map_or(self.unclean, |it| it.eq_ignore_ascii_case("true"));
        let replicas = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
        (usize::try_from(min_isr).unwrap_or(1).min(replicas), unclean)
    }
}

/// A resource's overrides, as the configuration crate wants them.
pub(crate) fn to_settings(map: Option<&Map<String, String>>) -> Settings {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}
