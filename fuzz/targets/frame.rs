//! Any bytes as a request frame: header, guard, decoder of every API and version; no panic, no large memory.
#![no_main]

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};

use bytes::Bytes;
use kafka_protocol::protocol::Request;
use libfuzzer_sys::fuzz_target;
use wire::{Answer, Broker, Context, Handle, Header, Origin, Slice};

/// The broker's own list of APIs, over a node that says nothing.
#[path = "../../src/broker/apis.rs"]
mod apis;

mod node {
    /// Takes every request and says nothing: only the way in is fuzzed.
    pub struct Node;
}

use apis::{APIS, dispatch};
use node::Node;

/// There are no files here.
pub enum NoFile {}

impl Slice for NoFile {
    fn len(&self) -> usize {
        0
    }
}

impl Broker for Node {
    type Slice = NoFile;
    type Admission = ();

    async fn admit(&self, _entries: usize) {}
}

impl<R: Request> Handle<R> for Node {
    fn handle(&self, _: &Context, request: R) -> impl Future<Output = Answer<R::Response, NoFile>> + Send {
        drop(request);
        async { Answer::Nothing }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut frame = Bytes::copy_from_slice(data);
    let Ok(header) = Header::decode(APIS, &mut frame) else { return };
    let origin = Origin { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), listener: "PLAINTEXT".into() };
    let served = pin!(dispatch(&Node, Context::new(header, Arc::new(origin)), frame));
    // Nothing in it waits for anybody.
    let Poll::Ready(_) = served.poll(&mut Task::from_waker(Waker::noop())) else {
        panic!("decoding waits");
    };
});
