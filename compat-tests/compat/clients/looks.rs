//! What the broker itself says of a topic that a client made, changed, or dropped.

use anyhow::{Context, Result, bail};
use kafka_protocol::messages::DescribeConfigsRequest;
use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::protocol::StrBytes;

use super::program::Program;
use crate::kit::Stopwatch;
use crate::raw::{Connection, admin};

/// Apache Kafka answers from an image that may be a moment old.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Config source: set on the topic itself (`ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG`).
const SET_ON_TOPIC: i8 = 1;

/// Partitions, and `retention.ms` where it is set on the topic.
type State = Option<(usize, Option<String>)>;

/// The scenario `admin`: looks each time the program is ready, and when it has ended.
///
/// # Errors
/// Where the broker says something else than the program has done.
pub fn follow(program: &mut Program, address: &str, topic: &str) -> Result<()> {
    let mut connection = Connection::open(address)?;
    let states = [Some((3, Some("3600000".to_owned()))), Some((5, Some("7200000".to_owned())))];
    for (expected, nth) in states.into_iter().zip(1..) {
        program.ready(nth)?;
        becomes(&mut connection, topic, &expected)?;
        program.go_on()?;
    }
    program.end()?;
    becomes(&mut connection, topic, &None)
}

fn becomes(connection: &mut Connection, topic: &str, expected: &State) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let seen = look(connection, topic)?;
        if seen == *expected {
            return Ok(());
        }
        if since.left_of(PATIENCE).is_none() {
            bail!("the broker says {seen:?} of {topic}, not {expected:?}");
        }
        crate::pause::short();
    }
}

fn look(connection: &mut Connection, topic: &str) -> Result<State> {
    let wanted = MetadataRequestTopic::default().with_name(Some(admin::name(topic)));
    let request = MetadataRequest::default().with_topics(Some(vec![wanted])).with_allow_auto_topic_creation(false);
    let answer = connection.call(9, &request)?;
    let found = answer.topics.first().context("no topic in the answer")?;
    if found.error_code != 0 {
        return Ok(None);
    }
    let resource = DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(StrBytes::from_string(topic.to_owned()))
        .with_configuration_keys(Some(vec![StrBytes::from_static_str("retention.ms")]));
    let answer = connection.call(2, &DescribeConfigsRequest::default().with_resources(vec![resource]))?;
    let entries = answer.results.into_iter().flat_map(|result| result.configs);
    let retention = entries.filter(|it| it.config_source == SET_ON_TOPIC).find_map(|it| it.value);
    Ok(Some((found.partitions.len(), retention.map(|value| value.to_string()))))
}
