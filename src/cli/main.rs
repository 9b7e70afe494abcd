//! The `ottla` program: reads what it is told, starts a node, and stops it when asked.

mod args;
mod format;
mod logging;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// It failed.
const FAILED: u8 = 1;
/// It was asked wrongly.
const ASKED_WRONGLY: u8 = 2;

/// Why the program ends.
enum Failure {
    Failed(anyhow::Error),
    AskedWrongly(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    logging::start(args.log_format);
    let outcome = match args.command {
        None => serve::serve(None, &args.overrides),
        Some(Command::Serve(serve)) => {
            let overrides: Vec<String> = args.overrides.into_iter().chain(serve.overrides).collect();
            serve::serve(serve.config.as_deref(), &overrides)
        }
        Some(Command::Format(format)) => format::format(format),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => {
            tracing::error!("{error:#}");
            ExitCode::from(FAILED)
        }
        Err(Failure::AskedWrongly(error)) => {
            tracing::error!("{error:#}");
            ExitCode::from(ASKED_WRONGLY)
        }
    }
}
