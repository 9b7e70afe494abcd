//! Figures of directories and logs, for DescribeLogDirs (KIP-113, KIP-827).

use std::path::PathBuf;
use std::sync::Arc;

use model::{DirectoryId, TopicPartition};

use super::{Hosted, Logs};
use crate::dirs::LogDir;

/// A directory and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirInfo {
    /// Where it is.
    pub path: PathBuf,
    /// Its id.
    pub id: DirectoryId,
    /// Whether it has failed; then the rest says nothing.
    pub is_offline: bool,
    /// Bytes of its volume, and those still usable; -1 if the volume does not tell.
    pub total_bytes: i64,
    /// Bytes still usable.
    pub usable_bytes: i64,
    /// The logs in it, in the order of their names.
    pub logs: Vec<LogInfo>,
}

/// A log in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogInfo {
    /// The partition.
    pub id: TopicPartition,
    /// Bytes of all segments.
    pub size: u64,
    /// How far the log's end lies behind its high watermark, or a copy's behind its original; -1 if that is not here.
    pub offset_lag: i64,
    /// Whether it is the copy of a partition on its way from another directory.
    pub is_future: bool,
}

impl Logs {
    /// All directories, and the figures of all logs in them.
    pub fn describe(&self) -> Vec<DirInfo> {
        let (logs, futures) = (self.all_hosted(), self.all_futures());
        let describe = |dir: &Arc<LogDir>| {
            let space = host::fs::total_and_usable_space(dir.path()).ok().filter(|_| dir.is_online());
            let bytes = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let is_here = |(_, hosted): &&(TopicPartition, Hosted)| Arc::ptr_eq(&hosted.dir, dir) && dir.is_online();
            let current = logs.iter().filter(is_here).map(|(at, hosted)| {
                let lag = hosted.log.high_watermark().0 - hosted.log.end_offset().0;
                LogInfo { id: at.clone(), size: hosted.log.size(), offset_lag: lag.max(0), is_future: false }
            });
            let future = futures.iter().filter(is_here).map(|(at, hosted)| {
                let original = self.get(at).filter(|log| !log.is_offline());
                let lag = original.map_or(-1, |log| log.end_offset().0 - hosted.log.end_offset().0);
                LogInfo { id: at.clone(), size: hosted.log.size(), offset_lag: lag, is_future: true }
            });
            let mut here: Vec<LogInfo> = current.chain(future).collect();
            here.sort_by(|one, other| one.id.cmp(&other.id));
            DirInfo {
                path: dir.path().to_owned(),
                id: dir.id(),
                is_offline: !dir.is_online(),
                total_bytes: space.map_or(-1, |(total, _)| bytes(total)),
                usable_bytes: space.map_or(-1, |(_, usable)| bytes(usable)),
                logs: here,
            }
        };
        self.dirs().map(describe).collect()
    }
}
