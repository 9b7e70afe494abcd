//! A snapshot that comes from another node, piece by piece.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::ledger::{Capture, Ledger};
use crate::raft::Mark;
use crate::snapshot::SUFFIX;

/// The part of a snapshot that is here. A crash leaves a file that the next start removes.
pub(crate) struct Received {
    mark: Mark,
    path: PathBuf,
    file: Arc<host::fs::File>,
    have: u64,
}

impl Received {
    /// Begins with nothing, in the directory of the metadata log.
    pub(crate) fn begin(dir: &Path, mark: Mark) -> io::Result<Self> {
        let path = dir.join(mark.position.id().file_name().replace(SUFFIX, "-received.checkpoint.part"));
        let file = host::fs::File::open_append_rw(&path)?;
        file.set_len(0)?;
        Ok(Self { mark, path, file: Arc::new(file), have: 0 })
    }

    /// What the snapshot stands for.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// How many bytes are here.
    pub(crate) fn have(&self) -> u64 {
        self.have
    }

    /// Adds the piece that comes next.
    pub(crate) async fn append(&mut self, piece: Bytes) -> io::Result<()> {
        let (file, at, len) = (self.file.clone(), self.have, piece.len() as u64);
        host::task::blocking(move || file.write_all_at(&piece, at)).await.map_err(io::Error::other)??;
        self.have += len;
        Ok(())
    }

    /// Checks a snapshot that is there to its last byte, and gives it a name. Blocks on the disk.
    pub(crate) fn keep(self, to: &Path) -> io::Result<()> {
        let Self { mark, path, file, .. } = self;
        file.sync_all()?;
        Capture::read(&path, mark).map_err(io::Error::other)?;
        host::fs::rename(&path, to)?;
        to.parent().map_or(Ok(()), host::fs::sync_dir)
    }

    /// Checks a snapshot that is there to its last byte, and puts it where a restart would find it; one that is no news is
    /// removed. `before` is called when it is found to be whole, before it takes its name. Blocks on the disk.
    pub(crate) fn finish(
        self,
        ledger: &Mutex<Ledger>,
        before: impl FnOnce(&Path, &Mark) -> io::Result<()>,
    ) -> io::Result<Capture> {
        let Self { mark, path, file, have } = self;
        file.sync_all()?;
        let capture = Capture::read(&path, mark).map_err(io::Error::other)?;
        let mut ledger = ledger.lock();
        let dir = ledger.dir().to_owned();
        if capture.id() <= ledger.at().position.id() {
            host::fs::remove_file(&path)?;
            return Ok(capture);
        }
        before(&dir, &capture.mark)?;
        host::fs::rename(&path, dir.join(capture.id().file_name()))?;
        host::fs::sync_dir(&dir)?;
        ledger.snapshots.written(capture.id());
        tracing::info!(snapshot = capture.id().file_name(), bytes = have, "received a snapshot of the metadata");
        Ok(capture)
    }
}
