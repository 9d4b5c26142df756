//! What happens to a message, and the replies: one for the message, or in LMTP one for each
//! recipient (RFC 2033, section 4.2).

use std::io;

use super::super::fault::{Fault, Point};
use super::super::received::IncomingMail;
use super::super::session::{Flow, ServerSession, SessionStop, is_positive};

impl ServerSession {
    /// Checks a message that has arrived, keeps it and replies.
    pub(super) async fn deliver(&mut self, mut mail: Box<IncomingMail>) -> Flow<()> {
        self.check_message(&mail)?;
        let replies = if self.shared.settings.lmtp {
            self.replies_for_each(&mut mail)
        } else {
            let fault = self.shared.faults.take(Point::EndOfData, self.number);
            if is_refusal(fault.as_ref()) {
                mail.received.forward_paths.clear();
            }
            let text = format!("250 2.0.0 Ok: queued as {}", mail.received.queue_id);
            vec![(fault, self.reply(&text))]
        };
        if mail.has_recipients()
            && let Err(error) = self.keep(mail).await
        {
            tracing::debug!(target: "pilotfish::testing", %error, "not kept");
            let reply = match error.kind() {
                io::ErrorKind::StorageFull => "452 4.3.1 Insufficient system storage",
                _ => "451 4.3.0 Local error in processing",
            };
            return Err(self.refuse_times(replies.len(), reply));
        }
        for (fault, reply) in replies {
            self.say_unless(fault, &reply).await?;
        }
        Ok(())
    }

    /// Checks that nothing is wrong with the message.
    fn check_message(&mut self, mail: &IncomingMail) -> Flow<()> {
        let violations = mail.violations();
        for violation in &violations {
            self.violation(violation);
        }
        let reply = match violations.first() {
            Some(violation) => format!("554 5.6.0 {violation}"),
            None if self.is_too_large(mail) => {
                "552 5.3.4 Message size exceeds the limit".to_owned()
            }
            None => return Ok(()),
        };
        let replies = if self.shared.settings.lmtp {
            mail.received.forward_paths.len()
        } else {
            1
        };
        Err(self.refuse_times(replies, &reply))
    }

    fn refuse_times(&mut self, replies: usize, reply: &str) -> SessionStop {
        for _ in 0..replies {
            self.refuse(reply);
        }
        SessionStop::Refused
    }

    /// The reply for each recipient, in their order. The refused recipients are removed from the
    /// mail.
    fn replies_for_each(&self, mail: &mut IncomingMail) -> Vec<(Option<Fault>, String)> {
        let faults = &self.shared.faults;
        let for_all = faults.take(Point::EndOfData, self.number);
        let received = &mut mail.received;
        let mut replies = Vec::new();
        let mut accepted = Vec::new();
        let last = received.forward_paths.len().saturating_sub(1);
        let recipients = received.forward_paths.drain(..);
        let recipients = recipients.zip(received.rcpt_parameters.drain(..));
        for (number, (path, parameters)) in recipients.enumerate() {
            let mut refused = self.shared.settings.refused_after_data.iter();
            let refusal = refused.find(|(address, _)| address.eq_ignore_ascii_case(&path));
            let reply = if let Some((_, reply)) = refusal {
                reply.clone()
            } else {
                let queue_id = &received.queue_id;
                self.reply(&format!("250 2.1.5 <{path}> Ok: queued as {queue_id}"))
            };
            let fault = for_all
                .clone()
                .filter(|fault| !fault.follows_reply() || number == last)
                .or_else(|| faults.take(Point::EndOfDataFor(number), self.number));
            if is_positive(&reply) && !is_refusal(fault.as_ref()) {
                accepted.push((path, parameters));
            }
            replies.push((fault, reply));
        }
        (received.forward_paths, received.rcpt_parameters) = accepted.into_iter().unzip();
        replies
    }

    async fn keep(&mut self, mail: Box<IncomingMail>) -> io::Result<()> {
        let mut received = mail.received;
        (received.octets, received.file) = mail.sink?.keep().await?;
        received.wire_octets = mail.reader.wire_octets();
        let log = &self.shared.log;
        // With the round trip of the reply that follows.
        received.round_trips = log.round_trips_of(self.number) + 1;
        log.add_received(received);
        Ok(())
    }
}

fn is_refusal(fault: Option<&Fault>) -> bool {
    matches!(fault, Some(Fault::ReplyAt(_, text)) if !is_positive(text))
}
