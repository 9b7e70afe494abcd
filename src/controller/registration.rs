//! Brokers and controllers that register (`ClusterControlManager`).

use std::collections::BTreeSet;

use machine::Moment;
use metadata::records::{RegisterBrokerRecord, RegisterControllerRecord};
use metadata::{Image, MetadataVersion, Partition, Record};
use model::{BrokerEpoch, ErrorCode, NodeId};

use crate::partition_change::Because;
use crate::{Controller, Decision, Refusal, RegisterBroker, RegisterController, Reply};

impl Controller {
    pub(crate) fn register_controller(&self, image: &Image, request: RegisterController) -> Decision {
        if !image.metadata_version().is_some_and(MetadataVersion::has_controller_registration) {
            let message = "The current MetadataVersion is too old to support controller registrations.";
            let refusal = Refusal::new(ErrorCode::UnsupportedVersion, message);
            return Decision::reply(Reply::RegisterController(Err(refusal)));
        }
        let record = RegisterControllerRecord {
            controller_id: request.controller,
            incarnation_id: request.incarnation,
            zk_migration_ready: false,
            end_points: request.endpoints,
            features: request.features,
            ..Default::default()
        };
        Decision::atomic(vec![record.into()], Reply::RegisterController(Ok(())))
    }

    /// The epoch of a new incarnation is the offset of the first record that is written for it.
    pub(crate) fn register_broker(&mut self, image: &Image, at: Moment, request: RegisterBroker) -> Decision {
        self.sessions.look(image, at.now);
        if let Err(refusal) = self.may_register(image, &request) {
            return Decision::reply(Reply::RegisterBroker(Err(refusal)));
        }
        let id = request.broker;
        let existing = image.brokers.get(&id).cloned();
        let amended = existing.as_ref().filter(|it| it.incarnation_id == request.incarnation);
        let mut records = Vec::new();
        if amended.is_none() {
            let clean = existing.as_ref().map_or(BrokerEpoch(-2), |it| it.broker_epoch) == request.previous_epoch;
            self.leave_earlier_incarnation(image, id, clean, &mut records);
        }
        let epoch = amended.map_or(BrokerEpoch(at.next.0), |it| it.broker_epoch);
        let with_directories = image.metadata_version().is_some_and(MetadataVersion::has_directories);
        let record = RegisterBrokerRecord {
            broker_id: id,
            incarnation_id: request.incarnation,
            broker_epoch: epoch,
            end_points: request.endpoints,
            features: request.features,
            rack: request.rack,
            fenced: amended.is_none_or(|it| it.fenced),
            in_controlled_shutdown: amended.is_some_and(|it| it.in_controlled_shutdown),
            log_dirs: if with_directories { request.log_dirs } else { vec![] },
            ..Default::default()
        };
        self.sessions.register(id, epoch, at.next.plus(records.len() as i64));
        records.push(record.into());
        // Not atomic: the registration is last, so a broker whose cleaning up was cut off registers again.
        Decision::of(records, Reply::RegisterBroker(Ok(epoch)))
    }

    fn leave_earlier_incarnation(&mut self, image: &Image, id: NodeId, clean: bool, records: &mut Vec<Record>) {
        if image.has_elr() && !clean {
            let affected = |partition: &Partition| partition.isr.contains(&id) || partition.elr.contains(&id);
            self.update_leaders(image, Because::Unclean(id), records, affected);
        } else {
            self.update_leaders(image, Because::Gone(id), records, |partition| partition.isr.contains(&id));
        }
    }

    fn may_register(&self, image: &Image, request: &RegisterBroker) -> Result<(), Refusal> {
        let expected = &self.settings.cluster_id;
        if *expected != request.cluster_id {
            return Err(Refusal::new(
                ErrorCode::InconsistentClusterId,
                format!("Expected cluster ID {expected}, but got cluster ID {}", request.cluster_id),
            ));
        }
        let existing = image.brokers.get(&request.broker);
        let other = existing.filter(|it| it.incarnation_id != request.incarnation);
        if self.sessions.is_valid(request.broker) && other.is_some_and(|it| !self.has_taken_over(it, request)) {
            return Err(Refusal::new(
                ErrorCode::DuplicateBrokerRegistration,
                "Another broker is registered with that broker id. If the broker was recently restarted this should self-resolve once the heartbeat manager expires the broker's session.",
            ));
        }
        check_directories(image, request)?;
        check_features(image, request)
    }

    /// Whether the new incarnation is proof that the old one is dead: it holds the lock of a directory that was the old
    /// one's, or it is of this very node and nothing was heard of the old one since this node became active. Kafka has every
    /// broker that was killed wait until its session has ended.
    fn has_taken_over(&self, existing: &RegisterBrokerRecord, request: &RegisterBroker) -> bool {
        let is_own = request.broker == self.settings.node_id && !self.sessions.was_heard(request.broker);
        is_own || request.log_dirs.iter().any(|dir| existing.log_dirs.contains(dir))
    }
}

fn check_directories(image: &Image, request: &RegisterBroker) -> Result<(), Refusal> {
    if !image.metadata_version().is_some_and(MetadataVersion::has_directories) {
        return Ok(());
    }
    let refuse = |message: String| Err(Refusal::new(ErrorCode::InvalidRegistration, message));
    if request.log_dirs.is_empty() {
        return refuse("No directories specified in request".to_owned());
    }
    if request.log_dirs.iter().any(|dir| dir.0.as_u128() < 100) {
        return refuse("Reserved directory ID in request".to_owned());
    }
    if request.log_dirs.iter().collect::<BTreeSet<_>>().len() != request.log_dirs.len() {
        return refuse("Duplicate directory ID in request".to_owned());
    }
    for (id, other) in image.brokers.iter().filter(|(id, _)| **id != request.broker) {
        if let Some(directory) = request.log_dirs.iter().find(|dir| other.log_dirs.contains(dir)) {
            return refuse(format!("Broker {id} is already registered with directory {directory}"));
        }
    }
    Ok(())
}

/// A broker must know the level of every feature of the cluster.
fn check_features(image: &Image, request: &RegisterBroker) -> Result<(), Refusal> {
    let check = |name: &str, min: i16, max: i16| {
        let level = image.feature(name);
        if (min..=max).contains(&level) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::UnsupportedVersion,
            format!(
                "Unable to register because the broker does not support finalized version {level} of {name}. The broker wants a version between {min} and {max}, inclusive."
            ),
        ))
    };
    for feature in &request.features {
        check(&feature.name, feature.min_supported_version, feature.max_supported_version)?;
    }
    let told = |name: &str| request.features.iter().any(|feature| feature.name == name);
    if !told(MetadataVersion::FEATURE) {
        let message = format!("Request features do not contain '{}'", MetadataVersion::FEATURE);
        return Err(Refusal::new(ErrorCode::InvalidRegistration, message));
    }
    image.features.keys().filter(|name| !told(name)).try_for_each(|name| check(name, 0, 0))
}
