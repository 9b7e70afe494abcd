//! How long things took, as distributions.

use std::collections::BTreeMap;
use std::time::Duration;

/// What took so long, by its name.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<String, Vec<Duration>>);

impl Figures {
    pub fn add(&mut self, name: impl Into<String>, took: Duration) {
        self.0.entry(name.into()).or_default().push(took);
    }

    /// One line each: how many, median, nine of ten, worst.
    pub fn lines(&self) -> Vec<String> {
        let width = self.0.keys().map(String::len).max().unwrap_or_default();
        let head = format!("{:width$} {:>6} {:>9} {:>9} {:>9}", "in ms", "times", "median", "9 of 10", "worst");
        let line = |(name, all): (&String, &Vec<Duration>)| {
            let mut all = all.clone();
            all.sort();
            let at = |part: usize| ms(all.get((all.len() - 1) * part / 10).copied().unwrap_or_default());
            format!("{name:width$} {:>6} {:>9} {:>9} {:>9}", all.len(), at(5), at(9), at(10))
        };
        std::iter::once(head).chain(self.0.iter().map(line)).collect()
    }
}

/// Whole milliseconds.
pub fn ms(took: Duration) -> String {
    took.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_worst_are_of_those_that_were_seen() {
        let mut figures = Figures::default();
        for n in [5, 1, 3, 2, 400] {
            figures.add("commit", Duration::from_millis(n));
        }
        let line = figures.lines().pop().unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["commit", "5", "3", "5", "400"]);
    }
}
