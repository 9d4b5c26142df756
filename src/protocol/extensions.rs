//! What a server offers in its reply to EHLO (RFC 5321 section 4.1.1.1).

use std::str::FromStr;

use super::auth::Mechanism;
use super::limits::Limits;
use super::reply::Reply;
use crate::address::envelope::{DateTime, HoldSeconds};

/// An extension that this client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// STARTTLS (RFC 3207).
    StartTls,
    /// PIPELINING (RFC 2920).
    Pipelining,
    /// SIZE (RFC 1870): a message's size may be declared.
    Size,
    /// 8BITMIME (RFC 6152): a message may have octets over 127.
    EightBitMime,
    /// SMTPUTF8 (RFC 6531).
    SmtpUtf8,
    /// CHUNKING (RFC 3030): a message may go by BDAT.
    Chunking,
    /// BINARYMIME (RFC 3030): a message that goes by BDAT may have octets of any kind.
    BinaryMime,
    /// AUTH (RFC 4954), also with mechanisms that this client does not know.
    Auth,
    /// DSN (RFC 3461): the sender chooses which notifications the server sends.
    Dsn,
    /// ENHANCEDSTATUSCODES (RFC 2034). A [`Reply`] has its status code without this extension too:
    /// some servers send status codes and do not list the extension.
    EnhancedStatusCodes,
    /// DELIVERBY (RFC 2852).
    DeliverBy,
    /// FUTURERELEASE (RFC 4865).
    FutureRelease,
    /// MT-PRIORITY (RFC 6710).
    MtPriority,
    /// REQUIRETLS (RFC 8689).
    RequireTls,
    /// LIMITS (RFC 9422).
    Limits,
}

/// The keyword of each extension in the reply to EHLO.
const KEYWORDS: [(&str, Extension); 15] = [
    ("STARTTLS", Extension::StartTls),
    ("PIPELINING", Extension::Pipelining),
    ("SIZE", Extension::Size),
    ("8BITMIME", Extension::EightBitMime),
    ("SMTPUTF8", Extension::SmtpUtf8),
    ("CHUNKING", Extension::Chunking),
    ("BINARYMIME", Extension::BinaryMime),
    ("AUTH", Extension::Auth),
    ("DSN", Extension::Dsn),
    ("ENHANCEDSTATUSCODES", Extension::EnhancedStatusCodes),
    ("DELIVERBY", Extension::DeliverBy),
    ("FUTURERELEASE", Extension::FutureRelease),
    ("MT-PRIORITY", Extension::MtPriority),
    ("REQUIRETLS", Extension::RequireTls),
    ("LIMITS", Extension::Limits),
];

/// The extensions that a server offers in the present state of the session.
///
/// The list from before STARTTLS is not valid after it (RFC 3207 section 4.2): the client asks for a new
/// one. Keywords are read without regard to case; unknown ones are in [`keywords`](Self::keywords) alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    offered: Vec<Extension>,
    size_limit: Option<u64>,
    mechanisms: Vec<Mechanism>,
    least_deliver_by: Option<u32>,
    longest_hold: Option<HoldSeconds>,
    latest_release: Option<DateTime>,
    priority_profile: Option<Box<str>>,
    limits: Limits,
    /// The lines after the greeting.
    lines: Box<str>,
}

impl Extensions {
    /// Reads the reply to EHLO. Its first line is a greeting.
    #[must_use]
    pub fn from_ehlo(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        let mut lines = String::new();
        for line in reply.lines().skip(1) {
            extensions.add_line(line);
            lines.push_str(line);
            lines.push('\n');
        }
        extensions.lines = lines.into();
        extensions
    }

