//! The way to the active controller: this very node, or another one's listener.

mod addresses;
mod pool;
mod source;
mod transport;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use host::clock::Moment;
use kafka_protocol::messages::{DefaultPrincipalData, EnvelopeRequest};
use kafka_protocol::protocol::{Encodable, Request};
use metadata::Image;
use model::{ErrorCode, NodeId, Offset};
use quorum::{Applied, Status};
use tokio::sync::{Semaphore, watch};
use wire::call::{self, Call};
use wire::{Answer, Chunk, Context, Handle};

use crate::controller::{APPLIED, ControllerNode};
use crate::node::FileSlice;
use crate::text::text;
pub use addresses::Addresses;
use pool::{Address, Pool};
pub use source::Remote;
pub use transport::Voters;

/// How long to wait before a controller that did not answer is asked again.
const RETRY: Duration = Duration::from_millis(50);
/// Clients' requests that are forwarded at one time.
const FORWARDED: usize = 64;
/// For so long an answer is held back at most until what it says is to be seen here, too.
const APPLY: Duration = Duration::from_secs(5);

/// Knows who the active controller is, and asks it.
pub struct Controllers {
    local: Arc<ControllerNode>,
    me: NodeId,
    status: watch::Receiver<Status>,
    images: watch::Receiver<Applied>,
    pool: Pool,
    /// Clients' requests that are forwarded now; more wait.
    under_way: Semaphore,
    /// `controller.socket.timeout.ms`: how long one asks before one gives up.
    patience: Duration,
}

/// Why the controller did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nobody is known to be the active one, or it has changed meanwhile.
    #[error("no active controller is known")]
    Nobody,
    /// It cannot be reached.
    #[error("the active controller does not answer: {0}")]
    Broken(#[from] io::Error),
}

/// Where the active controller is.
#[derive(Debug)]
enum Way {
    Here,
    There(Address),
    Nobody,
}

/// What became of a request that was to be forwarded.
enum Routed {
    /// This node answers it.
    Here,
    /// The whole response, without its length.
    Answered(Bytes),
}

impl Controllers {
    /// The way as a node sees it: `local` is its own controller's side, and the others say who is active and what is applied here.
    pub fn new(
        me: NodeId,
        local: Arc<ControllerNode>,
        (images, status): (watch::Receiver<Applied>, watch::Receiver<Status>),
        patience: Duration,
    ) -> Self {
        let pool = Pool::new(format!("broker-{me}-to-controller"));
        Self { local, me, status, images, pool, under_way: Semaphore::new(FORWARDED), patience }
    }

    /// Asks the active controller once.
    ///
    /// # Errors
    /// It is not known, cannot be reached, or ceased to be active; what was asked may have happened all the same.
    pub async fn call<R: Call>(&self, request: R) -> Result<R::Response, Unanswered>
    where
        ControllerNode: Handle<R>,
    {
        match self.way() {
            Way::Here => self.local.ask(request).await.ok_or(Unanswered::Nobody),
            Way::There(address) => tokio::select! {
                answer = self.pool.call(&address, &request, self.patience) => Ok(answer?),
                () = self.changed(&address) => Err(Unanswered::Nobody),
            },
            Way::Nobody => Err(Unanswered::Nobody),
        }
    }

