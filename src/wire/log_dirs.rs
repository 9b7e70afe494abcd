//! DescribeLogDirs 1 to 5; version 5, which tells cordoned directories (KIP-1066), is newer than the codec.

use anyhow::{Result, bail};

use kafka_protocol::messages::{DescribeLogDirsRequest, describe_log_dirs_response as codec};
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, Request, VersionRange};

const NEWEST_IN_CODEC: i16 = 4;

/// The request; its layout is the same in all flexible versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirs(pub DescribeLogDirsRequest);

/// The response: the codec's, and which directories take no new partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// What the codec knows.
    pub body: kafka_protocol::messages::DescribeLogDirsResponse,
    /// For each result in the body whether its directory is cordoned; missing ones are not.
    pub cordoned: Vec<bool>,
}

impl From<kafka_protocol::messages::DescribeLogDirsResponse> for Response {
    fn from(body: kafka_protocol::messages::DescribeLogDirsResponse) -> Self {
        Self { body, cordoned: Vec::new() }
    }
}

impl Request for DescribeLogDirs {
    const KEY: i16 = 35;
    type Response = Response;
}

macro_rules! versions_1_to_5 {
    ($($type:ty),*) => { $( impl Message for $type {
        const VERSIONS: VersionRange = VersionRange { min: 1, max: 5 };
        const DEPRECATED_VERSIONS: Option<VersionRange> = None;
    } )* };
}
versions_1_to_5!(DescribeLogDirs, Response);

impl HeaderVersion for DescribeLogDirs {
    fn header_version(version: i16) -> i16 {
        DescribeLogDirsRequest::header_version(version.min(NEWEST_IN_CODEC))
    }
}

impl Encodable for DescribeLogDirs {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> Result<()> {
        self.0.encode(buf, version.min(NEWEST_IN_CODEC))
    }
    fn compute_size(&self, version: i16) -> Result<usize> {
        self.0.compute_size(version.min(NEWEST_IN_CODEC))
    }
}

impl Decodable for DescribeLogDirs {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> Result<Self> {
        DescribeLogDirsRequest::decode(buf, version.min(NEWEST_IN_CODEC)).map(Self)
    }
}

impl HeaderVersion for Response {
    fn header_version(version: i16) -> i16 {
        kafka_protocol::messages::DescribeLogDirsResponse::header_version(version.min(NEWEST_IN_CODEC))
    }
}

impl Encodable for Response {
    fn encode<B: ByteBufMut>(&self, buf: &mut B, version: i16) -> Result<()> {
        if version <= NEWEST_IN_CODEC {
            return self.body.encode(buf, version);
        }
        buf.put_i32(self.body.throttle_time_ms);
        buf.put_i16(self.body.error_code);
        varint(buf, self.body.results.len() + 1);
        for (i, dir) in self.body.results.iter().enumerate() {
            let mut fields = bytes::BytesMut::with_capacity(dir.compute_size(NEWEST_IN_CODEC)?);
            dir.encode(&mut fields, NEWEST_IN_CODEC)?;
            // The new field stands between the old ones and the count of tags, of which there are none.
            if fields.last() != Some(&0) {
                bail!("tagged fields are not expected here");
            }
            buf.put_slice(&fields[..fields.len() - 1]);
            buf.put_u8(u8::from(self.cordoned.get(i).copied().unwrap_or(false)));
            buf.put_u8(0);
        }
        buf.put_u8(0);
        Ok(())
    }

    fn compute_size(&self, version: i16) -> Result<usize> {
        let size = self.body.compute_size(version.min(NEWEST_IN_CODEC))?;
        Ok(if version <= NEWEST_IN_CODEC { size } else { size + self.body.results.len() })
    }
}

impl Decodable for Response {
    fn decode<B: ByteBuf>(buf: &mut B, version: i16) -> Result<Self> {
        if version <= NEWEST_IN_CODEC {
            let body = kafka_protocol::messages::DescribeLogDirsResponse::decode(buf, version)?;
            return Ok(body.into());
        }
        bail!("a broker does not read responses of this version")
    }
}

fn varint<B: ByteBufMut>(buf: &mut B, mut value: usize) {
    while value >= 0x80 {
        buf.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    buf.put_u8(value as u8);
}

/// One directory's part of a response.
pub type Dir = codec::DescribeLogDirsResult;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    #[test]
    fn version_5_adds_one_byte_a_directory() {
        let response = Response {
            body: kafka_protocol::messages::DescribeLogDirsResponse::default()
                .with_results(vec![Dir::default().with_total_bytes(7).with_usable_bytes(5)]),
            cordoned: vec![true],
        };
        let mut bytes = BytesMut::new();
        response.encode(&mut bytes, 5).unwrap();
        assert_eq!(bytes.len(), response.compute_size(5).unwrap());
        // Throttle, error, one result: error, empty path, no topics, total, usable, cordoned, tags; tags.
        let expected = [[0; 6].as_slice(), &[2, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0]];
        assert_eq!(bytes[..], expected.concat());
    }
}
