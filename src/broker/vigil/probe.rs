//! Watches one incarnation of a broker over a connection of its own, and tells the controller what speaks for its death.
//!
//! What counts as evidence, and why, is in `controller`'s `unreachable.rs`. A connection that ends is told at once, and the
//! next one is tried at once: that is what makes a killed process known within milliseconds.

use std::sync::Arc;
use std::time::Duration;

use controller::{BrokerUnreachable, Event, Evidence};
use metadata::records::RegisterBrokerRecord;
use quorum::Quorum;

use super::connection::{self, End, Found};

/// Pauses between connections that end soon after they began: somebody does not want us.
const HUNG_UP_MS: &[u64] = &[0, 20, 50, 100, 250, 500, 1_000];
/// Pauses between connections that are refused.
const REFUSED_MS: &[u64] = &[20, 50, 100, 250];
/// Pauses where nothing can be learned.
const NOTHING_MS: &[u64] = &[100, 250, 500, 1_000];
/// A connection that lasted so long was wanted.
const LASTED_MS: u64 = 5_000;

/// What is known of the broker's connections.
#[derive(Clone, Copy, Default)]
struct Case {
    /// A connection was established and ended by the broker's side, and there was none since.
    ended: bool,
    /// Since then each attempt was refused, so that it is as it was when the connection ended.
    unbroken: bool,
}

/// How often in a row it went the same way.
#[derive(Default)]
struct Row {
    of: &'static [u64],
    length: usize,
}

impl Row {
    /// It went this way again, or for the first time: how long to wait.
    fn pause(&mut self, steps: &'static [u64]) -> Duration {
        if self.of != steps {
            *self = Self { of: steps, length: 0 };
        }
        let ms = steps.get(self.length).or(steps.last()).copied().unwrap_or(0);
        self.length = self.length.saturating_add(1);
        Duration::from_millis(ms)
    }
}

/// Watches until it is aborted.
pub async fn watch(quorum: Arc<Quorum>, broker: Arc<RegisterBrokerRecord>) {
    let mut status = quorum.watch_status();
    let tell = async |evidence| {
        // What one sees while another is the active controller counts when this one is, if it is so still.
        if !quorum.status().active {
            return;
        }
        let told = BrokerUnreachable { broker: broker.broker_id, epoch: broker.broker_epoch, evidence };
        if let Err(error) = quorum.submit(Event::BrokerUnreachable(told)).await {
            tracing::debug!(broker = %broker.broker_id, %error, "the controller does not hear of a lost connection");
        }
    };
    let mut case = Case::default();
    let (mut hung_up, mut others) = (Row::default(), Row::default());
    loop {
        let pause = match connection::connect(&broker.end_points).await {
            Found::Connection(connection) => {
                let since = host::clock::monotonic();
                let end = connection.ended().await;
                if since.elapsed_ms() >= LASTED_MS {
                    hung_up = Row::default();
                }
                others = Row::default();
                let is_hung_up = end == End::HungUp;
                case = Case { ended: is_hung_up, unbroken: is_hung_up };
                if is_hung_up {
                    tracing::debug!(broker = %broker.broker_id, "the broker ended a connection");
                    tell(Evidence::HungUp).await;
                    hung_up.pause(HUNG_UP_MS)
                } else {
                    others.pause(NOTHING_MS)
                }
            }
            Found::Refused => {
                // Told again in this order: a heartbeat that was on its way may have come in between.
                if case.unbroken {
                    // It may have been a voter too.
                    quorum.suspect(broker.broker_id);
                    tell(Evidence::HungUp).await;
                }
                if case.ended {
                    tell(Evidence::Refused).await;
                }
                others.pause(REFUSED_MS)
            }
            Found::Nothing => {
                case.unbroken = false;
                others.pause(NOTHING_MS)
            }
        };
        let epoch = status.borrow_and_update().epoch;
        tokio::select! {
            () = host::task::sleep(pause) => {}
            _ = status.wait_for(|status| status.active && status.epoch != epoch) => {}
        }
    }
}
