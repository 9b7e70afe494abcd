//! The only crate that knows an API version: framing, headers, the table of APIs, messages.
