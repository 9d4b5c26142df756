//! The queue of expected replies: which command goes out when, and which reply is whose
//! (RFC 5321 section 4.1.4, RFC 2920 section 3.1).

use std::collections::VecDeque;

use super::command::Command;
use super::parameter::Parameters;
use super::reply::Reply;
use crate::address::Envelope;

/// How many commands go out before a reply is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grouping {
    /// Each command waits for its reply: for servers without PIPELINING.
    OneAtATime,
    /// MAIL, all RCPT and DATA leave together (RFC 2920 section 3.1).
    Grouped,
}

/// By which command a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// By DATA (RFC 5321 section 4.1.1.4).
    Data,
    /// By BDAT, in chunks (RFC 3030 section 2). The first is not of the group: a message would
    /// be sent before it is known whether anybody gets it.
    Bdat,
}

/// The command that a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// MAIL.
    Mail,
    /// RCPT, with the recipient's place in the envelope.
    Rcpt(usize),
    /// DATA.
    Data,
}

/// What the driver does next.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Send these commands together.
    Send(Vec<Command>),
    /// Receive the reply to this one.
    Receive(Expected),
    /// Transfer the message: the server takes it now, and some recipient was accepted.
    Transfer,
    /// Send an end of data on its own, and receive its reply: the server waits for a message
    /// that nobody would get (RFC 2920 section 3.1). The transaction has failed as
    /// [`Pipeline::refusal`] says.
    AbandonData,
    /// Close the connection: the server waits for a message that it would deliver though it
    /// refused MAIL, and any end of data would make one. The transaction has failed as
    /// [`Pipeline::refusal`] says.
    HangUp,
    /// The transaction has failed as [`Pipeline::refusal`] says, and the server waits for
    /// nothing.
    Stop,
}

/// Why a transaction ended before its message was transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// MAIL was refused.
    Mail(Reply),
    /// No recipient was accepted.
    Recipients,
    /// DATA was refused.
    Data(Reply),
}

/// A reply that cannot be one to the command it came for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedReply(pub Reply);

/// One transaction from MAIL to the message: to the reply to DATA, or to the first BDAT.
///
/// The driver asks what to do [`next_step`](Self::next_step), does it, and hands over each reply by
/// [`accept`](Self::accept). It alone knows that DATA ends a group, what a refused command
/// means for those behind it, and when a lone end of data is due.
#[derive(Debug)]
pub struct Pipeline {
    grouping: Grouping,
    unsent: VecDeque<(Expected, Command)>,
    awaited: VecDeque<Expected>,
    /// How many recipients the envelope has.
    count: usize,
    mail: Option<Reply>,
    recipients: Vec<Reply>,
    data: Option<Reply>,
}

impl Pipeline {
    /// Lines up the commands for an envelope.
    #[must_use]
    pub fn new(grouping: Grouping, way: Way, envelope: &Envelope, parameters: Parameters) -> Self {
        let Parameters { mail, rcpt } = parameters;
        let mail = Command::Mail(envelope.reverse_path().clone(), mail);
        let rcpt = rcpt.into_iter().chain(std::iter::repeat_with(Vec::new));
        let rcpt = envelope.forward_paths().iter().cloned().zip(rcpt);
        let rcpt = rcpt.map(|(path, parameters)| Command::Rcpt(path, parameters));
        let data = match way {
            Way::Data => Some((Expected::Data, Command::Data)),
            Way::Bdat => None,
        };
        let unsent = std::iter::once((Expected::Mail, mail))
            .chain(
                rcpt.enumerate()
                    .map(|(index, command)| (Expected::Rcpt(index), command)),
            )
            .chain(data)
            .collect();
        Self {
            grouping,
            unsent,
            awaited: VecDeque::new(),
            count: envelope.forward_paths().len(),
            mail: None,
            recipients: Vec::new(),
            data: None,
        }
    }

