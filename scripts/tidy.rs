//! What no compiler checks: arrows between crates, banned dependencies, long files, stray words.

mod arrows;
mod sources;

use anyhow::Result;

use crate::tally::Tally;

/// Prints every fault, one a line; each rule is one check.
///
/// # Errors
/// Where cargo or git cannot be asked.
pub fn tidy() -> Result<Tally> {
    let rules = [
        ("arrows between crates", arrows::faults()?),
        ("length of files", sources::long_files()?),
        ("stray words", sources::stray_words()?),
        ("effects in pure crates", sources::effects_in_pure_crates()?),
    ];
    let mut tally = Tally::default();
    for (rule, faults) in rules {
        for fault in &faults {
            println!("{rule}: {fault}");
        }
        tally += Tally::one(faults.is_empty());
    }
    Ok(tally)
}
