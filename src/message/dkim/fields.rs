//! Which fields are signed (RFC 6376 section 5.4).

use super::DkimError;
use crate::message::header::is_one_of;
use crate::message::raw::{Field, split_fields};

/// What is signed unless the caller wants something else: the list of RFC 6376 section 5.4.1,
/// what RFC 8058 section 4 adds to it, and what tells a reader how to show the body.
const DEFAULT: &str = "From Sender Reply-To To Cc Subject Date Message-ID In-Reply-To References \
    MIME-Version Content-Type Content-Transfer-Encoding Content-Disposition Resent-Date \
    Resent-From Resent-To Resent-Cc Resent-Message-ID List-Id List-Help List-Unsubscribe \
    List-Unsubscribe-Post List-Subscribe List-Post List-Owner List-Archive";

/// The fields that the list of the signed fields names once more than the message has them. An
/// added field, which some readers would show instead of the signed one, then breaks the signature
/// (RFC 6376 sections 5.4.2 and 8.15).
const OVERSIGNED: &str = "From Reply-To To Cc Subject";

/// The fields that are oversigned only if they are there, as a submission server adds those that are
/// missing (RFC 6409 section 8). A mailing list, or somebody who sends the message on, adds any
/// other field in good faith.
const OVERSIGNED_IF_PRESENT: &str = "Date Message-ID In-Reply-To References MIME-Version \
    Content-Type Content-Transfer-Encoding Content-Disposition";

/// The names of the fields that are signed by default.
pub(super) fn default_names() -> Vec<String> {
    DEFAULT.split(' ').map(str::to_owned).collect()
}

/// The fields of a header, which ends at its end or at a blank line. Every line has to end with
/// CRLF.
pub(super) fn fields(header: &[u8]) -> Result<Vec<Field<'_>>, DkimError> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut line = 1;
    let mut rest = header;
    for field in split_fields(header) {
        for text in field.octets.split_inclusive(|octet| *octet == b'\n') {
            let text = text.strip_suffix(b"\r\n");
            if field.name.is_empty() || text.is_none_or(|text| text.contains(&b'\r')) {
                return Err(DkimError::Header { line });
            }
            line += 1;
        }
        rest = rest.get(field.octets.len()..).unwrap_or_default();
        fields.push(field);
    }
    if !rest.is_empty() && !rest.starts_with(b"\r\n") {
        return Err(DkimError::Header { line });
    }
    match fields.iter().filter(|field| field.is("From")).count() {
        1 => Ok(fields),
        found => Err(DkimError::From { found }),
    }
}

/// Picks the fields that have one of the `names`. Returns the names in the order of signing, some of
/// them of fields that are not there; and the fields in the same order: of several with one name the
/// last first (RFC 6376 section 5.4.2).
pub(super) fn signed<'a>(
    fields: &'a [Field<'a>],
    names: &'a [String],
) -> (Vec<&'a str>, Vec<&'a Field<'a>>) {
    let (mut signed_names, mut signed_fields) = (Vec::new(), Vec::new());
    for name in names {
        let before = signed_fields.len();
        signed_fields.extend(fields.iter().rev().filter(|field| field.is(name)));
        let present = signed_fields.len() - before;
        let is_oversigned =
            is_one_of(OVERSIGNED, name) || (present > 0 && is_one_of(OVERSIGNED_IF_PRESENT, name));
        let times = present + usize::from(is_oversigned);
        signed_names.extend(std::iter::repeat_n(&**name, times));
    }
    (signed_names, signed_fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, and the fields, that are picked of a header.
    fn picked(header: &str, names: &[String]) -> (String, String) {
        let fields = fields(header.as_bytes()).unwrap();
        let (names, fields) = signed(&fields, names);
        let octets = fields.iter();
        let octets = octets.map(|field| field.octets.strip_suffix(b"\r\n").unwrap());
        let octets: Vec<_> = octets.map(String::from_utf8_lossy).collect();
        (names.join(":"), octets.join("|"))
    }

    #[test]
    fn fields_that_readers_show_are_oversigned_and_others_are_not() {
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
