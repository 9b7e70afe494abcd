//! Walks a request before the codec decodes it, and believes no announced length.
//!
//! The codec reserves memory for an array's announced length before it has read one element, so that a
//! request of 20 bytes could ask for gigabytes. The walk costs a few nanoseconds a field and no memory.

/// Why a request is not decoded. It costs its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A length, a string or an array reaches past the end of the frame.
    #[error("the request ends before its content does")]
    Truncated,
    /// A negative length other than -1, or a length prefix longer than five bytes.
    #[error("the request has an impossible length")]
    Length,
    /// More entries (array elements and tagged fields) than any sane request has.
    #[error("the request has more than {0} entries")]
    TooMany(usize),
    /// The content of a tagged field is not as long as announced.
    #[error("tagged field {0} of the request has a wrong size")]
    Tag(u32),
}

/// How many entries one request may have. An entry of a few bytes on the wire takes hundreds in memory.
pub const MAX_ENTRIES: usize = 250_000;

/// The layout of one request.
#[derive(Debug)]
pub struct Shape {
    /// The first version with compact lengths and tagged fields (KIP-482).
    pub(crate) flexible: i16,
    pub(crate) fields: &'static [Field],
}

/// One field: in which versions, under which tag, and of which kind.
#[derive(Debug)]
pub struct Field {
    pub(crate) from: i16,
    pub(crate) to: i16,
    pub(crate) tag: Option<u32>,
    pub(crate) kind: Kind,
}

/// What has to be known of a field's type to step over it.
#[derive(Debug)]
pub enum Kind {
    /// So many bytes.
    Fixed(usize),
    /// A string, behind its length.
    Text,
    /// Bytes or records, behind their length.
    Blob,
    /// Elements behind their count.
    ArrayOf(&'static Kind),
    /// Fields, one after the other.
    Group(&'static [Field]),
    /// A group behind a byte that says whether it is there.
    Nullable(&'static [Field]),
}

macro_rules! shapes {
    ($( $api:ident, flexible $flexible:literal + { $($fields:tt)* } )*) => { $(
        #[doc = concat!("Requests of ", stringify!($api), ".")]
        #[allow(non_upper_case_globals)]
        pub static $api: $crate::guard::Shape =
            $crate::guard::Shape { flexible: $flexible, fields: $crate::guard::fields!([] $($fields)*) };
    )*
        /// Each of them with its API's name.
        pub static ALL: &[(&str, &$crate::guard::Shape)] = &[$( (stringify!($api), &$api) ),*];
    };
}

macro_rules! fields {
    ([$($done:tt)*]) => { &[$($done)*] };
    // Versions first: `3+` or `3-12`, perhaps a tag; then the kind.
    ([$($done:tt)*] $name:tt $from:literal + $(tag $tag:literal)? : $($rest:tt)*) => {
        $crate::guard::fields!(@kind [$($done)*] ($from, i16::MAX, [$($tag)?]) $($rest)*)
    };
    ([$($done:tt)*] $name:tt $from:literal - $to:literal $(tag $tag:literal)? : $($rest:tt)*) => {
        $crate::guard::fields!(@kind [$($done)*] ($from, $to, [$($tag)?]) $($rest)*)
    };
    (@kind [$($done:tt)*] $v:tt array { $($sub:tt)* } $($rest:tt)*) => {
        $crate::guard::fields!([$($done)* $crate::guard::field!($v $crate::guard::Kind::ArrayOf(&$crate::guard::Kind::Group($crate::guard::fields!([] $($sub)*)))),] $($rest)*)
    };
    (@kind [$($done:tt)*] $v:tt group { $($sub:tt)* } $($rest:tt)*) => {
        $crate::guard::fields!([$($done)* $crate::guard::field!($v $crate::guard::Kind::Group($crate::guard::fields!([] $($sub)*))),] $($rest)*)
    };
    (@kind [$($done:tt)*] $v:tt nullable { $($sub:tt)* } $($rest:tt)*) => {
        $crate::guard::fields!([$($done)* $crate::guard::field!($v $crate::guard::Kind::Nullable($crate::guard::fields!([] $($sub)*))),] $($rest)*)
    };
    (@kind [$($done:tt)*] $v:tt array $kind:ident; $($rest:tt)*) => {
        $crate::guard::fields!([$($done)* $crate::guard::field!($v $crate::guard::Kind::ArrayOf(&$crate::guard::kind!($kind))),] $($rest)*)
    };
    (@kind [$($done:tt)*] $v:tt $kind:ident; $($rest:tt)*) => {
        $crate::guard::fields!([$($done)* $crate::guard::field!($v $crate::guard::kind!($kind)),] $($rest)*)
    };
}

macro_rules! field {
    (($from:expr, $to:expr, []) $($kind:tt)*) => {
        $crate::guard::Field { from: $from, to: $to, tag: None, kind: $($kind)* }
    };
    (($from:expr, $to:expr, [$tag:literal]) $($kind:tt)*) => {
        $crate::guard::Field { from: $from, to: $to, tag: Some($tag), kind: $($kind)* }
    };
}

macro_rules! kind {
    (int8) => {
        $crate::guard::Kind::Fixed(1)
    };
    (int16) => {
        $crate::guard::Kind::Fixed(2)
    };
    (int32) => {
        $crate::guard::Kind::Fixed(4)
    };
    (int64) => {
        $crate::guard::Kind::Fixed(8)
    };
    (uuid) => {
        $crate::guard::Kind::Fixed(16)
    };
    (string) => {
        $crate::guard::Kind::Text
    };
    (bytes) => {
        $crate::guard::Kind::Blob
    };
    (records) => {
        $crate::guard::Kind::Blob
    };
}

pub(super) use {field, fields, kind, shapes};

/// Walks `body` as a request of this shape and version; the answer is how many entries it has.
pub fn check(shape: &Shape, version: i16, body: &[u8]) -> Result<usize, Malformed> {
    let mut walk = Walk { rest: body, version, flexible: version >= shape.flexible, entries: 0 };
    walk.group(shape.fields)?;
    Ok(walk.entries)
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    entries: usize,
}

impl Walk<'_> {
    fn skip(&mut self, n: usize) -> Result<(), Malformed> {
        self.rest = self.rest.get(n..).ok_or(Malformed::Truncated)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn int<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (first, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn varint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed::Length)
    }

    /// A length as this version writes it; `None` is null.
    fn length(&mut self, long: bool) -> Result<Option<usize>, Malformed> {
        let length = if self.flexible {
            i64::from(self.varint()?) - 1
        } else if long {
            i64::from(i32::from_be_bytes(self.int()?))
        } else {
            i64::from(i16::from_be_bytes(self.int()?))
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length).map(Some).map_err(|_| Malformed::Length),
        }
    }

    fn entry(&mut self) -> Result<(), Malformed> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES { Err(Malformed::TooMany(MAX_ENTRIES)) } else { Ok(()) }
    }

