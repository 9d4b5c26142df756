//! Parameters of MAIL and RCPT (RFC 5321 section 4.1.2, and the RFCs of the extensions).

use std::fmt;

use crate::address::AddrSpec;
use crate::address::envelope::{
    DeliverBy, EnvelopeId, Hold, Notify, OriginalRecipient, Priority, Ret, Submitter,
};

/// A parameter of MAIL. It may be sent only where the server offers its extension (RFC 5321
/// section 4.1.1.11).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// The message's size in octets, CRLF line ends included, without transparency and end of
    /// data (SIZE, RFC 1870 section 6).
    Size(u64),
    /// Which octets the message may contain (8BITMIME, RFC 6152 section 2).
    Body(BodyValue),
    /// Addresses or header fields need UTF-8 (SMTPUTF8, RFC 6531 section 3.4).
    SmtpUtf8,
    /// How much of the message comes back with a notification (DSN, RFC 3461 section 4.3).
    Ret(Ret),
    /// The envelope identifier in notifications (DSN, RFC 3461 section 4.4).
    EnvelopeId(EnvelopeId),
    /// The time within which the mail must be delivered (DELIVERBY, RFC 2852).
    DeliverBy(DeliverBy),
    /// How long the server keeps the mail (FUTURERELEASE, RFC 4865).
    Hold(Hold),
    /// The priority (MT-PRIORITY, RFC 6710).
    Priority(Priority),
    /// Every hop must use TLS (REQUIRETLS, RFC 8689 section 2).
    RequireTls,
    /// The original submitter of the mail (AUTH, RFC 4954 section 5).
    Submitter(Submitter),
}

/// A parameter of RCPT. It needs DSN (RFC 3461 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RcptParameter {
    /// The events that the sender is notified about (NOTIFY).
    Notify(Notify),
    /// The original recipient (ORCPT).
    OriginalRecipient(AddrSpec),
}

/// The parameters of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Parameters {
    /// Those of MAIL.
    pub mail: Vec<Parameter>,
    /// Those of RCPT for each recipient, in the envelope's order. Recipients after the end of the list
    /// have none.
    pub rcpt: Vec<Vec<RcptParameter>>,
}

/// Which octets a message may contain (RFC 6152 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyValue {
    /// Lines, with octets over 127.
    EightBitMime,
    /// Any octets, in lines or not; the message goes by BDAT (RFC 3030 section 3).
    BinaryMime,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(octets) => write!(f, "SIZE={octets}"),
            Self::Body(BodyValue::EightBitMime) => f.write_str("BODY=8BITMIME"),
            Self::Body(BodyValue::BinaryMime) => f.write_str("BODY=BINARYMIME"),
            Self::SmtpUtf8 => f.write_str("SMTPUTF8"),
            Self::Ret(ret) => write!(f, "RET={ret}"),
            Self::EnvelopeId(id) => write!(f, "ENVID={id}"),
            Self::DeliverBy(by) => write!(f, "BY={by}"),
            Self::Hold(Hold::For(interval)) => write!(f, "HOLDFOR={interval}"),
            Self::Hold(Hold::Until(moment)) => write!(f, "HOLDUNTIL={moment}"),
            Self::Priority(priority) => write!(f, "MT-PRIORITY={priority}"),
            Self::RequireTls => f.write_str("REQUIRETLS"),
            Self::Submitter(submitter) => write!(f, "AUTH={submitter}"),
        }
    }
}

