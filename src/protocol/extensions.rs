//! What a server offers in its reply to EHLO (RFC 5321 section 4.1.1.1).

use super::auth::Mechanism;
use super::limits::Limits;
use super::reply::Reply;
use crate::address::envelope::{DateTime, HoldSeconds};

/// An extension that this client makes use of.
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
    /// AUTH (RFC 4954), be it with mechanisms unknown here.
    Auth,
    /// DSN (RFC 3461): who is told what became of a mail.
    Dsn,
    /// ENHANCEDSTATUSCODES (RFC 2034). A [`Reply`] has its code without it, too: servers behind
    /// others send them and do not say so, and what looks like one does no harm.
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

impl Extension {
    /// The extensions that are a keyword and no more.
    fn of_keyword(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "STARTTLS" => Self::StartTls,
            "PIPELINING" => Self::Pipelining,
            "8BITMIME" => Self::EightBitMime,
            "SMTPUTF8" => Self::SmtpUtf8,
            "CHUNKING" => Self::Chunking,
            "BINARYMIME" => Self::BinaryMime,
            "DSN" => Self::Dsn,
            "ENHANCEDSTATUSCODES" => Self::EnhancedStatusCodes,
            "REQUIRETLS" => Self::RequireTls,
            _ => return None,
        })
    }
}

/// The extensions that a server offers in the present state of the session.
///
/// What was learnt before STARTTLS is worth nothing after it (RFC 3207 section 4.2): the
/// session takes a new list then. Keywords are read without regard to case; what is not
/// known is left out.
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
}

impl Extensions {
    /// Reads the reply to EHLO. Its first line is a greeting.
    #[must_use]
    pub fn from_ehlo(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines().iter().skip(1) {
            extensions.add_line(line);
        }
        extensions
    }

    /// Whether the server offers this.
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        self.offered.contains(&extension)
    }

    /// The largest message that the server takes, in octets, where it names a limit
    /// (RFC 1870 section 4).
    #[must_use]
    pub fn size_limit(&self) -> Option<u64> {
        self.size_limit
    }

    /// The AUTH mechanisms that both sides know, in the order in which the server names them.
    #[must_use]
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    /// The least number of seconds within which the server may be asked to deliver a mail or
    /// else return it, where it names one (RFC 2852).
    #[must_use]
    pub fn least_deliver_by(&self) -> Option<u32> {
        self.least_deliver_by
    }

    /// How long the server holds a mail at most (RFC 4865), if it says so.
    #[must_use]
    pub fn longest_hold(&self) -> Option<HoldSeconds> {
        self.longest_hold
    }

    /// When the server releases a mail at the latest (RFC 4865), if it says so.
    #[must_use]
    pub fn latest_release(&self) -> Option<DateTime> {
        self.latest_release
    }

    /// What the server calls its way to treat priorities, where it says so (RFC 6710).
    #[must_use]
    pub fn priority_profile(&self) -> Option<&str> {
        self.priority_profile.as_deref()
    }

    /// How much the server takes at a time, as far as it says so (RFC 9422).
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    fn add_line(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => {
                self.add(Extension::Size);
                // RFC 1870 section 4: zero, or no number, is no limit.
                self.size_limit = words
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|limit| *limit > 0);
            }
            "AUTH" => self.add_mechanisms(words),
            "DELIVERBY" => {
                self.add(Extension::DeliverBy);
                self.least_deliver_by = words.next().and_then(|number| number.parse().ok());
            }
            "FUTURERELEASE" => {
                self.add(Extension::FutureRelease);
                let longest = words.next().and_then(|number| number.parse().ok());
                self.longest_hold = longest.and_then(|seconds| HoldSeconds::new(seconds).ok());
                self.latest_release = words.next().and_then(|moment| moment.parse().ok());
            }
            "MT-PRIORITY" => {
                self.add(Extension::MtPriority);
                self.priority_profile = words.next().map(Box::from);
            }
            "LIMITS" => {
                self.add(Extension::Limits);
                self.limits.add(words);
            }
            // The form of old servers: AUTH=LOGIN PLAIN.
            other => {
                if let Some(extension) = Extension::of_keyword(other) {
                    self.add(extension);
                } else if let Some(first) = other.strip_prefix("AUTH=") {
                    self.add_mechanisms(std::iter::once(first).chain(words));
                }
            }
        }
    }

    fn add(&mut self, extension: Extension) {
        if !self.offers(extension) {
            self.offered.push(extension);
        }
    }

    fn add_mechanisms<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.add(Extension::Auth);
        for mechanism in names.filter_map(|name| name.parse().ok()) {
            if !self.mechanisms.contains(&mechanism) {
                self.mechanisms.push(mechanism);
            }
        }
    }
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
        for (line, told) in [
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
            assert_eq!(shown(&offered(&["x", line])), told, "{line}");
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
            assert_eq!(offered(&["x", line]), Extensions::default(), "{line:?}");
        }
    }
}