    /// Whether the server offers this extension.
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        self.offered.contains(&extension)
    }

    /// The size in octets of the largest message that the server accepts (RFC 1870 section 4); `None` if
    /// the server names no limit.
    #[must_use]
    pub fn size_limit(&self) -> Option<u64> {
        self.size_limit
    }

    /// The AUTH mechanisms that both sides support, in the server's order.
    #[must_use]
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    /// The shortest time in seconds within which the server can be asked to deliver a mail or else
    /// return it (RFC 2852); `None` if the server names none.
    #[must_use]
    pub fn least_deliver_by(&self) -> Option<u32> {
        self.least_deliver_by
    }

    /// The longest time for which the server holds a mail (RFC 4865); `None` if the server names none.
    #[must_use]
    pub fn longest_hold(&self) -> Option<HoldSeconds> {
        self.longest_hold
    }

    /// The latest time at which the server releases a mail (RFC 4865); `None` if the server names none.
    #[must_use]
    pub fn latest_release(&self) -> Option<DateTime> {
        self.latest_release
    }

    /// The name of the server's profile of priorities (RFC 6710); `None` if the server names none.
    #[must_use]
    pub fn priority_profile(&self) -> Option<&str> {
        self.priority_profile.as_deref()
    }

    /// The limits that the server names (RFC 9422).
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Each keyword that the server sent, as it wrote it, with the parameters after it: those of unknown
    /// extensions too.
    pub fn keywords(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.lines();
        lines.map(|line| line.split_once(' ').unwrap_or((line, "")))
    }

    fn add_line(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next().map(str::to_ascii_uppercase) else {
            return;
        };
        // The form of old servers: AUTH=LOGIN PLAIN.
        if let Some(first) = keyword.strip_prefix("AUTH=") {
            self.add(Extension::Auth);
            return self.add_mechanisms(std::iter::once(first).chain(words));
        }
        let mut known = KEYWORDS.into_iter();
        let Some((_, extension)) = known.find(|(known, _)| *known == keyword) else {
            return;
        };
        self.add(extension);
        match extension {
            Extension::Auth => self.add_mechanisms(words),
            // RFC 1870 section 4: zero, or a missing number, means that there is no limit.
            Extension::Size => self.size_limit = parsed(words.next()).filter(|limit| *limit > 0),
            Extension::DeliverBy => self.least_deliver_by = parsed(words.next()),
            Extension::FutureRelease => {
                let longest = parsed(words.next());
                self.longest_hold = longest.and_then(|seconds| HoldSeconds::new(seconds).ok());
                self.latest_release = parsed(words.next());
            }
            Extension::MtPriority => self.priority_profile = words.next().map(Box::from),
            Extension::Limits => self.limits.add(words),
            _ => {}
        }
    }

    fn add(&mut self, extension: Extension) {
        if !self.offers(extension) {
            self.offered.push(extension);
        }
    }

    fn add_mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for mechanism in names.filter_map(|name| name.parse().ok()) {
            if !self.mechanisms.contains(&mechanism) {
                self.mechanisms.push(mechanism);
            }
        }
    }
}

