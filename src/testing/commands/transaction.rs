//! MAIL and RCPT (RFC 5321, sections 4.1.1.2 and 4.1.1.3).

use std::borrow::Cow;
use std::collections::HashSet;

use smtp_proto::{MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, MailFrom};
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::builder::{Admission, Security};
use super::super::dialogue::{Dialogue, Effect, Flow};
use super::super::fault::Point;
use super::super::keyword::Keyword;
use super::super::received::declared_size;
use super::super::syntax::PathArgument;
use super::bdat::Chunks;

/// How many recipients a message may have; RFC 5321, section 4.5.3.1.8, asks for 100.
const MAX_RECIPIENTS: usize = 1000;

/// How far the client is with its mail.
#[derive(Debug)]
pub(in super::super) enum Transaction {
    None,
    /// MAIL was refused. What followed it in the same group is refused, too, and that is
    /// no fault of the client.
    Refused,
    Open(Envelope),
    /// Some chunks of the message have come.
    Chunks(Box<Chunks>),
    /// A chunk was refused. Those that were on their way are refused, too, and only RSET makes
    /// an end (RFC 3030, section 2).
    Broken,
}

impl Transaction {
    /// Whether MAIL was accepted, and nothing has ended what it began.
    fn has_begun(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Chunks(_) | Self::Broken)
    }
}

/// What MAIL and RCPT have said.
#[derive(Debug)]
pub(in super::super) struct Envelope {
    pub(super) reverse_path: String,
    pub(super) parameters: Vec<String>,
    pub(super) declared_size: Option<u64>,
    pub(super) body: Body,
    addresses: Addresses,
    /// How many recipients were asked for, and those of them that were accepted.
    pub(super) asked_for: usize,
    pub(super) forward_paths: Vec<String>,
}

/// What BODY has announced (RFC 6152, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    SevenBit,
    EightBitMime,
    /// RFC 3030, section 3.
    BinaryMime,
}

