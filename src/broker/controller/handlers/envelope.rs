//! Envelope 0: a client's request that a broker brings (KIP-590).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{DefaultPrincipalData, EnvelopeRequest, EnvelopeResponse};
use kafka_protocol::protocol::Decodable;
use model::ErrorCode;
use wire::{Answer, Chunk, Context, Handle, Header, HeaderError, Origin, Outcome, Unreadable};

use crate::controller::ControllerNode;
use crate::controller::apis::{APIS, dispatch, is_forwardable};
use crate::node::FileSlice;

/// The tagged field in which an answer says up to which offset the metadata must be applied for it to be seen. Only Ottla
/// tells it, and only Ottla looks for it: so what is read after a forwarded change is never older, whichever broker is asked.
pub const APPLIED: i32 = 0x4f74;

impl Handle<EnvelopeRequest> for ControllerNode {
    async fn handle(&self, context: &Context, request: EnvelopeRequest) -> Answer<EnvelopeResponse, FileSlice> {
        let answer = EnvelopeResponse::default().with_response_data(None);
        if !self.is_active() {
            return answer.with_error_code(ErrorCode::NotController.code()).into();
        }
        match self.open(context, request).await {
            Ok(response) => {
                let mut applied = BytesMut::with_capacity(8);
                applied.put_i64(self.images.borrow().end.0 - 1);
                answer.with_response_data(Some(response)).with_unknown_tagged_field(APPLIED, applied.freeze()).into()
            }
            Err(error) => answer.with_error_code(error.code()).into(),
        }
    }
}

type Dispatched<'a> = Pin<Box<dyn Future<Output = Result<Outcome<FileSlice>, Unreadable>> + Send + 'a>>;

impl ControllerNode {
    /// An envelope in an envelope is none of those that may be forwarded, so this goes no deeper.
    fn dispatch(&self, context: Context, body: Bytes) -> Dispatched<'_> {
        Box::pin(dispatch(self, context, body))
    }

    async fn open(&self, context: &Context, request: EnvelopeRequest) -> Result<Bytes, ErrorCode> {
        check_principal(request.request_principal)?;
        let mut body = request.request_data;
        let header = Header::decode(APIS, &mut body).map_err(|error| match error {
            HeaderError::UnknownVersion { .. } => ErrorCode::UnsupportedVersion,
            HeaderError::UnknownApi(_) | HeaderError::Malformed => ErrorCode::InvalidRequest,
        })?;
        if !is_forwardable(header.api.key) {
            return Err(ErrorCode::InvalidRequest);
        }
        let peer = address(&request.client_host_address).ok_or(ErrorCode::InvalidRequest)?;
        let origin = Origin { peer, listener: context.origin().listener.clone() };
        let context = Context::new(header, Arc::new(origin));
        let mut outcome = self.dispatch(context, body).await.map_err(|_| ErrorCode::InvalidRequest)?;
        loop {
            match outcome {
                Outcome::Ready(chunks) => return whole(chunks).ok_or(ErrorCode::UnknownServerError),
                Outcome::Later(later) => outcome = later.await,
                Outcome::Nothing | Outcome::Close | Outcome::Unspeakable(_) => {
                    return Err(ErrorCode::UnknownServerError);
                }
            }
        }
    }
}

/// On whose behalf it is asked (`DefaultKafkaPrincipalBuilder`): two bytes of version, then the principal.
fn check_principal(principal: Option<Bytes>) -> Result<DefaultPrincipalData, ErrorCode> {
    let mut principal = principal.ok_or(ErrorCode::PrincipalDeserializationFailure)?;
    match principal.try_get_i16() {
        Ok(0) => DefaultPrincipalData::decode(&mut principal, 0).ok(),
        _ => None,
    }
    .ok_or(ErrorCode::PrincipalDeserializationFailure)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(|four| IpAddr::V4(Ipv4Addr::from(four)));
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|all| IpAddr::V6(Ipv6Addr::from(all)))).ok()
}

/// A response without its length. None of those that are forwarded has bytes in a file.
fn whole(chunks: Vec<Chunk<FileSlice>>) -> Option<Bytes> {
    match <[Chunk<FileSlice>; 1]>::try_from(chunks) {
        Ok([Chunk::Bytes(mut frame)]) if frame.len() >= 4 => {
            frame.advance(4);
            Some(frame)
        }
        _ => None,
    }
}
