//! What every judge needs: brokers to start and stop, Kafka's tools, kcat, scratch directories, a report.

pub mod broker;
pub mod cache;
pub mod cluster;
pub mod dumped;
pub mod go;
pub mod home;
pub mod jars;
pub mod kcat;
pub mod port;
pub mod process;
pub mod properties;
pub mod report;
pub mod scratch;
pub mod segments;
pub mod stopwatch;
pub mod tools;

pub use broker::{Broker, Kind, Layout, Quorum};
pub use cluster::Cluster;
pub use report::{Check, Report};
pub use scratch::Scratch;
pub use stopwatch::Stopwatch;
pub use tools::{Output, Tools};
