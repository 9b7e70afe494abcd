//! A partition's log on disk: segments, indexes, recovery, retention, checkpoints.

pub mod checkpoints;
pub mod dirs;
pub mod log;
pub mod manager;
pub mod meta_properties;
mod properties;
