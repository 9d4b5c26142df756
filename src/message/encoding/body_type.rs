//! Which octets a message may contain.

/// Which octets a message may contain, from what every server accepts to unrestricted (RFC 2045
/// sections 2.7 to 2.9).
///
/// ```
/// # use pilotfish::message::BodyType;
/// assert!(BodyType::SevenBit < BodyType::EightBit && BodyType::EightBit < BodyType::Binary);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BodyType {
    /// Lines of at most 998 octets below 128, none of them NUL.
    #[default]
    SevenBit,
    /// Lines of at most 998 octets, none of them NUL: for servers that offer 8BITMIME
    /// (RFC 6152).
    EightBit,
    /// Any octets at all: for servers that offer BINARYMIME and CHUNKING (RFC 3030).
    Binary,
}

impl BodyType {
    /// Its name in the field Content-Transfer-Encoding.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
        }
    }
}
