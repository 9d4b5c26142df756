//! The pipeline against a model of a server. Whatever the server replies, no message goes to the
//! recipients of another, and every reported outcome is true, also if mails cannot be sent and if
//! the server ends sessions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::BytesMut;
use pilotfish::address::{Envelope, ReversePath};
use pilotfish::protocol::fuzzing::{
    Action, Chunk, Command, Defect, Parameters, Pipeline, ReplyDecoder, TransactionOutcome,
    TransferCommand,
};
use pilotfish::protocol::{Chunking, Dialect, Extensions, Pipelining, Reply, Strategy};

/// Octets of the client.
#[derive(Debug)]
enum Sent<'a> {
    Command(Command<'a>),
    /// The message of a mail after 354, with its end of data.
    Message(usize),
    /// A chunk of a mail's message.
    Chunk(usize, Chunk),
    LoneEndOfData,
}

/// The decisions, in order, from the octets of the fuzzer; 1 after the last one.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(1)
    }

    fn one_in(&mut self, count: u8) -> bool {
        self.next().is_multiple_of(count)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.next()) % all.len()]
    }
}

/// A message that the server has accepted.
#[derive(Debug)]
struct Stored {
    mail: usize,
    recipients: usize,
}

/// A server that follows RFC 5321 and RFC 3030, and rejects commands at random.
#[derive(Default)]
struct Model {
    lmtp: bool,
    /// The mail whose transaction is open.
    open: Option<usize>,
    recipients: usize,
    in_data: bool,
    /// A chunk was rejected (RFC 3030 section 2).
    failed: bool,
    stored: Vec<Stored>,
}

impl Model {
    fn close(&mut self) {
        (self.open, self.recipients, self.in_data, self.failed) = (None, 0, false, false);
    }

    /// The replies to the received commands.
    fn answer(&mut self, sent: &Sent<'_>, choices: &mut Choices<'_>) -> Vec<&'static str> {
        match sent {
            Sent::Command(Command::Rset) => {
                self.close();
                vec!["250"]
            }
            Sent::Command(Command::Mail(path, _)) => {
                assert!(!self.in_data, "a command within a message");
                if self.open.is_some() {
                    vec!["503"]
                } else if choices.one_in(6) {
                    vec![choices.of(&["452", "550", "503"])]
                } else {
                    self.open = Some(number_of(path));
                    vec!["250"]
                }
            }
            Sent::Command(Command::Rcpt(path, _)) => {
                let of = path.to_string();
                if let Some(open) = self.open {
                    assert!(of.starts_with(&format!("<{open}-")), "{of} in mail {open}");
                }
                if self.open.is_none() || choices.one_in(4) {
                    return vec![choices.of(&["550", "452", "503"])];
                }
                self.recipients += 1;
                vec![choices.of(&["250", "251", "252"])]
            }
            Sent::Command(Command::Data) => {
                let refused = self.recipients == 0 || choices.one_in(8);
                // Some servers ask for a message without an accepted recipient.
                if refused && !(self.recipients == 0 && choices.one_in(3)) {
                    return vec![choices.of(&["503", "554", "451"])];
                }
                self.in_data = true;
                vec!["354"]
            }
            Sent::Command(other) => panic!("{other} is none of a mail's"),
            Sent::Message(mail) => {
                assert!(self.in_data, "a message that was not asked for");
                let replies = self.take(*mail, choices);
                self.close();
                replies
            }
            Sent::LoneEndOfData => {
                assert!(self.in_data && self.recipients == 0, "an empty message");
                self.close();
                vec![choices.of(&["554", "250"])]
            }
            Sent::Chunk(mail, chunk) => self.chunk(*mail, *chunk, choices),
        }
    }

    fn chunk(&mut self, mail: usize, chunk: Chunk, choices: &mut Choices<'_>) -> Vec<&'static str> {
        if self.recipients == 0 || self.failed {
            return vec![choices.of(&["503", "554"])];
        }
        if chunk == Chunk::More {
            self.failed = choices.one_in(8);
            return vec![if self.failed { "452" } else { "250" }];
        }
        let replies = self.take(mail, choices);
        if replies.contains(&"250") {
            self.close();
        } else {
            self.failed = true;
        }
        replies
    }

    /// Accepts or rejects a message: for all recipients, or for each.
    fn take(&mut self, mail: usize, choices: &mut Choices<'_>) -> Vec<&'static str> {
        if self.recipients == 0 {
            return if self.lmtp { vec![] } else { vec!["554"] };
        }
        assert_eq!(self.open, Some(mail), "a message in another's transaction");
        let answers = if self.lmtp { self.recipients } else { 1 };
        let replies: Vec<_> = (0..answers)
            .map(|_| {
                if choices.one_in(5) {
                    choices.of(&["552", "451", "554"])
                } else {
                    "250"
                }
            })
            .collect();
        let taken = replies.iter().filter(|reply| **reply == "250").count();
        if taken > 0 {
            let recipients = if self.lmtp { taken } else { self.recipients };
            self.stored.push(Stored { mail, recipients });
        }
        replies
    }
}

fn number_of(path: &ReversePath) -> usize {
    let path = path.to_string();
    let number = path.trim_start_matches('<').split('@').next();
    number.unwrap().parse().unwrap()
}

fn reply(code: &str) -> Reply {
    let mut buffer = BytesMut::from(format!("{code} x\r\n").as_bytes());
    let reply = ReplyDecoder::default().decode(&mut buffer);
    reply.unwrap().unwrap()
}

fn extensions(choices: &mut Choices<'_>) -> Extensions {
    let keywords = choices.of(&[
        "",
        "250-PIPELINING\r\n",
        "250-PIPELINING\r\n250-CHUNKING\r\n",
    ]);
    let mut buffer = BytesMut::from(format!("250-x\r\n{keywords}250 HELP\r\n").as_bytes());
    let reply = ReplyDecoder::default().decode(&mut buffer);
    Extensions::from_ehlo(&reply.unwrap().unwrap())
}

/// The final outcome of a mail.
#[derive(Debug)]
enum Reported {
    Outcome(TransactionOutcome),
    /// The session ended after the whole message had left.
    Unknown,
    /// The mail was never begun.
    Unsendable,
}

/// Some mails in flight, over one session after another.
struct Play<'a> {
    choices: Choices<'a>,
    pipeline: Pipeline<usize>,
    model: Model,
    dialect: Dialect,
    extensions: Extensions,
    replies: VecDeque<&'static str>,
    waiting: VecDeque<usize>,
    under_way: VecDeque<usize>,
    /// Mails whose whole messages have left in this session.
    left: BTreeSet<usize>,
    /// Mails that lost an attempt by a defect of the server.
    again: BTreeSet<usize>,
    reported: BTreeMap<usize, Reported>,
    /// How many sessions the server may still end.
    ends: u8,
}

