//! What failed, for what, in one sentence: the server by its name, the recipient by the address.

use pilotfish::protocol::{Reply, ReplyMeaning};
use pilotfish::session::{Recipient, RecipientOutcome};
use pilotfish::{Error, ErrorKind, Fate, Message, Problem, Stage};

use crate::failure::UNKNOWN;
use crate::suggestion::nearest_domain;
use crate::terminal::quantity::{Size, counted};

/// What the sentence speaks of.
pub(crate) struct Subject<'a> {
    /// The server, without its port.
    pub(crate) host: &'a str,
    /// Who logs in.
    pub(crate) user: Option<&'a str>,
    pub(crate) message: &'a Message,
    pub(crate) recipients: &'a [Recipient<'a>],
}

/// The sentence, and what else is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Headline {
    pub(crate) message: String,
    pub(crate) cause: Option<String>,
    pub(crate) help: Option<String>,
}

/// The sentence, where the command says it better than the library, which does not know the server by
/// name: where the server has replied, and where a mail is too large or its outcome unknown.
///
/// `text` is the library's sentence.
pub(crate) fn headline(error: &Error, text: &str, subject: &Subject<'_>) -> Option<Headline> {
    let host = subject.host;
    if error.fate() == Fate::Unknown {
        return Some(Headline {
            message: format!("{UNKNOWN}, but no reply came"),
            cause: Some(text.to_owned()),
            help: None,
        });
    }
    let verb = |reply: &Reply| {
        if reply.is_transient() {
            "deferred"
        } else {
            "rejected"
        }
    };
    let message = match (error.kind(), error.stage()?, error.reply()) {
        (ErrorKind::Auth, Stage::Auth, Some(reply)) => {
            let user = subject.user.filter(|user| !user.is_empty());
            let of_user = user.map(|user| format!(" of {user}")).unwrap_or_default();
            return Some(Headline {
                message: format!("{host} {} the login{of_user}", verb(reply)),
                // The reason that SASL gives, and other mechanisms.
                cause: (error.problem().is_some()).then(|| text.to_owned()),
                help: None,
            });
        }
        (_, Stage::Connect, None) if error.problem() == Some(Problem::NoSuchHost) => {
            return Some(Headline {
                message: format!("there is no host {host}"),
                cause: None,
                help: Some(nearest_host(host).map_or_else(
                    || "check its spelling".to_owned(),
                    |meant| format!("did you mean {meant}?"),
                )),
            });
        }
        (_, Stage::StartTls, None) if error.problem() == Some(Problem::NoStartTls) => {
            return Some(Headline {
                message: format!("{host} does not offer STARTTLS"),
                cause: Some("it has none, or something on the way removes it".to_owned()),
                help: None,
            });
        }
        (_, Stage::Mail, None) => match error.problem() {
            Some(Problem::MessageTooLarge { size, limit }) => {
                return Some(too_large(size, limit, host));
            }
            _ => return None,
        },
        (_, Stage::Connect | Stage::Greeting, Some(reply)) if reply.is_transient() => {
            format!("{host} accepts no more connections now")
        }
        (_, Stage::Connect | Stage::Greeting, Some(_)) => format!("{host} accepts no connection"),
        (ErrorKind::Rejected | ErrorKind::Closed, ..)
            if error.means(ReplyMeaning::QuotaExceeded) =>
        {
            format!("the sending limit at {host} is reached")
        }
        (ErrorKind::Rejected, Stage::Mail | Stage::EndOfData, Some(_))
            if error.means(ReplyMeaning::MessageTooLarge) =>
        {
            let size = Size(subject.message.exact_size());
            format!("the mail is too large for {host}: {size}")
        }
        (ErrorKind::Rejected, Stage::Mail, Some(reply)) => {
            let sender = subject.message.envelope().reverse_path();
            format!("{host} {} the sender {sender}", verb(reply))
        }
        (ErrorKind::Rejected, Stage::Rcpt, None) => of_recipients(host, subject.recipients)?,
        (ErrorKind::Rejected, Stage::Data | Stage::Transfer | Stage::EndOfData, Some(reply)) => {
            format!("{host} {} the mail", verb(reply))
        }
        _ => return None,
    };
    Some(Headline {
        message,
        ..Headline::default()
    })
}