impl fmt::Display for RcptParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notify(notify) => write!(f, "NOTIFY={notify}"),
            Self::OriginalRecipient(address) => write!(f, "ORCPT={}", OriginalRecipient(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::*;
    use crate::address::envelope::{Event, HoldSeconds};
    use crate::address::{ForwardPath, ReversePath};

    #[test]
    fn parameters_on_the_wire() {
        for (parameter, sent) in [
            (Parameter::Size(57), "SIZE=57"),
            (Parameter::Ret(Ret::Full), "RET=FULL"),
            (Parameter::Ret(Ret::Headers), "RET=HDRS"),
            (Parameter::EnvelopeId("a=b".parse().unwrap()), "ENVID=a+3Db"),
            (
                Parameter::DeliverBy(DeliverBy::or_notify(-1).unwrap().with_trace()),
                "BY=-1;NT",
            ),
            (
                Parameter::Hold(Hold::For(HoldSeconds::new(60).unwrap())),
                "HOLDFOR=60",
            ),
            (
                Parameter::Hold(Hold::Until("2030-01-31T09:00:00+01:00".parse().unwrap())),
                "HOLDUNTIL=2030-01-31T08:00:00Z",
            ),
            (
                Parameter::Priority(Priority::new(-9).unwrap()),
                "MT-PRIORITY=-9",
            ),
            (Parameter::RequireTls, "REQUIRETLS"),
            (Parameter::Submitter(Submitter::Unknown), "AUTH=<>"),
        ] {
            assert_eq!(parameter.to_string(), sent);
        }
        let notify = RcptParameter::Notify(Event::Success | Event::Delay);
        assert_eq!(notify.to_string(), "NOTIFY=SUCCESS,DELAY");
        let original = RcptParameter::OriginalRecipient("a+b@x.test".parse().unwrap());
        assert_eq!(original.to_string(), "ORCPT=rfc822;a+2Bb@x.test");
    }

    /// RFC 5321 section 4.5.3.1.4: 512 octets, and what is offered adds to it: SIZE 26, 8BITMIME 17,
    /// SMTPUTF8 10, DSN 107 for ENVID and 9 for RET, DELIVERBY 17, FUTURERELEASE 34, MT-PRIORITY 15,
    /// REQUIRETLS 11, AUTH 500; at RCPT, DSN 28 for NOTIFY and 500 for ORCPT.
    #[test]
    fn no_values_make_a_line_too_long() {
        // Quoted, every octet of the local part takes three in xtext.
        let domain = format!("{0}.{0}.{0}.test", "d".repeat(58));
        let longest = [
            format!("\"{}\"@{domain}", " ".repeat(62)),
            format!("{}@{domain}", "ö".repeat(32)),
            format!("{}@{domain}", "🦈".repeat(16)),
            format!("{}@{domain}", "=".repeat(64)),
        ];
        for address in &longest {
            let reverse: ReversePath = address.parse().unwrap();
            let submitter = Submitter::Address(address.parse().unwrap());
            let parameters = vec![
                Parameter::Size(u64::MAX),
                Parameter::Body(BodyValue::BinaryMime),
                Parameter::SmtpUtf8,
                Parameter::Ret(Ret::Full),
                Parameter::EnvelopeId("x".repeat(100).parse().unwrap()),
                Parameter::DeliverBy(DeliverBy::or_notify(-999_999_999).unwrap().with_trace()),
                Parameter::Hold(Hold::Until("9999-01-01T00:00:00Z".parse().unwrap())),
                Parameter::Priority(Priority::new(-9).unwrap()),
                Parameter::RequireTls,
                Parameter::Submitter(submitter),
            ];
            // The address needs SMTPUTF8, whose 10 octets are little: it must do without the rest.
            let bare = Command::Mail(&reverse, &[]);
            assert!(bare.to_string().len() + 2 <= 512, "{bare}");
            let most = 512 + 26 + 17 + 10 + 107 + 9 + 17 + 34 + 15 + 11 + 500;
            let mail = Command::Mail(&reverse, &parameters);
            assert!(mail.to_string().len() + 2 <= most, "{mail}");

            let forward: ForwardPath = address.parse().unwrap();
            let all = Event::Success | Event::Failure | Event::Delay;
            let parameters = vec![
                RcptParameter::Notify(all),
                RcptParameter::OriginalRecipient(address.parse().unwrap()),
            ];
            let rcpt = Command::Rcpt(&forward, &parameters);
            assert!(rcpt.to_string().len() + 2 <= 512 + 28 + 500, "{rcpt}");
        }
    }
}