/// Mails, the replies of a server, and the checks of all outcomes.
pub fn play(octets: &[u8]) {
    let mut choices = Choices(octets.iter());
    let mut strategy = Strategy::default();
    strategy.pipelining = choices.of(&[Pipelining::Auto, Pipelining::Eager, Pipelining::Never]);
    strategy.chunking = choices.of(&[Chunking::Auto, Chunking::Always, Chunking::Never]);
    let dialect = choices.of(&[Dialect::Smtp, Dialect::Smtp, Dialect::Lmtp]);
    let extensions = extensions(&mut choices);
    let count = usize::from(choices.next() % 12);
    let mut play = Play {
        pipeline: Pipeline::new(strategy, dialect, &extensions),
        model: Model {
            lmtp: dialect == Dialect::Lmtp,
            ..Model::default()
        },
        dialect,
        extensions,
        replies: VecDeque::new(),
        waiting: (0..count).collect(),
        under_way: VecDeque::new(),
        left: BTreeSet::new(),
        again: BTreeSet::new(),
        reported: BTreeMap::new(),
        ends: choices.next() % 4,
        choices,
    };
    while play.goes_on() {}
    assert!(
        play.replies.is_empty(),
        "replies are left: {:?}",
        play.replies
    );
    assert_eq!(play.reported.len(), count);
    judge(play.reported, &play.model);
}

