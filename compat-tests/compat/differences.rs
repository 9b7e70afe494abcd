//! Where Ottla's answers may differ from Apache Kafka's, each with its reason; the list may only shrink.

/// A kind of line that is left out on both sides before they are compared.
pub struct Difference {
    /// The check it is seen in, or the first words of its name.
    pub script: &'static str,
    /// A regular expression of the line.
    pub line: &'static str,
    #[expect(dead_code, reason = "it is written for the reader")]
    pub reason: &'static str,
}

/// Empty is the aim.
pub const LISTED: &[Difference] = &[
    Difference {
        script: "directory",
        line: r"^offset at 0: rolls:0:",
        reason: "After DeleteRecords, Apache Kafka's lookup by time ends in the first segment that is new enough, finds nothing there when all of it \
             lies below the log's start, and answers no offset until retention has removed that segment (UnifiedLog.fetchOffsetByTimestamp). \
             Ottla answers the first record that can be read.",
    },
    Difference {
        script: "tools cluster",
        line: r"Topic: cr-\S+\s+Partition: \d+\s+Leader: \d\s+Replicas: \d\s+Isr: \d\s",
        reason: "Apache Kafka keeps a replica among the eligible leaders that a reassignment has taken away; it can never be elected.",
    },
];

/// The lines that are left out of what a script, or a check of that first word, compares.
pub fn listed(name: &str) -> anyhow::Result<Vec<regex::Regex>> {
    let mine = LISTED.iter().filter(|it| name.starts_with(it.script));
    Ok(mine.map(|it| regex::Regex::new(it.line)).collect::<Result<_, _>>()?)
}
