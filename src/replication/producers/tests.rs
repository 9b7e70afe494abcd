//! Tests of producers.
