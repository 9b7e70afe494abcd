//! A temporary directory that is gone in the end, unless the check failed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tempfile::TempDir;

/// Everything one check leaves on disk.
#[derive(Debug)]
pub struct Scratch {
    dir: Option<TempDir>,
    path: PathBuf,
    keep: AtomicBool,
}

impl Scratch {
    /// A fresh directory whose name tells whose it is.
    ///
    /// # Errors
    /// Where the system's temporary directory does not take one.
    pub fn new(name: &str) -> Result<Self> {
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let dir = tempfile::Builder::new().prefix(&format!("ottla-{safe}-")).tempdir()?;
        Ok(Self { path: dir.path().to_owned(), dir: Some(dir), keep: AtomicBool::new(false) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From now on the directory survives, for someone to look at.
    pub fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(mut dir) = self.dir.take() {
            dir.disable_cleanup(self.keep.load(Ordering::Relaxed));
        }
    }
}
