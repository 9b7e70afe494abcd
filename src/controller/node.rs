//! The controller's own configuration, under what is set dynamically in the image.

use std::sync::Arc;

use config::{NodeConfig, Settings};
use metadata::{ConfigResource, Image, Map, ResourceType};
use model::NodeId;

/// The node's configuration as it is with the image's dynamic configs, kept until these change.
pub(crate) struct EffectiveNode {
    file: Arc<NodeConfig>,
    id: NodeId,
    latest: Option<(Layer, Layer, Arc<NodeConfig>)>,
}

type Layer = Option<Map<String, String>>;

impl EffectiveNode {
    pub(crate) fn new(file: Arc<NodeConfig>, id: NodeId) -> Self {
        Self { file, id, latest: None }
    }

    /// What holds with the dynamic configs of `image`; the file alone where these contradict each other.
    pub(crate) fn in_force(&mut self, image: &Image) -> Arc<NodeConfig> {
        let layer = |name: String| image.config(&ConfigResource::new(ResourceType::BROKER, name)).cloned();
        let (cluster, broker) = (layer(String::new()), layer(self.id.to_string()));
        if let Some((old_cluster, old_broker, node)) = &self.latest
            && (old_cluster, old_broker) == (&cluster, &broker)
        {
            return node.clone();
        }
        let (of_all, of_this) = (to_settings(cluster.as_ref()), to_settings(broker.as_ref()));
        let node = match self.file.with_dynamic(&of_all, &of_this) {
            Ok((node, _)) => Arc::new(node),
            Err(_) => self.file.clone(),
        };
        self.latest = Some((cluster, broker, node.clone()));
        node
    }
}

/// A resource's overrides, as the configuration crate wants them.
pub(crate) fn to_settings(map: Option<&Map<String, String>>) -> Settings {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}
