//! The options of an envelope: what it requests from the server besides delivery.

use std::fmt;

use super::delivery_time::{DeliverBy, Hold, Priority};
use super::dsn::{EnvelopeId, Notify, Ret};
use crate::address::AddrSpec;
use crate::address::escape::xtext;

/// What an envelope requests from the server besides delivery. Default: nothing.
///
/// Each option needs an extension (RFC 5321 section 2.2). If the server does not offer it, the mail is
/// not sent. The only exception is [`dsn`](Self::dsn).
///
/// ```
/// use pilotfish::address::envelope::{Event, Options, Ret};
/// use pilotfish::address::{Envelope, ReversePath};
///
/// let mut options = Options::default();
/// options.ret = Some(Ret::Headers);
/// options.each.notify = Some(Event::Failure | Event::Delay);
///
/// let envelope = Envelope::new("ann@example.org", ["bo@example.org"])?;
/// let envelope = envelope.with_options(options);
/// # Ok::<(), pilotfish::address::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Options {
    /// How much of the message comes back with a notification (DSN, RFC 3461 section 4.3).
    pub ret: Option<Ret>,
    /// What notifications call the envelope (DSN, RFC 3461 section 4.4).
    pub id: Option<EnvelopeId>,
    /// The options of each recipient that has no options of its own.
    pub each: RecipientOptions,
    /// What happens to the requests for notifications if the server does not offer DSN.
    pub dsn: Dsn,
    /// By when the mail is to be delivered (DELIVERBY, RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// How long the server keeps it (FUTURERELEASE, RFC 4865).
    pub hold: Option<Hold>,
    /// The priority among other mails (MT-PRIORITY, RFC 6710).
    pub priority: Option<Priority>,
    /// Whether it may leave the server without TLS (REQUIRETLS, RFC 8689).
    pub onward: TlsOnward,
    /// Who submitted it first (AUTH, RFC 4954 section 5).
    pub submitter: Option<Submitter>,
    /// What happens to the mail if the server rejects some of its recipients.
    pub partial: Partial,
}

/// What an envelope requests for a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct RecipientOptions {
    /// When the sender is to be notified (DSN, RFC 3461 section 4.1).
    pub notify: Option<Notify>,
    /// The address to which the mail was first addressed, if a list or an alias has replaced it
    /// (DSN, RFC 3461 section 4.2).
    pub original: Option<AddrSpec>,
}

/// What happens to requests for notifications if the server does not offer DSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dsn {
    /// The mail is not sent.
    #[default]
    Required,
    /// They are left out.
    IfOffered,
}

/// How the mail leaves the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TlsOnward {
    /// The server decides.
    #[default]
    Optional,
    /// By TLS with a verified certificate, on every hop, or not at all (RFC 8689 section 2). The
    /// session has to be one with TLS itself.
    Required,
}

/// The original submitter of a mail. A server that submits on behalf of others names it: RFC 4954
/// section 5.
///
/// It is shown as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Submitter {
    /// Unknown, or kept secret.
    Unknown,
    /// The user with this address.
    Address(AddrSpec),
}

impl fmt::Display for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("<>"),
            Self::Address(address) => f.write_str(&xtext(&address.to_string())),
        }
    }
}

/// What happens to a mail if the server rejects some of its recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Partial {
    /// It goes to the accepted recipients.
    #[default]
    AsManyAsPossible,
    /// No message is sent once the server has rejected a recipient.
    ///
    /// A server for LMTP may reject recipients after the message, too. The others have the mail by then
    /// (RFC 2033 section 4.2), and [`Receipt::rejected`](crate::Receipt::rejected) lists those that do
    /// not.
    AllOrNothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submitters() {
        assert_eq!(Submitter::Unknown.to_string(), "<>");
        for (address, sent) in [
            ("e+mc2@example.com", "e+2Bmc2@example.com"),
            ("\"a =b\"@example.com", "\"a+20+3Db\"@example.com"),
        ] {
            let submitter = Submitter::Address(address.parse().unwrap());
            assert_eq!(submitter.to_string(), sent);
        }
    }
}