    fn one(&mut self, kind: &Kind) -> Result<(), Malformed> {
        match kind {
            Kind::Fixed(n) => self.skip(*n),
            Kind::Text => self.length(false)?.map_or(Ok(()), |n| self.skip(n)),
            Kind::Blob => self.length(true)?.map_or(Ok(()), |n| self.skip(n)),
            Kind::ArrayOf(element) => {
                let length = self.length(true)?.unwrap_or(0);
                // No element is shorter than a byte.
                if length > self.rest.len() {
                    return Err(Malformed::Truncated);
                }
                for _ in 0..length {
                    self.entry()?;
                    self.one(element)?;
                }
                Ok(())
            }
            Kind::Group(fields) => self.group(fields),
            Kind::Nullable(fields) => {
                if (self.byte()? as i8) < 0 {
                    return Ok(());
                }
                self.group(fields)
            }
        }
    }

    fn group(&mut self, fields: &[Field]) -> Result<(), Malformed> {
        let version = self.version;
        let here = |field: &&Field| field.from <= version && version <= field.to;
        for field in fields.iter().filter(|f| f.tag.is_none()).filter(here) {
            self.one(&field.kind)?;
        }
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.varint()? {
            self.entry()?;
            let (tag, size) = (self.varint()?, self.varint()? as usize);
            let content = self.rest.get(..size).ok_or(Malformed::Truncated)?;
            if let Some(field) = fields.iter().filter(here).find(|f| f.tag == Some(tag)) {
                let mut inside = Walk { rest: content, entries: self.entries, ..*self };
                inside.one(&field.kind)?;
                if !inside.rest.is_empty() {
                    return Err(Malformed::Tag(tag));
                }
                self.entries = inside.entries;
            }
            self.skip(size)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes;

    #[test]
    fn announced_lengths_are_not_believed() {
        // Metadata v1: an array of 2^31-1 topics, announced in four bytes.
        assert_eq!(check(&shapes::Metadata, 1, &[0x7f, 0xff, 0xff, 0xff]), Err(Malformed::Truncated));
        assert_eq!(check(&shapes::Metadata, 1, &[0xff, 0xff, 0xff, 0xfe]), Err(Malformed::Length));
        // v9, compact: five bytes of length.
        assert_eq!(check(&shapes::Metadata, 9, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0]), Err(Malformed::Truncated));
        assert_eq!(check(&shapes::Metadata, 9, &[0xff, 0xff, 0xff, 0xff, 0xff, 1]), Err(Malformed::Length));
    }

    #[test]
    fn entries_are_counted_and_limited() {
        let mut body = 100_000i32.to_be_bytes().to_vec();
        body.extend(std::iter::repeat_n(0, 200_000));
        assert_eq!(check(&shapes::Metadata, 1, &body), Ok(100_000));
        let mut body = 300_000i32.to_be_bytes().to_vec();
        body.extend(std::iter::repeat_n(0, 600_000));
        assert_eq!(check(&shapes::Metadata, 1, &body), Err(Malformed::TooMany(MAX_ENTRIES)));
    }

    #[test]
    fn a_tag_is_exactly_as_long_as_it_says() {
        // DescribeCluster v2: two booleans-and-bytes, then one unknown tag of two bytes.
        assert_eq!(check(&shapes::DescribeCluster, 2, &[0, 1, 0, 1, 99, 2, 7, 7]), Ok(1));
        assert_eq!(check(&shapes::DescribeCluster, 2, &[0, 1, 0, 1, 99, 3, 7, 7]), Err(Malformed::Truncated));
    }
}
