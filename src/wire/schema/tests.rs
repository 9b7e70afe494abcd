//! One small message that has every feature, by bytes.

use super::{Bytes, BytesMut, DecodeError, EncodeError, Message};
use crate::schema;

schema! {
    /// Every feature once.
    message Sample key 7, versions 0-3, flexible 2+ {
        id: i32, 0+;
        name: Option<String>, 0+, nullable 1+;
        parts: Vec<Part>, 1+, ignorable true;
        old: i16, 0-1, default -1;
        note: Option<String>, 2+, tag 1;
        whole: Option<Part>, 3+;
    }
    /// A part.
    struct Part {
        flag: bool, 0+;
        deep: Vec<String>, 3+, tag 0;
    }
}

fn bytes(sample: &Sample, version: i16) -> Result<Vec<u8>, EncodeError> {
    let mut out = BytesMut::new();
    sample.encode_body(&mut out, version).map(|()| out.to_vec())
}

#[test]
fn a_version_has_its_own_bytes() {
    let sample = Sample { id: 5, name: Some("ab".into()), old: 2, ..Default::default() };
    assert_eq!(bytes(&sample, 0).unwrap(), [0, 0, 0, 5, 0, 2, b'a', b'b', 0, 2]);
    assert_eq!(bytes(&sample, 2), Err(EncodeError::NotInVersion { field: "old", version: 2 }));
    let sample = Sample {
        id: 5,
        parts: vec![Part { flag: true, deep: vec!["x".into()], ..Default::default() }],
        note: Some("n".into()),
        ..Default::default()
    };
    assert_eq!(
        bytes(&sample, 3).unwrap(),
        [0, 0, 0, 5, 0, 2, 1, 1, 0, 3, 2, 2, b'x', 0xff, 1, 1, 2, 2, b'n'],
        "id, null name, one part with one tagged field, null struct, one tagged field"
    );
    assert_eq!(bytes(&sample, 1), Err(EncodeError::NotInVersion { field: "deep", version: 1 }));
    assert_eq!(bytes(&sample, 4), Err(EncodeError::Version(4)));
}

schema! {
    /// Tagged fields that are not declared in their order.
    message Tagged key 8, versions 0-0, flexible 0+ {
        third: String, 0+, tag 3;
        first: Option<String>, 0+, tag 1;
    }
}

#[test]
fn tagged_fields_stand_in_their_order_and_may_be_long() {
    let written = |tagged: &Tagged| {
        let mut out = BytesMut::from(&b"before"[..]);
        tagged.encode_body(&mut out, 0).unwrap();
        let mut body = Bytes::copy_from_slice(&out[6..]);
        assert_eq!(&Tagged::decode_body(&mut body, 0).unwrap(), tagged);
        assert!(body.is_empty());
        out[6..].to_vec()
    };
    let mut tagged = Tagged { third: "c".into(), ..Default::default() };
    assert_eq!(written(&tagged), [1, 3, 2, 2, b'c']);
    tagged.first = Some("a".into());
    assert_eq!(written(&tagged), [2, 1, 2, 2, b'a', 3, 2, 2, b'c']);
    tagged.unknown_tags.insert(2, Bytes::from_static(b"b"));
    assert_eq!(written(&tagged), [3, 1, 2, 2, b'a', 2, 1, b'b', 3, 2, 2, b'c']);
    let long = Tagged { third: "c".repeat(126), first: Some("a".repeat(127)), ..Default::default() };
    let text = |text: &str| text.repeat(126).into_bytes();
    let expected = [&[2, 1, 0x81, 1, 0x80, 1, b'a'][..], &text("a"), &[3, 127, 127], &text("c")].concat();
    assert_eq!(written(&long), expected, "the first takes 129 bytes, the second 127");
}

#[test]
fn what_is_written_is_read() {
    for version in 0..=3 {
        let mut sample = Sample { id: 9, name: Some("é".into()), ..Default::default() };
        if version >= 1 {
            sample.parts = vec![Part::default(); 3];
        }
        if version >= 2 {
            sample.unknown_tags.insert(9, Bytes::from_static(b"kept"));
        }
        let mut input = Bytes::from(bytes(&sample, version).unwrap());
        assert_eq!(Sample::decode_body(&mut input, version).unwrap(), sample);
        assert!(input.is_empty());
    }
}

#[test]
fn hostile_bytes_are_refused_and_cost_nothing() {
    let read = |bytes: &[u8], version| Sample::decode_body(&mut Bytes::copy_from_slice(bytes), version).unwrap_err();
    assert_eq!(read(&[0, 0, 0, 1, 0xff, 0xff], 0), DecodeError::Null);
    assert_eq!(read(&[0, 0, 0, 1, 0x7f, 0xff, 1], 1), DecodeError::TooShort);
    assert_eq!(read(&[0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0], 1), DecodeError::TooShort);
    assert_eq!(read(&[0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x1f], 2), DecodeError::Varint);
    assert_eq!(read(&[0, 0, 0, 1, 2, 0xff], 2), DecodeError::Text);
    assert_eq!(read(&[0, 0, 0, 1, 0, 1, 1, 1, 3, 2, b'n', 0], 2), DecodeError::TagSize(1));
}