/// What SMTPUTF8 has announced (RFC 6531, section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Addresses {
    Ascii,
    Utf8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) async fn mail(&mut self, from: &MailFrom<Cow<'_, str>>, line: &str) -> Flow<()> {
        if self.may_mail()
            && let Some(envelope) = self.envelope(from, line)
        {
            let reply = self.reply("250", "2.1.0", "Sender ok");
            self.transaction = match self.answer(Point::Mail, reply).await? {
                Effect::Happens => Transaction::Open(envelope),
                Effect::Fails => Transaction::Refused,
            };
        } else if !self.transaction.has_begun() {
            self.transaction = Transaction::Refused;
        }
        Ok(())
    }

    /// Notes that MAIL was refused before it was looked at.
    pub(super) fn mail_failed(&mut self, verb: &str) {
        if verb.eq_ignore_ascii_case("MAIL") && matches!(self.transaction, Transaction::None) {
            self.transaction = Transaction::Refused;
        }
    }

    /// Whether the session is where MAIL may be sent.
    fn may_mail(&mut self) -> bool {
        let settings = &self.shared.settings;
        if self.hello.is_none() {
            self.out_of_order("MAIL before EHLO (RFC 5321, section 4.1.1.1)");
        } else if self.transaction.has_begun() {
            self.out_of_order("MAIL in a transaction (RFC 5321, section 4.1.4)");
        } else if settings.security == Security::StartTls && self.tls.is_none() {
            self.refuse("530", "5.7.0", "Must issue a STARTTLS command first");
        } else if settings.admission == Admission::Users && self.authenticated_as.is_none() {
            self.refuse("530", "5.7.0", "Authentication required");
        } else {
            return true;
        }
        false
    }

    fn envelope(&mut self, from: &MailFrom<Cow<'_, str>>, line: &str) -> Option<Envelope> {
        let Some(argument) = PathArgument::parse(line, "MAIL FROM:") else {
            self.malformed("malformed MAIL (RFC 5321, section 4.1.1.2)");
            return None;
        };
        self.check_parameters(&argument)?;
        let addresses = if from.flags & MAIL_SMTPUTF8 == 0 {
            Addresses::Ascii
        } else {
            Addresses::Utf8
        };
        self.check_path(&argument.path, addresses)?;
        let declared_size = declared_size(&argument.parameters);
        let max_size = self.shared.settings.max_size;
        if max_size != 0 && declared_size.is_some_and(|size| size > max_size) {
            self.refuse("552", "5.3.4", "Message size exceeds the limit");
            return None;
        }
        Some(Envelope {
            reverse_path: argument.path,
            parameters: argument.parameters,
            declared_size,
            body: if from.flags & MAIL_BODY_BINARYMIME != 0 {
                Body::BinaryMime
            } else if from.flags & MAIL_BODY_8BITMIME != 0 {
                Body::EightBitMime
            } else {
                Body::SevenBit
            },
            addresses,
            asked_for: 0,
            forward_paths: Vec::new(),
        })
    }

    /// Checks that MAIL has only what was offered, and each but once.
    fn check_parameters(&mut self, argument: &PathArgument) -> Option<()> {
        let mut seen = HashSet::new();
        for (keyword, parameter) in argument.keywords().zip(&argument.parameters) {
            let offered = match keyword.as_str() {
                "SIZE" => self.offers(Keyword::Size),
                "BODY" => {
                    let binary = parameter.to_ascii_uppercase().ends_with("=BINARYMIME");
                    self.offers(if binary {
                        Keyword::BinaryMime
                    } else {
                        Keyword::EightBitMime
                    })
                }
                "SMTPUTF8" => self.offers(Keyword::SmtpUtf8),
                "AUTH" => self.offers_auth(),
                _ => false,
            };
            if !offered {
                self.not_offered(parameter);
                return None;
            }
            if !seen.insert(keyword.clone()) {
                self.malformed(&format!("MAIL with {keyword} twice"));
                return None;
            }
        }
        Some(())
    }

    fn not_offered(&mut self, parameter: &str) {
        self.violation(&format!(
            "parameter {parameter}, not offered (RFC 5321, section 4.1.1.11)"
        ));
        self.refuse("555", "5.5.4", "Parameter not offered");
    }

    /// Checks what smtp-proto does not look at in an address.
    fn check_path(&mut self, path: &str, addresses: Addresses) -> Option<()> {
        if path.starts_with('@') {
            self.malformed("source route (RFC 5321, appendix C)");
            return None;
        }
        if !path.is_ascii() && addresses == Addresses::Ascii {
            self.violation("address beyond ASCII without SMTPUTF8 (RFC 6531, section 3.4)");
            self.refuse("553", "5.6.7", "Address beyond ASCII without SMTPUTF8");
            return None;
        }
        Some(())
    }

    pub(super) async fn rcpt(&mut self, line: &str) -> Flow<()> {
        let Some(addresses) = self.may_rcpt() else {
            return Ok(());
        };
        let argument = match PathArgument::parse(line, "RCPT TO:") {
            Some(argument) if !argument.path.is_empty() => argument,
            _ => {
                self.malformed("malformed RCPT (RFC 5321, section 4.1.1.3)");
                return Ok(());
            }
        };
        if let Some(parameter) = argument.parameters.first() {
            self.not_offered(parameter);
            return Ok(());
        }
        if self.check_path(&argument.path, addresses).is_some() {
            self.recipient(argument.path).await?;
        }
        Ok(())
    }

    /// What addresses may be, if a recipient may be named now.
    fn may_rcpt(&mut self) -> Option<Addresses> {
        let pipelining = self.offers(Keyword::Pipelining);
        match &mut self.transaction {
            Transaction::Open(envelope) => {
                envelope.asked_for += 1;
                return Some(envelope.addresses);
            }
            Transaction::Refused if pipelining => {
                self.refuse("503", "5.5.1", "MAIL was refused");
            }
            Transaction::None | Transaction::Refused => {
                self.out_of_order("RCPT without MAIL (RFC 5321, section 4.1.4)");
            }
            Transaction::Chunks(_) | Transaction::Broken => {
                self.out_of_order("RCPT behind BDAT (RFC 3030, section 2)");
            }
        }
        None
    }

    async fn recipient(&mut self, path: String) -> Flow<()> {
        let mut refused = self.shared.settings.refused.iter();
        let found = refused.find(|(address, _)| address.eq_ignore_ascii_case(&path));
        if let Some(reply) = found.map(|(_, reply)| reply.clone()) {
            self.say(&reply);
            return Ok(());
        }
        if let Transaction::Open(envelope) = &self.transaction
            && envelope.forward_paths.len() >= MAX_RECIPIENTS
        {
            self.refuse("452", "4.5.3", "Too many recipients");
            return Ok(());
        }
        let reply = self.reply("250", "2.1.5", "Recipient ok");
        if self.answer(Point::Rcpt, reply).await? == Effect::Happens
            && let Transaction::Open(envelope) = &mut self.transaction
        {
            envelope.forward_paths.push(path);
        }
        Ok(())
    }
}
