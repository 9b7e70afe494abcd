//! The node as a member of its cluster: registers, says that it lives, takes producer ids.

use anyhow::{anyhow, bail};
use controller::{AllocateProducerIds, AssignReplicas, BrokerHeartbeat, Event, RegisterBroker, Reply};
use metadata::records::{BrokerEndpoint, BrokerFeature};
use model::{BrokerEpoch, ClusterId, ErrorCode, Offset, Uuid};

use crate::node::Node;

/// What a broker says of itself when it registers.
pub struct Registration {
    /// Its addresses.
    pub endpoints: Vec<BrokerEndpoint>,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
    /// Its epoch before a clean shutdown, or -1.
    pub previous_epoch: BrokerEpoch,
}

impl Node {
    /// What this start of the broker says of itself, for the cluster of that name.
    pub fn introduce(&self, cluster_id: &str, registration: Registration) -> RegisterBroker {
        let features = quorum::SUPPORTED.iter().map(|feature| BrokerFeature {
            name: feature.name.to_owned(),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
            ..BrokerFeature::default()
        });
        RegisterBroker {
            broker: self.id(),
            cluster_id: ClusterId(cluster_id.to_owned()),
            incarnation: host::dice::uuid(),
            endpoints: registration.endpoints,
            features: features.collect(),
            rack: self.config().server.rack.clone(),
            log_dirs: registration.log_dirs,
            previous_epoch: registration.previous_epoch,
        }
    }

    /// Registers this start of the broker, and has it unfenced: from then on it leads its partitions.
    pub async fn join(&self, registration: Registration) -> anyhow::Result<BrokerEpoch> {
        let event = Event::RegisterBroker(self.introduce(self.cluster_id(), registration));
        let epoch = match self.quorum.submit(event).await? {
            Reply::RegisterBroker(Ok(epoch)) => epoch,
            Reply::RegisterBroker(Err(refusal)) => bail!("the controller refuses this broker: {refusal}"),
            other => bail!("the controller answered a registration with {other:?}"),
        };
        self.set_epoch(epoch);
        let status = self.heartbeat(false).await?;
        if status.fenced {
            return Err(anyhow!("the controller keeps this broker fenced"));
        }
        Ok(epoch)
    }

    /// Says that the broker lives, or that it wants to stop.
    pub async fn heartbeat(&self, want_shut_down: bool) -> anyhow::Result<controller::BrokerStatus> {
        let event = Event::BrokerHeartbeat(BrokerHeartbeat {
            broker: self.id(),
            epoch: self.epoch(),
            metadata_offset: Offset(self.published().offset),
            want_fence: false,
            want_shut_down,
            offline_log_dirs: self.logs.offline_dirs(),
            cordoned_log_dirs: None,
        });
        match self.quorum.submit(event).await? {
            Reply::BrokerHeartbeat(Ok(status)) => Ok(status),
            Reply::BrokerHeartbeat(Err(refusal)) => bail!("the controller refuses this broker's heartbeat: {refusal}"),
            other => bail!("the controller answered a heartbeat with {other:?}"),
        }
    }

    /// Tells the controller in which directories replicas lie that it knows nothing of, so that it knows which of them
    /// are lost when a directory fails (KIP-858, `AssignmentsManager`).
    pub async fn assign_directories(&self) {
        let replicas = std::mem::take(&mut *self.unassigned.lock());
        if replicas.is_empty() {
            return;
        }
        let event = AssignReplicas { broker: self.id(), epoch: self.epoch(), replicas };
        match self.quorum.submit(Event::AssignReplicas(event)).await {
            Ok(Reply::AssignReplicas(Ok(_))) => {}
            // Partitions that went meanwhile are refused one by one; a stale epoch means that all are told anew.
            other => tracing::warn!(answer = ?other, "the controller does not take the directories of replicas"),
        }
    }

    /// A block of producer ids that is this broker's alone.
    pub async fn take_producer_ids(&self) -> Result<std::ops::Range<i64>, ErrorCode> {
        let event = Event::AllocateProducerIds(AllocateProducerIds { broker: self.id(), epoch: self.epoch() });
        match self.quorum.submit(event).await {
            Ok(Reply::AllocateProducerIds(Ok(block))) => {
                Ok(block.first.0..block.first.0.saturating_add(i64::from(block.count)))
            }
            Ok(Reply::AllocateProducerIds(Err(refusal))) => Err(refusal.code),
            _ => Err(ErrorCode::CoordinatorNotAvailable),
        }
    }
}
