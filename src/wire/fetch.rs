//! The one hand-written codec: a fetch response whose records stay in their files (Fetch 4 to 18).

use bytes::{BufMut, Bytes, BytesMut};
use model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicId, TopicName};

use crate::{Chunk, Context, Slice};

/// A fetch response.
#[derive(Debug)]
pub struct Response<S> {
    /// An error that concerns the whole request, such as a lost session.
    pub error: Option<ErrorCode>,
    /// The session, or 0 (KIP-227).
    pub session_id: i32,
    /// Topics in the order in which the session has them.
    pub topics: Vec<Topic<S>>,
    /// Where the leaders named in `current_leader` are (KIP-951).
    pub endpoints: Vec<Endpoint>,
}

/// One topic of a response.
#[derive(Debug)]
pub struct Topic<S> {
    /// Its name, for clients that go by names.
    pub name: TopicName,
    /// Its id, for the others.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Vec<Partition<S>>,
}

/// One partition of a response.
#[derive(Debug)]
pub struct Partition<S> {
    /// Which partition.
    pub index: PartitionIndex,
    /// What went wrong.
    pub error: Option<ErrorCode>,
    /// The high watermark, -1 if unknown.
    pub high_watermark: Offset,
    /// The last stable offset, -1 if unknown.
    pub last_stable_offset: Offset,
    /// The first offset, -1 if unknown.
    pub log_start_offset: Offset,
    /// Where the reader's log departs from the leader's (KIP-595).
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// Who leads, told with errors about leadership (KIP-951).
    pub current_leader: Option<(NodeId, LeaderEpoch)>,
    /// Aborted transactions in the range; null for those who read uncommitted.
    pub aborted: Option<Vec<(ProducerId, Offset)>>,
    /// A nearer replica to read from (KIP-392).
    pub preferred_read_replica: NodeId,
    /// The records; nothing is an empty set, not null.
    pub records: Option<S>,
}

impl<S> Partition<S> {
    /// A partition that has nothing to tell but this error.
    pub fn failed(index: PartitionIndex, error: ErrorCode) -> Self {
        Self {
            index,
            error: Some(error),
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            log_start_offset: Offset::NONE,
            diverging: None,
            current_leader: None,
            aborted: None,
            preferred_read_replica: NodeId::NONE,
            records: None,
        }
    }
}

/// Where a node listens.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Which node.
    pub node: NodeId,
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<String>,
}

/// The frame of `response` as chunks: the records' slices with the bytes that stand between them.
pub fn encode<S: Slice>(context: &Context, response: Response<S>) -> Vec<Chunk<S>> {
    let mut out = Writer {
        chunks: Vec::with_capacity(1 + 2 * response.topics.len()),
        bytes: BytesMut::with_capacity(64),
        total: 0,
        version: context.version(),
    };
    out.bytes.put_i32(0); // The length, known at the end.
    out.bytes.put_i32(context.correlation_id());
    out.tags(0); // Of the header, which is flexible when the body is.
    out.bytes.put_i32(0); // Throttle time.
    if out.version >= 7 {
        out.error(response.error);
        out.bytes.put_i32(response.session_id);
    }
    out.length(response.topics.len());
    for topic in response.topics {
        out.topic(topic);
    }
    if out.version >= 16 && !response.endpoints.is_empty() {
        out.endpoints(&response.endpoints);
    } else {
        out.tags(0);
    }
    out.finish()
}

struct Writer<S> {
    chunks: Vec<Chunk<S>>,
    bytes: BytesMut,
    total: usize,
    version: i16,
}

impl<S: Slice> Writer<S> {
    fn is_flexible(&self) -> bool {
        self.version >= 12
    }

    fn tags(&mut self, count: u32) {
        if self.is_flexible() {
            varint(&mut self.bytes, count);
        }
    }

    fn error(&mut self, error: Option<ErrorCode>) {
        self.bytes.put_i16(error.map_or(0, ErrorCode::code));
    }