    /// What to do now.
    pub fn next_step(&mut self) -> Next {
        if let Some(expected) = self.awaited.front() {
            return Next::Receive(*expected);
        }
        let at_data = matches!(self.unsent.front(), Some((Expected::Data, _)));
        let pointless = self.mail_refused() || (at_data && !self.has_recipient());
        // A group is sent before anything is known about it.
        let nothing_known = self.mail.is_none();
        if (nothing_known || !pointless) && !self.unsent.is_empty() {
            return Next::Send(self.next_group());
        }
        if self.refusal().is_none() {
            return Next::Transfer;
        }
        match &self.data {
            Some(reply) if reply.is_positive_intermediate() => {
                if self.has_recipient() {
                    Next::HangUp
                } else {
                    Next::AbandonData
                }
            }
            _ => Next::Stop,
        }
    }

    fn next_group(&mut self) -> Vec<Command> {
        let count = match self.grouping {
            Grouping::OneAtATime => 1,
            Grouping::Grouped => self.unsent.len(),
        };
        let (expected, commands): (Vec<_>, Vec<_>) = self.unsent.drain(..count).unzip();
        self.awaited.extend(expected);
        commands
    }

    /// Takes in the reply to the command that [`Next::Receive`] named.
    ///
    /// # Errors
    ///
    /// The reply cannot be one to that command, or no reply was due. The dialogue has lost
    /// its step, and the connection is to be closed.
    pub fn accept(&mut self, reply: Reply) -> Result<(), UnexpectedReply> {
        let fits = match self.awaited.front() {
            Some(Expected::Data) => !reply.is_positive_completion(),
            Some(Expected::Mail | Expected::Rcpt(_)) => !reply.is_positive_intermediate(),
            None => false,
        };
        if !fits {
            return Err(UnexpectedReply(reply));
        }
        match self.awaited.pop_front() {
            Some(Expected::Mail) => self.mail = Some(reply),
            Some(Expected::Rcpt(_)) => self.recipients.push(reply),
            Some(Expected::Data) | None => self.data = Some(reply),
        }
        Ok(())
    }

