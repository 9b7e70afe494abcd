//! The controllers' agreed log of metadata.
