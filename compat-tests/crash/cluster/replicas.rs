//! Whether the directories of all nodes hold the same batches at the same offsets, read without asking a broker.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::nodes::Nodes;
use crate::kit::segments::segments;
use crate::raw::batch_sets;

/// Compares the partitions of these topics; how many batches there are. The nodes are stopped.
///
/// # Errors
/// With the first batch that is not the same everywhere.
pub fn agree(nodes: &Nodes, topics: &[(&str, i32)]) -> Result<u64> {
    let dirs = nodes.ids().into_iter().map(|id| Ok((id, nodes.log_dir(id)?))).collect::<Result<Vec<_>>>()?;
    let (first, others) = dirs.split_first().context("no nodes")?;
    let mut batches = 0;
    for (topic, partitions) in topics {
        for partition in (0..*partitions).map(|index| format!("{topic}-{index}")) {
            let bytes = log(&first.1.join(&partition))?;
            for (id, dir) in others {
                same(&bytes, &log(&dir.join(&partition))?)
                    .with_context(|| format!("{partition} of node {} against node {id}", first.0))?;
            }
            batches += batch_sets(&bytes).count() as u64;
        }
    }
    Ok(batches)
}

/// All segments of a partition, one behind the other.
pub fn log(folder: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for path in segments(folder)?.into_values() {
        bytes.extend(std::fs::read(path)?);
    }
    Ok(bytes)
}

fn same(one: &[u8], other: &[u8]) -> Result<()> {
    let (mut ours, mut theirs) = (batch_sets(one), batch_sets(other));
    loop {
        match (ours.next(), theirs.next()) {
            (Some(a), Some(b)) => ensure!(
                a.bytes == b.bytes,
                "at offset {} there are {} records of epoch {}, and at {} there are {} of epoch {}",
                a.base,
                a.offsets,
                epoch(a.bytes),
                b.base,
                b.offsets,
                epoch(b.bytes)
            ),
            (None, None) => {
                let whole = |bytes| batch_sets(bytes).map(|batch| batch.bytes.len()).sum::<usize>();
                ensure!(whole(one) == one.len() && whole(other) == other.len(), "half a batch is at the end");
                return Ok(());
            }
            (a, b) => {
                let at = |it: Option<crate::raw::batch::Whole<'_>>| it.map(|it| it.base);
                anyhow::bail!("one goes on at {:?}, the other at {:?}", at(a), at(b));
            }
        }
    }
}

/// The partition leader epoch in a batch's header.
fn epoch(batch: &[u8]) -> i32 {
    batch.get(12..).and_then(<[u8]>::first_chunk).map_or(-1, |bytes| i32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::batch;

    #[test]
    fn another_record_a_missing_one_and_a_torn_one_are_seen() {
        let of = |values: &[&str]| batch(values.iter().map(|it| it.as_bytes()), None, 1).unwrap();
        let (a, b) = (of(&["a"]), of(&["b"]));
        let two = [&a[..], &b].concat();
        assert!(same(&two, &two).is_ok());
        assert!(same(&two, &[&a[..], &a].concat()).is_err());
        assert!(same(&two, &a).is_err());
        assert!(same(&two[..two.len() - 1], &two[..two.len() - 1]).is_err());
    }
}
