//! What must hold between several keys of a node (`KafkaConfig.validateValues`, `GroupCoordinatorConfig`, `ShareGroupConfig`).

use crate::ConfigError::{self, Requirement, Rule};
use crate::NodeConfig;
use crate::layers::Resolved;
use crate::topic::TopicConfig;

/// All rules, in Kafka's order where it decides which of several errors is told.
pub(crate) fn check(node: &NodeConfig) -> Result<(), ConfigError> {
    let r = &*node.resolved;
    groups(r)?;
    share(r)?;
    early_start(node)?;
    if !node.groups.rebalance_protocols.iter().any(|p| p.eq_ignore_ascii_case("classic")) {
        return Err(Rule("Disabling the 'classic' protocol is not supported.".into()));
    }
    logs(node, r)?;
    roles(node)?;
    listeners(node)?;
    sockets(node)
}

fn require(holds: bool, text: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(Requirement(text())) }
}

/// `a` must be at least (`>=`), at most (`<=`) or below (`<`) `b`, both keys of the broker.
fn compare(r: &Resolved, a: &str, relation: &str, b: &str) -> Result<(), ConfigError> {
    let (Some(left), Some(right)) = (r.long(a), r.long(b)) else { return Ok(()) };
    let (holds, words) = match relation {
        ">=" => (left >= right, "greater than or equal to"),
        "<=" => (left <= right, "less than or equal to"),
        _ => (left < right, "less than"),
    };
    if holds { Ok(()) } else { Err(Rule(format!("{a} must be {words} {b}"))) }
}

fn groups(r: &Resolved) -> Result<(), ConfigError> {
    for kind in ["consumer", "share", "streams"] {
        let key = |rest: &str| format!("group.{kind}.{rest}");
        for (min, max, value) in [
            ("min.heartbeat.interval.ms", "max.heartbeat.interval.ms", "heartbeat.interval.ms"),
            ("min.session.timeout.ms", "max.session.timeout.ms", "session.timeout.ms"),
        ] {
            between(r, &key(min), &key(max), &key(value))?;
        }
        compare(r, &key("heartbeat.interval.ms"), "<", &key("session.timeout.ms"))?;
        if kind == "share" {
            let assignors = r.list("group.share.assignors").len();
            if assignors != 1 {
                return Err(Rule(format!(
                    "group.share.assignors must contain exactly one assignor, but found {assignors}"
                )));
            }
        }
        between(
            r,
            &key("min.assignment.interval.ms"),
            &key("max.assignment.interval.ms"),
            &key("assignment.interval.ms"),
        )?;
    }
    let is_known = |class: &str| matches!(class, "UniformAssignor" | "RangeAssignor");
    for name in r.list("group.consumer.assignors") {
        let class = name.strip_prefix("org.apache.kafka.coordinator.group.assignor.");
        if !matches!(name.as_str(), "uniform" | "range") && !class.is_some_and(is_known) {
            return Err(Rule(format!(
                "group.consumer.assignors names {name}, and there are no assignors but uniform and range"
            )));
        }
    }
    compare(r, "group.streams.num.standby.replicas", "<=", "group.streams.max.standby.replicas")
}

fn between(r: &Resolved, min: &str, max: &str, value: &str) -> Result<(), ConfigError> {
    compare(r, max, ">=", min)?;
    compare(r, value, ">=", min)?;
    compare(r, value, "<=", max)
}

fn share(r: &Resolved) -> Result<(), ConfigError> {
    for what in ["delivery.count.limit", "partition.max.record.locks", "record.lock.duration.ms"] {
        let key = |bound: &str| format!("group.share.{bound}{what}");
        compare(r, &key("max."), ">=", &key(""))?;
        compare(r, &key(""), ">=", &key("min."))?;
    }
    compare(r, "group.share.max.share.sessions", ">=", "group.share.max.size")
}

fn early_start(node: &NodeConfig) -> Result<(), ConfigError> {
    for name in node.server.early_start_listeners.iter().flatten() {
        if !node.listeners.all.iter().any(|l| l.name == *name) && !node.listeners.controller_names.contains(name) {
            return Err(Rule(format!(
                "early.start.listeners contains listener {name}, but this is not contained in listeners or controller.listener.names"
            )));
        }
    }
    Ok(())
}

