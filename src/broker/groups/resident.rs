//! The machine of groups as one that lives in the partitions of `__consumer_offsets`.

use bytes::BytesMut;
use groups::{BatchKind, Effect, Event, Groups, Producer, Record, Reply, Request, Token};
use model::Timestamp;
use model::batch::{Batch, BatchSettings, EndMarker, Record as Stored};

use crate::coordinators::{Resident, Written};

impl Resident for Groups {
    type Request = Request;
    type Reply = Reply;

    const TOPIC: &'static str = "__consumer_offsets";

    fn ask(to: u64, request: Request) -> Event {
        Event::Asked { to: Token(to), request }
    }

    fn loaded() -> Event {
        Event::Loaded
    }

    fn tick() -> Event {
        Event::Tick
    }

    fn addressed(effect: Effect) -> (u64, Reply) {
        let Effect::Reply { to, body } = effect;
        (to.0, body)
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        Groups::next_deadline(self)
    }

    fn encode<'a>(record: &Record, out: &'a mut BytesMut) -> Result<Written<'a>, String> {
        let (key, value) = record.encode(out).map_err(|error| error.to_string())?;
        let of = |producer: Producer| BatchSettings {
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            is_transactional: true,
            ..BatchSettings::default()
        };
        let batch = match record.batch() {
            BatchKind::Plain => BatchSettings::default(),
            BatchKind::Transactional(producer) => of(producer),
            BatchKind::Marker { producer, .. } => BatchSettings { is_control: true, ..of(producer) },
        };
        Ok(Written { key, value, batch })
    }

    fn decode(batch: &Batch<'_>, record: &Stored<'_>) -> Result<Option<Record>, String> {
        let producer = Producer { id: batch.producer_id(), epoch: batch.producer_epoch() };
        if batch.is_control() {
            let marker = EndMarker::of(batch).map_err(|error| error.to_string())?;
            return Ok(marker.map(|end| Record::EndTransaction(producer, end.commit, end.coordinator_epoch)));
        }
        let read = Record::decode(record.key.unwrap_or_default(), record.value).map_err(|error| error.to_string())?;
        Ok(read.map(|read| if batch.is_transactional() { read.in_transaction(producer) } else { read }))
    }
}
