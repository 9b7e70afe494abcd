//! Blocks of producer ids (KIP-730, `ProducerIdControlManager`).

use metadata::Image;
use metadata::records::ProducerIdsRecord;
use model::{ErrorCode, ProducerId};

use crate::{AllocateProducerIds, Controller, Decision, ProducerIdBlock, Refusal, Reply};

/// How many ids a broker gets at once.
const BLOCK: i32 = 1000;

impl Controller {
    pub(crate) fn allocate_producer_ids(&self, image: &Image, request: AllocateProducerIds) -> Decision {
        match next_block(image, request) {
            Err(refusal) => Decision::reply(Reply::AllocateProducerIds(Err(refusal))),
            Ok(block) => {
                let record = ProducerIdsRecord {
                    broker_id: request.broker,
                    broker_epoch: request.epoch,
                    next_producer_id: ProducerId(block.first.0 + i64::from(block.count)),
                    ..Default::default()
                };
                Decision::of(vec![record.into()], Reply::AllocateProducerIds(Ok(block)))
            }
        }
    }
}

fn next_block(image: &Image, request: AllocateProducerIds) -> Result<ProducerIdBlock, Refusal> {
    crate::brokers::check_epoch(image, request.broker, request.epoch)?;
    let first = image.next_producer_id.unwrap_or(ProducerId(0));
    if first.0 > i64::MAX - i64::from(BLOCK) {
        return Err(Refusal::new(
            ErrorCode::UnknownServerError,
            "Exhausted all producerIds as the next block's end producerId has exceeded the int64 type limit",
        ));
    }
    Ok(ProducerIdBlock { first, count: BLOCK })
}
