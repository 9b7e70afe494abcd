//! What frames on a controllers' listener mean: Kafka's requests, and what voters say to each other.

use std::sync::Arc;

use net::{Frame, PeerInfo};
use tracing::debug;
use wire::voting;

use super::ControllerNode;
use super::apis::{APIS, dispatch};
use crate::service::Connection;

/// A controller as its listeners see it.
pub struct ControllerService(pub Arc<ControllerNode>);

impl net::Service for ControllerService {
    type Connection = Connection;

    fn connected(&self, peer: PeerInfo) -> Connection {
        Connection::new(peer)
    }

    async fn request(&self, connection: &mut Connection, frame: Frame) -> net::Outcome {
        let Frame { mut bytes, permit } = frame;
        let peer = connection.peer.peer;
        if let (Some(quorum), Some((number, message))) = (&self.0.quorum, voting::read_question(&bytes)) {
            // In order, one after the other: so the other side has sent them.
            return match quorum.serve(&message).await {
                Ok(answer) => {
                    let frame = voting::answer(number, &answer);
                    net::Outcome::Ready(net::Reply::Chunks(vec![net::Chunk::Bytes(frame)]))
                }
                Err(error) => {
                    debug!(%peer, %error, "a voter's message is refused; its connection ends");
                    net::Outcome::Close
                }
            };
        }
        let Some(context) = connection.open(APIS, &mut bytes) else { return net::Outcome::Close };
        let outcome = dispatch(&self.0, context, bytes).await;
        drop(permit);
        connection.conclude(outcome)
    }
}
