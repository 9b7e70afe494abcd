//! `server.properties`, the one file that Apache Kafka and Ottla are started with.

use std::fmt::Write;
use std::path::Path;

/// How the quorum of one is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// `controller.quorum.bootstrap.servers`; the voters are in the log (KIP-853), formatted with `--standalone`.
    Dynamic,
    /// `controller.quorum.voters`.
    Static,
}

/// A node of one, as its file says.
#[derive(Clone, Debug)]
pub struct Layout {
    pub node_id: i32,
    pub cluster_id: String,
    pub quorum: Quorum,
    /// How many `log.dirs`.
    pub dirs: usize,
    /// Keys over our own.
    pub extra: Vec<(String, String)>,
}

impl Default for Layout {
    /// Other ids than anybody's defaults, so that a default that stands for a read value is found.
    fn default() -> Self {
        Self {
            node_id: 7,
            cluster_id: "MkU3OEVBNTcwNTJENDM2Qg".to_owned(),
            quorum: Quorum::Dynamic,
            dirs: 1,
            extra: Vec::new(),
        }
    }
}

impl Layout {
    /// One more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.extra.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The file for these ports, with its log directories under `dir`.
    pub fn text(&self, dir: &Path, port: u16, controller_port: u16) -> String {
        let (id, at) = (self.node_id, format!("127.0.0.1:{controller_port}"));
        let dirs: Vec<String> = (0..self.dirs).map(|n| dir.join(format!("data-{n}")).display().to_string()).collect();
        let mut rows = vec![
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", id.to_string()),
            ("listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://{at}")),
            ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://{at}")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
            match self.quorum {
                Quorum::Dynamic => ("controller.quorum.bootstrap.servers", at),
                Quorum::Static => ("controller.quorum.voters", format!("{id}@{at}")),
            },
            ("log.dirs", dirs.join(",")),
            ("num.partitions", "4".to_owned()),
            ("offsets.topic.replication.factor", "1".to_owned()),
            ("transaction.state.log.replication.factor", "1".to_owned()),
            ("transaction.state.log.min.isr", "1".to_owned()),
            ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
            ("share.coordinator.state.topic.min.isr", "1".to_owned()),
            ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ];
        rows.retain(|(key, _)| !self.extra.iter().any(|(other, _)| other == key));
        let extra = self.extra.iter().map(|(key, value)| (key.as_str(), value.clone()));
        rows.into_iter().chain(extra).fold(String::new(), |mut text, (key, value)| {
            // A String takes everything.
            let _ = writeln!(text, "{key}={value}");
            text
        })
    }
}
