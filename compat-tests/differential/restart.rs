//! What a broker still knows when it comes back.

use anyhow::Result;
use kafka_protocol::messages::InitProducerIdRequest;

use super::batches::draft;
use super::make::{fetch, fetch_partition, list_offsets, produce, set, topic, topic_with};
use super::play::{Play, Step};
use super::{cluster, fetches, offsets};
use crate::kit::Broker;

pub fn play(broker: Broker) -> Result<Vec<Step>> {
    let mut play = Play::open(broker)?;
    let play = &mut play;
    play.part("restart");
    play.create(&[topic("o", 2), topic_with("o-zstd", 1, &[("compression.type", "zstd")]), topic("idle", 1)])?;
    fetches::write_indexed(play, "indexed")?;
    for round in 0..3 {
        for n in 0..3 {
            let (time, sequence) = (100 * (i64::from(round) * 3 + n), i32::try_from(n)? * 2 + round * 6);
            play.ask(&format!("{round} {n} write"), 9, &produce("o", 0, draft(&[time, time + 1]).bytes()?))?;
            play.ask(
                &format!("{round} {n} idempotent"),
                9,
                &produce("o", 1, draft(&[time, time + 50]).by(3, 0, sequence).bytes()?),
            )?;
            play.ask(&format!("{round} {n} zstd"), 9, &produce("o-zstd", 0, draft(&[time]).packed(1).bytes()?))?;
        }
        play.quietly(1, &set(2, "idle", &[("retention.ms", 0, Some(&round.to_string()))]))?;
        play.restart()?;
        for time in [-1, -2, -3, 0, 100, 151, 401, 1000] {
            for v in [3, 10] {
                play.ask(&format!("{round} time {time}"), v, &list_offsets("o", &[(0, time), (1, time)]))?;
            }
        }
        fetches::each_offset(play, "indexed", &round.to_string())?;
        offsets::epochs(play)?;
        cluster::producers(play, "o", &[0, 1])?;
        let last = draft(&[1, 2]).by(3, 0, 4 + round * 6).bytes()?;
        play.ask(&format!("{round} a duplicate from before"), 9, &produce("o", 1, last))?;
        play.ask(&format!("{round} a stale epoch"), 9, &produce("o", 1, draft(&[1]).by(3, -1, 0).bytes()?))?;
        play.ask(&format!("{round} a gap"), 9, &produce("o", 1, draft(&[1]).by(3, 0, 90).bytes()?))?;
        for epoch in 0..4 {
            for v in [11, 12] {
                let part = fetch_partition(0, 3).with_current_leader_epoch(epoch);
                play.fetch(&format!("{round} epoch {epoch}"), v, &fetch("o", vec![part]))?;
            }
            let part = fetch_partition(0, 6).with_last_fetched_epoch(epoch);
            play.fetch(&format!("{round} last fetched {epoch}"), 12, &fetch("o", vec![part]))?;
        }
        play.fetch(&format!("{round} all"), 11, &fetch("o", vec![fetch_partition(0, 0), fetch_partition(1, 0)]))?;
        play.fetch(
            &format!("{round} session from before"),
            11,
            &fetch("o", vec![]).with_session_id(1).with_session_epoch(1),
        )?;
        let id = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(1000);
        while play.quietly(4, &id)?.error_code != 0 {
            crate::pause::short();
        }
        play.ask(&format!("{round} producer id"), 4, &id)?;
    }
    Ok(play.take_steps())
}
