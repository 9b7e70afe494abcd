//! A classic group after the partition was loaded: its members have a session's time to be heard of.

use model::Timestamp;

use super::Live;
use crate::records::GroupMetadataValue;
use crate::{Decision, GroupId, Groups};

impl Groups {
    /// A group that is larger than is now allowed rebalances, so that its members can commit before the last of them
    /// are turned away.
    pub(crate) fn load_classic(
        &mut self,
        now: Timestamp,
        id: &GroupId,
        saved: &GroupMetadataValue,
        out: &mut Decision,
    ) {
        if saved.members.is_empty() {
            return;
        }
        self.live.insert(id.clone(), Box::new(Live::from_record(id.clone(), saved, now)));
        self.turn(now, id, out, |live, turn| {
            for member in live.members.keys() {
                live.renew_session(turn, member);
            }
            if usize::try_from(turn.settings.max_size).is_ok_and(|max| live.members.len() > max) {
                live.prepare(turn);
            }
        });
    }
}
