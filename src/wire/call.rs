//! Requests that this node makes, and the responses to them: the same layout as for those it serves, the other way round.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

use crate::Context;
use crate::answers;
use crate::guard::{self, Malformed, Shape};

/// An API as this node calls it: always in the newest version that every Apache Kafka 4.x has.
pub trait Call: Request {
    /// The version.
    const VERSION: i16;
    /// The layout of the response, against which it is checked before it is decoded.
    const ANSWER: &'static Shape;
}

macro_rules! calls {
    ($( $api:ident($request:ident) $version:literal; )*) => {
        $( impl Call for kafka_protocol::messages::$request {
            const VERSION: i16 = $version;
            const ANSWER: &'static Shape = &answers::$api;
        } )*
    };
}

calls! {
    Fetch(FetchRequest) 17;
    ListOffsets(ListOffsetsRequest) 10;
    CreateTopics(CreateTopicsRequest) 7;
    AlterConfigs(AlterConfigsRequest) 2;
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest) 1;
    AlterPartition(AlterPartitionRequest) 3;
    Envelope(EnvelopeRequest) 0;
    BrokerRegistration(BrokerRegistrationRequest) 4;
    BrokerHeartbeat(BrokerHeartbeatRequest) 1;
    AllocateProducerIds(AllocateProducerIdsRequest) 0;
    ControllerRegistration(ControllerRegistrationRequest) 0;
    AssignReplicasToDirs(AssignReplicasToDirsRequest) 0;
}

/// Why a response cannot be used. The connection cannot go on after it.
#[derive(Debug, thiserror::Error)]
pub enum BadAnswer {
    /// It answers another request than the one that was made.
    #[error("the response is to request {found}, not to {wanted}")]
    Correlation {
        /// As asked.
        wanted: i32,
        /// As answered.
        found: i32,
    },
    /// Its lengths contradict its size.
    #[error("the response is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// Its content is not what the schema says.
    #[error("the response cannot be decoded: {0}")]
    Content(String),
}

/// A request as a whole frame, length included.
///
/// # Errors
/// A field is set that the version does not have.
pub fn request<R: Call>(message: &R, correlation_id: i32, client_id: &str) -> Result<Bytes, String> {
    let key = ApiKey::try_from(R::KEY).map_err(|()| format!("there is no API {}", R::KEY))?;
    let text = |error: anyhow::Error| error.to_string();
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(R::VERSION)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_string(client_id.to_owned())));
    let mut frame = BytesMut::with_capacity(message.compute_size(R::VERSION).map_err(text)? + 64);
    frame.put_i32(0);
    header.encode(&mut frame, key.request_header_version(R::VERSION)).map_err(text)?;
    message.encode(&mut frame, R::VERSION).map_err(text)?;
    let length = i32::try_from(frame.len() - 4).map_err(|error| error.to_string())?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}

/// A request that was read, as the client sent it, without a length: to be forwarded (KIP-590).
///
/// # Errors
/// None, but for a field that the version does not have.
pub fn again<R: Request>(context: &Context, message: &R) -> Result<Bytes, String> {
    let text = |error: anyhow::Error| error.to_string();
    let (key, version) = (context.key(), context.version());
    let header = RequestHeader::default()
        .with_request_api_key(key as i16)
        .with_request_api_version(version)
        .with_correlation_id(context.correlation_id())
        .with_client_id(Some(StrBytes::from_string(context.client_id().to_owned())));
    let mut bytes = BytesMut::with_capacity(message.compute_size(version).map_err(text)? + 64);
    header.encode(&mut bytes, key.request_header_version(version)).map_err(text)?;
    message.encode(&mut bytes, version).map_err(text)?;
    Ok(bytes.freeze())
}

/// The response to a request that was forwarded.
///
/// # Errors
/// As [`response`].
pub fn forwarded<R: Call>(context: &Context, frame: Bytes) -> Result<R::Response, BadAnswer> {
    decode::<R>(frame, context.correlation_id(), context.version())
}

/// The response in `frame`, which has no length in front any more. Records in it are slices of the frame.
///
/// # Errors
/// It is not the response to the request of that number, or none at all.
pub fn response<R: Call>(frame: Bytes, correlation_id: i32) -> Result<R::Response, BadAnswer> {
    decode::<R>(frame, correlation_id, R::VERSION)
}

fn decode<R: Call>(mut frame: Bytes, correlation_id: i32, version: i16) -> Result<R::Response, BadAnswer> {
    let content = |error: anyhow::Error| BadAnswer::Content(error.to_string());
    if frame.remaining() < 4 {
        return Err(Malformed::Truncated.into());
    }
    let header_version = R::Response::header_version(version);
    let header = ResponseHeader::decode(&mut frame, header_version).map_err(content)?;
    if header.correlation_id != correlation_id {
        return Err(BadAnswer::Correlation { wanted: correlation_id, found: header.correlation_id });
    }
    guard::check(R::ANSWER, version, &frame)?;
    R::Response::decode(&mut frame, version).map_err(content)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
    use kafka_protocol::messages::{FetchRequest, FetchResponse};

    use super::*;

    fn answer(correlation_id: i32, response: &FetchResponse) -> Bytes {
        let mut frame = BytesMut::new();
        ResponseHeader::default().with_correlation_id(correlation_id).encode(&mut frame, 1).unwrap();
        response.encode(&mut frame, FetchRequest::VERSION).unwrap();
        frame.freeze()
    }

    #[test]
    fn a_response_is_read_and_its_records_are_slices_of_it() {
        let records = Bytes::from_static(b"records");
        let partition = PartitionData::default().with_records(Some(records.clone()));
        let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
        let frame = answer(7, &FetchResponse::default().with_session_id(3).with_responses(vec![topic]));
        let read = response::<FetchRequest>(frame.clone(), 7).unwrap();
        assert_eq!(read.session_id, 3);
        let found = read.responses[0].partitions[0].records.clone().unwrap();
        assert_eq!(found, records);
        assert!(frame.as_ptr_range().contains(&found.as_ptr()));
    }

    #[test]
    fn what_is_no_response_to_the_request_is_refused() {
        let frame = answer(7, &FetchResponse::default());
        assert!(matches!(response::<FetchRequest>(frame.clone(), 8), Err(BadAnswer::Correlation { .. })));
        for cut in 0..frame.len() {
            assert!(response::<FetchRequest>(frame.slice(..cut), 7).is_err(), "{cut} bytes");
        }
        // A count of 2^31 topics in a few bytes.
        let mut huge = BytesMut::from(&answer(7, &FetchResponse::default())[..5 + 4 + 2 + 4]);
        huge.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x07]);
        assert!(matches!(response::<FetchRequest>(huge.freeze(), 7), Err(BadAnswer::Malformed(_))));
    }

    #[test]
    fn a_request_is_a_frame_that_says_its_length() {
        let frame = request(&FetchRequest::default(), 5, "broker-1-fetcher-0").unwrap();
        let (length, rest) = frame.split_at(4);
        assert_eq!(i32::from_be_bytes(length.try_into().unwrap()) as usize, rest.len());
        assert_eq!(rest[..8], [0, 1, 0, FetchRequest::VERSION as u8, 0, 0, 0, 5]);
    }
}
