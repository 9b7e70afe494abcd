//! What a machine tells of itself so that it can live in the partitions of an internal topic.

use bytes::BytesMut;
use machine::Machine;
use model::Timestamp;
use model::batch::{Batch, BatchSettings, Record};

/// A record as it lies in the topic.
pub struct Written<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value; none for a tombstone.
    pub value: Option<&'a [u8]>,
    /// The batch it belongs into, but for how that is compressed: one of a transaction, or one that ends it.
    pub batch: BatchSettings,
}

/// A machine that has one instance a partition of an internal topic (`CoordinatorShard`).
pub trait Resident: Machine<State: Send, Event: Send, Record: Send, Effect: Send> + Send + Sized + 'static {
    /// What it can be asked.
    type Request: Send + 'static;
    /// What it answers.
    type Reply: Send + 'static;

    /// The topic in whose partitions it keeps its records.
    const TOPIC: &'static str;

    /// A request, from one who is named by `to`.
    fn ask(to: u64, request: Self::Request) -> Self::Event;

    /// All records of the partition have been replayed; from now on there are requests.
    fn loaded() -> Self::Event;

    /// The time has come that [`Resident::next_deadline`] named.
    fn tick() -> Self::Event;

    /// Whom an effect answers, and with what.
    fn addressed(effect: Self::Effect) -> (u64, Self::Reply);

    /// When the machine wants to be told the time again, if nothing happens before.
    fn next_deadline(&self) -> Option<Timestamp>;

    /// A record in the topic's own format, written into `out`, of which nothing else is needed any more.
    fn encode<'a>(record: &Self::Record, out: &'a mut BytesMut) -> Result<Written<'a>, String>;

    /// What a record of `batch` says; `None` for one of a kind that is not known here and stays as it is.
    fn decode(batch: &Batch<'_>, record: &Record<'_>) -> Result<Option<Self::Record>, String>;
}
