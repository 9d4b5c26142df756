//! A message as it goes to one server.

use std::fmt;

use super::layout::Segment;
use super::octets::MessageReader;
use crate::message::encoding::BodyType;

/// The fields with addresses and identifiers (RFC 5322 section 3.6), which no encoded word can stand
/// in for.
const ADDRESSED: [&str; 15] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "Resent-Message-ID",
];

/// The octets that a [`Message`](crate::message::Message) has for a server, which may be able to carry
/// more than another.
pub struct Rendition {
    pub(crate) segments: Vec<Segment>,
    pub(crate) len: u64,
    pub(crate) data: BodyType,
    pub(crate) needs_smtputf8: bool,
}

impl Rendition {
    /// How many octets it has, with its line ends as CRLF, without dot stuffing and the end of
    /// data: what the parameter `SIZE=` of `MAIL` wants (RFC 1870 section 5), and exactly what
    /// [`MessageReader`] will hand out.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.len
    }

    /// What octets there are, and so what the server has to carry.
    #[must_use]
    pub fn body_type(&self) -> BodyType {
        self.data
    }

    /// Whether its fields are in UTF-8, so that the server has to offer SMTPUTF8 (RFC 6531), and
    /// the parameter `SMTPUTF8` of `MAIL` has to say it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// The first address or identifier in a field that only a server with SMTPUTF8 takes, as it is
    /// written, and the name of the field.
    pub(crate) fn address_beyond_ascii(&self) -> Option<(String, String)> {
        let octets = self.segments.iter().map_while(|segment| match segment {
            Segment::Octets(octets) => Some(octets.as_ref()),
            Segment::Body(..) => None,
        });
        let octets: Vec<&[u8]> = octets.collect();
        let text = octets.concat();
        let text = String::from_utf8_lossy(&text);
        let (header, _) = text.split_once("\r\n\r\n")?;
        let mut name = "";
        for line in header.split("\r\n") {
            let value = match line.split_once(':') {
                Some((field, value)) if !line.starts_with([' ', '\t']) => {
                    name = field;
                    value
                }
                _ => line,
            };
            if !ADDRESSED
                .iter()
                .any(|field| name.eq_ignore_ascii_case(field))
            {
                continue;
            }
            let is_end = |c: char| c.is_ascii_whitespace() || "<>,;:()\"".contains(c);
            let mut words = value.split(is_end);
            if let Some(found) = words.find(|word| word.contains('@') && !word.is_ascii()) {
                return Some((found.to_owned(), name.to_owned()));
            }
        }
        None
    }

    /// Its octets, to be sent.
    #[must_use]
    pub fn into_octets(self) -> MessageReader {
        MessageReader::new(self.segments)
    }
}

/// Shows none of the octets.
impl fmt::Debug for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendition")
            .field("exact_size", &self.len)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
