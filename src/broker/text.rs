//! Text between our types and the codec's.

use kafka_protocol::messages::TopicName as CodecName;
use kafka_protocol::protocol::StrBytes;
use model::TopicName;

/// Text for the codec.
pub fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// Text that may be null.
pub fn text_or_null<T: Into<String>>(value: Option<T>) -> Option<StrBytes> {
    value.map(text)
}

/// Text of the codec's that may be null, in memory of its own: the codec's is a slice of the whole frame.
pub fn owned_or_none(value: Option<StrBytes>) -> Option<String> {
    value.map(|text| text.to_string())
}

/// A topic's name for the codec.
pub fn topic_name(name: &TopicName) -> CodecName {
    CodecName(text(name.as_str()))
}

/// Why a member says that it comes or goes (KIP-800), no longer than an honest client tells it.
pub fn reason(told: Option<&str>) -> Option<String> {
    told.filter(|told| !told.is_empty()).map(|told| told.chars().take(255).collect())
}
