//! `ottla` and `ottla serve`: runs a node until a signal comes.

use std::path::Path;

use anyhow::{Context, anyhow};
use config::{NodeConfig, Settings, preset};
use host::signals::Stop;

use crate::Failure;

/// Reads the configuration, runs the node, and stops it cleanly on SIGTERM and Ctrl-C.
pub fn serve(file: Option<&Path>, overrides: &[String]) -> Result<(), Failure> {
    let begun = host::clock::monotonic();
    let config = read(file, overrides)?;
    for (key, nearest) in config.unknown_keys() {
        match nearest {
            Some(nearest) => tracing::warn!("{key} is not a configuration key; is {nearest} meant?"),
            None => tracing::warn!("{key} is not a configuration key"),
        }
    }
    let runtime = host::task::runtime().context("the runtime cannot be started")?;
    runtime.block_on(async {
        let mut stop = Stop::listen().context("signals cannot be caught")?;
        let node = broker::Running::start(config).await?;
        announce(&node, begun.elapsed_ms());
        let failure = tokio::select! {
            signal = stop.requested() => {
                tracing::info!("{signal}: stopping");
                None
            }
            reason = node.failed() => Some(reason),
        };
        if let Some(reason) = failure {
            return Err(anyhow!("the metadata can no longer be written: {reason}").into());
        }
        tokio::select! {
            outcome = node.stop() => Ok(outcome?),
            _ = stop.requested() => Err(anyhow!("stopped before everything was written; the next start recovers").into()),
        }
    })
}

/// The configuration of a file, or of a node of one, with `overrides` on top.
pub fn read(file: Option<&Path>, overrides: &[String]) -> Result<NodeConfig, Failure> {
    let read = match file {
        None => {
            let mut settings: Settings = preset::node_of_one();
            for text in overrides {
                let (key, value) = config::parse_override(text)
                    .map_err(|error| Failure::AskedWrongly(anyhow!(error.plain().to_string())))?;
                settings.insert(key, value);
            }
            NodeConfig::from_settings(settings)
        }
        Some(file) => {
            let text = host::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))
                .map_err(Failure::AskedWrongly)?;
            NodeConfig::from_text(&text, overrides)
        }
    };
    read.map_err(|error| Failure::AskedWrongly(anyhow!(error.plain().to_string())))
}

#[allow(clippy::print_stdout, reason = "the one line for whoever started it")]
fn announce(node: &broker::Running, after_ms: u64) {
    let addresses: Vec<String> = node.addresses().iter().map(ToString::to_string).collect();
    println!(
        "ottla is ready on {} (cluster {}, data in {}, after {after_ms} ms)",
        addresses.join(", "),
        node.cluster_id(),
        node.directories().join(", "),
    );
}
