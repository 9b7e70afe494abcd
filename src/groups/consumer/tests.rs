//! What a consumer group does, as transcripts.
