//! Which broker keys are the defaults of topics' and groups' keys, in which order and unit (`ServerTopicConfigSynonyms`).

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Topic key, then broker keys by priority with the factor that makes the broker's unit the topic's.
static TOPIC: &[(&str, &[(&str, i64)])] = &[
    ("segment.bytes", &[("log.segment.bytes", 1)]),
    ("segment.ms", &[("log.roll.ms", 1), ("log.roll.hours", HOUR)]),
    ("segment.jitter.ms", &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", HOUR)]),
    ("segment.index.bytes", &[("log.index.size.max.bytes", 1)]),
    ("flush.messages", &[("log.flush.interval.messages", 1)]),
    ("flush.ms", &[("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)]),
    ("retention.bytes", &[("log.retention.bytes", 1)]),
    ("retention.ms", &[("log.retention.ms", 1), ("log.retention.minutes", MINUTE), ("log.retention.hours", HOUR)]),
    ("max.message.bytes", &[("message.max.bytes", 1)]),
    ("index.interval.bytes", &[("log.index.interval.bytes", 1)]),
    ("delete.retention.ms", &[("log.cleaner.delete.retention.ms", 1)]),
    ("min.compaction.lag.ms", &[("log.cleaner.min.compaction.lag.ms", 1)]),
    ("max.compaction.lag.ms", &[("log.cleaner.max.compaction.lag.ms", 1)]),
    ("file.delete.delay.ms", &[("log.segment.delete.delay.ms", 1)]),
    ("min.cleanable.dirty.ratio", &[("log.cleaner.min.cleanable.ratio", 1)]),
    ("cleanup.policy", &[("log.cleanup.policy", 1)]),
    ("unclean.leader.election.enable", &[("unclean.leader.election.enable", 1)]),
    ("min.insync.replicas", &[("min.insync.replicas", 1)]),
    ("compression.type", &[("compression.type", 1)]),
    ("compression.gzip.level", &[("compression.gzip.level", 1)]),
    ("compression.lz4.level", &[("compression.lz4.level", 1)]),
    ("compression.zstd.level", &[("compression.zstd.level", 1)]),
    ("preallocate", &[("log.preallocate", 1)]),
    ("message.timestamp.type", &[("log.message.timestamp.type", 1)]),
    ("message.timestamp.before.max.ms", &[("log.message.timestamp.before.max.ms", 1)]),
    ("message.timestamp.after.max.ms", &[("log.message.timestamp.after.max.ms", 1)]),
    ("local.retention.ms", &[("log.local.retention.ms", 1)]),
    ("local.retention.bytes", &[("log.local.retention.bytes", 1)]),
];

/// Group key and the broker key that is its default (`GroupConfig.ALL_GROUP_CONFIG_SYNONYMS`).
static GROUP: &[(&str, &str)] = &[
    ("consumer.session.timeout.ms", "group.consumer.session.timeout.ms"),
    ("consumer.heartbeat.interval.ms", "group.consumer.heartbeat.interval.ms"),
    ("consumer.assignment.interval.ms", "group.consumer.assignment.interval.ms"),
    ("share.session.timeout.ms", "group.share.session.timeout.ms"),
    ("share.heartbeat.interval.ms", "group.share.heartbeat.interval.ms"),
    ("share.record.lock.duration.ms", "group.share.record.lock.duration.ms"),
    ("share.delivery.count.limit", "group.share.delivery.count.limit"),
    ("share.partition.max.record.locks", "group.share.partition.max.record.locks"),
    ("share.assignment.interval.ms", "group.share.assignment.interval.ms"),
    ("streams.session.timeout.ms", "group.streams.session.timeout.ms"),
    ("streams.heartbeat.interval.ms", "group.streams.heartbeat.interval.ms"),
    ("streams.num.standby.replicas", "group.streams.num.standby.replicas"),
    ("streams.initial.rebalance.delay.ms", "group.streams.initial.rebalance.delay.ms"),
    ("streams.assignment.interval.ms", "group.streams.assignment.interval.ms"),
];

/// Broker keys that say the same thing in different units, by priority; a topic's key uses the first that is set.
static FAMILIES: &[&[&str]] = &[
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
];

/// The broker keys behind a topic's key, by priority, each with the factor from its unit to the topic's.
pub fn topic_synonyms(topic_key: &str) -> &'static [(&'static str, i64)] {
    TOPIC.iter().find(|(name, _)| *name == topic_key).map_or(&[], |(_, synonyms)| synonyms)
}

/// The broker key behind a group's key.
pub fn group_synonym(group_key: &str) -> Option<&'static str> {
    GROUP.iter().find(|(name, _)| *name == group_key).map(|(_, synonym)| *synonym)
}

/// Everything that may set the broker key `name`, itself included (`DynamicBrokerConfig.brokerConfigSynonyms`).
pub(crate) fn broker_synonyms(name: &str, match_listener: bool) -> Vec<String> {
    if let Some(family) = FAMILIES.iter().find(|family| family.contains(&name)) {
        return family.iter().map(|name| (*name).to_owned()).collect();
    }
    if name == "log.flush.interval.ms" {
        return vec![name.to_owned(), "log.flush.scheduler.interval.ms".to_owned()];
    }
    match listener_base(name).filter(|_| match_listener) {
        Some(base) => {
            let by_mechanism = LISTENER_MECHANISM.iter().find(|m| base.ends_with(*m)).copied();
            vec![name.to_owned(), by_mechanism.unwrap_or(base).to_owned()]
        }
        None => vec![name.to_owned()],
    }
}

/// Keys of which each SASL mechanism of a listener may have its own: `listener.name.NAME.MECHANISM.KEY`.
static LISTENER_MECHANISM: &[&str] = &[
    "sasl.jaas.config",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// The part of `listener.name.NAME.KEY` after the listener's name.
pub(crate) fn listener_base(name: &str) -> Option<&str> {
    name.strip_prefix("listener.name.")?.split_once('.').map(|(_, base)| base)
}
