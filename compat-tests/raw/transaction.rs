//! Transactions of a producer of our own, in the versions before KIP-890, which need no state at the client.

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
    TransactionalId,
};
use kafka_protocol::protocol::StrBytes;

use super::record::{Fresh, How, keyed};
use super::{Connection, Producer, admin};
use crate::kit::Stopwatch;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// Longer than any check.
const TIMEOUT_MS: i32 = 900_000;
/// What goes by when one asks again: the coordinator is not there yet, or not done with the transaction before.
const AGAIN: [i16; 4] = [14, 15, 16, 51];

/// A transactional producer on a cluster of one node.
pub struct Transactional {
    id: TransactionalId,
    producer: (i64, i16),
    sequence: i32,
}

impl Transactional {
    /// # Errors
    /// Where it is refused.
    pub fn new(connection: &mut Connection, id: &str) -> Result<Self> {
        let id = TransactionalId(StrBytes::from_string(id.to_owned()));
        again("FindCoordinator", || {
            let request = FindCoordinatorRequest::default().with_key(id.0.clone()).with_key_type(1);
            Ok(connection.call(3, &request)?.error_code)
        })?;
        let mut producer = (-1, -1);
        again("InitProducerId", || {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(Some(id.clone()))
                .with_transaction_timeout_ms(TIMEOUT_MS);
            let answer = connection.call(4, &request)?;
            producer = (answer.producer_id.0, answer.producer_epoch);
            Ok(answer.error_code)
        })?;
        Ok(Self { id, producer, sequence: 0 })
    }

    /// Writes these records into partition 0 of a topic, in the transaction under way or in one that begins with them;
    /// the first offset.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn write(&mut self, connection: &mut Connection, topic: &str, records: &[Fresh], how: How) -> Result<i64> {
        let partition = AddPartitionsToTxnTopic::default().with_name(admin::name(topic)).with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(self.id.clone())
            .with_v3_and_below_producer_id(self.producer.0.into())
            .with_v3_and_below_producer_epoch(self.producer.1)
            .with_v3_and_below_topics(vec![partition]);
        again("AddPartitionsToTxn", || {
            let answer = connection.call(3, &request)?;
            let results = answer.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
            results.map(|it| it.partition_error_code).next().context("an answer without a partition")
        })?;
        let producer = Producer { id: self.producer.0, epoch: self.producer.1, sequence: self.sequence };
        let batch = keyed(records, How { producer: Some(producer), is_transactional: true, ..how })?;
        let part = PartitionProduceData::default().with_index(0).with_records(Some(batch.into()));
        let data = TopicProduceData::default().with_name(admin::name(topic)).with_partition_data(vec![part]);
        let request = ProduceRequest::default()
            .with_transactional_id(Some(self.id.clone()))
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![data]);
        let mut offset = -1;
        again("Produce", || {
            let answer = connection.call(9, &request)?;
            let parts = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
            let part = parts.map(|part| (part.error_code, part.base_offset)).next().context("no partition")?;
            offset = part.1;
            Ok(part.0)
        })?;
        self.sequence += i32::try_from(records.len())?;
        Ok(offset)
    }

    /// Commits or aborts, and waits until the markers are written.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn end(&mut self, connection: &mut Connection, commit: bool) -> Result<()> {
        let request = EndTxnRequest::default()
            .with_transactional_id(self.id.clone())
            .with_producer_id(self.producer.0.into())
            .with_producer_epoch(self.producer.1)
            .with_committed(commit);
        again("EndTxn", || Ok(connection.call(3, &request)?.error_code))?;
        // Once more: that is answered well only when all is done.
        again("EndTxn", || Ok(connection.call(3, &request)?.error_code))
    }
}

fn again(what: &str, mut ask: impl FnMut() -> Result<i16>) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let code = ask()?;
        if code == 0 {
            return Ok(());
        }
        ensure!(AGAIN.contains(&code) && since.left_of(PATIENCE).is_some(), "{what} answered error {code}");
        crate::pause::short();
    }
}
