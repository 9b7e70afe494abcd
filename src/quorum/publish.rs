//! Those who follow the metadata: each image goes to one of them in order, and to any number as the latest.

use std::sync::Arc;

use model::Offset;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::handle::Status;
use crate::ledger::{Applied, Ledger};

/// What is told each new image, in order, before anyone who asked for it is answered.
pub(crate) type OnApplied = Box<dyn FnMut(&Applied) + Send>;

/// Those who follow: one that hears of every image, and any number that ask how far it is.
pub(crate) struct Publish {
    /// Who hears of every image, and the end of the one that was known before.
    on_applied: Mutex<Option<(Offset, OnApplied)>>,
    images: watch::Sender<Applied>,
    status: Arc<watch::Sender<Status>>,
}

impl Publish {
    pub(crate) fn new(first: Applied, status: Arc<watch::Sender<Status>>) -> Self {
        Self { on_applied: Mutex::new(None), images: watch::Sender::new(first), status }
    }

    /// Lets somebody follow, from the image on that is given back.
    pub(crate) fn follow(&self, ledger: &Mutex<Ledger>, on_applied: OnApplied) -> Applied {
        // Nothing is applied meanwhile.
        let ledger = ledger.lock();
        let applied = ledger.applied();
        *self.on_applied.lock() = Some((applied.end, on_applied));
        applied
    }

    /// The latest image, and its successors.
    pub(crate) fn watch(&self) -> watch::Receiver<Applied> {
        self.images.subscribe()
    }

    /// Tells all who follow of a new image. It must be called in the order of the images.
    pub(crate) fn tell(&self, applied: Applied) {
        // What was applied as somebody began to follow may be told of only now.
        if let Some((_, on_applied)) = self.on_applied.lock().as_mut().filter(|(after, _)| applied.end > *after) {
            on_applied(&applied);
        }
        let end = applied.end;
        self.images.send_replace(applied);
        // Last, so that who waits for an end finds its image.
        self.status.send_modify(|status| status.end = end);
    }
}