/// The value of a word, if there is a word and it has one.
fn parsed<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::ReplyDecoder;
    use super::*;

    fn offered(lines: &[&str]) -> Extensions {
        let (last, others) = lines.split_last().unwrap();
        let mut octets: String = others
            .iter()
            .flat_map(|line| ["250-", line, "\r\n"])
            .collect();
        octets.extend(["250 ", last, "\r\n"]);
        let mut buffer = BytesMut::from(octets.as_bytes());
        Extensions::from_ehlo(
            &ReplyDecoder::default()
                .decode(&mut buffer)
                .unwrap()
                .unwrap(),
        )
    }

    #[test]
    fn keywords_are_kept_as_they_were_sent() {
        let offered = offered(&[
            "mail.example.org",
            "SIZE 1000",
            "auth=LOGIN PLAIN",
            "X-Own  a b",
        ]);
        let found: Vec<_> = offered.keywords().collect();
        let expected = [("SIZE", "1000"), ("auth=LOGIN", "PLAIN"), ("X-Own", " a b")];
        assert_eq!(found, expected);
        assert_eq!(Extensions::default().keywords().count(), 0);
    }

    #[test]
    fn gmail_after_starttls() {
        let extensions = offered(&[
            "smtp.gmail.com at your service, [203.0.113.7]",
            "SIZE 35882577",
            "8BITMIME",
            "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH",
            "ENHANCEDSTATUSCODES",
            "PIPELINING",
            "CHUNKING",
            "SMTPUTF8",
        ]);
        let expected = Extensions {
            offered: vec![
                Extension::Size,
                Extension::EightBitMime,
                Extension::Auth,
                Extension::EnhancedStatusCodes,
                Extension::Pipelining,
                Extension::Chunking,
                Extension::SmtpUtf8,
            ],
            size_limit: Some(35_882_577),
            mechanisms: vec![
                Mechanism::Login,
                Mechanism::Plain,
                Mechanism::XOAuth2,
                Mechanism::OAuthBearer,
            ],
            lines: extensions.lines.clone(),
            ..Extensions::default()
        };
        assert_eq!(extensions, expected);
    }

    #[test]
    fn exchange_online_takes_binary_messages() {
        let extensions = offered(&["x", "8bitmime", "BINARYMIME", "CHUNKING"]);
        let expected = [
            Extension::EightBitMime,
            Extension::BinaryMime,
            Extension::Chunking,
        ];
        assert_eq!(extensions.offered, expected);
    }

    #[test]
    fn the_first_line_is_no_keyword() {
        assert_eq!(offered(&["PIPELINING"]), Extensions::default());
    }

    #[test]
    fn size_limits() {
        for (line, limit) in [
            ("SIZE", None),
            ("SIZE 0", None),
            ("size 10", Some(10)),
            ("SIZE 99999999999999999999", None),
            ("SIZE x", None),
            ("SIZE 9000000000", Some(9_000_000_000)),
        ] {
            let extensions = offered(&["x", line]);
            assert!(extensions.offers(Extension::Size));
            assert_eq!(extensions.size_limit(), limit, "{line}");
        }
    }

    #[test]
    fn mechanisms_in_all_forms() {
        for (lines, expected) in [
            (
                vec!["x", "AUTH PLAIN LOGIN"],
                vec![Mechanism::Plain, Mechanism::Login],
            ),
            (vec!["x", "auth plain"], vec![Mechanism::Plain]),
            (
                vec!["x", "AUTH=LOGIN PLAIN"],
                vec![Mechanism::Login, Mechanism::Plain],
            ),
            (
                vec!["x", "AUTH LOGIN", "AUTH=LOGIN PLAIN"],
                vec![Mechanism::Login, Mechanism::Plain],
            ),
            (vec!["x", "AUTH XOAUTH2 GSSAPI"], vec![Mechanism::XOAuth2]),
        ] {
            let extensions = offered(&lines);
            assert!(extensions.offers(Extension::Auth));
            assert_eq!(extensions.mechanisms(), expected, "{lines:?}");
        }
    }

    #[test]
    fn times_and_limits() {
        for (line, text) in [
            ("DELIVERBY", "DeliverBy -"),
            ("DELIVERBY 240", "DeliverBy 240"),
            ("deliverby x", "DeliverBy -"),
            ("DELIVERBY -1", "DeliverBy -"),
            ("FUTURERELEASE", "FutureRelease - -"),
            (
                "FUTURERELEASE 86400 2030-01-31T08:00:00Z",
                "FutureRelease 86400 2030-01-31T08:00:00Z",
            ),
            ("FUTURERELEASE 0 tomorrow", "FutureRelease - -"),
            ("MT-PRIORITY", "MtPriority -"),
            ("MT-PRIORITY MIXER", "MtPriority MIXER"),
            ("LIMITS MAILMAX=2 RCPTMAX=x", "Limits 2 - -"),
            ("DSN", "Dsn"),
            ("REQUIRETLS", "RequireTls"),
        ] {
            assert_eq!(shown(&offered(&["x", line])), text, "{line}");
        }
    }

    fn shown(extensions: &Extensions) -> String {
        fn or_none(value: Option<impl ToString>) -> String {
            value.map_or("-".to_owned(), |value| value.to_string())
        }
        let extension = extensions.offered[0];
        let values = match extension {
            Extension::DeliverBy => vec![or_none(extensions.least_deliver_by())],
            Extension::FutureRelease => vec![
                or_none(extensions.longest_hold()),
                or_none(extensions.latest_release()),
            ],
            Extension::MtPriority => vec![or_none(extensions.priority_profile())],
            Extension::Limits => {
                let limits = extensions.limits();
                [limits.mails, limits.recipients, limits.domains]
                    .map(or_none)
                    .into()
            }
            _ => vec![],
        };
        [vec![format!("{extension:?}")], values].concat().join(" ")
    }

    #[test]
    fn keywords_that_come_twice_count_once() {
        let extensions = offered(&["x", "dsn", "DSN", "LIMITS RCPTMAX=9", "LIMITS RCPTMAX=7"]);
        assert_eq!(extensions.offered, [Extension::Dsn, Extension::Limits]);
        assert_eq!(extensions.limits().recipients, Some(7));
    }

    #[test]
    fn what_is_not_a_known_keyword_is_left_out() {
        for line in [
            "",
            "   ",
            "Ok",
            // What some firewalls make of STARTTLS.
            "XXXXXXXA",
            "250 8 BITMIME",
            "PIPELININGS",
            // Cyrus ends its list so.
            "Ok SESSIONID=<cyrus-1234-1>",
            "\u{fffd}",
        ] {
            let extensions = Extensions {
                lines: Box::default(),
                ..offered(&["x", line])
            };
            assert_eq!(extensions, Extensions::default(), "{line:?}");
        }
    }
}