    /// Why the transaction cannot go on, once that is certain.
    ///
    /// A refused MAIL is the reason of all that follows; the server's words to the commands
    /// behind it, mostly "503 MAIL first", are not.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match (&self.mail, &self.data) {
            (Some(mail), _) if !mail.is_positive_completion() => Some(Refusal::Mail(mail.clone())),
            (Some(_), _) if self.recipients.len() == self.count && !self.has_recipient() => {
                Some(Refusal::Recipients)
            }
            (_, Some(data)) if !data.is_positive_intermediate() => {
                Some(Refusal::Data(data.clone()))
            }
            _ => None,
        }
    }

    /// The replies to RCPT in the envelope's order, as far as they have come.
    #[must_use]
    pub fn recipients(&self) -> &[Reply] {
        &self.recipients
    }

    fn mail_refused(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::Mail(_)))
    }

    fn has_recipient(&self) -> bool {
        self.recipients.iter().any(Reply::is_positive_completion)
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::ReplyDecoder;
    use super::*;
    use crate::address::ReversePath;

    fn reply(line: &str) -> Reply {
        let mut buffer = BytesMut::from(format!("{line}\r\n").as_bytes());
        ReplyDecoder::default()
            .decode(&mut buffer)
            .unwrap()
            .unwrap()
    }

    /// Plays a transaction for two recipients: each reply answers the oldest command that has
    /// none. Returns what was sent, a group in brackets, and how it ended.
    fn play(grouping: Grouping, way: Way, replies: &[&str]) -> String {
        let to = ["a@x.test", "b@x.test"].map(|path| path.parse().unwrap());
        let envelope = Envelope::new(ReversePath::Null, to).unwrap();
        let mut pipeline = Pipeline::new(grouping, way, &envelope, Parameters::default());
        let mut replies = replies.iter();
        let mut story = String::new();
        loop {
            match pipeline.next_step() {
                Next::Send(commands) => {
                    let verbs = commands
                        .iter()
                        .map(|command| command.to_string()[..4].to_owned());
                    let group = verbs.collect::<Vec<_>>().join(" ");
                    story.extend(["[", &group, "] "]);
                }
                Next::Receive(_) => {
                    let reply = reply(replies.next().expect("a reply too few"));
                    if let Err(UnexpectedReply(reply)) = pipeline.accept(reply) {
                        return format!("{story}unexpected {}", reply.code());
                    }
                }
                end => {
                    assert_eq!(replies.next(), None, "a reply too many");
                    let refusal = match pipeline.refusal() {
                        None => String::new(),
                        Some(Refusal::Mail(reply)) => format!(" mail {}", reply.code()),
                        Some(Refusal::Recipients) => " recipients".to_owned(),
                        Some(Refusal::Data(reply)) => format!(" data {}", reply.code()),
                    };
                    return format!("{story}{end:?}{refusal}");
                }
            }
        }
    }

    #[test]
    fn grouped() {
        for (replies, story) in [
            (["250", "250", "250", "354"], "Transfer"),
            (["250", "550", "250", "354"], "Transfer"),
            (["250", "550", "450", "354"], "AbandonData recipients"),
            (["250", "550", "450", "503"], "Stop recipients"),
            (["250", "250", "250", "451"], "Stop data 451"),
            (["552", "503", "503", "503"], "Stop mail 552"),
            (["552", "550", "550", "354"], "AbandonData mail 552"),
            (["552", "250", "250", "354"], "HangUp mail 552"),
            (["299", "251", "252", "399"], "Transfer"),
        ] {
            let expected = format!("[MAIL RCPT RCPT DATA] {story}");
            assert_eq!(
                play(Grouping::Grouped, Way::Data, &replies),
                expected,
                "{replies:?}"
            );
        }
    }

    #[test]
    fn one_at_a_time() {
        for (replies, story) in [
            (
                vec!["250", "250", "250", "354"],
                "[MAIL] [RCPT] [RCPT] [DATA] Transfer",
            ),
            (
                vec!["250", "550", "250", "354"],
                "[MAIL] [RCPT] [RCPT] [DATA] Transfer",
            ),
            (
                vec!["250", "550", "450"],
                "[MAIL] [RCPT] [RCPT] Stop recipients",
            ),
            (vec!["552"], "[MAIL] Stop mail 552"),
            (
                vec!["250", "250", "250", "554"],
                "[MAIL] [RCPT] [RCPT] [DATA] Stop data 554",
            ),
        ] {
            let played = play(Grouping::OneAtATime, Way::Data, &replies);
            assert_eq!(played, story, "{replies:?}");
        }
    }

    #[test]
    fn by_bdat_nothing_is_sent_before_somebody_gets_it() {
        for (replies, story) in [
            (["250", "250", "250"], "Transfer"),
            (["250", "550", "250"], "Transfer"),
            (["250", "550", "450"], "Stop recipients"),
            (["552", "503", "503"], "Stop mail 552"),
            (["552", "250", "250"], "Stop mail 552"),
        ] {
            let expected = format!("[MAIL RCPT RCPT] {story}");
            let played = play(Grouping::Grouped, Way::Bdat, &replies);
            assert_eq!(played, expected, "{replies:?}");
        }
        for (replies, story) in [
            (vec!["250", "550", "250"], "[MAIL] [RCPT] [RCPT] Transfer"),
            (
                vec!["250", "550", "450"],
                "[MAIL] [RCPT] [RCPT] Stop recipients",
            ),
            (vec!["552"], "[MAIL] Stop mail 552"),
        ] {
            let played = play(Grouping::OneAtATime, Way::Bdat, &replies);
            assert_eq!(played, story, "{replies:?}");
        }
    }

    #[test]
    fn replies_that_cannot_be() {
        for (replies, story) in [
            (vec!["354"], "[MAIL RCPT RCPT DATA] unexpected 354"),
            (vec!["250", "354"], "[MAIL RCPT RCPT DATA] unexpected 354"),
            (
                vec!["250", "250", "250", "250"],
                "[MAIL RCPT RCPT DATA] unexpected 250",
            ),
        ] {
            assert_eq!(
                play(Grouping::Grouped, Way::Data, &replies),
                story,
                "{replies:?}"
            );
        }
    }

    #[test]
    fn a_reply_that_is_not_due() {
        let to = ["a@x.test".parse().unwrap()];
        let envelope = Envelope::new(ReversePath::Null, to).unwrap();
        let mut pipeline = Pipeline::new(
            Grouping::Grouped,
            Way::Data,
            &envelope,
            Parameters::default(),
        );
        assert!(pipeline.accept(reply("250 ok")).is_err());
    }
}
