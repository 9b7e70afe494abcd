//! Counts what passed and what failed.

use std::fmt;
use std::ops::AddAssign;

/// How many checks passed and failed; printed as `N passed, N failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// One check.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    pub fn is_green(self) -> bool {
        self.failed == 0
    }

    /// Reads our own form, `N passed, N failed`, and cargo's, `test result: ok. N passed; N failed; ...`; other lines are none.
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let (line, separator) = match line.strip_prefix("test result: ") {
            Some(rest) => (rest.split_once(". ")?.1, "; "),
            None => (line, ", "),
        };
        let (passed, rest) = line.split_once(" passed")?;
        let failed = rest.strip_prefix(separator)?;
        let failed = failed.split_once(" failed")?.0;
        Some(Self { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
    }

    /// A program that failed without naming a failed check counts as one.
    pub fn with_exit(mut self, succeeded: bool) -> Self {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_nothing_else() {
        let cases = [
            ("3 passed, 1 failed", Some(Tally { passed: 3, failed: 1 })),
            ("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured", Some(Tally { passed: 7, failed: 2 })),
            ("running 3 tests", None),
            ("a passed, b failed", None),
        ];
        for (line, expected) in cases {
            assert_eq!(Tally::read(line), expected, "{line}");
        }
    }
}