    /// The length of an array or of records.
    fn length(&mut self, length: usize) {
        if self.is_flexible() {
            varint(&mut self.bytes, length as u32 + 1);
        } else {
            self.bytes.put_i32(length as i32);
        }
    }

    fn topic(&mut self, topic: Topic<S>) {
        if self.version >= 13 {
            self.bytes.put_slice(topic.id.as_bytes());
        } else if self.is_flexible() {
            text(&mut self.bytes, &topic.name);
        } else {
            self.bytes.put_i16(topic.name.len() as i16);
            self.bytes.put_slice(topic.name.as_bytes());
        }
        self.length(topic.partitions.len());
        for partition in topic.partitions {
            self.partition(partition);
        }
        self.tags(0);
    }

    fn partition(&mut self, partition: Partition<S>) {
        self.bytes.put_i32(partition.index.0);
        self.error(partition.error);
        self.bytes.put_i64(partition.high_watermark.0);
        self.bytes.put_i64(partition.last_stable_offset.0);
        if self.version >= 5 {
            self.bytes.put_i64(partition.log_start_offset.0);
        }
        match &partition.aborted {
            None if self.is_flexible() => varint(&mut self.bytes, 0),
            None => self.bytes.put_i32(-1),
            Some(aborted) => {
                self.length(aborted.len());
                for (producer, first_offset) in aborted {
                    self.bytes.put_i64(producer.0);
                    self.bytes.put_i64(first_offset.0);
                    self.tags(0);
                }
            }
        }
        if self.version >= 11 {
            self.bytes.put_i32(partition.preferred_read_replica.0);
        }
        self.length(partition.records.as_ref().map_or(0, Slice::len));
        if let Some(records) = partition.records {
            self.slice(records);
        }
        if self.is_flexible() {
            let count = u32::from(partition.diverging.is_some()) + u32::from(partition.current_leader.is_some());
            varint(&mut self.bytes, count);
            if let Some((epoch, end)) = partition.diverging {
                self.bytes.put_slice(&[0, 13]);
                self.bytes.put_i32(epoch.0);
                self.bytes.put_i64(end.0);
                self.bytes.put_u8(0);
            }
            if let Some((leader, epoch)) = partition.current_leader {
                self.bytes.put_slice(&[1, 9]);
                self.bytes.put_i32(leader.0);
                self.bytes.put_i32(epoch.0);
                self.bytes.put_u8(0);
            }
        }
    }

    fn endpoints(&mut self, endpoints: &[Endpoint]) {
        let mut content = BytesMut::new();
        varint(&mut content, endpoints.len() as u32 + 1);
        for endpoint in endpoints {
            content.put_i32(endpoint.node.0);
            text(&mut content, &endpoint.host);
            content.put_i32(endpoint.port);
            match &endpoint.rack {
                Some(rack) => text(&mut content, rack),
                None => varint(&mut content, 0),
            }
            content.put_u8(0);
        }
        self.bytes.put_slice(&[1, 0]); // One tag, number 0.
        varint(&mut self.bytes, content.len() as u32);
        self.bytes.put_slice(&content);
    }

    fn slice(&mut self, slice: S) {
        if !slice.is_empty() {
            self.flush();
            self.total += slice.len();
            self.chunks.push(Chunk::Slice(slice));
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.total += self.bytes.len();
            self.chunks.push(Chunk::Bytes(self.bytes.split().freeze()));
        }
    }

    fn finish(mut self) -> Vec<Chunk<S>> {
        self.flush();
        let length = (self.total - 4) as i32;
        if let Some(Chunk::Bytes(first)) = self.chunks.first_mut() {
            let mut start = BytesMut::from(std::mem::take(first));
            start[..4].copy_from_slice(&length.to_be_bytes());
            *first = start.freeze();
        }
        self.chunks
    }
}

fn varint(out: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn text(out: &mut BytesMut, text: &str) {
    varint(out, text.len() as u32 + 1);
    out.put_slice(text.as_bytes());
}

impl Slice for Bytes {
    fn len(&self) -> usize {
        Bytes::len(self)
    }
}

#[cfg(test)]
mod tests;