    /// Waits until the metadata that is applied here is so.
    pub async fn applied(&self, mut is_so: impl FnMut(&Image) -> bool) -> Applied {
        let mut images = self.images.clone();
        match images.wait_for(|applied| is_so(&applied.image)).await.map(|applied| applied.clone()) {
            Ok(applied) => applied,
            // Nothing is applied any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// As [`Controllers::applied`], for a while.
    pub async fn until(&self, is_so: impl FnMut(&Image) -> bool) {
        let _ = host::task::timeout(APPLY, self.applied(is_so)).await;
    }

    /// Waits until the active controller is another one than at the time of the call, or for a moment.
    pub async fn pause(&self) {
        let mut status = self.status.clone();
        status.borrow_and_update();
        let _ = host::task::timeout(RETRY, status.changed()).await;
    }

    /// Waits until another node than at the time of the call is known to lead the controllers.
    pub async fn another(&self) {
        let mut status = self.status.clone();
        let before = status.borrow().leader;
        let is_other = |status: &Status| status.leader.is_some() && status.leader != before;
        if status.wait_for(is_other).await.is_err() {
            std::future::pending().await
        }
    }

    /// Answers a client's request as the active controller does.
    pub async fn forward<R: Request + Clone>(&self, context: &Context, request: R) -> Answer<R::Response, FileSlice>
    where
        ControllerNode: Handle<R>,
    {
        match self.route(context, &request).await {
            Routed::Here => self.local.handle(context, request).await,
            Routed::Answered(response) => {
                let mut frame = BytesMut::with_capacity(response.len() + 4);
                frame.put_i32(response.len() as i32);
                frame.put_slice(&response);
                Answer::Chunks(vec![Chunk::Bytes(frame.freeze())])
            }
        }
    }

    /// As [`Controllers::forward`], for who has something to do with the answer; none if there is no answer.
    pub async fn forward_typed<R: Call + Clone>(&self, context: &Context, request: R) -> Option<R::Response>
    where
        ControllerNode: Handle<R>,
    {
        match self.route(context, &request).await {
            Routed::Here => match self.local.handle(context, request).await {
                Answer::Now(response) => Some(response),
                _ => None,
            },
            Routed::Answered(response) => match call::forwarded::<R>(context, response) {
                Ok(response) => Some(response),
                Err(error) => {
                    tracing::warn!(%error, "the controller's answer to a forwarded request cannot be read");
                    None
                }
            },
        }
    }

    /// Finds who answers, and waits for one if there is none now. Where none comes, this node says so itself.
    async fn route<R: Request>(&self, context: &Context, request: &R) -> Routed {
        let deadline = host::clock::monotonic().plus(self.patience);
        loop {
            match self.way() {
                Way::Here => return Routed::Here,
                Way::Nobody => {}
                Way::There(address) => {
                    let asked = tokio::select! {
                        asked = self.envelop(context, request, &address) => asked,
                        () = self.changed(&address) => Ok(None),
                    };
                    match asked {
                        Ok(Some(response)) => return Routed::Answered(response),
                        Ok(None) => {}
                        Err(error) => tracing::debug!(controller = %address.node, %error, "a request is not forwarded"),
                    }
                }
            }
            if host::clock::monotonic() >= deadline {
                tracing::warn!("a request is refused, for no controller answers");
                return Routed::Here;
            }
            self.pause_until(deadline).await;
        }
    }

    /// Forwards a request, and waits until what the answer says is to be seen here; none if another controller is to be asked.
    async fn envelop<R: Request>(
        &self,
        context: &Context,
        request: &R,
        address: &Address,
    ) -> io::Result<Option<Bytes>> {
        let peer = match context.origin().peer {
            IpAddr::V4(four) => Bytes::copy_from_slice(&four.octets()),
            IpAddr::V6(six) => Bytes::copy_from_slice(&six.octets()),
        };
        let envelope = EnvelopeRequest::default()
            .with_request_data(call::again(context, request).map_err(io::Error::other)?)
            .with_request_principal(Some(anonymous().map_err(io::Error::other)?))
            .with_client_host_address(peer);
        let _one = self.under_way.acquire().await.map_err(io::Error::other)?;
        let answer = self.pool.call(address, &envelope, self.patience).await?;
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::NotController) => return Ok(None),
            error => {
                let error = error.map_or("an unknown error", ErrorCode::name);
                return Err(io::Error::other(format!("the controller refuses a forwarded request: {error}")));
            }
        }
        let applied = answer.unknown_tagged_fields.get(&APPLIED).and_then(|bytes| bytes.first_chunk());
        if let Some(offset) = applied.map(|bytes| Offset(i64::from_be_bytes(*bytes))) {
            let mut images = self.images.clone();
            let _ = host::task::timeout(APPLY, images.wait_for(|applied| applied.end > offset)).await;
        }
        Ok(answer.response_data)
    }

    fn way(&self) -> Way {
        let (leader, active) = {
            let status = self.status.borrow();
            (status.leader, status.active)
        };
        match leader {
            _ if active => Way::Here,
            Some(node) if node != self.me || !self.local.votes() => match self.local.address_of(node) {
                Some((host, port)) => Way::There(Address { node, host, port }),
                None => Way::Nobody,
            },
            _ => Way::Nobody,
        }
    }

    /// Waits until another controller than this is the active one.
    async fn changed(&self, address: &Address) {
        let mut status = self.status.clone();
        if status.wait_for(|status| status.leader != Some(address.node)).await.is_err() {
            std::future::pending().await
        }
    }

    async fn pause_until(&self, deadline: Moment) {
        tokio::select! {
            () = self.pause() => {}
            () = host::task::sleep_until(deadline) => {}
        }
    }
}

/// On whose behalf clients are forwarded while nobody has to say who he is (`KafkaPrincipal.ANONYMOUS`).
fn anonymous() -> Result<Bytes, String> {
    let principal = DefaultPrincipalData::default().with_type(text("User")).with_name(text("ANONYMOUS"));
    let mut bytes = BytesMut::with_capacity(32);
    bytes.put_i16(0);
    principal.encode(&mut bytes, 0).map_err(|error| error.to_string())?;
    Ok(bytes.freeze())
}