fn logs(node: &NodeConfig, r: &Resolved) -> Result<(), ConfigError> {
    if r.long("node.id") != r.long("broker.id") {
        return Err(Rule("You must set `node.id` to the same value as `broker.id`.".into()));
    }
    let or_hours =
        |ms: &str, hours: &str| r.long(ms).or_else(|| r.long(hours).map(|h| h * 3_600_000)).unwrap_or_default();
    require(or_hours("log.roll.ms", "log.roll.hours") >= 1, || {
        "log.roll.ms must be greater than or equal to 1".into()
    })?;
    require(or_hours("log.roll.jitter.ms", "log.roll.jitter.hours") >= 0, || {
        "log.roll.jitter.ms must be greater than or equal to 0".into()
    })?;
    let retention = r.long("log.retention.ms").or_else(|| r.long("log.retention.minutes").map(|m| m * 60_000));
    require(retention.or_else(|| r.long("log.retention.hours")) != Some(0), || {
        "log.retention.ms must be unlimited (-1) or, greater than or equal to 1".into()
    })?;
    require(!node.log_dirs.is_empty(), || {
        "At least one log directory must be defined via log.dirs or log.dir.".into()
    })?;
    let threads = i64::from(node.logs.cleaner_threads);
    let buffer = node.logs.cleaner_dedupe_buffer_size.checked_div(threads);
    require(buffer.is_none_or(|bytes| bytes > 1024 * 1024), || {
        "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.".into()
    })?;
    let wait = node.replication.fetch_wait_max_ms;
    require(wait <= node.replication.socket_timeout_ms, || {
        "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts".into()
    })?;
    require(i64::from(wait) <= node.replication.lag_time_max_ms, || {
        "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR".into()
    })?;
    // The broker's values must make a topic configuration, or every topic without overrides would fail.
    TopicConfig::new(node, &crate::Settings::new()).map(drop)
}

fn roles(node: &NodeConfig) -> Result<(), ConfigError> {
    let ids: Vec<String> = node.voters.iter().map(|v| v.id.to_string()).collect();
    let (me, voters) = (node.node_id.0, ids.join(", "));
    let is_voter = node.voters.iter().any(|v| v.id == me);
    let names = &node.listeners.controller_names;
    if node.voters.is_empty() && node.bootstrap_servers.is_empty() {
        return Err(Rule(
            "If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap controllers or controller.quorum.voters must contain a parseable set of controllers.".into(),
        ));
    }
    if !node.is_controller {
        require(!is_voter, || {
            format!(
                "If process.roles contains just the 'broker' role, the node id {me} must not be included in the set of voters controller.quorum.voters=Set({voters})"
            )
        })?;
        require(!names.is_empty(), || {
            "controller.listener.names must contain at least one value when running KRaft with just the broker role"
                .into()
        })?;
        require(node.listeners.controller().next().is_none(), || {
            "controller.listener.names must not contain a value appearing in the 'listeners' configuration when running KRaft with just the broker role".into()
        })?;
        for name in names.iter().map(|n| n.to_uppercase()) {
            if !node.listeners.protocols.contains_key(&name) {
                return Err(Rule(format!(
                    "Controller listener with name {name} defined in controller.listener.names not found in listener.security.protocol.map  (an explicit security mapping for each controller listener is required if listener.security.protocol.map is non-empty, or if there are security protocols other than PLAINTEXT in use)"
                )));
            }
        }
        return require(!node.quorum.auto_join_enable, || {
            "controller.quorum.auto.join.enable is only supported when process.roles contains the 'controller' role."
                .into()
        });
    }
    if !node.is_broker {
        require(node.listeners.advertised_controller.len() == node.listeners.all.len(), || {
            "The listeners config must only contain KRaft controller listeners from controller.listener.names when process.roles=controller".into()
        })?;
        let explicit = node.value("inter.broker.listener.name").is_some();
        require(!(explicit && names.contains(&node.listeners.inter_broker)), || {
            "controller.listener.names must not contain an explicitly set inter.broker.listener.name configuration value when process.roles=controller'".into()
        })?;
    }
    require(node.voters.is_empty() || is_voter, || {
        format!(
            "If process.roles contains the 'controller' role, the node id {me} must be included in the set of voters controller.quorum.voters=Set({voters})"
        )
    })?;
    require(!node.listeners.advertised_controller.is_empty(), || {
        "controller.listener.names must contain at least one value appearing in the 'listeners' configuration when running the KRaft controller role".into()
    })?;
    require(names.iter().all(|name| node.listeners.all.iter().any(|l| l.name == *name)), || {
        "controller.listener.names must only contain values appearing in the 'listeners' configuration when running the KRaft controller role".into()
    })
}