/// The host that was meant, if its domain is a well-known one with a typing error.
fn nearest_host(host: &str) -> Option<String> {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let domain = dots.nth(1).map_or(0, |dot| dot + 1);
    let (before, domain) = host.split_at_checked(domain)?;
    Some(format!("{before}{}", nearest_domain(domain)?))
}

/// None of the recipients was accepted.
fn of_recipients(host: &str, recipients: &[Recipient<'_>]) -> Option<String> {
    let first = recipients.first()?;
    let agree = recipients
        .iter()
        .all(|other| other.outcome == first.outcome);
    let verb = match first.outcome {
        RecipientOutcome::Rejected => "rejected",
        RecipientOutcome::Deferred => "deferred",
        _ => return None,
    };
    Some(match recipients {
        [only] => format!("{host} {verb} the mail for {}", only.path.addr_spec()),
        all if agree => {
            let all = counted(all.len(), "recipient", "recipients");
            format!("{host} {verb} the mail for all {all}")
        }
        all => {
            let all = counted(all.len(), "recipient", "recipients");
            format!("{host} accepted the mail for none of {all}")
        }
    })
}

/// The mail is larger than the server says that it accepts. The causes name the largest parts.
fn too_large(size: u64, limit: u64, host: &str) -> Headline {
    /// What base64 makes of 100 octets, with its line ends.
    const GROWTH: u64 = 137;
    let (size, limit, attached) = (Size(size), Size(limit), Size(limit * 100 / GROWTH));
    Headline {
        message: format!("the mail is too large for {host}: {size}, limit {limit}"),
        cause: None,
        help: Some(format!(
            "at most {attached} of attachments fit, since base64 adds 37 %; nothing was sent"
        )),
    }
}

/// The text with sizes as people read them: the library counts octets.
pub(crate) fn in_bytes(text: &str) -> String {
    const UNIT: &str = " octets";
    /// Smaller numbers are those of lines and fields, which are exact.
    const LARGE: u64 = 10_000;
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(UNIT) {
        let is_digit = |c: char| c.is_ascii_digit();
        let words = before.trim_end_matches(is_digit);
        let digits = before.get(words.len()..).unwrap_or_default();
        out.push_str(words);
        if let Ok(number @ LARGE..) = digits.parse() {
            out.push_str(&Size(number).to_string());
        } else {
            out.push_str(digits);
            out.push_str(" bytes");
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_a_typing_error() {
        for (host, expected) in [
            ("smtp.gmial.com", Some("smtp.gmail.com")),
            ("gmial.com", Some("gmail.com")),
            ("smtp.gmail.com", None),
            ("there.invalid", None),
            ("localhost", None),
        ] {
            assert_eq!(nearest_host(host).as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn octets_are_bytes() {
        for (text, expected) in [
            (
                "a line of over 998 octets, and more",
                "a line of over 998 bytes, and more",
            ),
            ("26200000 octets of 310000000 octets", "26.2 MB of 310 MB"),
            ("the octets beyond ASCII", "the bytes beyond ASCII"),
            ("none", "none"),
        ] {
            assert_eq!(in_bytes(text), expected);
        }
    }

    #[test]
    fn a_mail_over_the_limit() {
        let headline = too_large(41_300_000, 35_882_577, "smtp.example.org");
        assert_eq!(
            headline.message,
            "the mail is too large for smtp.example.org: 41.3 MB, limit 35.9 MB"
        );
        assert_eq!(
            headline.help.unwrap(),
            "at most 26.2 MB of attachments fit, since base64 adds 37 %; nothing was sent"
        );
    }
}
