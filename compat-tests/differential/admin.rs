//! InitProducerId.

use anyhow::Result;
use kafka_protocol::messages::{InitProducerIdRequest, ProducerId};

use super::play::Play;

pub fn play(play: &mut Play) -> Result<()> {
    // A broker may not have its first block of ids yet.
    let ask = || InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
    while play.quietly(4, &ask())?.error_code != 0 {
        crate::pause::short();
    }
    for v in 0..=5 {
        play.ask("plain", v, &ask())?;
        for timeout in [0, -1, i32::MAX] {
            play.ask(&format!("timeout {timeout}"), v, &ask().with_transaction_timeout_ms(timeout))?;
        }
        if v >= 3 {
            for (id, epoch) in [(1, 0), (1, -1), (-1, 0), (i64::MAX, i16::MAX), (-2, -2), (0, 0), (5, i16::MAX)] {
                let request = ask().with_producer_id(ProducerId(id)).with_producer_epoch(epoch);
                play.ask(&format!("producer {id} epoch {epoch}"), v, &request)?;
            }
        }
    }
    Ok(())
}