fn listeners(node: &NodeConfig) -> Result<(), ConfigError> {
    let advertised: Vec<&str> = node.listeners.advertised.iter().map(|l| l.name.as_str()).collect();
    let bound: Vec<&str> = node.listeners.all.iter().map(|l| l.name.as_str()).collect();
    if node.is_broker {
        require(!advertised.is_empty(), || {
            "There must be at least one broker advertised listener. Perhaps all listeners appear in controller.listener.names?".into()
        })?;
        require(advertised.contains(&node.listeners.inter_broker.as_str()), || {
            format!(
                "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options based on currently configured listeners are {}",
                advertised.join(",")
            )
        })?;
        require(advertised.iter().all(|name| bound.contains(name)), || {
            format!(
                "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found {}. The valid options based on the current configuration are {}",
                advertised.join(","),
                bound.join(",")
            )
        })?;
        cordoned(node)?;
    }
    let mut told = node.listeners.advertised.iter().chain(&node.listeners.advertised_controller);
    require(told.all(|l| l.host.as_deref() != Some("0.0.0.0")), || {
        "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.".into()
    })
}

fn cordoned(node: &NodeConfig) -> Result<(), ConfigError> {
    let given = node.resolved.list("cordoned.log.dirs");
    if given.iter().any(|dir| dir == "*") {
        return require(given.len() == 1, || {
            "When cordoned.log.dirs is set to *, it must not contain other values".into()
        });
    }
    let missing: Vec<&str> = given.iter().filter(|dir| !node.log_dirs.contains(dir)).map(String::as_str).collect();
    require(missing.is_empty(), || {
        format!(
            "All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : {}",
            missing.join(", ")
        )
    })
}

fn sockets(node: &NodeConfig) -> Result<(), ConfigError> {
    let r = &*node.resolved;
    if node.listeners.inter_broker_protocol.has_sasl() {
        let own = format!("listener.name.{}.sasl.enabled.mechanisms", node.listeners.inter_broker.to_lowercase());
        let own: Option<Vec<String>> =
            r.raw.get(&own).map(|text| text.split(',').map(|m| m.trim().to_owned()).collect());
        let enabled = own.as_deref().unwrap_or(r.list("sasl.enabled.mechanisms"));
        let mechanism = r.text("sasl.mechanism.inter.broker.protocol").unwrap_or_default();
        require(enabled.iter().any(|m| m == mechanism), || {
            "sasl.mechanism.inter.broker.protocol must be included in sasl.enabled.mechanisms when SASL is used for inter-broker communication".into()
        })?;
    }
    let socket = &node.socket;
    let queued = socket.queued_max_request_bytes;
    require(queued <= 0 || queued >= i64::from(socket.request_max_bytes), || {
        "queued.max.request.bytes must be larger or equal to socket.request.max.bytes".into()
    })?;
    require(socket.max_connections_per_ip != 0 || !node.max_connections_per_ip_overrides.is_empty(), || {
        "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.".into()
    })?;
    let (delay, idle) = (socket.failed_authentication_delay_ms, socket.connections_max_idle_ms);
    require(idle < 0 || i64::from(delay) < idle, || {
        format!(
            "connection.failed.authentication.delay.ms={delay} should always be less than connections.max.idle.ms={idle} to prevent failed authentication responses from timing out"
        )
    })
}
