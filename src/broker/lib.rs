//! A running node: starts, stops and joins all the other crates.