impl Play<'_> {
    fn goes_on(&mut self) -> bool {
        self.begin();
        let newest = self.under_way.back().copied().unwrap_or_default();
        let (mut sent, mut is_idle) = (Vec::new(), false);
        match self.pipeline.next_step() {
            Action::Send => sent.extend(self.pipeline.group().map(Sent::Command)),
            Action::Transfer(TransferCommand::Bdat) => self.transfer_chunks(newest),
            Action::Transfer(_) => {
                self.pipeline.message_sent();
                self.left.insert(newest);
                sent.push(Sent::Message(newest));
            }
            Action::AbandonData => sent.push(Sent::LoneEndOfData),
            Action::HangUp => self.end_session(),
            Action::Receive(_) | Action::Await(_) => {
                if self.ends > 0 && self.choices.one_in(12) {
                    self.ends -= 1;
                    self.end_session();
                } else {
                    self.take_reply();
                }
            }
            _ => is_idle = true,
        }
        for sent in &sent {
            let replies = self.model.answer(sent, &mut self.choices);
            self.replies.extend(replies);
        }
        while let Some((mail, outcome)) = self.pipeline.take_outcome() {
            self.conclude(mail, outcome);
        }
        !(is_idle && self.waiting.is_empty() && self.under_way.is_empty())
    }

    /// Begins the next mail, if the pipeline allows it.
    fn begin(&mut self) {
        let Some(&mail) = self.waiting.front() else {
            return;
        };
        if self.choices.one_in(9) {
            self.waiting.pop_front();
            self.reported.insert(mail, Reported::Unsendable);
            return;
        }
        let size = self.choices.of(&[1_000, 1_000, 400_000, 2_000_000]);
        let plan = self.pipeline.plan(size, None, self.waiting.len() - 1);
        if self.pipeline.may_begin(&plan) {
            let recipients = usize::from(self.choices.next() % 3) + 1;
            let envelope = envelope(mail, recipients);
            self.pipeline
                .begin(plan, envelope, Parameters::default(), mail);
            self.waiting.pop_front();
            self.under_way.push_back(mail);
        }
    }

    fn take_reply(&mut self) {
        let Some(code) = self.replies.pop_front() else {
            panic!("waits for a reply that is not due");
        };
        self.pipeline.accept(reply(code)).unwrap();
    }

    /// A mail is concluded. The server must not have accepted a mail that is sent again.
    fn conclude(&mut self, mail: usize, outcome: TransactionOutcome) {
        assert_eq!(self.under_way.pop_front(), Some(mail));
        let defect = outcome.defect;
        if defect.is_some() && !outcome.contradictory && self.again.insert(mail) {
            self.waiting.push_front(mail);
        } else {
            self.reported.insert(mail, Reported::Outcome(outcome));
        }
        if defect == Some(Defect::Chunking) {
            self.end_session();
        }
    }

    /// The connection ends before some replies: mails that have not left go over another connection.
    fn end_session(&mut self) {
        let mut again = Vec::new();
        while let Some((mail, outcome)) = self.pipeline.break_off() {
            assert_eq!(self.under_way.pop_front(), Some(mail));
            if outcome.messages.is_empty() && outcome.refusal.is_some() {
                self.reported.insert(mail, Reported::Outcome(outcome));
            } else if self.left.contains(&mail) {
                self.reported.insert(mail, Reported::Unknown);
            } else {
                again.push(mail);
            }
        }
        for mail in again.into_iter().rev() {
            self.waiting.push_front(mail);
        }
        self.pipeline = Pipeline::new(self.pipeline.strategy(), self.dialect, &self.extensions);
        self.model.close();
        self.replies.clear();
        self.left.clear();
    }

    /// Sends a message in one chunk or two, as the session does.
    fn transfer_chunks(&mut self, mail: usize) {
        if self.choices.one_in(9) {
            return self.pipeline.abandon_message();
        }
        let chunks = if self.choices.one_in(3) {
            &[Chunk::More, Chunk::Last][..]
        } else {
            &[Chunk::Last]
        };
        for chunk in chunks {
            while !self.pipeline.may_send_chunk() {
                self.take_reply();
            }
            if self.pipeline.is_refused() {
                return self.pipeline.abandon_message();
            }
            self.pipeline.chunk_sent(*chunk);
            if *chunk == Chunk::Last {
                self.left.insert(mail);
            }
            let sent = Sent::Chunk(mail, *chunk);
            let replies = self.model.answer(&sent, &mut self.choices);
            self.replies.extend(replies);
        }
    }
}

fn envelope(mail: usize, recipients: usize) -> Envelope {
    let from = format!("{mail}@x.test");
    let to = (0..recipients).map(|number| format!("{mail}-{number}@x.test"));
    Envelope::new(from, to).unwrap()
}

/// The reported outcome of each mail agrees with what the server has.
fn judge(reported: BTreeMap<usize, Reported>, model: &Model) {
    for (mail, reported) in reported {
        let stored: Vec<_> = model.stored.iter().filter(|one| one.mail == mail).collect();
        assert!(stored.len() <= 1, "mail {mail} was taken twice");
        let has = stored.first().map_or(0, |stored| stored.recipients);
        let outcome = match reported {
            Reported::Outcome(outcome) => outcome,
            Reported::Unknown => continue,
            Reported::Unsendable => {
                assert_eq!(has, 0, "mail {mail} was not to be sent");
                continue;
            }
        };
        let yes = |reply: &&Reply| reply.is_positive_completion();
        let accepted = match outcome.refusal {
            Some(_) => 0,
            None if model.lmtp => outcome.messages.iter().filter(yes).count(),
            // Abandoned between two chunks, or accepted for all.
            None if outcome.messages.is_empty() => 0,
            None => outcome.recipients.iter().filter(yes).count(),
        };
        assert!(!outcome.contradictory, "the model is not");
        assert_eq!(accepted, has, "mail {mail}: {outcome:?}");
    }
}
