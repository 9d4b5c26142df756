//! What becomes of a message, and who is told: its sender, or in LMTP each recipient's own
//! reply (RFC 2033, section 4.2).

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::dialogue::{Dialogue, Effect, Flow, effect_of};
use super::super::fault::{Fault, Point};
use super::super::received::Received;
use super::transaction::Envelope;
use super::transfer::Incoming;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Takes a message that is as it should be.
    pub(super) async fn take(&mut self, mut envelope: Envelope, message: Incoming) -> Flow<()> {
        let replies = if self.speaks_lmtp() {
            self.replies_for_each(&mut envelope, &message)
        } else {
            let fault = self.shared.faults.take(Point::EndOfData, self.number);
            if is_refusal(fault.as_ref()) {
                envelope.forward_paths.clear();
            }
            let text = format!("Ok: queued as {}", message.queue_id);
            vec![(fault, self.reply("250", "2.0.0", &text))]
        };
        if !envelope.forward_paths.is_empty()
            && let Err(error) = self.keep(envelope, message).await
        {
            tracing::debug!(target: "pilotfish::testing", %error, "not kept");
            let full = error.kind() == io::ErrorKind::StorageFull;
            for _ in replies {
                if full {
                    self.refuse("452", "4.3.1", "Insufficient system storage");
                } else {
                    self.refuse("451", "4.3.0", "Local error in processing");
                }
            }
            return Ok(());
        }
        for (fault, reply) in replies {
            self.answer_with(fault, reply).await?;
        }
        Ok(())
    }

    /// The answer for each recipient, in their order. Those that it refuses are left out of
    /// the envelope.
    fn replies_for_each(
        &self,
        envelope: &mut Envelope,
        message: &Incoming,
    ) -> Vec<(Option<Fault>, String)> {
        let faults = &self.shared.faults;
        let for_all = faults.take(Point::EndOfData, self.number);
        let refused = &self.shared.settings.refused_after_data;
        let mut replies = Vec::new();
        let mut taken_for = Vec::new();
        let last = envelope.forward_paths.len().saturating_sub(1);
        for (number, path) in envelope.forward_paths.drain(..).enumerate() {
            let refusal = refused
                .iter()
                .find(|(address, _)| address.eq_ignore_ascii_case(&path));
            let reply = if let Some((_, reply)) = refusal {
                reply.clone()
            } else {
                let text = format!("<{path}> Ok: queued as {}", message.queue_id);
                self.reply("250", "2.1.5", &text)
            };
            let fault = for_all
                .clone()
                .filter(|fault| !fault.is_behind() || number == last)
                .or_else(|| faults.take(Point::EndOfDataFor(number), self.number));
            if effect_of(&reply) == Effect::Happens && !is_refusal(fault.as_ref()) {
                taken_for.push(path);
            }
            replies.push((fault, reply));
        }
        envelope.forward_paths = taken_for;
        replies
    }

    /// Refuses a message whole: once, or in LMTP once for each recipient.
    pub(super) fn refuse_message(
        &mut self,
        envelope: &Envelope,
        code: &str,
        status: &str,
        text: &str,
    ) {
        let replies = if self.speaks_lmtp() {
            envelope.forward_paths.len()
        } else {
            1
        };
        for _ in 0..replies {
            self.refuse(code, status, text);
        }
    }

    pub(super) fn no_recipients(&mut self) {
        // RFC 2033, section 4.2.
        let code = if self.speaks_lmtp() { "503" } else { "554" };
        self.refuse(code, "5.5.1", "No valid recipients");
    }

    async fn keep(&mut self, envelope: Envelope, message: Incoming) -> io::Result<()> {
        let kept = message.stored?.keep().await?;
        let log = &self.shared.log;
        log.add_received(Received {
            queue_id: message.queue_id,
            connection: self.number,
            hello: self.hello.clone().unwrap_or_default(),
            tls: self.tls,
            authenticated_as: self.authenticated_as.clone(),
            reverse_path: envelope.reverse_path,
            mail_parameters: envelope.parameters,
            forward_paths: envelope.forward_paths,
            rcpt_parameters: envelope.rcpt_parameters,
            octets: kept.octets,
            file: kept.file,
            size: message.octets,
            wire_octets: message.wire_octets,
            chunks: message.chunks,
            // With that of the reply which is due now.
            round_trips: log.round_trips_of(self.number) + 1,
        });
        Ok(())
    }
}

fn is_refusal(fault: Option<&Fault>) -> bool {
    matches!(fault, Some(Fault::ReplyAt(_, text)) if effect_of(text) == Effect::Fails)
}
