//! The service extensions that the server knows, and when it offers them.

use super::builder::{Admission, Security, Settings};
use super::mechanism::Mechanism;
use super::offer::line;
use super::received::TlsVersion;

/// What EHLO may offer (RFC 5321, section 4.1.1.1). AUTH counts once for each mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    /// RFC 3207.
    StartTls,
    /// RFC 2920.
    Pipelining,
    /// RFC 1870.
    Size,
    /// RFC 6152.
    EightBitMime,
    /// RFC 2034.
    EnhancedStatusCodes,
    /// RFC 6531.
    SmtpUtf8,
    /// RFC 3030, section 2.
    Chunking,
    /// RFC 3030, section 3.
    BinaryMime,
    /// RFC 3461.
    Dsn,
    /// RFC 2852.
    DeliverBy,
    /// RFC 4865.
    FutureRelease,
    /// RFC 6710.
    MtPriority,
    /// RFC 8689.
    RequireTls,
    /// RFC 9422.
    Limits,
    /// RFC 4954.
    Auth(Mechanism),
}

const ALL: &[Keyword] = &[
    Keyword::StartTls,
    Keyword::Pipelining,
    Keyword::Size,
    Keyword::EightBitMime,
    Keyword::EnhancedStatusCodes,
    Keyword::SmtpUtf8,
    Keyword::Chunking,
    Keyword::BinaryMime,
    Keyword::Dsn,
    Keyword::DeliverBy,
    Keyword::FutureRelease,
    Keyword::MtPriority,
    Keyword::RequireTls,
    Keyword::Limits,
    Keyword::Auth(Mechanism::Plain),
    Keyword::Auth(Mechanism::Login),
];

impl Keyword {
    /// The extensions with this name, in any case of letters; none if there is no such name.
    pub(super) fn named(name: &str) -> &'static [Self] {
        match name.to_ascii_uppercase().as_str() {
            "STARTTLS" => &[Self::StartTls],
            "PIPELINING" => &[Self::Pipelining],
            "SIZE" => &[Self::Size],
            // SMTPUTF8 is not offered without 8BITMIME (RFC 6531, section 3.1).
            "8BITMIME" => &[Self::EightBitMime, Self::SmtpUtf8],
            "ENHANCEDSTATUSCODES" => &[Self::EnhancedStatusCodes],
            "SMTPUTF8" => &[Self::SmtpUtf8],
            // BINARYMIME is not offered without CHUNKING (RFC 3030, section 3).
            "CHUNKING" => &[Self::Chunking, Self::BinaryMime],
            "BINARYMIME" => &[Self::BinaryMime],
            // What is ordered by a limit is kept to all the same.
            "LIMITS" => &[Self::Limits],
            "AUTH" => &[Self::Auth(Mechanism::Plain), Self::Auth(Mechanism::Login)],
            "AUTH PLAIN" => &[Self::Auth(Mechanism::Plain)],
            "AUTH LOGIN" => &[Self::Auth(Mechanism::Login)],
            _ => &[],
        }
    }

    /// What is offered in this state of the session.
    ///
    /// STARTTLS is not offered twice (RFC 3207, section 4.2), and AUTH only where the
    /// password is protected, if it can be (RFC 4954, section 4).
    pub(super) fn offered(settings: &Settings, tls: Option<TlsVersion>) -> Vec<Self> {
        let protected = tls.is_some() || settings.security == Security::Cleartext;
        let pointless = settings.admission == Admission::Anyone && settings.users.is_empty();
        let ordered = |keyword| {
            settings
                .offers
                .iter()
                .any(|offer| offer.keyword() == keyword)
        };
        let fits = |keyword: &Self| match keyword {
            Self::StartTls => settings.security == Security::StartTls && tls.is_none(),
            Self::Auth(mechanism) => {
                let bound = !mechanism.binds() || tls == Some(TlsVersion::Tls13);
                protected && !pointless && bound
            }
            // RFC 8689 wants it so.
            Self::RequireTls => tls.is_some() && ordered(*keyword),
            Self::Dsn | Self::DeliverBy | Self::FutureRelease | Self::MtPriority | Self::Limits => {
                ordered(*keyword)
            }
            _ => true,
        };
        let kept = |keyword: &Self| !settings.left_out.contains(keyword);
        let more = settings.mechanisms.iter().copied().map(Self::Auth);
        let all = ALL.iter().copied().filter(kept).chain(more);
        all.filter(fits).collect()
    }

    /// The lines of the reply to EHLO behind the first one.
    pub(super) fn lines(offered: &[Self], settings: &Settings) -> Vec<String> {
        let ordered = |name, keyword| Some(line(name, keyword, &settings.offers));
        let to_line = |keyword: &Self| match keyword {
            Self::StartTls => Some("STARTTLS".to_owned()),
            Self::Pipelining => Some("PIPELINING".to_owned()),
            Self::Size => Some(format!("SIZE {}", settings.max_size)),
            Self::EightBitMime => Some("8BITMIME".to_owned()),
            Self::EnhancedStatusCodes => Some("ENHANCEDSTATUSCODES".to_owned()),
            Self::SmtpUtf8 => Some("SMTPUTF8".to_owned()),
            Self::Chunking => Some("CHUNKING".to_owned()),
            Self::BinaryMime => Some("BINARYMIME".to_owned()),
            Self::Dsn => ordered("DSN", *keyword),
            Self::DeliverBy => ordered("DELIVERBY", *keyword),
            Self::FutureRelease => ordered("FUTURERELEASE", *keyword),
            Self::MtPriority => ordered("MT-PRIORITY", *keyword),
            Self::RequireTls => ordered("REQUIRETLS", *keyword),
            Self::Limits => ordered("LIMITS", *keyword),
            Self::Auth(_) => None,
        };
        let mechanism = |keyword: &Self| match keyword {
            Self::Auth(mechanism) => Some(mechanism.name()),
            _ => None,
        };
        let mechanisms: Vec<_> = offered.iter().filter_map(mechanism).collect();
        let auth = (!mechanisms.is_empty()).then(|| format!("AUTH {}", mechanisms.join(" ")));
        offered.iter().filter_map(to_line).chain(auth).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_comes_before_passwords() {
        let settings = Settings {
            max_size: 9,
            ..Settings::default()
        };
        let lines = |tls| Keyword::lines(&Keyword::offered(&settings, tls), &settings);
        let common = [
            "PIPELINING",
            "SIZE 9",
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "SMTPUTF8",
            "CHUNKING",
            "BINARYMIME",
        ];
        assert_eq!(lines(None), [&["STARTTLS"][..], &common].concat());
        assert_eq!(
            lines(Some(TlsVersion::Tls13)),
            [&common[..], &["AUTH PLAIN LOGIN"]].concat()
        );
    }

    #[test]
    fn mechanisms_can_be_left_out_one_by_one() {
        for (left_out, line) in [("auth plain", "AUTH LOGIN"), ("AUTH LOGIN", "AUTH PLAIN")] {
            let settings = Settings {
                security: Security::Cleartext,
                left_out: Keyword::named(left_out).to_vec(),
                ..Settings::default()
            };
            let lines = Keyword::lines(&Keyword::offered(&settings, None), &settings);
            assert_eq!(lines.last().map(String::as_str), Some(line));
        }
    }
}
