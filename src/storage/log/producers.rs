//! What a log is asked about its producers.

use model::{ProducerEpoch, ProducerId, Timestamp};
use replication::producers::ActiveProducer;

use super::Log;

impl Log {
    /// All producers that are known, for DescribeProducers (KIP-664).
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        self.writer.lock().producers.active().collect()
    }

    /// Whether this producer has a transaction open here (KIP-890).
    pub fn has_ongoing_transaction(&self, id: ProducerId, epoch: ProducerEpoch) -> bool {
        self.writer.lock().producers.has_ongoing_transaction(id, epoch)
    }

    /// Whether a transaction is open for so long that its coordinator should have ended it.
    pub fn has_late_transaction(&self, now: Timestamp, max_transaction_ms: i64) -> bool {
        self.writer.lock().producers.has_late_transaction(now, max_transaction_ms)
    }

    /// Forgets producers that wrote nothing for `producer.id.expiration.ms`; answers how many.
    pub fn expire_producers(&self, now: Timestamp) -> usize {
        let expiration = self.config.load().producer_expiration_ms;
        self.writer.lock().producers.expire(now, expiration)
    }
}
