//! `ottla format`: makes log directories ready for a node, as `kafka-storage format` does.

use anyhow::{Context, anyhow};

use crate::args::Format;
use crate::{Failure, serve};

/// Formats what the configuration names.
#[allow(clippy::print_stdout, reason = "the answer to whoever asked")]
pub fn format(args: Format) -> Result<(), Failure> {
    let config = serve::read(Some(&args.config), &[])?;
    let cluster_id = match args.cluster_id.as_str() {
        "random" => host::dice::uuid().to_string(),
        id => id.to_owned(),
    };
    let mut features = Vec::new();
    for feature in &args.feature {
        let level = feature.split_once('=').and_then(|(name, level)| Some((name.to_owned(), level.parse().ok()?)));
        features.push(level.ok_or_else(|| {
            Failure::AskedWrongly(anyhow!("{feature:?} is no feature: NAME=LEVEL is expected, such as kraft.version=1"))
        })?);
    }
    let done = broker::format(&config, &cluster_id, args.standalone, args.ignore_formatted, features)
        .context("formatting failed")?;
    for line in done {
        println!("{line}");
    }
    Ok(())
}
