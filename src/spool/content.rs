//! Content that mails and jobs refer to: messages, templates and attachments.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;

use tokio::io::AsyncRead;

use super::error::{SpoolError, SpoolErrorKind};

/// The octets of some content, as they are read.
pub type ContentReader<'a> = Pin<Box<dyn AsyncRead + Send + 'a>>;

/// The SHA-256 of some content, which is its name. `Display` and `FromStr` use 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId([u8; 32]);

impl ContentId {
    /// The content with this SHA-256.
    #[must_use]
    pub const fn new(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentId({self})")
    }
}

impl FromStr for ContentId {
    type Err = SpoolError;

    fn from_str(text: &str) -> Result<Self, SpoolError> {
        let invalid = || {
            let message = "the name of some content is not a SHA-256 in 64 hexadecimal digits";
            SpoolError::new(SpoolErrorKind::Invalid, message)
        };
        let digits = text.as_bytes();
        let mut sha256 = [0; 32];
        if digits.len() != 2 * sha256.len() {
            return Err(invalid());
        }
        for (octet, pair) in sha256.iter_mut().zip(digits.chunks(2)) {
            let pair = str::from_utf8(pair).map_err(|_| invalid())?;
            let is_hex = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            let parsed = u8::from_str_radix(pair, 16).ok().filter(|_| is_hex);
            *octet = parsed.ok_or_else(invalid)?;
        }
        Ok(Self(sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_content() {
        let id = ContentId::new([0xa5; 32]);
        assert_eq!(id.to_string(), "a5".repeat(32));
        assert_eq!(id.to_string().parse::<ContentId>().unwrap(), id);
        for wrong in [
            "",
            "a5",
            &"+5".repeat(32),
            &"é".repeat(32),
            &"g0".repeat(32),
        ] {
            assert!(wrong.parse::<ContentId>().is_err(), "{wrong}");
        }
    }
}
