//! Which mails may follow each other, and what the server cannot do if it goes silent then.

use super::*;
use crate::address::envelope::{Options, Partial};

/// A pipeline with this strategy, whose first mail has been accepted.
fn proven(strategy: (Pipelining, Chunking), messages_in_flight: u32) -> Play {
    let mut play = Play::new(strategy, Dialect::Smtp, BOTH);
    let mut strategy = play.pipeline.strategy();
    strategy.messages_in_flight = messages_in_flight;
    play.pipeline.set_strategy(strategy);
    play.begin(SMALL, Some(TransferCommand::Bdat), 1, 1);
    play.answer("250 250 250");
    play
}

const BY_BDAT: Option<TransferCommand> = Some(TransferCommand::Bdat);
const BY_DATA: Option<TransferCommand> = Some(TransferCommand::Data);

/// Sends the whole of a mail, of which nothing has been answered but what DATA waits for.
fn sent(play: &mut Play, command: Option<TransferCommand>) {
    assert!(play.begin(SMALL, command, 1, 1), "{command:?}");
    play.go();
    if command == BY_DATA {
        for line in ["250", "250", "354"] {
            play.pipeline.accept(reply(line)).unwrap();
        }
        play.go();
    }
}

#[test]
fn a_mail_follows_another_only_where_both_the_server_and_the_strategy_allow() {
    let eager = (Pipelining::Eager, Chunking::Auto);
    for (strategy, in_flight, first, second, expected) in [
        (AUTO, 8, BY_BDAT, BY_BDAT, true),
        (AUTO, 1, BY_BDAT, BY_BDAT, false),
        (AUTO, 8, BY_BDAT, BY_DATA, false),
        (AUTO, 8, BY_DATA, BY_BDAT, false),
        (AUTO, 8, BY_DATA, BY_DATA, false),
        (eager, 8, BY_DATA, BY_DATA, true),
        (eager, 8, BY_DATA, BY_BDAT, true),
        (eager, 1, BY_DATA, BY_BDAT, false),
        (eager, 1, BY_DATA, BY_DATA, true),
        (eager, 8, BY_BDAT, BY_DATA, true),
    ] {
        let mut play = proven(strategy, in_flight);
        sent(&mut play, first);
        let context = format!("{strategy:?}, {in_flight}: {second:?} behind {first:?}");
        assert_eq!(play.begin(SMALL, second, 0, 1), expected, "{context}");
    }
}

#[test]
fn a_mail_may_be_followed_once_bdat_is_understood() {
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    assert!(play.pipeline.may_be_followed());
    play.begin(SMALL, None, 1, 1);
    assert!(!play.pipeline.may_be_followed());
    for (strategy, in_flight, command, expected) in [
        (AUTO, 8, BY_BDAT, true),
        (AUTO, 1, BY_BDAT, false),
        (AUTO, 8, BY_DATA, false),
        (EAGER, 8, BY_DATA, true),
        ((Pipelining::Never, Chunking::Always), 8, BY_BDAT, false),
    ] {
        let mut play = proven(strategy, in_flight);
        play.begin(SMALL, command, 0, 1);
        let context = format!("{strategy:?}, {in_flight}, {command:?}");
        assert_eq!(play.pipeline.may_be_followed(), expected, "{context}");
    }
}

/// The server closes the connection, or falls silent, after these replies to two mails.
#[test]
fn what_an_end_says_of_a_server() {
    let pipelining = Some(Defect::Pipelining);
    for (strategy, command, replies, closed_for, lost) in [
        (AUTO, BY_BDAT, "", pipelining, None),
        (AUTO, BY_BDAT, "250 250 250", pipelining, None),
        (AUTO, BY_BDAT, "250 250 250 250 250", pipelining, None),
        (AUTO, BY_BDAT, "250 250 250 250 250 250 250", None, None),
        (EAGER, BY_DATA, "", pipelining, None),
        (EAGER, BY_DATA, "250", pipelining, pipelining),
        (EAGER, BY_DATA, "250 250", pipelining, None),
        (EAGER, BY_DATA, "250 250 250 354 250", None, None),
    ] {
        let mut play = proven(strategy, 8);
        sent(&mut play, command);
        play.begin(SMALL, command, 0, 1);
        play.answer(replies);
        let pipeline = &play.pipeline;
        let said = (pipeline.may_have_closed_for(), pipeline.may_have_lost());
        assert_eq!(said, (closed_for, lost), "{command:?} {replies}");
    }
    // The first answer to a mail behind another shows that it can do that, if not eagerly.
    for (strategy, command, closed_for) in [(AUTO, BY_BDAT, None), (EAGER, BY_DATA, pipelining)] {
        let mut play = proven(strategy, 8);
        sent(&mut play, command);
        sent_behind(&mut play, command);
        sent(&mut play, command);
        play.begin(SMALL, command, 0, 1);
        assert_eq!(
            play.pipeline.may_have_closed_for(),
            closed_for,
            "{command:?}"
        );
    }
}

