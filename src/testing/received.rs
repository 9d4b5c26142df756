//! A mail: how far it has arrived, and what the test sees of it when the server has accepted it.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

use super::client::TlsVersion;
use super::data::{DataReader, Flaw};
use super::store::Sink;
use super::syntax::keyword_and_value;

/// A message that the server accepted: it replied 250 at the end of data, or would have without a
/// [`Fault`](super::Fault).
///
/// Its envelope and how it arrived are values. To read the message a test uses a parser of its own
/// choice, such as the package mail-parser in the example of the [module](super).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Received {
    /// The name that the reply to the end of data gave the message.
    pub queue_id: String,
    /// The number of its connection, counted from 1.
    pub connection: u64,
    /// What the client called itself in EHLO, HELO or LHLO.
    pub hello: String,
    /// The version of TLS that protected it, if any did.
    pub tls: Option<TlsVersion>,
    /// The user that had logged in, if any had.
    pub authenticated_as: Option<String>,
    /// The reverse-path of MAIL as it was sent, without the angle brackets: empty for `<>`
    /// (RFC 5321, section 4.1.1.2).
    pub reverse_path: String,
    /// The parameters of MAIL as they were sent, such as `SIZE=1024`.
    pub mail_parameters: Vec<String>,
    /// The forward-paths that were accepted, over LMTP those that got the message, as they were
    /// sent, without the angle brackets (RFC 5321, section 4.1.1.3).
    pub forward_paths: Vec<String>,
    /// The parameters of RCPT for each of these, as they were sent, such as `NOTIFY=NEVER`.
    pub rcpt_parameters: Vec<Vec<String>>,
    /// The message, with transparency removed and without the end of data (RFC 5321, section
    /// 4.5.2). Empty unless it was kept with [`Store::Memory`](super::Store::Memory).
    pub octets: Bytes,
    /// The file it was kept in, with [`Store::Directory`](super::Store::Directory).
    pub file: Option<PathBuf>,
    /// How many octets the message has, wherever it is kept. This is what SIZE declares (RFC
    /// 1870, section 5).
    pub size: u64,
    /// How many octets arrived after 354: with transparency and the end of data,
    /// and without TLS. In chunks there are no more of them than the message has.
    pub wire_octets: u64,
    /// How many chunks it came in (RFC 3030, section 2); 0 if it came after 354.
    pub chunks: u64,
    /// How many [round trips](super::TestServer::round_trips) the connection had taken when the
    /// message was answered, that of the answer included.
    pub round_trips: u64,
}

impl Received {
    /// What the SIZE parameter of MAIL declared, if it was there (RFC 1870, section 6).
    #[must_use]
    pub fn declared_size(&self) -> Option<u64> {
        self.mail_parameter("SIZE")?.parse().ok()
    }

    /// The value of a parameter of MAIL as it was sent, such as `RET`, `ENVID`, `BY`, `HOLDFOR`,
    /// `MT-PRIORITY` or `AUTH`; empty if it has none, as `REQUIRETLS`.
    #[must_use]
    pub fn mail_parameter(&self, keyword: &str) -> Option<&str> {
        value(&self.mail_parameters, keyword)
    }

    /// The value of a parameter of RCPT, `NOTIFY` or `ORCPT`, as it was sent for this path.
    #[must_use]
    pub fn rcpt_parameter(&self, forward_path: &str, keyword: &str) -> Option<&str> {
        let mut recipients = self.forward_paths.iter().zip(&self.rcpt_parameters);
        let (_, parameters) = recipients.find(|(path, _)| *path == forward_path)?;
        value(parameters, keyword)
    }
}

fn value<'a>(parameters: &'a [String], keyword: &str) -> Option<&'a str> {
    let mut parameters = parameters.iter().map(|one| keyword_and_value(one));
    let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case(keyword))?;
    Some(value.unwrap_or_default())
}

/// How far the client is with its mail.
#[derive(Debug)]
pub(super) enum TransactionState {
    None,
    /// MAIL was refused. The server also refuses what followed it in the same group. That is not
    /// the client's mistake.
    Refused,
    /// MAIL was accepted.
    Open(Box<IncomingMail>),
    /// Some chunks of the message have arrived.
    Chunks(Box<IncomingMail>),
    /// A chunk was refused. The server also refuses the chunks that were on their way. Only RSET
    /// ends this state (RFC 3030, section 2).
    Broken,
}

impl TransactionState {
    /// Whether MAIL was accepted and the transaction has not ended.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Chunks(_) | Self::Broken)
    }
}

/// A mail as far as it has arrived.
#[derive(Debug)]
pub(super) struct IncomingMail {
    /// What the test sees of the mail if the server accepts it.
    pub(super) received: Received,
    /// How many recipients the client has named, the refused ones included.
    pub(super) named_recipients: usize,
    pub(super) reader: DataReader,
    pub(super) sink: io::Result<Sink>,
}

impl IncomingMail {
    pub(super) fn has_recipients(&self) -> bool {
        !self.received.forward_paths.is_empty()
    }

    /// Whether BODY has this value (RFC 6152, section 3; RFC 3030, section 3).
    pub(super) fn has_body(&self, value: &str) -> bool {
        let body = self.received.mail_parameter("BODY");
        body.is_some_and(|body| body.eq_ignore_ascii_case(value))
    }

    /// What is wrong with the message, one sentence each with the section that forbids it.
    pub(super) fn violations(&self) -> Vec<String> {
        let announced = |flaw: &Flaw| {
            self.has_body("BINARYMIME") || self.has_body("8BITMIME") && *flaw == Flaw::EightBit
        };
        let flaws = self.reader.flaws().into_iter();
        let flaws = flaws.filter(|flaw| !announced(flaw));
        let mut violations: Vec<_> = flaws.map(|flaw| flaw.describe().to_owned()).collect();
        let octets = self.received.size;
        let declared = self.received.declared_size();
        if let Some(declared) = declared.filter(|size| *size != octets) {
            violations.push(format!(
                "message of {octets} octets declared with SIZE={declared} (RFC 1870, section 6)"
            ));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_size_is_found() {
        let declared_size = |parameters: &[&str]| {
            let received = Received {
                mail_parameters: parameters.iter().map(ToString::to_string).collect(),
                ..Received::default()
            };
            received.declared_size()
        };
        assert_eq!(declared_size(&["BODY=8BITMIME", "size=12"]), Some(12));
        assert_eq!(declared_size(&["SIZE=12a"]), None);
        assert_eq!(declared_size(&[]), None);
    }
}
