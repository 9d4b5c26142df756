//! MAIL and RCPT (RFC 5321, sections 4.1.1.2 and 4.1.1.3).

use super::super::client::Security;
use super::super::data::DataReader;
use super::super::extensions::{Keyword, Offer};
use super::super::fault::Point;
use super::super::received::{IncomingMail, Received, TransactionState};
use super::super::session::{Flow, ServerSession, SessionStop};
use super::super::store::Sink;
use super::super::syntax::PathArgument;

/// How many recipients a message may have; RFC 5321, section 4.5.3.1.8, asks for 100.
const MAX_RECIPIENTS: usize = 1000;

impl ServerSession {
    pub(super) async fn mail(&mut self, line: &str) -> Flow<()> {
        let most = |offer: &Offer| match offer {
            Offer::Mails(most) => Some(*most),
            _ => None,
        };
        if let Some(most) = self.shared.settings.offers.iter().find_map(most)
            && self.mails >= most
        {
            self.refuse("421 4.7.0 Too many messages in this session");
            return Err(SessionStop::CloseAfterReply);
        }
        self.check_state_for_mail()?;
        let mail = self.incoming_mail(line)?;
        self.answer(Point::Mail, "250 2.1.0 Sender ok").await?;
        self.mails += 1;
        self.transaction = TransactionState::Open(Box::new(mail));
        Ok(())
    }

    /// Checks that the session is where the client may send MAIL.
    fn check_state_for_mail(&mut self) -> Flow<()> {
        let settings = &self.shared.settings;
        Err(if self.hello.is_none() {
            self.out_of_order("MAIL before EHLO (RFC 5321, section 4.1.1.1)")
        } else if self.transaction.has_begun() {
            self.out_of_order("MAIL in a transaction (RFC 5321, section 4.1.4)")
        } else if settings.security == Security::StartTls && self.tls.is_none() {
            self.refuse("530 5.7.0 Must issue a STARTTLS command first")
        } else if !settings.anonymous && self.authenticated_as.is_none() {
            self.refuse("530 5.7.0 Authentication required")
        } else {
            return Ok(());
        })
    }

    fn incoming_mail(&mut self, line: &str) -> Flow<IncomingMail> {
        let Some(argument) = PathArgument::parse(line, "MAIL FROM:") else {
            return Err(self.malformed("malformed MAIL (RFC 5321, section 4.1.1.2)"));
        };
        self.check_parameters("MAIL", &argument.parameters)?;
        let received = Received {
            connection: self.number,
            hello: self.hello.clone().unwrap_or_default(),
            tls: self.tls,
            authenticated_as: self.authenticated_as.clone(),
            reverse_path: argument.path,
            mail_parameters: argument.parameters,
            ..Received::default()
        };
        self.check_path(&received.reverse_path, has_smtputf8(&received))?;
        let max_size = self.shared.settings.max_size;
        let declared_size = received.declared_size();
        if max_size != 0 && declared_size.is_some_and(|size| size > max_size) {
            return Err(self.refuse("552 5.3.4 Message size exceeds the limit"));
        }
        Ok(IncomingMail {
            received,
            named_recipients: 0,
            reader: DataReader::default(),
            sink: Ok(Sink::Discard),
        })
    }

    /// Checks what smtp-proto does not check in an address.
    fn check_path(&mut self, path: &str, smtputf8: bool) -> Flow<()> {
        if path.starts_with('@') {
            return Err(self.malformed("source route (RFC 5321, appendix C)"));
        }
        if !path.is_ascii() && !smtputf8 {
            let violation = "address beyond ASCII without SMTPUTF8 (RFC 6531, section 3.4)";
            return Err(self.reject(violation, "553 5.6.7 Address beyond ASCII without SMTPUTF8"));
        }
        Ok(())
    }

    pub(super) async fn rcpt(&mut self, line: &str) -> Flow<()> {
        let smtputf8 = self.check_state_for_rcpt()?;
        let argument = PathArgument::parse(line, "RCPT TO:");
        let Some(argument) = argument.filter(|argument| !argument.path.is_empty()) else {
            return Err(self.malformed("malformed RCPT (RFC 5321, section 4.1.1.3)"));
        };
        let PathArgument { path, parameters } = argument;
        self.check_parameters("RCPT", &parameters)?;
        self.check_path(&path, smtputf8)?;
        let mut refused = self.shared.settings.refused.iter();
        let found = refused.find(|(address, _)| address.eq_ignore_ascii_case(&path));
        if let Some(reply) = found.map(|(_, reply)| reply.clone()) {
            self.say(&reply);
            return Err(SessionStop::Refused);
        }
        if !self.has_room(&path) {
            return Err(self.refuse("452 4.5.3 Too many recipients"));
        }
        self.answer(Point::Rcpt, "250 2.1.5 Recipient ok").await?;
        if let TransactionState::Open(mail) = &mut self.transaction {
            self.domains.insert(domain(&path));
            mail.received.forward_paths.push(path);
            mail.received.rcpt_parameters.push(parameters);
        }
        Ok(())
    }

    /// Checks that the session is where the client may send RCPT. Returns whether addresses may
    /// have characters beyond ASCII.
    fn check_state_for_rcpt(&mut self) -> Flow<bool> {
        let pipelining = self.offers(Keyword::Pipelining);
        Err(match &mut self.transaction {
            TransactionState::Open(mail) => {
                mail.named_recipients += 1;
                return Ok(has_smtputf8(&mail.received));
            }
            TransactionState::Refused if pipelining => self.refuse("503 5.5.1 MAIL was refused"),
            TransactionState::None | TransactionState::Refused => {
                self.out_of_order("RCPT without MAIL (RFC 5321, section 4.1.4)")
            }
            TransactionState::Chunks(_) | TransactionState::Broken => {
                self.out_of_order("RCPT after BDAT (RFC 3030, section 2)")
            }
        })
    }

    /// Whether the mail may have one recipient more (RFC 9422, section 4).
    fn has_room(&self, path: &str) -> bool {
        let below = |count: usize, most: u32| count < usize::try_from(most).unwrap_or(usize::MAX);
        let recipients = match &self.transaction {
            TransactionState::Open(mail) => mail.received.forward_paths.len(),
            _ => 0,
        };
        let known = self.domains.contains(&domain(path));
        let mut limits = self.shared.settings.offers.iter();
        recipients < MAX_RECIPIENTS
            && limits.all(|limit| match limit {
                Offer::Recipients(most) => below(recipients, *most),
                Offer::Domains(most) => known || below(self.domains.len(), *most),
                _ => true,
            })
    }
}

fn domain(path: &str) -> String {
    let domain = path.rsplit_once('@').map_or("", |(_, domain)| domain);
    domain.to_ascii_lowercase()
}

fn has_smtputf8(received: &Received) -> bool {
    received.mail_parameter("SMTPUTF8").is_some()
}
