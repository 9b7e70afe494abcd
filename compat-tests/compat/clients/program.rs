//! A client's program while it runs: what it says, line by line, and when it may go on.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::kit::process::Process;

/// Longer than any scenario on a busy machine; the programs themselves give up after half of it.
pub const LIMIT: Duration = Duration::from_secs(90);

/// A program of `clients/`; it is killed when dropped.
#[derive(Debug)]
pub struct Program {
    process: Process,
    stdin: PipeWriter,
    said: Arc<(Mutex<Said>, Condvar)>,
    log: PathBuf,
}

#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    over: bool,
}

impl Program {
    /// Starts it with the words of the contract; `name` is that of its log in the folder.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(mut command: Command, words: &[&str], folder: &Path, name: &str) -> Result<Self> {
        let log = folder.join(name);
        command.args(words).current_dir(folder);
        let (process, stdin, stdout) = Process::talk(command, &log)?;
        let said = Arc::<(Mutex<Said>, Condvar)>::default();
        let heard = Arc::clone(&said);
        std::thread::spawn(move || listen(stdout, &heard));
        Ok(Self { process, stdin, said, log })
    }

    /// Waits until it says `ready` for the nth time.
    ///
    /// # Errors
    /// Where it ends or the time is over before.
    pub fn ready(&self, nth: usize) -> Result<()> {
        let count = |said: &Said| said.lines.iter().filter(|line| *line == "ready").count();
        let waits = |said: &mut Said| count(said) < nth && !said.over;
        let waited = self.said.1.wait_timeout_while(lock(&self.said.0), LIMIT, waits);
        let (said, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if count(&said) < nth {
            let words = if said.over { "it ended".to_owned() } else { format!("{LIMIT:?} were over") };
            bail!("{words} before it was ready; its last words:\n{}", self.last_words());
        }
        Ok(())
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn go_on(&mut self) -> Result<()> {
        self.stdin.write_all(b"\n").with_context(|| format!("it has ended; its last words:\n{}", self.last_words()))
    }

    /// What it has said until now.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn lines(&self) -> Result<Vec<String>> {
        let said = lock(&self.said.0);
        if said.over {
            bail!("it ended after {} lines; its last words:\n{}", said.lines.len(), self.last_words());
        }
        Ok(said.lines.clone())
    }

    /// Waits until it has ended well, and gives all that it said.
    ///
    /// # Errors
    /// Where it ends badly, or not at all.
    pub fn end(&self) -> Result<Vec<String>> {
        match self.process.wait(LIMIT) {
            Some(status) if status.success() => {}
            Some(status) => bail!("it ended with {status}:\n{}", self.last_words()),
            None => bail!("it still runs after {LIMIT:?}; its last words:\n{}", self.last_words()),
        }
        let over = self.said.1.wait_while(lock(&self.said.0), |said| !said.over);
        Ok(over.unwrap_or_else(PoisonError::into_inner).lines.clone())
    }

    fn last_words(&self) -> String {
        format!("{}\n(all of it: {})", self.process.last_words(), self.log.display())
    }
}

fn listen(stdout: PipeReader, said: &(Mutex<Said>, Condvar)) {
    for line in BufReader::new(stdout).split(b'\n') {
        let Ok(line) = line else { break };
        lock(&said.0).lines.push(String::from_utf8_lossy(&line).into_owned());
        said.1.notify_all();
    }
    lock(&said.0).over = true;
    said.1.notify_all();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
