//! SCRAM credentials (`ScramDelta`).

use std::sync::Arc;

use super::Image;
use crate::records::UserScramCredentialRecord;

impl Image {
    pub(super) fn replay_scram(&mut self, record: &UserScramCredentialRecord) {
        self.scram.insert_mut((record.mechanism, record.name.clone()), Arc::new(record.clone()));
    }
}
