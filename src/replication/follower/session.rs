//! The client's side of a fetch session (KIP-227, `FetchSessionHandler`): which session the next request belongs to.

use model::ErrorCode;

use crate::sessions::{INITIAL_EPOCH, INVALID_SESSION_ID};

/// How a fetch's answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The error of the whole answer.
    pub error: ErrorCode,
    /// The session to go on with, or 0.
    pub session_id: i32,
}

/// A session with one leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    id: i32,
    epoch: i32,
}

impl Session {
    pub(super) fn id(self) -> i32 {
        self.id
    }

    pub(super) fn epoch(self) -> i32 {
        self.epoch
    }

    /// Whether the next request must name every partition.
    pub(super) fn is_full(self) -> bool {
        self.epoch == INITIAL_EPOCH
    }

    /// The leader answered.
    ///
    /// # Errors
    /// The error of the whole answer; the next request begins a new session, and closes this one if it is still there.
    pub(super) fn on_reply(&mut self, reply: Reply) -> Result<(), ErrorCode> {
        match reply.error {
            ErrorCode::None => {}
            ErrorCode::FetchSessionIdNotFound => {
                *self = Self::default();
                return Err(reply.error);
            }
            error => {
                self.lost();
                return Err(error);
            }
        }
        *self = match reply.session_id {
            INVALID_SESSION_ID => Self::default(),
            id => Self { id, epoch: if self.epoch == i32::MAX { 1 } else { self.epoch + 1 } },
        };
        Ok(())
    }

    /// Nobody knows which request the leader has seen last: the next one asks for a new session in place of this one.
    pub(super) fn lost(&mut self) {
        self.epoch = INITIAL_EPOCH;
    }
}
