//! One side of the script: asks, and writes down what was answered.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{
    ApiVersionsRequest, DeleteTopicsRequest, DescribeConfigsRequest, FetchRequest, FetchResponse, MetadataRequest,
    ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request};
use uuid::Uuid;

use super::text::Text;
use super::{batches, make};
use crate::kit::broker::{Node, api_versions};
use crate::kit::{Broker, Cluster, Stopwatch};
use crate::raw::Connection;
use crate::raw::connection::frame;
use crate::schema::{Schemas, Value};

/// A topic whose configuration is changed to see that all earlier changes have come through.
pub const BARRIER: &str = "zz-barrier";
const PATIENCE: Duration = Duration::from_secs(30);
/// What has not come through by then is asked for again.
const AGAIN: Duration = Duration::from_secs(3);

/// A request and what came back, as text.
#[derive(Clone, Debug)]
pub struct Step {
    pub label: String,
    pub lines: Vec<String>,
    /// API key and version, where the question was a whole one.
    pub asked: Option<(i16, i16)>,
    /// How long the answer took, in milliseconds.
    pub took: u128,
}

/// Only one side; what one broker says cannot change what the other is asked.
pub struct Play {
    address: String,
    log_dir: String,
    connection: Option<Connection>,
    part: String,
    text: Text,
    steps: Vec<Step>,
    changes: u32,
    broker: Option<Broker>,
    watch: Stopwatch,
}

impl Play {
    /// # Errors
    /// Where the broker does not answer.
    pub fn open(broker: Broker) -> Result<Self> {
        let mut play = Self::beside(&broker)?;
        play.broker = Some(broker);
        Ok(play)
    }

    /// On a broker that somebody else keeps.
    ///
    /// # Errors
    /// As [`Play::open`].
    pub fn beside(broker: &Broker) -> Result<Self> {
        let mut play = Self {
            address: broker.address(),
            log_dir: broker.node().log_dirs().first().map(|dir| dir.display().to_string()).unwrap_or_default(),
            connection: None,
            part: String::new(),
            text: Text::of(broker.node())?,
            steps: Vec::new(),
            changes: 0,
            broker: None,
            watch: Stopwatch::start(),
        };
        play.quietly(5, &make::create(&[make::topic(BARRIER, 1)]))?;
        play.settle()?;
        Ok(play)
    }

    /// In a cluster that somebody else keeps; this node is asked first.
    ///
    /// # Errors
    /// As [`Play::open`].
    pub fn among(cluster: &Cluster, id: i32) -> Result<Self> {
        let mut play = Self::beside(cluster.broker(id)?)?;
        play.text = Text::of_all(cluster.nodes())?;
        Ok(play)
    }

