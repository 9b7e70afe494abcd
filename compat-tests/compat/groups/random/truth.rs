//! What all members of a group together know, and what must hold of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};

use super::super::watch::Committed;

/// One group, as its members saw it.
#[derive(Debug, Default)]
pub struct Truth {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Owners by generation and partition.
    owners: BTreeMap<(i32, i32), String>,
    /// The highest acknowledged offset of each partition.
    acknowledged: Committed,
    /// Who has an assignment, by thread.
    at_work: BTreeSet<String>,
}

impl Truth {
    /// A member was given these partitions.
    ///
    /// # Errors
    /// Where one of them is another's in the same generation.
    pub fn owns(&self, member: &str, generation: i32, partitions: &[i32]) -> Result<()> {
        let mut inner = self.lock();
        for partition in partitions {
            let owner = inner.owners.entry((generation, *partition)).or_insert_with(|| member.to_owned());
            ensure!(owner == member, "partition {partition} is {owner}'s and {member}'s in generation {generation}");
        }
        Ok(())
    }

    /// A commit was acknowledged.
    pub fn acknowledged(&self, partition: i32, offset: i64) {
        let mut inner = self.lock();
        let last = inner.acknowledged.entry(partition).or_default();
        *last = (*last).max(offset);
    }

    /// The highest acknowledged offset of each partition.
    pub fn committed(&self) -> Committed {
        self.lock().acknowledged.clone()
    }

    /// How many generations had an owner.
    pub fn generations(&self) -> usize {
        self.lock().owners.keys().map(|(generation, _)| generation).collect::<BTreeSet<_>>().len()
    }

    pub fn works(&self, name: &str, does: bool) {
        let mut inner = self.lock();
        if does {
            inner.at_work.insert(name.to_owned());
        } else {
            inner.at_work.remove(name);
        }
    }

    /// How many members have an assignment, as far as they know.
    pub fn at_work(&self) -> usize {
        self.lock().at_work.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
