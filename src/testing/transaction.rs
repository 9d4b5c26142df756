//! How far the client is with a mail.

use std::io;

use super::data::{DataReader, Flaw};
use super::received::Received;
use super::store::Sink;

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