    /// From here on another node is asked, once it knows of all that was changed.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn turn_to(&mut self, broker: &Broker) -> Result<()> {
        self.connection = None;
        self.address = broker.address();
        self.settle()
    }

    /// From here on the controller is asked that is the same node.
    ///
    /// # Errors
    /// Where somebody else keeps the broker.
    pub fn turn_to_controller(&mut self) -> Result<()> {
        let broker = self.broker.as_ref().context("somebody else keeps the broker")?;
        self.connection = None;
        self.address = format!("127.0.0.1:{}", broker.node().controller_port());
        Ok(())
    }

    /// The cluster's id.
    ///
    /// # Errors
    /// Where somebody else keeps the broker.
    pub fn cluster_id(&self) -> Result<String> {
        let broker = self.broker.as_ref().context("somebody else keeps the broker")?;
        Ok(broker.node().layout().cluster_id.clone())
    }

    /// What it tells in ApiVersions: API key, lowest and highest version.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn advertised(&self) -> Result<Vec<(i16, i16, i16)>> {
        api_versions(self.address.parse()?)
    }

    pub fn part(&mut self, name: &str) {
        name.clone_into(&mut self.part);
    }

    /// SIGTERM and a new start on the same directory.
    ///
    /// # Errors
    /// Where the broker does not end or does not come back.
    pub fn restart(&mut self) -> Result<()> {
        self.connection = None;
        if let Some(broker) = self.broker.take() {
            let kind = broker.kind();
            self.broker = Some(broker.stop()?.start(kind)?);
        }
        self.settle()
    }

    /// SIGTERM, and what it leaves.
    ///
    /// # Errors
    /// Where the broker does not end.
    pub fn stop(mut self) -> Result<(Node, Text)> {
        let broker = self.broker.take().context("somebody else keeps the broker")?;
        Ok((broker.stop()?, self.text))
    }

    /// What was written down since the last time.
    pub fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// Asks and writes the answer down.
    ///
    /// # Errors
    /// Where nobody listens any more.
    pub fn ask<R: Request>(&mut self, label: &str, version: i16, request: &R) -> Result<Option<R::Response>>
    where
        R::Response: Debug + Clone,
    {
        self.ask_sorted(label, version, request, |_| {})
    }

    /// As [`Play::ask`]; what comes in an order that nobody promises is put into one first.
    ///
    /// # Errors
    /// As [`Play::ask`].
    pub fn ask_sorted<R: Request>(
        &mut self,
        label: &str,
        version: i16,
        request: &R,
        sort: impl FnOnce(&mut R::Response),
    ) -> Result<Option<R::Response>>
    where
        R::Response: Debug + Clone,
    {
        let answer = self.call(version, request)?;
        let lines = match &answer {
            Ok(response) => {
                let mut response = response.clone();
                sort(&mut response);
                self.text.lines(&response)
            }
            Err(why) => vec![why.clone()],
        };
        self.write(label, R::KEY, version, lines);
        Ok(answer.ok())
    }

    /// Asks in a version that is newer than the codec, whose request looks as in `layout`; the lines that are not to `keep` are
    /// those of the moment.
    ///
    /// # Errors
    /// As [`Play::ask`], or where the schemas cannot be had.
    pub fn ask_newer<R: Request>(
        &mut self,
        label: &str,
        version: i16,
        layout: i16,
        request: &R,
        keep: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let body = frame(0, layout, request)?;
        // Behind the length, the header and the client's id "judge"; a flexible header ends with its tags.
        let body = body.get(19 + usize::from(R::header_version(layout) == 2)..).unwrap_or_default();
        self.ask_bytes(label, R::KEY, version, body, |value| {
            let mut lines = value.lines();
            lines.retain(|line| keep(line));
            lines
        })
    }

    /// Asks with a body that was made from a schema, and reads the answer by its schema.
    ///
    /// # Errors
    /// As [`Play::ask`], or where the schemas cannot be had.
    pub fn ask_bytes(
        &mut self,
        label: &str,
        key: i16,
        version: i16,
        body: &[u8],
        lines: impl FnOnce(Value) -> Vec<String>,
    ) -> Result<()> {
        self.watch = Stopwatch::start();
        let schemas = Schemas::kafka()?;
        let (asked, told) = (schemas.of(key, "request")?, schemas.of(key, "response")?);
        let mut bytes = [&[0; 4][..], &key.to_be_bytes(), &version.to_be_bytes(), &[0; 4], b"\0\x05judge"].concat();
        bytes.extend(asked.flexible.has(version).then_some(0));
        bytes.extend_from_slice(body);
        let length = i32::try_from(bytes.len() - 4)?;
        bytes.splice(..4, length.to_be_bytes());
        let lines = match self.exchange(bytes)? {
            None => vec!["closed".to_owned()],
            Some(answer) => {
                // The correlation id, and tags in all flexible headers but that of ApiVersions (KIP-511).
                let header = if told.flexible.has(version) && key != ApiVersionsRequest::KEY { 5 } else { 4 };
                match told.read(answer.get(header..).unwrap_or_default(), version) {
                    Ok(value) => lines(value).iter().map(|line| self.text.normal(line)).collect(),
                    Err(error) => vec![format!("cannot be read, {error:#}: {answer:?}")],
                }
            }
        };
        self.write(label, key, version, lines);
        Ok(())
    }

    /// Asks for records and writes down what is in them.
    ///
    /// # Errors
    /// As [`Play::ask`].
    pub fn fetch(&mut self, label: &str, version: i16, request: &FetchRequest) -> Result<Option<FetchResponse>> {
        let answer = self.call(version, request)?;
        let lines = match &answer {
            Ok(response) => {
                let mut response = response.clone();
                let mut records = Vec::new();
                // Refused ones come last in Apache Kafka's answers, which no one promises.
                let text = &mut self.text;
                response.responses.sort_by_key(|it| (it.topic.clone(), text.normal(&it.topic_id.to_string())));
                response.responses.iter_mut().for_each(|it| it.partitions.sort_by_key(|it| it.partition_index));
                for partition in response.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
                    let index = partition.partition_index;
                    let bytes = partition.records.replace(Bytes::new());
                    match bytes {
                        Some(bytes) => records.extend(batches::lines(index, &bytes)),
                        None => records.push(format!("partition {index}: null")),
                    }
                }
                let mut lines = self.text.lines(&response);
                lines.extend(records.iter().map(|line| self.text.normal(line)));
                lines
            }
            Err(why) => vec![why.clone()],
        };
        self.write(label, FetchRequest::KEY, version, lines);
        Ok(answer.ok())
    }

    /// Sends bytes as they are, framed, and writes the answer's bytes down, or that the connection was closed.
    ///
    /// # Errors
    /// Where nobody listens any more.
    pub fn bytes(&mut self, label: &str, body: &[u8]) -> Result<()> {
        self.watch = Stopwatch::start();
        self.connection = None;
        let mut connection = Connection::open(&self.address)?;
        let mut frame = i32::try_from(body.len())?.to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        let answer = connection.send(&mut frame).and_then(|_| connection.receive());
        let line = match answer {
            Ok(bytes) => self.text.bytes(&bytes),
            Err(_) => "closed".to_owned(),
        };
        let line = self.text.normal(&line);
        self.push(label, None, vec![line]);
        Ok(())
    }

    /// Sends without waiting, then asks something else on the connection, to see whether it lives.
    ///
    /// # Errors
    /// Where nobody listens any more.
    pub fn unanswered<R: Request>(&mut self, label: &str, version: i16, request: &R) -> Result<()> {
        self.watch = Stopwatch::start();
        let mut connection = Connection::open(&self.address)?;
        let mut bytes = frame(0, version, request)?;
        let alive = connection.send(&mut bytes).is_ok()
            && connection.call(0, &kafka_protocol::messages::ApiVersionsRequest::default()).is_ok();
        self.write(label, R::KEY, version, vec![if alive { "nothing, and goes on" } else { "closed" }.to_owned()]);
        Ok(())
    }

    /// Asks on a connection of its own, whose answer may wait for what is asked on others.
    ///
    /// # Errors
    /// Where nobody listens any more, or the version cannot say it.
    pub fn begin<R: Request>(&self, version: i16, request: &R) -> Result<Connection> {
        let mut connection = Connection::open(&self.address)?;
        connection.send(&mut frame(0, version, request)?)?;
        Ok(connection)
    }

    /// Writes down the answer to what was begun.
    ///
    /// # Errors
    /// Where there is none.
    pub fn finish<R: Request>(&mut self, label: &str, version: i16, mut connection: Connection) -> Result<()>
    where
        R::Response: Debug,
    {
        self.watch = Stopwatch::start();
        let mut answer = connection.receive()?;
        ResponseHeader::decode(&mut answer, R::Response::header_version(version))?;
        let lines = self.text.lines(&R::Response::decode(&mut answer, version)?);
        self.write(label, R::KEY, version, lines);
        Ok(())
    }

    /// The first of the broker's directories.
    pub fn log_dir(&self) -> String {
        self.log_dir.clone()
    }

    /// Asks without writing down.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn quietly<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response> {
        match self.call(version, request)? {
            Ok(response) => Ok(response),
            Err(why) => bail!("{why} to API {} v{version}", R::KEY),
        }
    }

    /// Makes these topics, quietly, and waits until they are served.
    ///
    /// # Errors
    /// Where one is refused.
    pub fn create(&mut self, topics: &[kafka_protocol::messages::create_topics_request::CreatableTopic]) -> Result<()> {
        let answer = self.quietly(7, &make::create(topics))?;
        if let Some(topic) = answer.topics.iter().find(|topic| topic.error_code != 0) {
            bail!("{:?} cannot be made: {:?}", topic.name, topic.error_message);
        }
        self.settle()
    }

    /// Deletes these topics, quietly, and waits until they are gone.
    ///
    /// # Errors
    /// Where one is refused.
    pub fn delete(&mut self, topics: &[&str]) -> Result<()> {
        let state = |topic: &&str| DeleteTopicState::default().with_name(Some(make::name(topic)));
        let request = DeleteTopicsRequest::default().with_topics(topics.iter().map(state).collect());
        let answer = self.quietly(6, &request.with_timeout_ms(30_000))?;
        if let Some(topic) = answer.responses.iter().find(|topic| topic.error_code != 0) {
            bail!("{:?} cannot be deleted: error {}", topic.name, topic.error_code);
        }
        self.settle()
    }

    /// The id of a topic; zero where there is none.
    ///
    /// # Errors
    /// Where there is no answer.
    pub fn id(&mut self, topic: &str) -> Result<Uuid> {
        let mut asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default();
        asked.name = Some(make::name(topic));
        let request = MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(false);
        let answer = self.quietly(12, &request)?;
        let id = answer.topics.first().map_or(Uuid::nil(), |topic| topic.topic_id);
        // From here on it has its symbol, the same on both sides.
        self.text.normal(&id.to_string());
        Ok(id)
    }

    /// Waits until all that was changed is what the broker answers from: Kafka's own follows its controller by a moment.
    /// Two changes, because the first may be seen while its consequences are still at work.
    ///
    /// # Errors
    /// Where that does not happen.
    pub fn settle(&mut self) -> Result<()> {
        for _ in 0..2 {
            self.changes += 1;
            let value = (1_000_000 + self.changes).to_string();
            let change = make::set(2, BARRIER, &[("retention.ms", 0, Some(&value))]);
            self.quietly(1, &change)?;
            let resource = DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(make::s(BARRIER))
                .with_configuration_keys(Some(vec![make::s("retention.ms")]));
            let ask = DescribeConfigsRequest::default().with_resources(vec![resource]);
            let since = Stopwatch::start();
            let mut asked = since;
            loop {
                let answer = self.quietly(4, &ask)?;
                let seen = answer.results.first().and_then(|result| result.configs.first());
                if seen.and_then(|config| config.value.as_ref()).is_some_and(|it| **it == *value) {
                    break;
                }
                if since.left_of(PATIENCE).is_none() {
                    bail!("a change does not come through");
                }
                // The active controller may have been another before it was carried out.
                if asked.left_of(AGAIN).is_none() {
                    asked = Stopwatch::start();
                    self.quietly(1, &change)?;
                }
                crate::pause::short();
            }
        }
        Ok(())
    }

    fn write(&mut self, label: &str, key: i16, version: i16, lines: Vec<String>) {
        let api = kafka_protocol::messages::ApiKey::try_from(key).map_or("?".to_owned(), |key| format!("{key:?}"));
        self.push(&format!("{api} v{version} {label}"), Some((key, version)), lines);
    }

    fn push(&mut self, label: &str, asked: Option<(i16, i16)>, lines: Vec<String>) {
        let took = self.watch.elapsed().as_millis();
        self.steps.push(Step { label: format!("{}: {label}", self.part), lines, asked, took });
    }

    /// The answer's bytes; none where the connection was closed instead.
    fn exchange(&mut self, bytes: Vec<u8>) -> Result<Option<Bytes>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.address)?,
        };
        let Ok(answer) = connection.exchange(bytes) else { return Ok(None) };
        self.connection = Some(connection);
        Ok(Some(answer))
    }

    /// The answer, or why there is none.
    fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<Result<R::Response, String>> {
        self.watch = Stopwatch::start();
        let Ok(bytes) = frame(0, version, request) else { return Ok(Err("cannot be said".to_owned())) };
        let Some(mut answer) = self.exchange(bytes)? else { return Ok(Err("closed".to_owned())) };
        let whole = answer.clone();
        let read = ResponseHeader::decode(&mut answer, R::Response::header_version(version))
            .and_then(|_| R::Response::decode(&mut answer, version));
        Ok(match read {
            Ok(response) if answer.is_empty() => Ok(response),
            _ => Err(format!("cannot be read: {whole:?}")),
        })
    }
}
