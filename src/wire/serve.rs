//! The one place where bytes meet messages: decode, have it handled, encode.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ResponseHeader;
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request};

use crate::Context;
use crate::guard::{self, Malformed};

/// Bytes that lie in a file and go to the socket without passing through the program.
pub trait Slice: Send + 'static {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A piece of a response.
#[derive(Debug)]
pub enum Chunk<S> {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes in a file.
    Slice(S),
}

/// One who answers requests.
pub trait Broker: Send + Sync {
    /// How it names bytes in a file.
    type Slice: Slice;
    /// What a large request holds while it is handled.
    type Admission: Send;

    /// Waits until a request of so many entries (array elements, tagged fields) may be decoded: each takes a few
    /// bytes on the wire, and hundreds in memory.
    fn admit(&self, entries: usize) -> impl Future<Output = Self::Admission> + Send;
}

/// Answers requests of one API.
pub trait Handle<R: Request>: Broker {
    /// The ordered half of a request's life: requests of one connection are handed in one after the other, each
    /// when the one before has returned. What may overlap with later requests is returned as [`Answer::Later`].
    fn handle(&self, context: &Context, request: R) -> impl Future<Output = Answer<R::Response, Self::Slice>> + Send;
}

/// What a handler says.
pub enum Answer<T, S> {
    /// This, now.
    Now(T),
    /// What that future will say; later requests go on meanwhile, and their responses wait for this one.
    Later(Pin<Box<dyn Future<Output = Answer<T, S>> + Send>>),
    /// A response that is encoded already.
    Chunks(Vec<Chunk<S>>),
    /// No response is expected (`acks=0`).
    Nothing,
    /// The connection must end: the client could not be told otherwise.
    Close,
}

impl<T, S> Answer<T, S> {
    /// What `answer` says: now if it can say it now, else later.
    pub async fn when(answer: impl Future<Output = Self> + Send + 'static) -> Self {
        let mut answer: Pin<Box<dyn Future<Output = Self> + Send>> = Box::pin(answer);
        match std::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            Poll::Ready(answer) => answer,
            Poll::Pending => Self::Later(answer),
        }
    }
}

impl<T, S> From<T> for Answer<T, S> {
    fn from(response: T) -> Self {
        Self::Now(response)
    }
}

/// What becomes of a request: its response as chunks, length prefix included.
pub enum Outcome<S> {
    /// Send this.
    Ready(Vec<Chunk<S>>),
    /// Send that when it is there.
    Later(Pin<Box<dyn Future<Output = Outcome<S>> + Send>>),
    /// Send nothing.
    Nothing,
    /// End the connection.
    Close,
    /// The response has a field set that the client's version cannot carry: a mistake of ours, and no answer can be
    /// right. End the connection.
    Unspeakable(String),
}

/// Why a request could not be served. It costs the connection.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its lengths contradict its size.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its content is not what the schema says: text that is no UTF-8, null where there is no null.
    #[error("the request cannot be decoded: {0}")]
    Content(String),
    /// It names an API that is not in the table.
    #[error("the API is not served")]
    NotServed,
}

/// Decodes `body`, hands it to the broker, and encodes what it says. `newest_layout` is the newest version that
/// the codec has; newer ones look the same.
pub async fn serve<R, B>(
    broker: &B,
    context: Context,
    newest_layout: i16,
    mut body: Bytes,
) -> Result<Outcome<B::Slice>, Unreadable>
where
    R: Request,
    R::Response: Send + 'static,
    B: Handle<R>,
{
    let layout = context.version().min(newest_layout);
    let mut admission = None;
    let request = if context.is_unknown_api_versions() {
        // Its body is of a version nobody here knows; version 0 has none.
        R::decode(&mut Bytes::new(), 0).map_err(|error| Unreadable::Content(error.to_string()))?
    } else {
        let entries = guard::check(context.shape(), context.version(), &body)?;
        admission = Some(broker.admit(entries).await);
        R::decode(&mut body, layout).map_err(|error| Unreadable::Content(error.to_string()))?
    };
    drop(body);
    let answer = broker.handle(&context, request).await;
    drop(admission);
    Ok(conclude(answer, context.correlation_id(), layout))
}

fn conclude<T, S>(answer: Answer<T, S>, correlation_id: i32, version: i16) -> Outcome<S>
where
    T: Encodable + HeaderVersion + Send + 'static,
    S: Slice,
{
    match answer {
        Answer::Now(response) => match frame(&response, correlation_id, version) {
            Ok(frame) => Outcome::Ready(vec![Chunk::Bytes(frame)]),
            Err(reason) => Outcome::Unspeakable(format!("{} version {version}: {reason}", std::any::type_name::<T>())),
        },
        Answer::Later(later) => Outcome::Later(Box::pin(async move { conclude(later.await, correlation_id, version) })),
        Answer::Chunks(chunks) => Outcome::Ready(chunks),
        Answer::Nothing => Outcome::Nothing,
        Answer::Close => Outcome::Close,
    }
}

/// A whole response frame: length, header, body.
fn frame<T: Encodable + HeaderVersion>(response: &T, correlation_id: i32, version: i16) -> Result<Bytes, String> {
    let body = response.compute_size(version).map_err(|error| error.to_string())?;
    let mut frame = BytesMut::with_capacity(body + 16);
    frame.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    header.encode(&mut frame, T::header_version(version)).map_err(|error| error.to_string())?;
    response.encode(&mut frame, version).map_err(|error| error.to_string())?;
    let length = i32::try_from(frame.len() - 4).map_err(|error| error.to_string())?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}
