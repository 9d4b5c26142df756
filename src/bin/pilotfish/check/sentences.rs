//! What each extension means for the person who sends.

use pilotfish::protocol::{Extension, Extensions};

use crate::terminal::quantity::Size;

/// An extension, its keyword, and what its offer or its absence means. An absence that means nothing
/// for a sender has no sentence.
type Row = (Extension, &'static str, &'static str, Option<&'static str>);

const ROWS: &[Row] = &[
    (
        Extension::Pipelining,
        "PIPELINING",
        "the commands of a mail go out together: fewer round trips",
        Some("not offered: each command waits for its reply"),
    ),
    (
        Extension::Chunking,
        "CHUNKING",
        "the size goes before the content: many mails in one flight",
        None,
    ),
    (
        Extension::EightBitMime,
        "8BITMIME",
        "text in UTF-8 goes out as it is",
        Some("not offered: text that is not ASCII is encoded"),
    ),
    (
        Extension::SmtpUtf8,
        "SMTPUTF8",
        "addresses may have letters of any language",
        Some("not offered: the part of an address before the @ must be ASCII"),
    ),
    (
        Extension::Dsn,
        "DSN",
        "the server can report the delivery: --dsn",
        Some("not offered: --dsn cannot be used"),
    ),
    (
        Extension::EnhancedStatusCodes,
        "ENHANCEDSTATUSCODES",
        "replies say exactly what is wrong",
        None,
    ),
    (
        Extension::BinaryMime,
        "BINARYMIME",
        "attachments can go out without base64: --body-type binarymime",
        None,
    ),
    (
        Extension::RequireTls,
        "REQUIRETLS",
        "the mail can be bound to TLS on its whole way: --require-tls",
        None,
    ),
    (
        Extension::FutureRelease,
        "FUTURERELEASE",
        "the server can hold a mail until later: --hold-for, --hold-until",
        None,
    ),
    (
        Extension::DeliverBy,
        "DELIVERBY",
        "a mail can have a time by which it is delivered: --deliver-by",
        None,
    ),
    (
        Extension::MtPriority,
        "MT-PRIORITY",
        "a mail can have a priority: --priority",
        None,
    ),
    (
        Extension::Limits,
        "LIMITS",
        "the server names its limits, and Pilotfish keeps them",
        None,
    ),
];

/// One sentence about an extension.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) keyword: &'static str,
    pub(super) is_offered: bool,
    pub(super) text: String,
}

/// A sentence for each extension that matters: first the size, then those that are offered, then the
/// others.
pub(super) fn sentences(extensions: &Extensions) -> Vec<Sentence> {
    let size = Sentence {
        keyword: "SIZE",
        is_offered: extensions.size_limit().is_some(),
        text: size(extensions),
    };
    let (offered, missing): (Vec<_>, Vec<_>) = ROWS
        .iter()
        .partition(|(extension, ..)| extensions.offers(*extension));
    let offered = offered.into_iter().map(|(_, keyword, text, _)| Sentence {
        keyword,
        is_offered: true,
        text: (*text).to_owned(),
    });
    let missing = missing.into_iter().filter_map(|(_, keyword, _, missing)| {
        Some(Sentence {
            keyword,
            is_offered: false,
            text: missing.as_ref()?.to_string(),
        })
    });
    std::iter::once(size)
        .chain(offered)
        .chain(missing)
        .collect()
}

/// The largest mail, and the attachments that fit in it: base64 makes 78 octets of 57.
fn size(extensions: &Extensions) -> String {
    match extensions.size_limit() {
        Some(limit) => format!(
            "mails of up to {}, that is {} of attachments",
            Size(limit),
            Size(limit / 78 * 57)
        ),
        None if extensions.offers(Extension::Size) => {
            "the size of a mail is not limited, or the limit is not named".to_owned()
        }
        None => "not offered: the limit for the size of a mail is not known".to_owned(),
    }
}
