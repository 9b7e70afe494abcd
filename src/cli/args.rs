//! What may stand on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// A broker that speaks Apache Kafka's protocol.
///
/// Without a command it runs a node of one on 127.0.0.1:9092 with its data in ./ottla-data.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, args_conflicts_with_subcommands = false)]
pub struct Args {
    /// What to do; a node of one with defaults is run without it.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Sets a key over the defaults, as `key=value`; may be repeated.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// How log lines look on stderr; RUST_LOG says how many there are.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line, for machines.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a node.
    Serve(Serve),
    /// Formats the log directories of a node, as `kafka-storage format` does.
    Format(Format),
}

/// Runs a node.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Kafka's `server.properties`, as it is.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets a key over the file, as `key=value`; may be repeated.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

/// Formats the log directories of a node.
#[derive(Debug, clap::Args)]
pub struct Format {
    /// The cluster's id; `random` makes one.
    #[arg(long, short = 't', value_name = "ID")]
    pub cluster_id: String,
    /// Kafka's `server.properties`, as it is.
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// This node alone is the first voter of a dynamic quorum.
    #[arg(long, short)]
    pub standalone: bool,
    /// Leaves directories that are formatted already as they are.
    #[arg(long, short = 'g')]
    pub ignore_formatted: bool,
    /// Sets the level of a feature, as `name=level`; may be repeated.
    #[arg(long, short = 'f', value_name = "NAME=LEVEL")]
    pub feature: Vec<String>,
}
