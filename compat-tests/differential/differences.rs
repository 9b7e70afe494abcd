//! Where the judged broker may answer something else than Apache Kafka, each with its reason; the list may only shrink.

/// A kind of line that may stand on one side only.
pub struct Difference {
    /// A regular expression of the step's name.
    pub step: &'static str,
    /// A regular expression of the line.
    pub line: &'static str,
    pub reason: &'static str,
}

/// An entry that is of no use any more fails the check.
pub const LISTED: &[Difference] = &[];
