//! What only the active controller knows of brokers: when it heard of them last, and what it heard (`BrokerHeartbeatManager`).
//!
//! None of it is in the log. A controller that becomes active gives every unfenced broker a whole session.

use std::collections::BTreeMap;

use metadata::Image;
use model::{BrokerEpoch, NodeId, Offset, Timestamp};

use crate::unreachable::Suspicion;

/// Milliseconds on the controller's own clock, which begins at 0.
pub(crate) type Elapsed = i64;

/// The sessions of brokers.
pub(crate) struct Sessions {
    timeout_ms: i64,
    /// The wall clock at the latest event.
    wall: Option<Timestamp>,
    elapsed: Elapsed,
    brokers: BTreeMap<NodeId, Session>,
}

/// What is known of one incarnation of a broker.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) epoch: BrokerEpoch,
    /// When it was heard of; none for a broker that has registered, and no more.
    contact: Option<Elapsed>,
    /// Whether it was heard of in this reign, not only found in the image.
    heard: bool,
    /// The last metadata record that it has applied.
    pub(crate) metadata_offset: Offset,
    /// Where its registration is in the log; none if an earlier controller wrote it.
    pub(crate) registered_at: Option<Offset>,
    /// Where the metadata ended when its controlled shutdown began; none unless it is shutting down.
    pub(crate) shutdown_at: Option<Offset>,
    pub(crate) suspicion: Suspicion,
}

impl Session {
    fn new(epoch: BrokerEpoch) -> Self {
        Self {
            epoch,
            contact: None,
            heard: false,
            metadata_offset: Offset::NONE,
            registered_at: None,
            shutdown_at: None,
            suspicion: Suspicion::default(),
        }
    }
}

impl Sessions {
    pub(crate) fn new(timeout_ms: i32) -> Self {
        Self { timeout_ms: i64::from(timeout_ms).max(1), wall: None, elapsed: 0, brokers: BTreeMap::new() }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.brokers.clear();
    }

    /// How often somebody should look for sessions that have ended.
    pub(crate) fn check_ms(&self) -> i64 {
        (self.timeout_ms / 8).max(1)
    }

    /// Takes the time, and begins sessions for brokers that are unfenced and not known yet.
    ///
    /// However far the wall clock jumps between two looks, no more than two checks' worth of time passes: neither a clock
    /// that is set nor a controller that slept may end the sessions of brokers that had no chance to be heard.
    pub(crate) fn look(&mut self, image: &Image, now: Timestamp) -> Elapsed {
        let passed = self.wall.map_or(0, |wall| now.0.saturating_sub(wall.0));
        self.wall = Some(now);
        self.elapsed += passed.clamp(0, 2 * self.check_ms());
        self.brokers.retain(|id, session| image.brokers.get(id).is_some_and(|it| it.broker_epoch == session.epoch));
        for (id, broker) in &image.brokers {
            let unknown = || Session { contact: Some(self.elapsed), ..Session::new(broker.broker_epoch) };
            if !broker.fenced {
                self.brokers.entry(*id).or_insert_with(unknown);
            }
        }
        self.elapsed
    }

    /// A broker has registered: what was known of its earlier incarnation is void.
    pub(crate) fn register(&mut self, broker: NodeId, epoch: BrokerEpoch, at: Offset) {
        let session = self.brokers.entry(broker).or_insert_with(|| Session::new(epoch));
        if session.epoch != epoch {
            *session = Session::new(epoch);
        }
        session.registered_at = Some(at);
    }

    pub(crate) fn remove(&mut self, broker: NodeId) {
        self.brokers.remove(&broker);
    }

    pub(crate) fn get_mut(&mut self, broker: NodeId) -> Option<&mut Session> {
        self.brokers.get_mut(&broker)
    }

    /// The broker was heard of.
    pub(crate) fn touch(&mut self, broker: NodeId, epoch: BrokerEpoch) -> &mut Session {
        let session = self.brokers.entry(broker).or_insert_with(|| Session::new(epoch));
        (session.contact, session.heard) = (Some(self.elapsed), true);
        session
    }

    /// Whether the broker was heard of lately.
    pub(crate) fn is_valid(&self, broker: NodeId) -> bool {
        let contact = self.brokers.get(&broker).and_then(|session| session.contact);
        contact.is_some_and(|contact| contact + self.timeout_ms >= self.elapsed)
    }

    /// Whether the broker was heard of in this reign.
    pub(crate) fn was_heard(&self, broker: NodeId) -> bool {
        self.brokers.get(&broker).is_some_and(|session| session.heard)
    }

    /// The unfenced brokers that were not heard of for a whole session.
    pub(crate) fn expired(&self, image: &Image) -> Vec<NodeId> {
        let silent = self.brokers.keys().filter(|id| !self.is_valid(**id) && image.is_unfenced(**id));
        silent.copied().collect()
    }

    /// The last metadata record that a broker has applied, as far as it told.
    pub(crate) fn metadata_offset(&self, broker: NodeId) -> Offset {
        self.brokers.get(&broker).map_or(Offset::NONE, |session| session.metadata_offset)
    }
}
