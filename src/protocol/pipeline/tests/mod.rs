//! What leaves together, and what follows from replies.

mod company;
mod defects;

use bytes::BytesMut;

use super::super::{ReplyDecoder, Stage};
use super::*;
use crate::address::ReversePath;

fn reply(line: &str) -> Reply {
    let mut buffer = BytesMut::from(format!("{line}\r\n").as_bytes());
    let decoded = ReplyDecoder::default().decode(&mut buffer);
    decoded.unwrap().unwrap()
}

fn offering(keywords: &str) -> Extensions {
    let lines: String = (keywords.split_whitespace())
        .flat_map(|keyword| ["250-", keyword, "\r\n"])
        .collect();
    let mut buffer = BytesMut::from(format!("250-x\r\n{lines}250 x\r\n").as_bytes());
    let decoded = ReplyDecoder::default().decode(&mut buffer);
    Extensions::from_ehlo(&decoded.unwrap().unwrap())
}

fn envelope(recipients: usize) -> Envelope {
    let to = (0..recipients).map(|number| format!("r{number}@x.test"));
    Envelope::new(ReversePath::Null, to).unwrap()
}

/// A pipeline, what has been put together, and the story so far: a flight is in brackets, and a
/// message is `message`.
struct Play {
    pipeline: Pipeline,
    flight: Vec<String>,
    story: Vec<String>,
}

/// How a mail goes, if not in the usual command.
const SMALL: u64 = 2_048;

impl Play {
    fn new(strategy: (Pipelining, Chunking), dialect: Dialect, keywords: &str) -> Self {
        let strategy = Strategy {
            pipelining: strategy.0,
            chunking: strategy.1,
            ..Strategy::default()
        };
        Self {
            pipeline: Pipeline::new(strategy, dialect, &offering(keywords)),
            flight: Vec::new(),
            story: Vec::new(),
        }
    }

    /// Begins a mail if it may be.
    fn begin(
        &mut self,
        size: u64,
        only: Option<TransferCommand>,
        waiting: usize,
        to: usize,
    ) -> bool {
        let plan = self.pipeline.plan(size, only, waiting);
        let may_begin = self.pipeline.may_begin(&plan);
        if may_begin {
            self.pipeline
                .begin(plan, envelope(to), Parameters::default(), ());
        }
        may_begin
    }

    fn launch(&mut self) {
        if !self.flight.is_empty() {
            self.story.push(format!("[{}]", self.flight.join(" ")));
            self.flight.clear();
        }
    }

    fn settle(&mut self) {
        while let Some(((), outcome)) = self.pipeline.take_outcome() {
            self.story.push(summary(&outcome));
        }
    }

    /// Goes on until a reply has to come, or no mail is on its way.
    fn go(&mut self) -> Action {
        loop {
            match self.pipeline.next_step() {
                Action::Send => {
                    let verb = |command: Command<'_>| command.to_string()[..4].to_owned();
                    self.flight.extend(self.pipeline.group().map(verb));
                }
                Action::Transfer(TransferCommand::Data) => {
                    self.pipeline.message_sent();
                    self.flight.push("message".to_owned());
                }
                Action::Transfer(TransferCommand::Bdat) => {
                    self.pipeline.chunk_sent(Chunk::Last);
                    self.flight.push("BDAT".to_owned());
                }
                Action::AbandonData => self.flight.push(".".to_owned()),
                next => {
                    self.settle();
                    return next;
                }
            }
        }
    }

    /// Replies in their order, up to the last.
    fn answer(&mut self, replies: &str) {
        for line in replies.split_whitespace() {
            self.go();
            self.launch();
            if let Err(UnexpectedReply(reply)) = self.pipeline.accept(reply(line)) {
                self.story.push(format!("unexpected {}", reply.code()));
                return;
            }
            self.settle();
        }
        if self.go() == Action::HangUp {
            self.story.push("hang up".to_owned());
        }
        self.launch();
    }

    fn story(&self) -> String {
        self.story.join(" ")
    }
}

fn summary(outcome: &TransactionOutcome) -> String {
    let refusal = match &outcome.refusal {
        None => "accepted".to_owned(),
        Some(Refusal::At(Stage::Mail, reply)) => format!("mail {}", reply.code()),
        Some(Refusal::Recipients) => "recipients".to_owned(),
        Some(Refusal::SomeRecipients) => "some recipients".to_owned(),
        Some(Refusal::At(Stage::Data, reply)) => format!("data {}", reply.code()),
        Some(Refusal::At(Stage::Transfer, reply)) => format!("chunk {}", reply.code()),
        Some(Refusal::At(Stage::EndOfData, reply)) => format!("message {}", reply.code()),
        Some(Refusal::At(stage, _)) => panic!("a refusal at {stage}"),
    };
    let defect = outcome.defect.map(|defect| format!(", {defect:?}"));
    let doubt = if outcome.contradictory { "?" } else { "" };
    format!("({refusal}{}{doubt})", defect.unwrap_or_default())
}

