//! A process in a group of its own, which never outlives its owner.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::stopwatch::Stopwatch;

/// A running program; its stdout and stderr go to one file.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    log: PathBuf,
    started: Stopwatch,
    ended: Arc<(Mutex<Option<ExitStatus>>, Condvar)>,
}

impl Process {
    /// Starts the program; the log is appended to.
    ///
    /// # Errors
    /// Where the program or the log file cannot be opened.
    pub fn start(command: Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let mut command = tied(&command);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        Self::started_as(command, log)
    }

    /// As [`Process::start`], but only stderr goes to the file; what it reads is written here, and what it says is read here.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn talk(command: Command, log: &Path) -> Result<(Self, PipeWriter, PipeReader)> {
        let err = File::options().create(true).append(true).open(log)?;
        let ((stdin, to), (from, stdout)) = (io::pipe()?, io::pipe()?);
        let mut command = tied(&command);
        command.stdin(stdin).stdout(stdout).stderr(err);
        Ok((Self::started_as(command, log)?, to, from))
    }

    fn started_as(mut command: Command, log: &Path) -> Result<Self> {
        command.process_group(0);
        let program = command.get_program().to_owned();
        let started = Stopwatch::start();
        let mut child = spawn(command).with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id();
        let ended = Arc::new((Mutex::new(None), Condvar::new()));
        let tell = Arc::clone(&ended);
        std::thread::spawn(move || {
            let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(-1));
            *lock(&tell.0) = Some(status);
            tell.1.notify_all();
        });
        Ok(Self { pid, log: log.to_owned(), started, ended })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Runs since the program was started.
    pub fn started(&self) -> Stopwatch {
        self.started
    }

    /// Waits at most so long for the end.
    pub fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        let running = self.ended.1.wait_timeout_while(lock(&self.ended.0), limit, |status| status.is_none());
        *running.unwrap_or_else(|poisoned| poisoned.into_inner()).0
    }

    /// SIGTERM, and the exit status.
    ///
    /// # Errors
    /// Where it has not ended within the limit; then it is killed.
    pub fn terminate(&self, limit: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        if let Some(status) = self.wait(limit) {
            return Ok(status);
        }
        self.kill();
        bail!("still running {limit:?} after SIGTERM; its last words:\n{}", self.last_words())
    }

    /// SIGKILL to the whole group, and waits for its end.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        self.wait(Duration::from_secs(10));
    }

    /// SIGSTOP: it lives, and does nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Nothing while it runs.
    ///
    /// # Errors
    /// Where it has ended, with its last words.
    pub fn still_runs(&self) -> Result<()> {
        match self.wait(Duration::ZERO) {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}; its last words:\n{}", self.log.display(), self.last_words()),
        }
    }

    /// The end of the log.
    pub fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
    }

    /// Resident memory in KiB, now and at its height (`VmRSS`, `VmHWM`).
    ///
    /// # Errors
    /// Where the process has ended.
    pub fn resident_kib(&self) -> Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).with_context(|| format!("no {name}"))
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Processor time of all its threads so far, user and system.
    ///
    /// # Errors
    /// Where the process has ended.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let after_name = stat.rsplit_once(')').context("/proc/PID/stat without a name")?.1;
        let mut fields = after_name.split_whitespace().skip(11).map(str::parse::<u64>);
        let (user, system) = (fields.next().context("no utime")??, fields.next().context("no stime")??);
        Ok(Duration::from_secs_f64((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    fn signal(&self, signal: Signal) {
        // Only while it runs: afterwards the number may be someone else's.
        if lock(&self.ended.0).is_none()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            // It may end at this very moment, which is what is wanted.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The same program, which the kernel kills when the thread that started it ends: a judge that is killed cannot clean up itself.
fn tied(command: &Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        tied.current_dir(dir);
    }
    tied
}

/// Starts the program from a thread that lives as long as we do, for checks' threads end while their brokers are still of use.
fn spawn(command: Command) -> Result<Child> {
    type Wish = (Command, Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<Mutex<Sender<Wish>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, wishes) = channel::<Wish>();
        std::thread::spawn(move || {
            for (mut command, answer) in wishes {
                // Whoever asked waits for the answer.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (sender, answer) = channel();
    lock(spawner).send((command, sender)).context("the spawner is gone")?;
    Ok(answer.recv().context("the spawner is gone")??)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
