//! Which fields are signed (RFC 6376 section 5.4).

use super::DkimError;
use crate::message::raw::{Field, field_name, first_line, split_fields};

/// When the list of the signed fields names a field once more than it is there, so that nobody
/// can add one, which some readers would show instead of the signed one (RFC 6376
/// sections 5.4.2 and 8.15).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Oversign {
    /// Even if it is not there at all.
    Always,
    /// If it is there. A submission server completes what is missing (RFC 6409 section 8).
    Present,
    /// A mailing list, or somebody who sends the message on, adds one in good faith.
    Never,
}

/// What is signed unless the caller wants something else: the list of RFC 6376 section 5.4.1,
/// what RFC 8058 section 4 adds to it, and what tells a reader how to show the body.
const FIELDS: [(&str, Oversign); 27] = [
    ("From", Oversign::Always),
    ("Sender", Oversign::Never),
    ("Reply-To", Oversign::Always),
    ("To", Oversign::Always),
    ("Cc", Oversign::Always),
    ("Subject", Oversign::Always),
    ("Date", Oversign::Present),
    ("Message-ID", Oversign::Present),
    ("In-Reply-To", Oversign::Present),
    ("References", Oversign::Present),
    ("MIME-Version", Oversign::Present),
    ("Content-Type", Oversign::Present),
    ("Content-Transfer-Encoding", Oversign::Present),
    ("Content-Disposition", Oversign::Present),
    ("Resent-Date", Oversign::Never),
    ("Resent-From", Oversign::Never),
    ("Resent-To", Oversign::Never),
    ("Resent-Cc", Oversign::Never),
    ("Resent-Message-ID", Oversign::Never),
    ("List-Id", Oversign::Never),
    ("List-Help", Oversign::Never),
    ("List-Unsubscribe", Oversign::Never),
    ("List-Unsubscribe-Post", Oversign::Never),
    ("List-Subscribe", Oversign::Never),
    ("List-Post", Oversign::Never),
    ("List-Owner", Oversign::Never),
    ("List-Archive", Oversign::Never),
];

/// The names of the fields that are signed by default.
pub(super) fn default_names() -> Vec<String> {
    FIELDS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn oversign(name: &str) -> Oversign {
    let entry = FIELDS
        .iter()
        .find(|(entry, _)| entry.eq_ignore_ascii_case(name));
    entry.map_or(Oversign::Never, |(_, seal)| *seal)
}

/// The fields of a header, which ends at its end or at a blank line. Every line has to end with
/// CRLF.
pub(super) fn fields(header: &[u8]) -> Result<Vec<Field<'_>>, DkimError> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut line = 1;
    let mut rest = header;
    for octets in split_fields(header) {
        let name = field_name(first_line(octets));
        for text in octets.split_inclusive(|octet| *octet == b'\n') {
            let text = text.strip_suffix(b"\r\n");
            if name.is_none() || text.is_none_or(|text| text.contains(&b'\r')) {
                return Err(DkimError::Header { line });
            }
            line += 1;
        }
        fields.extend(name.map(|name| Field { name, octets }));
        rest = rest.get(octets.len()..).unwrap_or_default();
    }
    if !rest.is_empty() && !rest.starts_with(b"\r\n") {
        return Err(DkimError::Header { line });
    }
    match fields.iter().filter(|field| field.is("From")).count() {
        1 => Ok(fields),
        found => Err(DkimError::From { found }),
    }
}

/// What of a header is signed.
pub(super) struct Signed<'a> {
    /// The names in the order of signing, some of them of fields that are not there.
    pub(super) names: Vec<&'a str>,
    /// The fields in the same order: of several with one name the last first (RFC 6376
    /// section 5.4.2).
    pub(super) fields: Vec<&'a Field<'a>>,
}

impl<'a> Signed<'a> {
    /// Picks the fields that have one of the `names`.
    pub(super) fn of(fields: &'a [Field<'a>], names: &'a [String]) -> Self {
        let mut signed = Self {
            names: Vec::new(),
            fields: Vec::new(),
        };
        for name in names {
            let before = signed.fields.len();
            let present = fields.iter().rev().filter(|field| field.is(name));
            signed.fields.extend(present);
            let present = signed.fields.len() - before;
            let sealed = match oversign(name) {
                Oversign::Always => true,
                Oversign::Present => present > 0,
                Oversign::Never => false,
            };
            let times = present + usize::from(sealed);
            signed.names.extend(std::iter::repeat_n(&**name, times));
        }
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, and the fields, that are picked of a header.
    fn picked(header: &str, names: &[String]) -> (String, String) {
        let fields = fields(header.as_bytes()).unwrap();
        let signed = Signed::of(&fields, names);
        let octets = signed.fields.iter();
        let octets = octets.map(|field| field.octets.strip_suffix(b"\r\n").unwrap());
        let octets: Vec<_> = octets.map(String::from_utf8_lossy).collect();
        (signed.names.join(":"), octets.join("|"))
    }

    #[test]
    fn readers_fields_are_sealed_and_others_are_not() {
        for (header, names) in [
            ("From: a\r\n", "From:From:Reply-To:To:Cc:Subject"),
            (
                "from: a\r\nSUBJECT: b\r\nTo: c\r\n",
                "From:From:Reply-To:To:To:Cc:Subject:Subject",
            ),
            (
                "From: a\r\nDate: b\r\nMessage-ID: c\r\nContent-Type: d\r\n",
                "From:From:Reply-To:To:Cc:Subject:Date:Date:Message-ID:Message-ID\
                 :Content-Type:Content-Type",
            ),
            (
                "List-Unsubscribe-Post: a\r\nList-Unsubscribe: b\r\nX: c\r\nReceived: d\r\n\
                 From: e\r\n\r\nTo: body\r\n",
                "From:From:Reply-To:To:Cc:Subject:List-Unsubscribe:List-Unsubscribe-Post",
            ),
        ] {
            assert_eq!(picked(header, &default_names()).0, names, "{header:?}");
        }
    }

    #[test]
    fn of_several_the_last_comes_first() {
        let header = "X: 1\r\nFrom: a\r\nx : 2\r\n\t2\r\nY: y\r\nX:\r\n 3\r\n";
        let names = ["From".to_owned(), "X".to_owned()];
        let (names, octets) = picked(header, &names);
        assert_eq!(names, "From:From:X:X:X");
        assert_eq!(octets, "From: a|X:\r\n 3|x : 2\r\n\t2|X: 1");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for (header, expected) in [
            ("", "0 From"),
            ("\r\nFrom: a\r\n", "0 From"),
            ("To: a\r\n", "0 From"),
            ("From: a\r\nFROM : b\r\n", "2 From"),
            ("From: a", "line 1"),
            ("From: a\n", "line 1"),
            ("From: a\r\nTo: b\rc\r\n", "line 2"),
            (" From: a\r\n", "line 1"),
            ("From: a\r\nTo\r\n", "line 2"),
            ("From: a\r\n: b\r\n", "line 2"),
            ("From: a\r\nT o: b\r\n", "line 2"),
        ] {
            let error = fields(header.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(expected), "{header:?}: {error}");
        }
    }
}
