//! Decides for one replica: which batches may be appended, what producers may send next, which leader
//! wrote which offsets, and what a fetch session must answer. Pure: told the time, the dice and the bytes.

pub mod epochs;
pub mod producers;
pub mod sessions;
pub mod validate;

pub use validate::Origin;
