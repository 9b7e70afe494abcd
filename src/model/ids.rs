//! Kafka's UUIDs, which people read as 22 characters of URL-safe base64.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A 128-bit id, written as Kafka writes it: 22 characters of URL-safe base64 without padding
/// (`org.apache.kafka.common.Uuid`). All zeros is "none".
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub uuid::Uuid);

/// The id of a topic (KIP-516); the zero id is "none".
pub type TopicId = Uuid;
/// The id of a log directory (KIP-858).
pub type DirectoryId = Uuid;

impl Uuid {
    /// "None".
    pub const ZERO: Self = Self(uuid::Uuid::nil());
    /// The metadata topic's id.
    pub const METADATA_TOPIC: Self = Self(uuid::Uuid::from_u128(1));
    /// A replica of a broker that does not report directories (KIP-858; `DirectoryId`, as are the next two).
    pub const MIGRATING_DIR: Self = Self(uuid::Uuid::from_u128(0));
    /// A replica whose directory is not assigned yet.
    pub const UNASSIGNED_DIR: Self = Self(uuid::Uuid::from_u128(1));
    /// A replica whose directory is gone.
    pub const LOST_DIR: Self = Self(uuid::Uuid::from_u128(2));

    /// Makes an id from 16 bytes of dice, in the layout of a random (version 4) UUID.
    ///
    /// `None` for the reserved ids and those whose text starts with a dash, which tools would take for a
    /// flag (`Uuid.randomUuid`): roll again.
    pub fn from_dice(bytes: [u8; 16]) -> Option<Self> {
        let id = Self(uuid::Builder::from_random_bytes(bytes).into_uuid());
        (id.0.as_u128() >= 100 && !id.to_string().starts_with('-')).then_some(id)
    }

    /// Whether this is "none".
    pub fn is_zero(self) -> bool {
        self.0.is_nil()
    }

    /// The 16 bytes as they go over the wire.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id made of 16 bytes from the wire.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
}

impl From<uuid::Uuid> for Uuid {
    fn from(value: uuid::Uuid) -> Self {
        Self(value)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.as_u128();
        let mut text = [0u8; 22];
        // 128 bits are 21 digits of 6 bits and one of 2, which is padded with zeros on its right.
        for (i, digit) in text.iter_mut().enumerate() {
            let shift = 122 - 6 * i as i32;
            let bits = if shift >= 0 { value >> shift } else { value << -shift };
            *digit = ALPHABET[(bits & 0x3f) as usize];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not the base64 of a UUID.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a UUID: 22 characters of URL-safe base64 were expected")]
pub struct InvalidUuid(String);

impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        let invalid = || InvalidUuid(text.to_owned());
        let digits = text.trim_end_matches('=').as_bytes();
        if digits.len() != 22 {
            return Err(invalid());
        }
        let mut value: u128 = 0;
        for (i, digit) in digits.iter().enumerate() {
            let bits = ALPHABET.iter().position(|c| c == digit).ok_or_else(invalid)? as u128;
            value = if i < 21 { value << 6 | bits } else { value << 2 | bits >> 4 };
        }
        Ok(Self(uuid::Uuid::from_u128(value)))
    }
}

/// The name of a cluster: usually a [`Uuid`]'s text, but any text is accepted, as in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub String);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_as_kafka_writes_them() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::METADATA_TOPIC.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let id: Uuid = "MkU3OEVBNTcwNTJENDM2Qg".parse().unwrap();
        assert_eq!(id.to_string(), "MkU3OEVBNTcwNTJENDM2Qg");
        assert_eq!(id.as_bytes(), b"2E78EA57052D436B");
        assert!("short".parse::<Uuid>().is_err());
        assert!("MkU3OEVBNTcwNTJENDM2Q!".parse::<Uuid>().is_err());
    }

    #[test]
    fn dice_that_would_confuse_are_rolled_again() {
        assert_eq!(Uuid::from_dice([0xf8; 16]), None, "its text would start with a dash");
        assert!(Uuid::from_dice([7; 16]).is_some());
    }
}
