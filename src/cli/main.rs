//! The `ottla` program.

fn main() {}
