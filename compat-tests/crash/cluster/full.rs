//! A round: the disk of one node is full, and has room again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Cluster;
use super::figures::ms;

/// Enough for the records of some rounds.
const SIZE: &str = "size=256m";
/// How long a node has to end that cannot write any more.
const ENDS: Duration = Duration::from_secs(20);

/// A small disk in memory, in the place of a directory; gone when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// # Errors
    /// Where it must not be mounted, as for everyone but root.
    pub fn mount(at: &Path) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "ottla-judge"]).arg(at).output()?;
        ensure!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr).trim());
        Ok(Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves no room.
    fn fill(&self) -> Result<()> {
        let mut filler = std::fs::File::create(self.filler())?;
        let mut piece = vec![7; 1 << 20];
        while !piece.is_empty() {
            if filler.write(&piece).is_err() {
                piece.truncate(piece.len() / 2);
            }
        }
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, for somebody may still look into it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

impl Cluster<'_> {
    /// Fills the small disk of node 1 under load, and makes room again.
    pub fn full_round(&mut self) -> Result<String> {
        let chosen = self.choose_node(1)?;
        let id = chosen.id;
        let who = format!("{id} ({}) has no room", chosen.role);
        let disk = self.disk.as_ref().context("no small disk")?;
        let at = self.stage.now();
        self.pulses.iter().for_each(|pulse| pulse.forget(at));
        disk.fill()?;
        let missed = self.missed(id, at, &who)?;
        let ended = self.nodes.process(id)?.wait(ENDS);
        let mut told = format!("{who}:");
        told += &self.told("full disk", &chosen, at)?;
        told += &format!(" in no ISR after {} ms;", ms(missed));
        told += &match ended {
            Some(status) => format!(" it ended with {status};"),
            None => " it still runs;".to_owned(),
        };
        self.nodes.kill(id)?;
        self.disk.as_ref().context("no small disk")?.clear()?;
        let (back, again) = self.bring_back(id)?;
        self.figures.add("back in every ISR with room", back);
        self.figures.add("longest silence while one comes back", again);
        Ok(told + &format!(" back in every ISR {} ms after its start with room", ms(back)))
    }
}
