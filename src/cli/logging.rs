//! Log lines to stderr: as many as RUST_LOG says, as text or as JSON.

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// From now on log lines go to stderr.
pub fn start(format: LogFormat) {
    // openraft tells of every message that an absent voter does not answer; the quorum says what of it matters.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,openraft=off"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
