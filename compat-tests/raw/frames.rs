//! Produce v9 and Fetch v12 frames: the newest versions that name topics, so that no id has to be asked for first.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProduceResponse, ResponseHeader, TopicName};
use kafka_protocol::protocol::{Decodable, StrBytes};

use super::batch::put_unsigned;
use super::connection::frame;

/// Where a frame's correlation id stands.
pub const CORRELATION_AT: usize = 8;
pub const PRODUCE: i16 = 9;
pub const FETCH: i16 = 12;

/// A whole Produce frame: one batch for each of these partitions.
///
/// # Errors
/// Where it would be longer than a frame can be.
pub fn produce(topic: &str, acks: i16, batches: &[(i32, &[u8])]) -> Result<Vec<u8>> {
    let mut out = vec![0; 4];
    out.extend([0, 0, 0, 9, 0, 0, 0, 0, 0, 5]);
    out.extend(b"judge");
    out.extend([0, 0]);
    out.extend(acks.to_be_bytes());
    out.extend(30_000i32.to_be_bytes());
    out.push(2);
    put_unsigned(&mut out, topic.len() as u64 + 1);
    out.extend(topic.as_bytes());
    put_unsigned(&mut out, batches.len() as u64 + 1);
    for (partition, batch) in batches {
        out.extend(partition.to_be_bytes());
        put_unsigned(&mut out, batch.len() as u64 + 1);
        out.extend_from_slice(batch);
        out.push(0);
    }
    out.extend([0, 0]);
    let length = i32::try_from(out.len() - 4)?;
    out.splice(..4, length.to_be_bytes());
    Ok(out)
}

/// One partition's part of a Produce answer: index, error code, base offset.
pub type Produced = (i32, i16, i64);

/// Reads a Produce answer, correlation id included.
///
/// # Errors
/// Where it is none.
pub fn produced(answer: Bytes) -> Result<(i32, Vec<Produced>)> {
    let mut answer = answer;
    let header = ResponseHeader::decode(&mut answer, 1)?;
    let body = ProduceResponse::decode(&mut answer, PRODUCE)?;
    let parts = body.responses.iter().flat_map(|topic| &topic.partition_responses);
    Ok((header.correlation_id, parts.map(|part| (part.index, part.error_code, part.base_offset)).collect()))
}

/// A whole sessionless Fetch frame.
///
/// # Errors
/// Never with a name that is one.
pub fn fetch(topic: &str, from: &[(i32, i64)], partition_max: i32, wait_ms: i32) -> Result<Vec<u8>> {
    let partition = |&(partition, offset): &(i32, i64)| {
        FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(partition_max)
    };
    let topic = FetchTopic::default()
        .with_topic(TopicName(StrBytes::from_string(topic.to_owned())))
        .with_partitions(from.iter().map(partition).collect());
    let request = FetchRequest::default()
        .with_max_wait_ms(wait_ms)
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_topics(vec![topic]);
    frame(0, FETCH, &request)
}

/// One partition's part of a Fetch answer: index, high watermark, records.
pub type Fetched = (i32, i64, Bytes);

/// Reads a Fetch answer.
///
/// # Errors
/// Where it is none, or has an error in it.
pub fn fetched(mut answer: Bytes) -> Result<Vec<Fetched>> {
    ResponseHeader::decode(&mut answer, 1)?;
    let body = FetchResponse::decode(&mut answer, FETCH).context("a Fetch answer")?;
    ensure!(body.error_code == 0, "Fetch answered error {}", body.error_code);
    let mut parts = Vec::new();
    for part in body.responses.into_iter().flat_map(|topic| topic.partitions) {
        ensure!(
            part.error_code == 0,
            "Fetch answered error {} for partition {}",
            part.error_code,
            part.partition_index
        );
        parts.push((part.partition_index, part.high_watermark, part.records.unwrap_or_default()));
    }
    Ok(parts)
}
