//! What a server says about a mail that it accepts.

use super::timing::Timing;
use crate::address::{Envelope, ForwardPath};
use crate::message::MessageId;
use crate::protocol::{Dialect, Reply, TransactionOutcome};
use crate::transport::TlsParameters;

/// The server has taken responsibility for a mail (RFC 5321 section 4.2.5), for at least one of its
/// recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "some recipients may have been rejected"]
#[non_exhaustive]
pub struct Receipt {
    /// The recipients that the server has accepted the mail for.
    pub accepted: Vec<ForwardPath>,
    /// The recipients that the server rejected, with its reply to each.
    pub rejected: Vec<(ForwardPath, Reply)>,
    /// The server's reply to the whole mail.
    pub reply: Reply,
    /// The message's size in octets, as it was declared: CRLF line ends included, without
    /// transparency and end of data.
    pub size: u64,
    /// The parameters of TLS; `None` if the mail went in clear text.
    pub tls: Option<TlsParameters>,
    /// How long it took.
    pub timing: Timing,
    pub(super) message_id: MessageId,
}

impl Receipt {
    /// The Message-ID of the message (RFC 5322 section 3.6.4), to find it in mailboxes and logs.
    #[must_use]
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// The id that the server gave to the mail, to find it in the server's log. It is read from the
    /// [`reply`](Self::reply) as Postfix, Exim, Sendmail, `OpenSMTPD`, qmail, Exchange, Gmail, Amazon SES
    /// and Dovecot write it; `None` if the reply has no id, or has it in another form.
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        queue_id(&self.reply)
    }

    /// Whether the server rejected some recipients.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.rejected.is_empty()
    }
}

/// Finds the id in the forms of Postfix, iCloud, `SendGrid` (`queued as ID`), Exim (`id=ID`), Exchange
/// (`InternalId=ID`), Sendmail and `OpenSMTPD` (`ID Message accepted for delivery`), Gmail
/// (`ID - gsmtp`), Dovecot (`ID Saved`), qmail (`qp ID`) and Amazon SES (`Ok ID`).
fn queue_id(reply: &Reply) -> Option<&str> {
    let status = reply.enhanced_status().map(|status| status.to_string());
    let words = reply.lines().next_back()?.split_whitespace();
    let words: Vec<&str> = words
        .filter(|word| Some(*word) != status.as_deref())
        .collect();
    let before = |end: &[&str]| {
        let id = words.len().checked_sub(end.len() + 1)?;
        let is_end = words
            .iter()
            .skip(id + 1)
            .zip(end)
            .all(|(word, end)| word == end);
        words.get(id).filter(|_| is_end).copied()
    };
    let after = |begin: &[&str]| {
        let is_begin = |found: &[&str]| {
            let mut both = found.iter().zip(begin);
            both.all(|(word, begin)| word.eq_ignore_ascii_case(begin))
        };
        let begins = words.windows(begin.len()).position(is_begin)?;
        words.get(begins + begin.len()).copied()
    };
    let named = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
    // SES sends one long word, unlike any greeting.
    let alone = || match *words.as_slice() {
        ["Ok", id] if id.len() >= 20 => Some(id),
        _ => None,
    };
    let id = after(&["queued", "as"])
        .or_else(|| named("id="))
        .or_else(|| named("[InternalId="))
        .or_else(|| before(&["Message", "accepted", "for", "delivery"]))
        .or_else(|| before(&["-", "gsmtp"]))
        .or_else(|| before(&["Saved"]))
        .or_else(|| after(&["qp"]))
        .or_else(alone)?;
    let id = id.trim_matches([',', '.', ';', ']', '<', '>', '(', ')', ':']);
    let has_digit = id.chars().any(|c| c.is_ascii_digit());
    let is_id = !id.contains('@') && (id.len() >= 10 || id.len() >= 4 && has_digit);
    is_id.then_some(id)
}

/// The recipients that the server accepted a mail for, and the others.
#[derive(Debug, Default)]
pub(super) struct Division {
    pub(super) accepted: Vec<ForwardPath>,
    pub(super) rejected: Vec<(ForwardPath, Reply)>,
    /// Accepted by RCPT, without a reply to the message for them.
    pub(super) open: Vec<ForwardPath>,
}

impl Division {
    /// By the replies to RCPT and, where there is one for each recipient, to the message.
    pub(super) fn new(outcome: &TransactionOutcome, envelope: &Envelope) -> Self {
        let mut division = Self::default();
        let mut messages = outcome.messages.iter();
        for (path, reply) in envelope.forward_paths().iter().zip(&outcome.recipients) {
            if !reply.is_positive_completion() {
                division.rejected.push((path.clone(), reply.clone()));
                continue;
            }
            let message = match outcome.dialect {
                Dialect::Lmtp => messages.next(),
                // One reply for all: a refusal is the mail's, not a recipient's.
                _ => (outcome.messages.first()).filter(|reply| reply.is_positive_completion()),
            };
            match message {
                None => division.open.push(path.clone()),
                Some(reply) if reply.is_positive_completion() => {
                    division.accepted.push(path.clone());
                }
                Some(reply) => division.rejected.push((path.clone(), reply.clone())),
            }
        }
        division
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_well_known_servers() {
        for (reply, id) in [
            ("250 2.0.0 Ok: queued as 9315A18002C5", Some("9315A18002C5")),
            (
                "250 Ok: queued as Aq1zhMM3QYeEprixUiFYNg",
                Some("Aq1zhMM3QYeEprixUiFYNg"),
            ),
            (
                "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4BC1",
                Some("4BC1"),
            ),
            ("250 OK id=1rZoQ4-000abC-2d", Some("1rZoQ4-000abC-2d")),
            (
                "250 2.6.0 <id@host> [InternalId=95992519094146, Hostname=HE1.outlook.com] 13478 bytes \
              in 0.277, 47.373 KB/sec Queued mail for delivery",
                Some("95992519094146"),
            ),
            (
                "250 2.0.0 46FBxyz012345 Message accepted for delivery",
                Some("46FBxyz012345"),
            ),
            (
                "250 2.0.0: 1a2b3c4d Message accepted for delivery",
                Some("1a2b3c4d"),
            ),
            (
                "250 2.0.0 OK  1781920757 a1-20020ac8sm123qkk.12 - gsmtp",
                Some("a1-20020ac8sm123qkk.12"),
            ),
            (
                "250 2.0.0 <ann@example.org> kDwvH3lGdGUqAwAA Saved",
                Some("kDwvH3lGdGUqAwAA"),
            ),
            ("250 ok 1700000000 qp 12345", Some("12345")),
            (
                "250 Ok 0102018f2a3b4c5d-6e7f-000000",
                Some("0102018f2a3b4c5d-6e7f-000000"),
            ),
            (
                "250 2.0.0 OK <SY5P282MB.PROD.OUTLOOK.COM> [Hostname=SY5P282MB.PROD.OUTLOOK.COM]",
                None,
            ),
            ("250 OK , completed", None),
            ("250 Ok", None),
            ("250 2.0.0 queued as", None),
            ("250 Message accepted for delivery", None),
            ("250 2.0.0 Saved", None),
            ("250 2.0.0 Message accepted for delivery", None),
            ("250 2.0.0 <ann@example.org> Saved", None),
            ("250 Queued (0.008 seconds)", None),
            ("250 2.0.0 OK", None),
        ] {
            assert_eq!(
                queue_id(&crate::session::recipient::tests::reply(reply)),
                id,
                "{reply}"
            );
        }
    }
}
