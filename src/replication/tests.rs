//! Leaders and followers together.

mod cluster;
mod random;
