//! Decides for one replica: which batches may be appended, what producers may send next, which leader wrote which
//! offsets, what a fetch session must answer, what a leader knows of its followers and a follower of its leader, how fast replicas may be copied, and when a copy may take the
//! place of its original. Pure: told the time, the dice and the bytes.

pub mod epochs;
pub mod follower;
pub mod leader;
pub mod moving;
pub mod producers;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod validate;

pub use validate::Origin;
