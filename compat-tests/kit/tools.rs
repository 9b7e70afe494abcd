//! Apache Kafka's command-line tools, all in one JVM.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::jars;

/// No call of a tool takes longer, or it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What a tool or a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Its stdout, where it ended well.
    ///
    /// # Errors
    /// Where it did not, with all it said.
    pub fn ok(self) -> Result<String> {
        if self.status != 0 {
            bail!("exit {}\n{}{}", self.status, self.stdout, self.stderr);
        }
        Ok(self.stdout)
    }
}

/// A JVM that runs the main classes of tools, several at a time; it ends when this is dropped.
#[derive(Debug)]
pub struct Tools {
    child: Child,
    stdin: Mutex<Option<(ChildStdin, i32)>>,
    waiting: Arc<Mutex<BTreeMap<i32, Sender<Output>>>>,
}

impl Tools {
    /// Starts the JVM, which takes about half a second and is not waited for.
    ///
    /// # Errors
    /// Where Kafka's jars cannot be had or no JVM starts.
    pub fn start() -> Result<Self> {
        let mut command = jars::ensure()?.java(512, "ERROR");
        command.arg("Launcher").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).process_group(0);
        let mut child = command.spawn().context("java cannot be run: `cargo x setup` installs it")?;
        let stdin = child.stdin.take().context("the JVM has no stdin")?;
        let stdout = child.stdout.take().context("the JVM has no stdout")?;
        let waiting = Arc::new(Mutex::new(BTreeMap::new()));
        let answered = Arc::clone(&waiting);
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Ok((id, output)) = answer(&mut stdout) {
                let sender: Option<Sender<Output>> = lock(&answered).remove(&id);
                // Nobody waits any more where the call took too long.
                sender.map(|sender| sender.send(output));
            }
            lock(&answered).clear();
        });
        Ok(Self { child, stdin: Mutex::new(Some((stdin, 0))), waiting })
    }

    /// Runs a main class with these words and gives what it said.
    ///
    /// # Errors
    /// Where the JVM is gone or the tool does not end; that a tool fails is in the output's status.
    pub fn run(&self, main: &str, args: &[&str]) -> Result<Output> {
        let said = self.begin(main, args)?;
        said.recv_timeout(LIMIT).with_context(|| format!("{main} {args:?} did not end"))
    }

    /// Runs a main class beside whatever else is run; what it said comes when it has ended.
    ///
    /// # Errors
    /// Where the JVM is gone.
    pub fn begin(&self, main: &str, args: &[&str]) -> Result<Receiver<Output>> {
        let mut guard = lock(&self.stdin);
        let (stdin, last) = guard.as_mut().context("the JVM is gone")?;
        *last += 1;
        let (sender, receiver) = channel();
        lock(&self.waiting).insert(*last, sender);
        let mut request = last.to_be_bytes().to_vec();
        request.extend(u32::try_from(args.len() + 1)?.to_be_bytes());
        for word in std::iter::once(&main).chain(args) {
            request.extend(u32::try_from(word.len())?.to_be_bytes());
            request.extend(word.as_bytes());
        }
        stdin.write_all(&request)?;
        stdin.flush()?;
        Ok(receiver)
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // Without its stdin it ends by itself; the kill is for one that cannot.
        *lock(&self.stdin) = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(from: &mut BufReader<ChildStdout>) -> Result<(i32, Output)> {
    let mut number = || -> Result<i32> {
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes)?;
        Ok(i32::from_be_bytes(bytes))
    };
    let (id, status) = (number()?, number()?);
    let stdout = text(from)?;
    let stderr = text(from)?;
    Ok((id, Output { status, stdout, stderr }))
}

fn text(from: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    from.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
