//! `cargo x`: the chores of this project.

fn main() {}
