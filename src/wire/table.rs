//! Request headers, and the table that is both the dispatch and the ApiVersions answer.

use std::borrow::Cow;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiKey;

use crate::guard::Shape;

/// One API that the broker speaks.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// Its number.
    pub key: ApiKey,
    /// The oldest version that is served.
    pub min: i16,
    /// The newest version that is served.
    pub max: i16,
    /// The layout of its requests.
    pub shape: &'static Shape,
}

impl Api {
    /// The oldest version that ApiVersions tells. Produce is told from 0 on though 0 to 2 are gone, since
    /// librdkafka would otherwise not compress (KIP-896, `ApiKeys.PRODUCE_API_VERSIONS_RESPONSE_MIN_VERSION`).
    pub fn advertised_min(&self) -> i16 {
        if self.key == ApiKey::Produce { 0 } else { self.min }
    }
}

/// What stands in front of every request.
#[derive(Clone, Debug)]
pub struct Header {
    /// Which API.
    pub api: Api,
    /// In which version; within `api.min..=api.max`, except for ApiVersions.
    pub version: i16,
    /// The client's number for this request, which the response carries back.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<Bytes>,
    /// The client asked for a version of ApiVersions that does not exist here: it is answered as version 0
    /// with UNSUPPORTED_VERSION, whatever its body is (KIP-511).
    pub is_unknown_api_versions: bool,
}

/// Why a header is not accepted. It costs the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The frame ends inside its header.
    #[error("the request header is malformed")]
    Malformed,
    /// No such API, or none that is served.
    #[error("API {0} is not served")]
    UnknownApi(i16),
    /// The API is served, but not in this version.
    #[error("{key:?} is not served in version {version}")]
    UnknownVersion {
        /// Which API.
        key: ApiKey,
        /// Which version.
        version: i16,
    },
}

impl Header {
    /// Takes the header off the front of `frame`; what is left is the body.
    pub fn decode(apis: &[Api], frame: &mut Bytes) -> Result<Self, HeaderError> {
        let short = |_| HeaderError::Malformed;
        let key = frame.try_get_i16().map_err(short)?;
        let version = frame.try_get_i16().map_err(short)?;
        let correlation_id = frame.try_get_i32().map_err(short)?;
        let api = *apis.iter().find(|api| api.key as i16 == key).ok_or(HeaderError::UnknownApi(key))?;
        let served = (api.min..=api.max).contains(&version);
        let is_unknown_api_versions = api.key == ApiKey::ApiVersions && !served;
        if !served && !is_unknown_api_versions {
            return Err(HeaderError::UnknownVersion { key: api.key, version });
        }
        // The client id kept its old form when headers became flexible, so that any broker can read it.
        let client_id = match frame.try_get_i16().map_err(short)? {
            ..0 => None,
            length => {
                let length = length as usize;
                if frame.len() < length {
                    return Err(HeaderError::Malformed);
                }
                let text = frame.split_to(length);
                // Some clients send what their configuration file has, in whatever encoding (`ByteBuffer` to `String` in Kafka).
                match String::from_utf8_lossy(&text) {
                    Cow::Borrowed(_) => Some(text),
                    Cow::Owned(mended) => Some(mended.into()),
                }
            }
        };
        if !is_unknown_api_versions && api.key.request_header_version(version) >= 2 {
            skip_tags(frame)?;
        }
        Ok(Self { api, version, correlation_id, client_id, is_unknown_api_versions })
    }
}

fn skip_tags(frame: &mut Bytes) -> Result<(), HeaderError> {
    for _ in 0..varint(frame)? {
        let (_tag, size) = (varint(frame)?, varint(frame)? as usize);
        if frame.len() < size {
            return Err(HeaderError::Malformed);
        }
        frame.advance(size);
    }
    Ok(())
}

fn varint(frame: &mut Bytes) -> Result<u32, HeaderError> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = frame.try_get_u8().map_err(|_| HeaderError::Malformed)?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(HeaderError::Malformed)
}

/// Declares what a broker speaks: one row an API with its versions.
///
/// `APIS` (for ApiVersions) and `dispatch` are both made from these rows, so an API that is advertised is an
/// API that is handled: anything else does not compile. `as N` names the newest layout the codec has, where
/// newer versions changed meaning only.
#[macro_export]
macro_rules! apis {
    ($broker:ty { $( $api:ident($request:ty) $min:literal ..= $max:literal $(as $layout:literal)?; )* }) => {
        /// Every API that is served, as ApiVersions tells it.
        pub const APIS: &[$crate::Api] = &[$( $crate::Api {
            key: ::kafka_protocol::messages::ApiKey::$api,
            min: $min,
            max: $max,
            shape: &$crate::shapes::$api,
        } ),*];

        /// Decodes the request behind `context` and has it handled.
        pub async fn dispatch(
            broker: &$broker,
            context: $crate::Context,
            body: ::bytes::Bytes,
        ) -> Result<$crate::Outcome<<$broker as $crate::Broker>::Slice>, $crate::Unreadable> {
            match context.key() {
                $( ::kafka_protocol::messages::ApiKey::$api => {
                    let newest_layout = [$($layout,)? $max][0];
                    $crate::serve::<$request, $broker>(broker, context, newest_layout, body).await
                } )*
                _ => Err($crate::Unreadable::NotServed),
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const APIS: &[Api] = &[
        Api { key: ApiKey::ApiVersions, min: 0, max: 4, shape: &crate::shapes::ApiVersions },
        Api { key: ApiKey::Produce, min: 3, max: 13, shape: &crate::shapes::Produce },
    ];

    fn decode(bytes: &'static [u8]) -> Result<Header, HeaderError> {
        Header::decode(APIS, &mut Bytes::from_static(bytes))
    }

    #[test]
    fn headers() {
        let header = decode(&[0, 18, 0, 3, 0, 0, 0, 9, 0, 1, b'k', 0]).unwrap();
        assert_eq!((header.version, header.correlation_id), (3, 9));
        assert_eq!(header.client_id.as_deref(), Some(&b"k"[..]));
        let header = decode(&[0, 18, 0, 99, 0, 0, 0, 9, 0xff, 0xff]).unwrap();
        assert!(header.is_unknown_api_versions);
        let produce = |version| HeaderError::UnknownVersion { key: ApiKey::Produce, version };
        assert_eq!(decode(&[0, 0, 0, 2, 0, 0, 0, 9, 0, 0]).unwrap_err(), produce(2));
        assert_eq!(decode(&[0, 99, 0, 2, 0, 0, 0, 9, 0, 0]).unwrap_err(), HeaderError::UnknownApi(99));
        assert_eq!(decode(&[0, 18, 0, 0, 0, 0, 0, 9, 0, 9]).unwrap_err(), HeaderError::Malformed);
        assert_eq!(decode(&[0, 18]).unwrap_err(), HeaderError::Malformed);
    }

    #[test]
    fn a_client_id_is_text_or_nothing() {
        let header = decode(&[0, 18, 0, 0, 0, 0, 0, 9, 0xff, 0xfe]).unwrap();
        assert_eq!(header.client_id, None);
        let header = decode(&[0, 18, 0, 0, 0, 0, 0, 9, 0, 2, 0xf6, b'k']).unwrap();
        assert_eq!(header.client_id.as_deref(), Some("\u{fffd}k".as_bytes()));
    }

    #[test]
    fn produce_is_told_from_version_0() {
        assert_eq!(APIS[1].advertised_min(), 0);
        assert_eq!(APIS[0].advertised_min(), 0);
    }
}
