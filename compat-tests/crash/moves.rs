//! Has partitions move between the directories of a node while they are written, until it is killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use kafka_protocol::messages::AlterReplicaLogDirsRequest;
use kafka_protocol::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use kafka_protocol::protocol::StrBytes;

use super::{PARTITIONS, TOPIC};
use crate::dice::Dice;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin};

/// The most time between two requests, in milliseconds.
const SELDOM: u64 = 60;

/// Who asks for moves; where there are no directories to move between, nobody.
pub struct Moves {
    dirs: Option<Vec<PathBuf>>,
    dice: Dice,
    begun: u64,
    arrived: u64,
}

impl Moves {
    pub fn new(dirs: Option<Vec<PathBuf>>, dice: &mut Dice) -> Self {
        Self { dirs, dice: Dice::new(dice.roll()), begun: 0, arrived: 0 }
    }

    /// Moves partitions to and fro until so much time has passed.
    pub fn until(&mut self, address: &str, watch: Stopwatch, after: Duration) {
        if let Some(dirs) = self.dirs.clone() {
            // That a broker which starts does not answer yet ends no round.
            let _ = self.go(&dirs, address, watch, after);
        }
        pause::until(watch, after);
    }

    fn go(&mut self, dirs: &[PathBuf], address: &str, watch: Stopwatch, after: Duration) -> Result<()> {
        let mut connection = Connection::open(address)?;
        let mut targets = vec![None; usize::try_from(PARTITIONS)?];
        while watch.left_of(after).is_some() {
            let index = self.dice.below(PARTITIONS.unsigned_abs().into());
            let Some(target) = targets.get_mut(usize::try_from(index)?) else { continue };
            let place = dirs.iter().position(|dir| dir.join(format!("{TOPIC}-{index}")).is_dir());
            // Mostly what is under way may arrive; now and then it is taken back.
            let is_under_way = target.is_some() && *target != place;
            if !is_under_way || self.dice.below(8) == 0 {
                self.arrived += u64::from(target.is_some() && *target == place);
                let to = place.map_or(0, |place| (place + 1) % dirs.len());
                let path = dirs.get(to).map(|dir| dir.display().to_string()).unwrap_or_default();
                let topic = AlterReplicaLogDirTopic::default().with_name(admin::name(TOPIC));
                let dir = AlterReplicaLogDir::default()
                    .with_path(StrBytes::from_string(path))
                    .with_topics(vec![topic.with_partitions(vec![i32::try_from(index)?])]);
                connection.call(2, &AlterReplicaLogDirsRequest::default().with_dirs(vec![dir]))?;
                *target = Some(to);
                self.begun += 1;
            }
            let next = watch.elapsed() + Duration::from_millis(self.dice.below(SELDOM));
            pause::until(watch, next.min(after));
        }
        Ok(())
    }

    /// How many there were.
    pub fn told(&self) -> String {
        format!("{} moves were asked for, {} were seen to arrive", self.begun, self.arrived)
    }
}

/// Whether a partition lies in a directory.
pub fn has_logs(dir: &Path) -> bool {
    let names = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name());
    names.into_iter().any(|name| {
        let name = name.to_string_lossy();
        name.rsplit_once('-').is_some_and(|(_, index)| index.parse::<i32>().is_ok()) && !name.starts_with("__cluster")
    })
}
