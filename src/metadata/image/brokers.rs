//! Brokers: registered, fenced, on their way out (`ClusterDelta`).

use std::sync::Arc;

use model::{BrokerEpoch, NodeId};

use super::Image;
use crate::records::*;

impl Image {
    /// Whether the broker is registered, and neither fenced nor shutting down: it may lead, and be in an ISR.
    pub fn is_active(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// Whether the broker is registered and not fenced.
    pub fn is_unfenced(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| !broker.fenced)
    }

    pub(super) fn change_broker(
        &mut self,
        id: NodeId,
        epoch: BrokerEpoch,
        change: impl FnOnce(&mut RegisterBrokerRecord),
    ) {
        if let Some(broker) = self.brokers.get_mut(&id)
            && broker.broker_epoch == epoch
        {
            change(Arc::make_mut(broker));
        }
    }

    pub(super) fn replay_unregister_broker(&mut self, record: &UnregisterBrokerRecord) {
        if self.brokers.get(&record.broker_id).is_some_and(|broker| broker.broker_epoch == record.broker_epoch) {
            self.brokers.remove_mut(&record.broker_id);
        }
    }

    pub(super) fn replay_broker_registration_change(&mut self, record: &BrokerRegistrationChangeRecord) {
        self.change_broker(record.broker_id, record.broker_epoch, |broker| {
            if record.fenced != 0 {
                broker.fenced = record.fenced > 0;
            }
            if record.in_controlled_shutdown > 0 {
                broker.in_controlled_shutdown = true;
            }
            if !record.log_dirs.is_empty() {
                broker.log_dirs = record.log_dirs.clone();
            }
            if record.cordoned_log_dirs.is_some() {
                broker.cordoned_log_dirs = record.cordoned_log_dirs.clone();
            }
        });
    }
}
