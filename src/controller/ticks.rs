//! What time brings: sessions end, leadership goes back to preferred replicas, leaderless partitions are looked at again.

use machine::Moment;
use metadata::{Image, Record};
use model::NodeId;

use crate::sessions::Elapsed;
use crate::{Controller, Decision, Reply};

/// When what is done from time to time is due; none before the first look.
#[derive(Default)]
pub(crate) struct Periodic {
    preferred: Option<Elapsed>,
    unclean: Option<Elapsed>,
}

/// Records, and the image with those of them that the next decision has to know.
struct Draft {
    image: Image,
    records: Vec<Record>,
    replayed: usize,
}

impl Draft {
    fn catch_up(&mut self) {
        self.records.iter().skip(self.replayed).for_each(|record| self.image.replay(record));
        self.replayed = self.records.len();
    }
}

impl Controller {
    /// The reply says when to come back at the latest.
    pub(crate) fn tick(&mut self, image: &Image, at: Moment) -> Decision {
        let now = self.sessions.look(image, at.now);
        let mut draft = Draft { image: image.clone(), records: vec![], replayed: 0 };
        for broker in self.sessions.expired(image) {
            self.end_session(&mut draft, broker);
        }
        let again_ms = [
            self.sessions.check_ms(),
            self.tick_preferred(&mut draft, now) - now,
            self.tick_unclean(&mut draft, now) - now,
        ];
        let again_ms = again_ms.into_iter().min().unwrap_or(0).max(0);
        Decision::of(draft.records, Reply::Tick { again_ms })
    }

    /// One after the other, so that the leaders of the first do not go to the second.
    fn end_session(&mut self, draft: &mut Draft, id: NodeId) {
        draft.catch_up();
        if let Some(broker) = draft.image.brokers.get(&id).cloned() {
            self.write_fenced(&draft.image, &broker, &mut draft.records);
        }
    }

    /// `leader.imbalance.per.broker.percentage` means nothing to Kafka's controllers of today, and nothing here.
    fn tick_preferred(&mut self, draft: &mut Draft, now: Elapsed) -> Elapsed {
        let settings = &self.settings.node.replication;
        if !settings.auto_leader_rebalance_enable {
            return Elapsed::MAX;
        }
        let interval = settings.leader_imbalance_check_interval_seconds.saturating_mul(1000);
        let due = *self.periodic.preferred.get_or_insert(now.saturating_add(interval));
        if now < due {
            return due;
        }
        draft.catch_up();
        let more = self.restore_preferred(&draft.image, &mut draft.records);
        *self.periodic.preferred.insert(if more { now } else { now.saturating_add(interval) })
    }

    fn tick_unclean(&mut self, draft: &mut Draft, now: Elapsed) -> Elapsed {
        let interval = self.settings.node.replication.unclean_leader_election_interval_ms;
        let due = *self.periodic.unclean.get_or_insert(now.saturating_add(interval));
        if now < due {
            return due;
        }
        draft.catch_up();
        let more = self.elect_unclean(&draft.image, &mut draft.records);
        *self.periodic.unclean.insert(if more { now } else { now.saturating_add(interval) })
    }
}
