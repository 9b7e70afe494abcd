//! What the coordinator is told once, from the broker's configuration (`GroupCoordinatorConfig`).

/// Limits and times. All times are in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `group.min.session.timeout.ms`: the least session timeout of a member of a classic group.
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`: the largest.
    pub max_session_timeout_ms: i32,
    /// `group.initial.rebalance.delay.ms`: how long an empty classic group waits for more members.
    pub initial_rebalance_delay_ms: i32,
    /// `group.max.size`: most members of a classic group.
    pub max_size: i32,
    /// `offset.metadata.max.bytes`: the longest text beside a committed offset, in UTF-16 units as Kafka counts.
    pub offset_metadata_max_bytes: i32,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
    /// The largest batch that the offsets topic takes (`max.message.bytes`); what is larger is refused before it is
    /// written.
    pub max_batch_bytes: usize,
    /// What holds for consumer groups.
    pub consumer: ConsumerSettings,
}

/// What holds for consumer groups (KIP-848), unless a group has its own configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSettings {
    /// `group.consumer.session.timeout.ms`.
    pub session_timeout_ms: i32,
    /// `group.consumer.heartbeat.interval.ms`.
    pub heartbeat_interval_ms: i32,
    /// `group.consumer.assignment.interval.ms`: the least time between two assignments.
    pub assignment_interval_ms: i32,
    /// `group.consumer.max.size`: most members.
    pub max_size: i32,
    /// `group.consumer.assignors`, by name; the first serves members who ask for none.
    pub assignors: Vec<String>,
    /// `group.consumer.migration.policy`.
    pub migration: MigrationPolicy,
    /// `group.consumer.regex.refresh.interval.ms`.
    pub regex_refresh_interval_ms: i32,
}

/// Which conversions happen while members are there (`ConsumerGroupMigrationPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationPolicy {
    /// From classic to consumer group.
    pub upgrade: bool,
    /// From consumer to classic group.
    pub downgrade: bool,
}

impl MigrationPolicy {
    /// The policy of this name in any case; anything else is `disabled`.
    pub fn parse(name: &str) -> Self {
        let is = |policy: &str| name.eq_ignore_ascii_case(policy);
        let both = is("bidirectional");
        Self { upgrade: both || is("upgrade"), downgrade: both || is("downgrade") }
    }
}

/// Kafka's defaults.
impl Default for Settings {
    fn default() -> Self {
        Self {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            max_size: i32::MAX,
            offset_metadata_max_bytes: 4_096,
            offsets_retention_ms: 7 * 24 * 60 * 60 * 1_000,
            max_batch_bytes: 1_048_588,
            consumer: ConsumerSettings::default(),
        }
    }
}

/// Kafka's defaults.
impl Default for ConsumerSettings {
    fn default() -> Self {
        Self {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            max_size: i32::MAX,
            assignors: vec!["uniform".to_owned(), "range".to_owned()],
            migration: MigrationPolicy { upgrade: true, downgrade: true },
            regex_refresh_interval_ms: 600_000,
        }
    }
}