const AUTO: (Pipelining, Chunking) = (Pipelining::Auto, Chunking::Auto);
const EAGER: (Pipelining, Chunking) = (Pipelining::Eager, Chunking::Never);
const CHUNKED: (Pipelining, Chunking) = (Pipelining::Auto, Chunking::Always);
const BOTH: &str = "PIPELINING CHUNKING";

/// A mail on its own, for two recipients.
fn alone(strategy: (Pipelining, Chunking), keywords: &str, replies: &str) -> String {
    let mut play = Play::new(strategy, Dialect::Smtp, keywords);
    assert!(play.begin(SMALL, None, 0, 2));
    play.answer(replies);
    play.story()
}

#[test]
fn grouped() {
    for (replies, story) in [
        ("250 250 250 354 250", "[message] (accepted)"),
        ("250 550 250 354 250", "[message] (accepted)"),
        ("250 250 250 354 554", "[message] (message 554)"),
        ("250 550 450 354 554", "[.] (recipients)"),
        ("250 550 450 354 250", "[.] (recipients)"),
        ("250 550 450 503", "(recipients)"),
        ("250 250 250 451", "(data 451)"),
        ("552 503 503 503", "(mail 552)"),
        ("552 550 550 354 250", "[.] (mail 552)"),
        ("552 250 250 354", "(mail 552) hang up"),
        ("299 251 252 399 299", "[message] (accepted)"),
        ("354", "unexpected 354"),
        ("250 354", "unexpected 354"),
        ("250 250 250 250", "unexpected 250"),
    ] {
        let expected = format!("[MAIL RCPT RCPT DATA] {story}");
        assert_eq!(alone(AUTO, "PIPELINING", replies), expected, "{replies}");
    }
}

#[test]
fn one_at_a_time() {
    let never = (Pipelining::Never, Chunking::Auto);
    for (replies, story) in [
        (
            "250 250 250 354 250",
            "[MAIL] [RCPT] [RCPT] [DATA] [message] (accepted)",
        ),
        (
            "250 550 250 354 250",
            "[MAIL] [RCPT] [RCPT] [DATA] [message] (accepted)",
        ),
        ("250 550 450", "[MAIL] [RCPT] [RCPT] (recipients)"),
        ("552", "[MAIL] (mail 552)"),
        ("250 250 250 554", "[MAIL] [RCPT] [RCPT] [DATA] (data 554)"),
    ] {
        assert_eq!(alone(AUTO, "CHUNKING", replies), story, "{replies}");
        assert_eq!(alone(never, BOTH, replies), story, "{replies}");
    }
}

#[test]
fn by_bdat_alone() {
    for (replies, story) in [
        ("250 250 250 250", "(accepted)"),
        ("250 550 250 250", "(accepted)"),
        ("250 550 450 554", "(recipients)"),
        // Nobody was a recipient, so nobody gets it.
        ("250 550 450 250", "(recipients)"),
        ("552 503 503 503", "(mail 552)"),
        ("552 250 250 503", "(mail 552)"),
        ("552 250 250 250", "(mail 552?)"),
        ("250 250 250 552", "(message 552)"),
        ("250 250 250 502", "(message 502, Chunking)"),
        ("250 250 250 354", "unexpected 354"),
    ] {
        let expected = format!("[MAIL RCPT RCPT BDAT] {story}");
        assert_eq!(alone(CHUNKED, BOTH, replies), expected, "{replies}");
    }
    assert_eq!(
        alone(CHUNKED, "CHUNKING", "250 250 250 250"),
        "[MAIL] [RCPT] [RCPT] [BDAT] (accepted)"
    );
    // Not offered, or not wanted.
    let never = (Pipelining::Auto, Chunking::Never);
    for (strategy, keywords) in [(CHUNKED, "PIPELINING"), (never, BOTH), (AUTO, BOTH)] {
        let story = alone(strategy, keywords, "250 250 250 354 250");
        assert_eq!(story, "[MAIL RCPT RCPT DATA] [message] (accepted)");
    }
}

#[test]
fn no_more_than_a_mebibyte_goes_before_somebody_gets_it() {
    for (size, story) in [
        (WINDOW, "[MAIL RCPT BDAT] (accepted)"),
        (WINDOW + 1, "[MAIL RCPT] [BDAT] (accepted)"),
    ] {
        let mut play = Play::new(CHUNKED, Dialect::Smtp, BOTH);
        play.begin(size, None, 0, 1);
        play.answer("250 250 250");
        assert_eq!(play.story(), story);
    }
    let mut play = Play::new(CHUNKED, Dialect::Smtp, BOTH);
    play.begin(WINDOW + 1, None, 0, 1);
    play.answer("250 550");
    assert_eq!(play.story(), "[MAIL RCPT] (recipients)");
}

/// Begins as many mails as may be, and returns how many are on their way.
fn fill(play: &mut Play, size: u64) -> usize {
    let mut count = 0;
    while play.begin(size, None, 1, 1) {
        play.go();
        count += 1;
    }
    count
}

