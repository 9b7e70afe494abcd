//! Brokers that are surely dead before their session has ended.
//!
//! A session is an upper bound: a broker that is slow, paused or cut off cannot be told from a dead one but by waiting. A
//! process that was killed can: the kernel of its machine goes on to speak for it. It ends every connection of the process,
//! and refuses new ones. A process that is paused keeps its connections, and its kernel accepts new ones for it; a network
//! that is cut gives nothing but silence. So a broker counts as dead when both kinds of [`Evidence`] are there:
//!
//! - for the incarnation that is registered, by its epoch: a broker that is back is another one;
//! - both within [`TOGETHER_MS`], and no heartbeat since the first of them;
//! - unless evidence against this incarnation has proved wrong before.
//!
//! The last point keeps leaders from dancing where a proxy or a firewall answers in the broker's place: such a broker is
//! fenced once, its next heartbeat brings it back, and from then on only the end of its session counts.

use machine::Moment;
use metadata::Image;
use model::{BrokerEpoch, NodeId};

use crate::sessions::Elapsed;
use crate::{Controller, Decision, Reply};

/// Evidence that is older than this when the other kind comes is forgotten.
const TOGETHER_MS: i64 = 2_000;
/// For so long after a broker was fenced on evidence its heartbeats are taken for ones that it sent before it died.
const LAST_WORDS_MS: i64 = 500;

/// Something that this node saw, and that speaks for a broker's death. Tell it again as long as it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerUnreachable {
    /// The broker.
    pub broker: NodeId,
    /// The epoch of the incarnation that was spoken to.
    pub epoch: BrokerEpoch,
    /// What was seen.
    pub evidence: Evidence,
}

/// What can be seen of a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The other side ended an established connection (end of stream, or reset), unasked. Weak by itself: idle limits,
    /// overload and proxies do the same.
    HungUp,
    /// A new connection to every address that the broker registered was refused (`ECONNREFUSED`), after the connection had
    /// ended. Never to be told for a time-out, an unreachable host or network, a name that is not found, an error of TLS, or
    /// when only some of the addresses were tried.
    Refused,
}

/// What speaks against one incarnation of a broker.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Suspicion {
    hung_up: Option<Elapsed>,
    refused: Option<Elapsed>,
    /// When it was fenced on evidence.
    condemned: Option<Elapsed>,
    /// It was heard of after that.
    acquitted: bool,
}

impl Suspicion {
    /// The broker was heard of. False if that says nothing, as it may have died since it spoke.
    pub(crate) fn heard(&mut self, now: Elapsed) -> bool {
        match self.condemned {
            Some(since) if now - since < LAST_WORDS_MS => return false,
            Some(_) => self.acquitted = true,
            None => {}
        }
        (self.hung_up, self.refused, self.condemned) = (None, None, None);
        true
    }

    /// Adds evidence; true if there is enough of it now.
    fn add(&mut self, evidence: Evidence, now: Elapsed) -> bool {
        match evidence {
            Evidence::HungUp => self.hung_up = Some(now),
            Evidence::Refused => self.refused = Some(now),
        }
        let recent = |seen: Option<Elapsed>| seen.is_some_and(|seen| now - seen <= TOGETHER_MS);
        let condemned = !self.acquitted && recent(self.hung_up) && recent(self.refused);
        if condemned {
            self.condemned = Some(now);
        }
        condemned
    }
}

impl Controller {
    pub(crate) fn broker_unreachable(&mut self, image: &Image, at: Moment, told: BrokerUnreachable) -> Decision {
        let now = self.sessions.look(image, at.now);
        let registered = image.brokers.get(&told.broker);
        let alive = registered.filter(|it| !it.fenced && it.broker_epoch == told.epoch);
        let session = self.sessions.get_mut(told.broker);
        let mut records = Vec::new();
        if let (Some(broker), Some(session)) = (alive, session)
            && session.suspicion.add(told.evidence, now)
        {
            self.write_fenced(image, broker, &mut records);
        }
        let fenced = !records.is_empty();
        Decision::of(records, Reply::BrokerUnreachable { fenced })
    }
}
