//! Which key somebody may have meant who wrote one that does not exist.

use crate::{Scope, keys};

/// The broker key nearest to `name` by edit distance, if one is near enough to be a slip of the pen.
pub fn nearest_key(scope: Scope, name: &str) -> Option<&'static str> {
    let bound = name.chars().count() / 3;
    keys(scope).map(|key| (distance(name, key.name), key.name)).min().filter(|(d, _)| *d <= bound).map(|(_, key)| key)
}

/// How many characters must be inserted, removed, replaced or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, ca) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (at(&above, j) + usize::from(ca != *cb)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = j > 0 && last == Some(*cb) && b.get(j - 1) == Some(&ca);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
        last = Some(ca);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_find_their_key() {
        for (written, meant) in [
            ("log.retention.hour", Some("log.retention.hours")),
            ("advertised.listener", Some("advertised.listeners")),
            ("log.dris", Some("log.dirs")),
            ("num.partition", Some("num.partitions")),
            ("zookeeper.connect", None),
            ("my.plugin.setting", None),
        ] {
            assert_eq!(nearest_key(Scope::Broker, written), meant, "{written}");
        }
    }
}
