//! The state machine that openraft applies entries to: the ledger, and whoever follows its images.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use openraft::storage::{RaftStateMachine, Snapshot};
use openraft::{AnyError, OptionalSend, RaftSnapshotBuilder, SnapshotMeta, StorageError, StorageIOError};
use parking_lot::Mutex;

use super::{Entry, Landed, LogId, Members, Types};
use crate::ledger::{Capture, Ledger, LedgerError};
use crate::publish::Publish;

type Failed = StorageError<u64>;

/// The ledger for openraft. Clones are the same ledger.
#[derive(Clone)]
pub(crate) struct StateMachine {
    ledger: Arc<Mutex<Ledger>>,
    publish: Arc<Publish>,
    /// Set when the ledger is that of another beginning.
    over: Arc<AtomicBool>,
}

impl StateMachine {
    pub(crate) fn new(ledger: Arc<Mutex<Ledger>>, publish: Arc<Publish>, over: Arc<AtomicBool>) -> Self {
        Self { ledger, publish, over }
    }

    /// What openraft still had in hand when this voter began anew must not go into the new ledger, whose lock is held.
    fn check(&self) -> Result<(), LedgerError> {
        if self.over.load(Ordering::Acquire) { Err(io::Error::other("this voter began anew").into()) } else { Ok(()) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Failed> {
        let this = self.clone();
        let done = host::task::blocking(move || work(&this)).await.map_err(io::Error::other);
        done.map_err(LedgerError::from)
            .and_then(|result| result)
            .map_err(|error| StorageIOError::write_state_machine(AnyError::new(&error)).into())
    }

    fn apply_all(&self, entries: &[Entry]) -> Result<Vec<Landed>, LedgerError> {
        let mut ledger = self.ledger.lock();
        self.check()?;
        let settled = !entries.is_empty() && ledger.settle(host::clock::now())?;
        let landed = entries.iter().map(|entry| ledger.apply(entry)).collect::<Result<Vec<_>, _>>()?;
        let changed = settled || landed.iter().any(|one| matches!(one, Landed::At(_)));
        let applied = changed.then(|| ledger.applied());
        drop(ledger);
        if let Some(applied) = applied {
            self.publish.tell(applied);
        }
        Ok(landed)
    }

    fn install(&self, capture: Capture) -> Result<(), LedgerError> {
        let mut ledger = self.ledger.lock();
        self.check()?;
        ledger.install(capture, host::clock::now())?;
        let applied = ledger.applied();
        drop(ledger);
        self.publish.tell(applied);
        Ok(())
    }
}

fn snapshot_of(capture: Capture) -> Snapshot<Types> {
    let meta = SnapshotMeta {
        last_log_id: capture.mark.id,
        last_membership: capture.mark.members.clone(),
        snapshot_id: capture.id().file_name(),
    };
    Snapshot { meta, snapshot: Box::new(capture) }
}

impl RaftSnapshotBuilder<Types> for StateMachine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, Failed> {
        let this = self.clone();
        self.blocking(move |_| Ok(snapshot_of(this.ledger.lock().capture()))).await
    }
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, Members), Failed> {
        let ledger = self.ledger.lock();
        Ok((ledger.at().id, ledger.at().members.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Landed>, Failed>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        self.blocking(move |this| this.apply_all(&entries)).await
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Capture>, Failed> {
        // Pieces are put together before openraft hears of them; this only has to be something.
        let this = self.clone();
        self.blocking(move |_| Ok(Box::new(this.ledger.lock().capture()))).await
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, openraft::EmptyNode>,
        mut snapshot: Box<Capture>,
    ) -> Result<(), Failed> {
        snapshot.mark.id = meta.last_log_id;
        snapshot.mark.members = meta.last_membership.clone();
        self.blocking(move |this| this.install(*snapshot)).await
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, Failed> {
        Ok(self.ledger.lock().captured().map(snapshot_of))
    }
}
