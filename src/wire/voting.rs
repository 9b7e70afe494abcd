//! The one API that is Ottla's own: what the voters of its quorum say to each other, on the controllers' listeners.
//!
//! It looks like any other request from outside, so that it shares a listener with Kafka's APIs, and is told to nobody:
//! Apache Kafka's controllers have another protocol among themselves, and are never voters beside Ottla's.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::call::BadAnswer;
use crate::guard::Malformed;

/// Its number, far from any that Kafka gives out.
const KEY: i16 = 0x4f74;

/// A message as a whole frame.
pub fn question(correlation_id: i32, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 16);
    frame.put_i32(message.len() as i32 + 10);
    frame.put_i16(KEY);
    frame.put_i16(0);
    frame.put_i32(correlation_id);
    frame.put_i16(-1);
    frame.put_slice(message);
    frame.freeze()
}

/// The number of the question and the message in a frame, if it is one.
pub fn read_question(frame: &Bytes) -> Option<(i32, Bytes)> {
    let mut rest = frame.clone();
    let is_one = rest.try_get_i16() == Ok(KEY) && rest.try_get_i16() == Ok(0);
    let correlation_id = rest.try_get_i32().ok().filter(|_| is_one)?;
    let no_name = rest.try_get_i16() == Ok(-1);
    no_name.then_some((correlation_id, rest))
}

/// The answer to a question as a whole frame.
pub fn answer(correlation_id: i32, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 8);
    frame.put_i32(message.len() as i32 + 4);
    frame.put_i32(correlation_id);
    frame.put_slice(message);
    frame.freeze()
}

/// The message in an answer.
///
/// # Errors
/// It answers another question.
pub fn read_answer(mut frame: Bytes, correlation_id: i32) -> Result<Bytes, BadAnswer> {
    let found = frame.try_get_i32().map_err(|_| Malformed::Truncated)?;
    if found == correlation_id { Ok(frame) } else { Err(BadAnswer::Correlation { wanted: correlation_id, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_answered_is_read_again() {
        let frame = question(7, b"would you").slice(4..);
        assert_eq!(read_question(&frame), Some((7, Bytes::from_static(b"would you"))));
        let frame = answer(7, b"yes").slice(4..);
        assert_eq!(read_answer(frame.clone(), 7).unwrap(), "yes");
        assert!(read_answer(frame, 8).is_err());
        assert!(read_answer(Bytes::from_static(b"ab"), 8).is_err());
    }

    #[test]
    fn nothing_else_is_taken_for_a_question() {
        let frame = question(7, b"x").slice(4..);
        for cut in 0..10 {
            assert_eq!(read_question(&frame.slice(..cut)), None, "{cut} bytes");
        }
        assert_eq!(read_question(&Bytes::from_static(&[0, 18, 0, 3, 0, 0, 0, 9, 0xff, 0xff])), None);
    }
}
