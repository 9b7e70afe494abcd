//! Where the judged broker may answer something else than Apache Kafka, each with its reason; the list may only shrink.

/// A kind of line that may stand on one side only.
pub struct Difference {
    /// A regular expression of the step's name; those of clusters begin with `^three:`, of controllers with `^controller:`.
    pub step: &'static str,
    /// A regular expression of the line.
    pub line: &'static str,
    pub reason: &'static str,
}

/// An entry that is of no use any more fails the check.
pub const LISTED: &[Difference] = &[
    Difference {
        step: r"^headers: Metadata 1 with a list of length -2$",
        line: r"",
        reason: "A list of a length below -1 is a broken request here and closes the connection; Apache Kafka reads it as null.",
    },
    Difference {
        step: r"CreateTopics v. no time$",
        line: r"error_(code|message)",
        reason: "A timeout of 0 is no reason to refuse: the answer is ready at once.",
    },
    Difference {
        step: r"Metadata v1[23] by id zero$",
        line: r"^(topics\[0\]\.)?error_code: ",
        reason: "A topic with neither name nor id is INVALID_REQUEST; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"Metadata v[0-9]+ (made by asking|by id with another name)$",
        line: r"^topics\[0\]\.(error_code|topic_id|partitions)",
        reason: "A topic that is made by asking is in the answer at once; Apache Kafka answers UNKNOWN_TOPIC_OR_PARTITION first.",
    },
    Difference {
        step: r"Produce v9 ",
        line: r"(batch_index_error_message|partition_responses\[0\]\.error_message): .",
        reason: "Refused records are told in words of our own.",
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
        step: r"ListOffsets v[0-9]+ .* isolation (2|-1) ",
        line: r"",
        reason: "An unknown isolation level is read_uncommitted; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"after deletions many segments, time",
        line: r"",
        reason: "Deleted records hide no later one; Apache Kafka finds none while a segment below the log start is not yet removed.",
    },
    Difference {
        step: r"DescribeTopicPartitions v0 (limit [0-9-]+ empty name|one of each)$",
        line: r"",
        reason: "An empty name is INVALID_TOPIC_EXCEPTION for that topic; Apache Kafka fails on the whole request.",
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
        step: r"DescribeConfigs v[0-9]+ (.* (0|1|3|99|-1) x |one of each|two of each|Resources.ConfigurationKeys null)",
        line: r"error_?message: .(This most likely|Unexpected resource type)",
        reason: "A resource type that does not exist is named; Apache Kafka's words are general ones.",
    },
    Difference {
        step: r"IncrementalAlterConfigs v. .*metric.reporters|DescribeConfigs v4 (changed|after all) 4 7 ",
        line: r"metric.reporters|JmxReporter|x\.Y|error_|config_source|synonyms|value",
        reason: "There are no Java classes here that could be looked for.",
    },
    Difference {
        step: r"^groups: FindCoordinator v[1-6] (no such kind|below)$",
        line: r"error_message",
        reason: "The type that does not exist is named; Apache Kafka's words are general ones.",
    },
    Difference {
        step: r"^consumers: OffsetFetch v9 without a member$",
        line: r"error_code",
        reason: "An epoch without a member is UNKNOWN_MEMBER_ID; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"^groups: OffsetFetch v1 in-stable None$",
        line: r"",
        reason: "A list that is null asks for all, as from version 2 on; Apache Kafka closes the connection on it in version 1.",
    },
    Difference {
        step: r"^three: UpdateFeatures v[12] the quorum kind ",
        line: r"",
        reason: "Voters that are configured stay so: a quorum of them does not become one that is kept in its own log (KIP-1186).",
    },
    Difference {
        step: r"^controller: FetchSnapshot v[01] (one that|another|an epoch)",
        line: r"",
        reason: "A snapshot that cannot be had is refused for its partition; Apache Kafka fails with UNKNOWN_SERVER_ERROR.",
    },
    Difference {
        step: r"^controller: DescribeCluster v0 endpoints 1$",
        line: r"error_code",
        reason: "A controller that is asked for brokers says MISMATCHED_ENDPOINT_TYPE in version 0 too, which cannot say what it asks for; Apache Kafka \
                 says INVALID_REQUEST.",
    },
    Difference {
        step: r"^controller: Fetch v1[3-7] (below zero|without an? |an epoch |a last epoch |far behind )",
        line: r"",
        reason: "Offsets and epochs of the metadata log that are below zero, or to come, are answered with where the log parts, or with the epoch's \
                 own error; Apache Kafka says INVALID_REQUEST, tells a start of 0 with an error, and endpoints from version 17 on only.",
    },
];
