//! What a replica does to its log while it follows.

use model::{LeaderEpoch, Offset, Timestamp};
use storage::log::{AppendError, ReadError, StorageError};

use super::{Partition, Role};

/// What a leader sent for one partition.
pub struct Copied<'a> {
    /// Whole batches, and perhaps a part of one more.
    pub bytes: &'a [u8],
    /// What is committed, as far as the leader knows.
    pub high_watermark: Offset,
    /// Where the leader's log begins.
    pub log_start: Offset,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NotFollowing {
    /// The partition follows in another epoch by now, or leads.
    #[error("the partition does not follow in this epoch any more")]
    Over,
    /// The leader's bytes cannot be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Partition {
    /// Appends what the leader of `epoch` sent, and learns from it what is committed and what may go.
    ///
    /// # Errors
    /// The leader is another by now, the bytes are damaged or leave a hole, or the disk failed.
    pub fn copy(&self, epoch: LeaderEpoch, copied: &Copied<'_>, now: Timestamp) -> Result<(), NotFollowing> {
        self.while_following(epoch, || {
            let log = self.log();
            if !copied.bytes.is_empty() {
                match log.append_as_follower(copied.bytes, epoch, now) {
                    // A log that has nothing yet begins where the leader's first batch begins, which may lie in front of
                    // the start that the leader tells.
                    Err(AppendError::OutOfOrder { offset, end }) if log.start_offset() == end => {
                        log.truncate_and_start_at(offset, now)?;
                        log.append_as_follower(copied.bytes, epoch, now)?
                    }
                    appended => appended?,
                };
                // A copy on its way to another directory.
                self.followers.wake();
            }
            let before = log.high_watermark();
            log.set_high_watermark(copied.high_watermark);
            match log.delete_records_before(copied.log_start) {
                Ok(()) | Err(ReadError::OutOfRange { .. }) => {}
                Err(ReadError::Storage(error)) => return Err(error.into()),
            }
            if log.high_watermark() > before {
                self.readers.wake();
            }
            Ok(())
        })
    }

    /// Cuts the log off at `offset`, as the leader of `epoch` wants it.
    ///
    /// # Errors
    /// The leader is another by now, or the disk failed.
    pub fn cut(&self, epoch: LeaderEpoch, offset: Offset, now: Timestamp) -> Result<(), NotFollowing> {
        self.while_following(epoch, || Ok(self.log().truncate_to(offset, now).map(drop)?))
    }

    /// Throws the log away and begins at `offset`, since the leader of `epoch` has nothing in front of it.
    ///
    /// # Errors
    /// The leader is another by now, or the disk failed.
    pub fn begin_at(&self, epoch: LeaderEpoch, offset: Offset, now: Timestamp) -> Result<(), NotFollowing> {
        self.while_following(epoch, || Ok(self.log().truncate_and_start_at(offset, now)?))
    }

    fn while_following(
        &self,
        epoch: LeaderEpoch,
        act: impl FnOnce() -> Result<(), NotFollowing>,
    ) -> Result<(), NotFollowing> {
        let role = self.role.read();
        match *role {
            Role::Follower { .. } if self.leader_epoch() == epoch => act(),
            _ => Err(NotFollowing::Over),
        }
    }
}
