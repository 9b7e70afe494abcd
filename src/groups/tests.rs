//! Transcripts: what was asked, what was written, what was answered.
