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
pub const LISTED: &[Difference] = &[
    Difference {
        step: r"^headers: (a client id of length -2|Metadata 1 with a list of length -2|a client id that is no UTF-8)$",
        line: r"",
        reason: "A length below -1, or a text that is no UTF-8, is a broken request here and closes the connection; Apache Kafka reads it as null or mends it.",
    },
    Difference {
        step: r"CreateTopics v. no time$",
        line: r"error_(code|message)",
        reason: "A timeout of 0 is no reason to refuse: the answer is ready at once.",
    },
    Difference {
        step: r"Metadata v0 all$",
        line: r"",
        reason: "No client can ask version 0 for null topics; Apache Kafka closes the connection, here it is answered.",
    },
    Difference {
        step: r"Metadata v[0-9]+ (by id|by strange id|by id zero|by id with another name)$",
        line: r"",
        reason: "Ids in versions that do not know them, or beside names: Apache Kafka fails on its own answer (UNKNOWN_SERVER_ERROR, or the connection closes); here it is INVALID_REQUEST, or the name counts.",
    },
    Difference {
        step: r"Metadata v[0-9]+ made by asking$",
        line: r"",
        reason: "A topic that is made by asking is in the answer at once; Apache Kafka answers UNKNOWN_TOPIC_OR_PARTITION first.",
    },
    Difference {
        step: r"Produce v9 p-",
        line: r"error_message",
        reason: "Refused records are told in words of our own.",
    },
    Difference {
        step: r"Produce v[0-9]+ (the same twice|the topic twice|no partitions)$",
        line: r"",
        reason: "Each entry of a request is answered where it stands; Apache Kafka keeps the last of equal ones in a map and drops topics without partitions.",
    },
    Difference {
        step: r"Fetch v[0-9]+ (partition )?max ",
        line: r"bytes of a torn one$",
        reason: "Slices end where batches end: nobody can use a torn batch.",
    },
    Difference {
        step: r"Fetch v[0-9]+ (partition )?max -1$",
        line: r"",
        reason: "A negative limit is 0; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"Fetch v[0-9]+ isolation (2|-1)$",
        line: r"",
        reason: "An unknown isolation level is read_uncommitted; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"Fetch v[0-9]+ replica (7|8|100)$|^restart: Fetch v12 [0-9] epoch",
        line: r"current_leader|node_endpoints",
        reason: "The leader is told beside its errors wherever the version has a field for it; Apache Kafka does so from version 16 on, and with no address for a claimed replica.",
    },
    Difference {
        step: r"ListOffsets v[0-9]+ .* isolation (2|-1) ",
        line: r"",
        reason: "An unknown isolation level is read_uncommitted; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"ListOffsets v[0-9]+ .* (topic twice|no partitions)$",
        line: r"",
        reason: "Each entry of a request is answered where it stands; Apache Kafka puts them into a map first.",
    },
    Difference {
        step: r"DeleteRecords v. (twice|no partitions)$",
        line: r"",
        reason: "Each entry of a request is answered where it stands; Apache Kafka puts them into a map first.",
    },
    Difference {
        step: r"after deletions many segments, time",
        line: r"",
        reason: "Deleted records hide no later one; Apache Kafka finds none while a segment below the log start is not yet removed.",
    },
    Difference {
        step: r"DescribeTopicPartitions v0 limit [0-9-]+ from (a topic not asked for|a topic behind all|no topic|a negative partition)$",
        line: r"",
        reason: "A page that begins with a topic that is gone begins with the next; Apache Kafka refuses the cursor.",
    },
    Difference {
        step: r"DescribeTopicPartitions v0 limit [0-9-]+ empty name$",
        line: r"",
        reason: "An empty name is INVALID_TOPIC_EXCEPTION for that topic; Apache Kafka fails on the whole request.",
    },
    Difference {
        step: r"DescribeTopicPartitions v0 limit 3 unknown$",
        line: r"",
        reason: "Topics that are unknown do not count against the limit of partitions.",
    },
    Difference {
        step: r"DescribeConfigs v[34] .* words true$",
        line: r"documentation",
        reason: "Documentation is in words of our own.",
    },
    Difference {
        step: r"Configs v[0-9]+ .*\b8 |AlterConfigs v. (only asked )?logger$",
        line: r"",
        reason: "Loggers are not changed at run time: RUST_LOG sets them at the start.",
    },
    Difference {
        step: r"DescribeConfigs v[0-9]+ .* (0|1|3|99|-1) x ",
        line: r"error_message",
        reason: "A resource type that does not exist is named; Apache Kafka's words are general ones.",
    },
    Difference {
        step: r"IncrementalAlterConfigs v. .*metric.reporters|DescribeConfigs v4 (changed|after all) 4 7 ",
        line: r"metric.reporters|JmxReporter|x\.Y|error_|config_source|synonyms|value",
        reason: "There are no Java classes here that could be looked for.",
    },
];
