//! Brokers: living, shutting down, going (`ReplicationControlManager.processBrokerHeartbeat`).

use std::collections::BTreeSet;

use machine::Moment;
use metadata::records::{BrokerRegistrationChangeRecord, RegisterBrokerRecord, UnregisterBrokerRecord};
use metadata::{Image, MetadataVersion, Record};
use model::{BrokerEpoch, ErrorCode, NodeId, Offset, Uuid};

use crate::partition_change::Because;
use crate::sessions::Session;
use crate::{BrokerHeartbeat, BrokerStatus, Controller, Decision, Refusal, Reply};

/// Refuses requests of an earlier incarnation of a broker.
pub(crate) fn check_epoch(image: &Image, broker: NodeId, epoch: BrokerEpoch) -> Result<(), Refusal> {
    let stale = |message| Err(Refusal::new(ErrorCode::StaleBrokerEpoch, message));
    match image.brokers.get(&broker).map(|registered| registered.broker_epoch) {
        None => stale(format!("No broker registration found for broker id {broker}")),
        Some(registered) if registered != epoch => {
            stale(format!("Expected broker epoch {registered}, but got broker epoch {epoch}"))
        }
        Some(_) => Ok(()),
    }
}

impl Controller {
    pub(crate) fn broker_heartbeat(&mut self, image: &Image, at: Moment, request: BrokerHeartbeat) -> Decision {
        let id = request.broker;
        if let Err(refusal) = check_epoch(image, id, request.epoch) {
            return Decision::reply(Reply::BrokerHeartbeat(Err(refusal)));
        }
        let Some(broker) = image.brokers.get(&id) else {
            return Decision::reply(Reply::BrokerHeartbeat(Err(Refusal::code(ErrorCode::StaleBrokerEpoch))));
        };
        let elapsed = self.sessions.look(image, at.now);
        let session = self.sessions.touch(id, request.epoch);
        let registered_at = session.registered_at.unwrap_or(Offset(broker.broker_epoch.0));
        let caught_up = request.metadata_offset >= registered_at;
        let heard = session.suspicion.heard(elapsed);
        let now = Mode::of(broker, session);
        let next = match heard {
            true => self.next_mode(image, now, caught_up, &request),
            false if request.want_shut_down => Mode::MayStop,
            false => now,
        };
        let mut records = Vec::new();
        if now != next {
            match next {
                Mode::Fenced | Mode::MayStop => self.write_fenced(image, broker, &mut records),
                Mode::Unfenced => self.write_unfenced(image, broker, &mut records),
                Mode::ShuttingDown(_) => self.write_shutting_down(image, broker, &mut records),
            }
        }
        self.write_offline_directories(image, broker, &request.offline_log_dirs, &mut records);
        write_cordoned_directories(image, broker, request.cordoned_log_dirs, &mut records);

        let session = self.sessions.touch(id, request.epoch);
        session.metadata_offset = request.metadata_offset;
        session.shutdown_at = match next {
            Mode::ShuttingDown(Some(since)) => Some(since),
            Mode::ShuttingDown(None) => Some(at.next.plus(records.len() as i64 - 1)),
            _ => None,
        };
        let status = BrokerStatus {
            caught_up,
            fenced: matches!(next, Mode::Fenced | Mode::MayStop),
            in_controlled_shutdown: matches!(next, Mode::ShuttingDown(_)),
            should_shut_down: next == Mode::MayStop,
        };
        Decision::of(records, Reply::BrokerHeartbeat(Ok(status)))
    }

    /// `BrokerHeartbeatManager.calculateNextBrokerState`.
    fn next_mode(&self, image: &Image, now: Mode, caught_up: bool, request: &BrokerHeartbeat) -> Mode {
        let leads = || image.topics().flat_map(|topic| topic.partitions.values()).any(|it| it.leader == request.broker);
        match now {
            Mode::Fenced if request.want_shut_down => Mode::MayStop,
            // An incarnation that was about to stop does not come back; this is a heartbeat from before that was late.
            Mode::Fenced if image.brokers.get(&request.broker).is_some_and(|it| it.in_controlled_shutdown) => now,
            Mode::Fenced if !request.want_fence && caught_up => Mode::Unfenced,
            Mode::Fenced => Mode::Fenced,
            Mode::Unfenced => match (request.want_fence, request.want_shut_down) {
                (false, false) => Mode::Unfenced,
                (true, false) => Mode::Fenced,
                (false, true) if leads() => Mode::ShuttingDown(None),
                (_, true) => Mode::MayStop,
            },
            Mode::ShuttingDown(_) if leads() => now,
            Mode::ShuttingDown(since) => match self.all_have_seen(image, since) {
                true => Mode::MayStop,
                false => now,
            },
            Mode::MayStop => Mode::MayStop,
        }
    }

    /// Whether every broker that serves knows the leaders that a controlled shutdown brought.
    fn all_have_seen(&self, image: &Image, since: Option<Offset>) -> bool {
        let active = image.brokers.keys().filter(|id| image.is_active(**id));
        let mut seen = active.map(|id| self.sessions.metadata_offset(*id));
        seen.all(|offset| since.is_none_or(|since| since <= offset))
    }