#[test]
fn eager_puts_one_group_behind_the_message() {
    let mut play = Play::new(EAGER, Dialect::Smtp, "PIPELINING");
    assert_eq!(fill(&mut play, SMALL), 1);
    play.answer("250 250 354");
    // That was the message of the first. Its end takes the second's group along.
    let mut play = Play::new(EAGER, Dialect::Smtp, "PIPELINING");
    play.begin(SMALL, None, 1, 1);
    for line in ["250", "250", "354"] {
        play.go();
        play.launch();
        play.pipeline.accept(reply(line)).unwrap();
    }
    play.go();
    assert_eq!(fill(&mut play, SMALL), 1);
    assert_eq!(fill(&mut play, SMALL), 0);
    assert_eq!(play.pipeline.may_have_lost(), None);
    play.answer("250");
    assert_eq!(play.pipeline.may_have_lost(), Some(Defect::Pipelining));
    play.answer("250");
    assert_eq!(play.pipeline.may_have_lost(), None);
    play.answer("250 354");
    assert_eq!(
        play.story(),
        "[MAIL RCPT DATA] [message MAIL RCPT DATA] (accepted) [message]"
    );
}

/// A mail behind another by eager pipelining, and the replies from the first one's message on.
#[test]
fn chunked_mails_wait_for_the_first_to_be_understood() {
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    assert_eq!(fill(&mut play, SMALL), 1);
    play.answer("250 250 250");
    let most = play.pipeline.most_mails();
    assert_eq!(fill(&mut play, SMALL), most);
    play.launch();
    let previous = vec!["RSET MAIL RCPT BDAT"; most - 1].join(" ");
    assert_eq!(
        play.story(),
        format!("[MAIL RCPT BDAT] (accepted) [MAIL RCPT BDAT {previous}]")
    );
    // When half of them are answered, the next half follows together.
    for answered in 1..=most / 2 {
        let first = if answered == 1 { "" } else { "250 " };
        play.answer(&format!("{first}250 250 250"));
        let room = if answered == most / 2 { answered } else { 0 };
        assert_eq!(fill(&mut play, SMALL), room, "{answered}");
    }
    // A mebibyte is the most.
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    fill(&mut play, SMALL);
    play.answer("250 250 250");
    assert_eq!(fill(&mut play, WINDOW / 4 + 1), 3);
}

#[test]
fn a_refused_mail_does_not_touch_the_one_behind_it() {
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    fill(&mut play, SMALL);
    play.answer("250 250 250");
    play.story.clear();
    for _ in 0..3 {
        play.begin(SMALL, None, 1, 1);
        play.go();
    }
    play.answer("250 550 554 250 250 250 250 250 552 503 503");
    assert_eq!(
        play.story(),
        "[MAIL RCPT BDAT RSET MAIL RCPT BDAT RSET MAIL RCPT BDAT] \
         (recipients) (accepted) (mail 552)"
    );
}

#[test]
fn rset_is_due_where_a_transaction_may_be_open() {
    for (replies, next) in [
        ("250 250 354 250", "[MAIL RCPT DATA]"),
        ("250 250 354 554", "[MAIL RCPT DATA]"),
        ("250 550 503", "[RSET MAIL RCPT DATA]"),
        ("250 550 354 554", "[RSET MAIL RCPT DATA]"),
        ("550 503 503", "[RSET MAIL RCPT DATA]"),
        ("250 250 451", "[RSET MAIL RCPT DATA]"),
    ] {
        let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
        play.begin(SMALL, None, 0, 1);
        play.answer(replies);
        play.story.clear();
        play.begin(SMALL, None, 0, 1);
        play.answer("");
        assert_eq!(play.story(), next, "{replies}");
    }
}

#[test]
fn lmtp_has_a_reply_for_each() {
    for (replies, story) in [
        ("250 250 250 354 250 250", "[message] (accepted)"),
        ("250 250 250 354 250 452", "[message] (accepted)"),
        ("250 250 250 354 552 452", "[message] (recipients)"),
        ("250 550 250 354 250", "[message] (accepted)"),
        ("250 550 250 354 552", "[message] (message 552)"),
        // No reply would come to an end of data.
        ("250 550 550 354", "(recipients) hang up"),
    ] {
        let mut play = Play::new(AUTO, Dialect::Lmtp, "PIPELINING");
        play.begin(SMALL, None, 0, 2);
        play.answer(replies);
        assert_eq!(play.story(), format!("[MAIL RCPT RCPT DATA] {story}"));
    }
    let mut play = Play::new(CHUNKED, Dialect::Lmtp, BOTH);
    play.begin(SMALL, None, 0, 2);
    play.answer("250 250 250 250 452");
    assert_eq!(play.story(), "[MAIL RCPT RCPT] [BDAT] (accepted)");
}

#[test]
fn a_reply_that_is_not_due() {
    let mut play = Play::new(AUTO, Dialect::Smtp, "");
    assert!(play.pipeline.accept(reply("250 ok")).is_err());
}
