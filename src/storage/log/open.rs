//! Opens a log, or makes a new one, and leaves it ready for appends (`UnifiedLog.create`).

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use model::{Offset, Timestamp, TopicId};
use parking_lot::{Mutex, RwLock};

use super::files::Place;
use super::recovery::Loader;
use super::{Log, LogConfig, OpenError, Tip, Writer, files};

/// What is known of a log before it is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its directory, made if it is not there.
    pub dir: PathBuf,
    /// Its topic's id; `None` takes what `partition.metadata` says.
    pub topic_id: Option<TopicId>,
    /// Its configuration.
    pub config: LogConfig,
    /// Whether it was closed in order: then the data is not read.
    pub clean: bool,
    /// From `recovery-point-offset-checkpoint`, else 0. Meaningless after an orderly stop.
    pub recovery_point: Offset,
    /// From `log-start-offset-checkpoint`, else 0.
    pub log_start: Offset,
    /// From `replication-offset-checkpoint`, else 0.
    pub high_watermark: Offset,
    /// From `cleaner-offset-checkpoint`, if it is there: up to where the log was compacted.
    pub cleaned_to: Option<Offset>,
}

impl Opening {
    /// A log in `dir` of which nothing else is known: a new one, or one to be checked in full.
    pub fn new(dir: impl Into<PathBuf>, config: LogConfig) -> Self {
        let none = Offset(0);
        Self {
            dir: dir.into(),
            topic_id: None,
            config,
            clean: false,
            recovery_point: none,
            log_start: none,
            high_watermark: none,
            cleaned_to: None,
        }
    }
}

impl Log {
    /// Opens the log, recovering what an unclean stop has left, or makes an empty one.
    ///
    /// Recovery checks every batch from the recovery point on, cuts off what follows the last sound one, and builds
    /// indexes, producers and epochs anew; no complete record is lost (`LogLoader`).
    ///
    /// # Errors
    /// [`OpenError::Metadata`] if the directory belongs to another topic, [`OpenError::Format`] for records of before
    /// Kafka 0.11, [`OpenError::Io`] if the disk fails.
    pub fn open(opening: Opening, now: Timestamp) -> Result<Self, OpenError> {
        let topic_id = claim(&opening)?;
        let place = Arc::new(Place::new(opening.dir.clone()));
        let loaded = Loader::new(&opening, &place, now).load()?;
        let high_watermark = opening.high_watermark.min(loaded.end).max(loaded.start);
        let mut producers = loaded.producers;
        producers.on_high_watermark(high_watermark);
        let (base, size) = loaded.segments.last().map_or((loaded.end, 0), |active| (active.base, active.size()));
        let log = Self {
            place,
            topic_id,
            segments: RwLock::new(loaded.segments),
            tip: RwLock::new(Tip { end: loaded.end, base, size }),
            start: AtomicI64::new(loaded.start.0),
            high_watermark: AtomicI64::new(high_watermark.0),
            first_unstable: AtomicI64::new(i64::MAX),
            recovery_point: AtomicI64::new(loaded.recovery_point.0),
            epochs: RwLock::new(loaded.epochs),
            epochs_dirty: AtomicBool::new(true),
            epochs_unwritten: AtomicBool::new(loaded.epochs_changed),
            writer: Mutex::new(Writer {
                producers,
                snapshots: loaded.snapshots,
                bytes_since_index: 0,
                roll_jitter_ms: opening.config.random_jitter_ms(),
                doomed: loaded.doomed,
                last_flush: now,
                dir_changed: true,
                closed: false,
            }),
            cleaned_to: AtomicI64::new(opening.cleaned_to.map_or(-1, |offset| offset.0)),
            cleaned_to_fell: AtomicBool::new(false),
            cleaning_permit: AtomicU64::new(0),
            cleaning: AtomicBool::new(false),
            uncleanable: AtomicBool::new(false),
            cleaning_paused: AtomicBool::new(false),
            truncations: AtomicU64::new(0),
            lately_read: Mutex::new(Vec::new()),
            failure: OnceLock::new(),
            config: ArcSwap::from_pointee(opening.config),
        };
        log.publish_unstable(&log.writer.lock());
        Ok(log)
    }
}

/// Makes the directory and the two small files that Kafka makes, and checks whose it is.
fn claim(opening: &Opening) -> Result<Option<TopicId>, OpenError> {
    let dir = &opening.dir;
    host::fs::create_dir_all(dir)?;
    match host::fs::File::create_new(dir.join(files::EPOCHS)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    match (files::read_topic_id(dir)?, opening.topic_id) {
        (Some(found), Some(expected)) if found != expected => {
            let message = format!("it belongs to the topic with id {found}, not to {expected}");
            Err(OpenError::Metadata(dir.join(files::METADATA), message))
        }
        (None, Some(id)) => {
            files::write_topic_id(dir, id)?;
            Ok(Some(id))
        }
        (found, _) => Ok(found),
    }
}