    pub(crate) fn fence_broker(&mut self, image: &Image, broker: NodeId) -> Decision {
        let mut records = Vec::new();
        if let Some(broker) = image.brokers.get(&broker).filter(|broker| !broker.fenced) {
            self.write_fenced(image, broker, &mut records);
        }
        Decision::of(records, Reply::FenceBroker)
    }

    pub(crate) fn unregister_broker(&mut self, image: &Image, id: NodeId) -> Decision {
        let Some(broker) = image.brokers.get(&id) else {
            let message = format!("Broker ID {id} is not currently registered");
            let refusal = Refusal::new(ErrorCode::BrokerIdNotRegistered, message);
            return Decision::reply(Reply::UnregisterBroker(Err(refusal)));
        };
        let mut records = Vec::new();
        let affected = |partition: &metadata::Partition| partition.isr.contains(&id) || partition.elr.contains(&id);
        self.update_leaders(image, Because::Gone(id), &mut records, affected);
        let broker_epoch = broker.broker_epoch;
        records.push(UnregisterBrokerRecord { broker_id: id, broker_epoch, ..Default::default() }.into());
        self.sessions.remove(id);
        Decision::of(records, Reply::UnregisterBroker(Ok(())))
    }

    pub(crate) fn write_fenced(&mut self, image: &Image, broker: &RegisterBrokerRecord, records: &mut Vec<Record>) {
        let id = broker.broker_id;
        self.update_leaders(image, Because::Gone(id), records, |partition| partition.isr.contains(&id));
        records.push(BrokerRegistrationChangeRecord { fenced: 1, ..change_of(broker) }.into());
    }

    fn write_unfenced(&mut self, image: &Image, broker: &RegisterBrokerRecord, records: &mut Vec<Record>) {
        records.push(BrokerRegistrationChangeRecord { fenced: -1, ..change_of(broker) }.into());
        let leaderless = |partition: &metadata::Partition| partition.leader == NodeId::NONE;
        self.update_leaders(image, Because::Back(broker.broker_id), records, leaderless);
    }

    fn write_shutting_down(&mut self, image: &Image, broker: &RegisterBrokerRecord, records: &mut Vec<Record>) {
        let id = broker.broker_id;
        if !broker.in_controlled_shutdown {
            records.push(BrokerRegistrationChangeRecord { in_controlled_shutdown: 1, ..change_of(broker) }.into());
        }
        self.update_leaders(image, Because::Gone(id), records, |partition| partition.isr.contains(&id));
    }

    fn write_offline_directories(
        &mut self,
        image: &Image,
        broker: &RegisterBrokerRecord,
        offline: &[Uuid],
        records: &mut Vec<Record>,
    ) {
        let id = broker.broker_id;
        let (failed, online): (Vec<Uuid>, Vec<Uuid>) = broker.log_dirs.iter().partition(|dir| offline.contains(dir));
        if failed.is_empty() || !image.metadata_version().is_some_and(MetadataVersion::has_directories) {
            return;
        }
        self.update_leaders(image, Because::Gone(id), records, |partition| {
            partition.directory(id).is_some_and(|dir| failed.contains(&dir))
        });
        records.push(BrokerRegistrationChangeRecord { log_dirs: online, ..change_of(broker) }.into());
    }
}

/// A broker's state, as heartbeats move it (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Fenced,
    Unfenced,
    /// With the offset that the others must have seen; none when it begins.
    ShuttingDown(Option<Offset>),
    MayStop,
}

impl Mode {
    /// A controller that became active meanwhile takes a broker that is shutting down for one that serves, until it asks again.
    fn of(broker: &RegisterBrokerRecord, session: &Session) -> Self {
        match (broker.fenced, session.shutdown_at) {
            (true, _) => Self::Fenced,
            (false, Some(since)) => Self::ShuttingDown(Some(since)),
            (false, None) => Self::Unfenced,
        }
    }
}

fn change_of(broker: &RegisterBrokerRecord) -> BrokerRegistrationChangeRecord {
    let (broker_id, broker_epoch) = (broker.broker_id, broker.broker_epoch);
    BrokerRegistrationChangeRecord { broker_id, broker_epoch, ..Default::default() }
}

fn write_cordoned_directories(
    image: &Image,
    broker: &RegisterBrokerRecord,
    cordoned: Option<Vec<Uuid>>,
    records: &mut Vec<Record>,
) {
    let known = image.metadata_version().is_some_and(MetadataVersion::has_cordoned_directories);
    if known && cordoned.is_some() && sorted(&cordoned) != sorted(&broker.cordoned_log_dirs) {
        let record = BrokerRegistrationChangeRecord { cordoned_log_dirs: cordoned, ..change_of(broker) };
        records.push(record.into());
    }
}

fn sorted(dirs: &Option<Vec<Uuid>>) -> Option<BTreeSet<Uuid>> {
    dirs.as_ref().map(|dirs| dirs.iter().copied().collect())
}
