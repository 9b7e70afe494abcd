//! The door to the machine: sockets, files, clock, dice.
//!
//! Effects reach the outside only through this crate, so that a simulated machine can be put here, inside,
//! without its callers noticing. Types are concrete; there are no traits to implement.

pub mod clock;
pub mod dice;
pub mod fs;
pub mod limits;
pub mod net;
pub mod signals;
pub mod task;