/// A mail that was begun before the one in front of it was answered, and then both are accepted.
fn sent_behind(play: &mut Play, command: Option<TransferCommand>) {
    play.begin(SMALL, command, 0, 1);
    play.answer(match command {
        BY_DATA => "250 250 250 354 250",
        _ => "250 250 250 250 250 250 250",
    });
}

#[test]
fn what_is_left_with_a_server_that_has_a_defect() {
    use {Chunking as C, Pipelining as P};
    for (asked, defect, left) in [
        ((P::Eager, C::Auto), Defect::Pipelining, (P::Auto, C::Auto)),
        (
            (P::Auto, C::Always),
            Defect::Pipelining,
            (P::Auto, C::Never),
        ),
        (
            (P::Never, C::Auto),
            Defect::Pipelining,
            (P::Never, C::Never),
        ),
        (
            (P::Eager, C::Always),
            Defect::Chunking,
            (P::Eager, C::Never),
        ),
        ((P::Eager, C::Auto), Defect::Grouping, (P::Never, C::Auto)),
    ] {
        let strategy = Play::new(asked, Dialect::Smtp, BOTH).pipeline.strategy();
        let strategy = strategy.without(defect);
        assert_eq!(
            (strategy.pipelining, strategy.chunking),
            left,
            "{asked:?}, {defect:?}"
        );
    }
}

#[test]
fn no_rset_after_one_that_was_sent_between_mails() {
    let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
    play.begin(SMALL, None, 0, 1);
    play.answer("250 550 503");
    play.pipeline.has_reset();
    play.story.clear();
    play.begin(SMALL, None, 0, 1);
    play.answer("");
    assert_eq!(play.story(), "[MAIL RCPT DATA]");
}

/// RFC 5321 section 4.5.3.1.10: the reply is that of the recipients who are not asked for, if
/// another has been accepted.
#[test]
fn a_server_that_has_enough_recipients_is_asked_for_no_more() {
    let too_many = "452 4.5.3 too many";
    for (replies, story, codes) in [
        (
            ["250", "250", too_many, "354", "250"].as_slice(),
            "[MAIL] [RCPT] [RCPT] [DATA] [message]",
            [250, 452, 452, 452],
        ),
        (
            &["250", too_many, "550", "250", "250", "354", "250"],
            "[MAIL] [RCPT] [RCPT] [RCPT] [RCPT] [DATA] [message]",
            [452, 550, 250, 250],
        ),
    ] {
        let mut play = Play::new((Pipelining::Never, Chunking::Never), Dialect::Smtp, "");
        play.begin(SMALL, None, 0, 4);
        for line in replies {
            play.go();
            play.launch();
            play.pipeline.accept(reply(line)).unwrap();
        }
        let ((), outcome) = play.pipeline.take_outcome().unwrap();
        let said = outcome.recipients.iter().map(|reply| reply.code().number());
        assert_eq!(said.collect::<Vec<_>>(), codes);
        assert_eq!(play.story(), story);
    }
}

#[test]
fn all_or_nothing_waits_for_the_replies_to_several_recipients() {
    for (to, replies, story) in [
        (
            1,
            "250 250 354 250",
            "[MAIL RCPT DATA] [message] (accepted)",
        ),
        (
            2,
            "250 250 250 354 250",
            "[MAIL RCPT RCPT] [DATA] [message] (accepted)",
        ),
        (2, "250 550 250", "[MAIL RCPT RCPT] (some recipients)"),
    ] {
        let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
        let send_plan = play.pipeline.plan(SMALL, None, 0);
        let options = Options {
            partial: Partial::AllOrNothing,
            ..Options::default()
        };
        let envelope = envelope(to).with_options(options);
        play.pipeline
            .begin(send_plan, envelope, Parameters::default(), ());
        play.answer(replies);
        assert_eq!(play.story(), story, "{to}: {replies}");
    }
}

#[test]
fn a_refused_rset_is_no_reply_to_go_on_after() {
    let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
    play.begin(SMALL, None, 0, 1);
    play.answer("550 503 503");
    play.story.clear();
    play.begin(SMALL, None, 0, 1);
    play.answer("502");
    assert_eq!(play.story(), "[RSET MAIL RCPT DATA] unexpected 502");
}
