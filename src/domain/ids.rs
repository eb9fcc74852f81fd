//! Newtype ids. Each prints as people read it and parses back from that.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the id that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}

fn invalid(text: &str, expected: &'static str) -> InvalidId {
    InvalidId {
        text: text.to_owned(),
        expected,
    }
}

macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// One life of the runner over the queue: `r12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u32);
serde_as_text!(RunId);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('r')
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| invalid(text, "a run id (such as `r12`)"))
    }
}

/// The stable identity of a ticket: `[A-Za-z0-9._-]{6,128}`, from its front matter or derived from its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(String);
serde_as_text!(TicketId);

impl TicketId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TicketId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (6..=128).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid(text, "a ticket id (6 to 128 of A-Z a-z 0-9 . _ -)"))
        }
    }
}

/// What people call a ticket: `TICKET-003`, from the file's name, in upper case, digits as written there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketName(String);
serde_as_text!(TicketName);

impl TicketName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits as written: `003`.
    pub fn digits(&self) -> &str {
        &self.0["TICKET-".len()..]
    }

    /// The number: 3. Saturates for absurdly long digits.
    pub fn number(&self) -> u64 {
        self.digits().parse().unwrap_or(u64::MAX)
    }

    /// Reads the name off a file name: `ticket-010-slug.md` is `TICKET-010`. `None` when it is not a ticket's.
    pub fn from_file_name(file_name: &str) -> Option<Self> {
        let prefix = file_name.get(.."TICKET-".len())?;
        let rest = &file_name["TICKET-".len()..];
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest, |end| &rest[..end]);
        let is_markdown = std::path::Path::new(file_name)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
        (prefix.eq_ignore_ascii_case("TICKET-") && digits.len() >= 3 && is_markdown)
            .then(|| Self(format!("TICKET-{digits}")))
    }
}

impl fmt::Display for TicketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TicketName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("TICKET-").unwrap_or_default();
        if digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid(text, "a ticket name (such as `TICKET-003`)"))
        }
    }
}

/// One isolated try at a ticket: `TICKET-003.2`. Numbers rise over all runs and are never used again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The ticket's name.
    pub ticket: TicketName,
    /// Which try, from 1.
    pub number: u32,
}
serde_as_text!(AttemptId);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.ticket, self.number)
    }
}

impl FromStr for AttemptId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "an attempt id (such as `TICKET-003.2`)";
        let (ticket, number) = text
            .rsplit_once('.')
            .ok_or_else(|| invalid(text, expected))?;
        match (ticket.parse(), number.parse()) {
            (Ok(ticket), Ok(number)) => Ok(Self { ticket, number }),
            _ => Err(invalid(text, expected)),
        }
    }
}

/// A SHA-256, 32 bytes, printed as 64 hexadecimal digits: what an artifact, a revision or a manifest is called by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);
serde_as_text!(Sha256);

impl Sha256 {
    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || invalid(text, "a SHA-256 (64 hexadecimal digits)");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(0..32) {
            *byte =
                u8::from_str_radix(&text[pair * 2..pair * 2 + 2], 16).map_err(|_error| error())?;
        }
        Ok(Self(bytes))
    }
}

/// The position of an event in the ledger, from 1, without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_off_file_names() {
        let read = |file: &str| TicketName::from_file_name(file).map(|name| name.to_string());
        assert_eq!(read("TICKET-010-slug.md").as_deref(), Some("TICKET-010"));
        assert_eq!(read("ticket-0001.MD").as_deref(), Some("TICKET-0001"));
        assert_eq!(read("TICKET-01.md"), None);
        assert_eq!(read("TICKET-010.txt"), None);
        assert_eq!(read("ÄICKET-010.md"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn ids_print_and_parse_back() {
        for text in ["TICKET-003.2", "TICKET-0100.17"] {
            assert_eq!(text.parse::<AttemptId>().expect(text).to_string(), text);
        }
        assert!("TICKET-3.2".parse::<AttemptId>().is_err());
        assert_eq!("r12".parse::<RunId>(), Ok(RunId(12)));
        assert!("12".parse::<RunId>().is_err());
        assert!("short".parse::<TicketId>().is_err());
        let hash = Sha256([0xab; 32]);
        assert_eq!(hash.to_string().parse::<Sha256>(), Ok(hash));
    }
}
