//! Runs checks side by side, one line each, and a table of those that failed at the end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;

use super::stopwatch::Stopwatch;

/// One question to the broker, answered by `Ok` with a remark (empty: none) or by an error that says what is wrong.
pub struct Check<'a> {
    pub name: String,
    pub run: Box<dyn Fn() -> Result<String> + Send + Sync + 'a>,
}

impl<'a> Check<'a> {
    pub fn new(name: impl Into<String>, run: impl Fn() -> Result<String> + Send + Sync + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

impl std::fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    rows: Mutex<Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    name: String,
    took: Duration,
    fault: Option<String>,
}

impl Report {
    /// Runs the checks on so many threads; a panic is a failure too.
    #[expect(clippy::print_stdout, reason = "the report is for the person at the terminal")]
    pub fn run(&self, checks: &[Check<'_>], threads: usize) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, checks.len().max(1)) {
                scope.spawn(|| {
                    while let Some(check) = checks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let watch = Stopwatch::start();
                        let result = catch_unwind(AssertUnwindSafe(|| (check.run)()))
                            .unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked, see above")));
                        let took = watch.elapsed();
                        let (mark, remark, fault) = match result {
                            Ok(remark) => ("ok    ", remark, None),
                            Err(error) => ("FAILED", String::new(), Some(format!("{error:#}"))),
                        };
                        let row = Row { name: check.name.clone(), took, fault };
                        let mut rows = self.rows.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                        println!("{mark} {:>6.2} s  {}  {remark}", took.as_secs_f64(), row.name);
                        // At once too, for a long run may be broken off.
                        row.fault.iter().for_each(|fault| println!("{fault}"));
                        rows.push(row);
                    }
                });
            }
        });
    }

    /// Prints what failed and why, then `N passed, N failed` as the last line; whether all passed.
    #[expect(clippy::print_stdout, reason = "the report is for the person at the terminal")]
    pub fn conclude(&self) -> bool {
        let rows = self.rows.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let failed: Vec<&Row> = rows.iter().filter(|row| row.fault.is_some()).collect();
        for row in &failed {
            println!(
                "\n-- {} ({:.2} s)\n{}",
                row.name,
                row.took.as_secs_f64(),
                row.fault.as_deref().unwrap_or_default()
            );
        }
        println!("\n{} passed, {} failed", rows.len() - failed.len(), failed.len());
        failed.is_empty()
    }
}
