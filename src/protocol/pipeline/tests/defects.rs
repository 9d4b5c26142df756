//! What a server cannot do, by its replies.

use super::*;

/// A mail that may be followed by another, before its message is answered.
fn first_of_two(play: &mut Play) -> bool {
    play.begin(SMALL, None, 1, 1);
    for line in ["250", "250", "354"] {
        play.go();
        play.pipeline.accept(reply(line)).unwrap();
    }
    play.go();
    play.begin(SMALL, None, 0, 1)
}

/// What becomes of two mails, and whether a mail may follow another afterwards: at once, and after
/// one that went alone.
#[test]
fn a_server_that_refuses_what_stands_behind_a_message_is_remembered() {
    for (replies, story, follows) in [
        (
            "250 250 250 354 250",
            "[MAIL RCPT DATA] (accepted) [message] (accepted)",
            true,
        ),
        (
            "250 503 503 503",
            "[MAIL RCPT DATA] (accepted) (mail 503, Pipelining)",
            false,
        ),
        (
            "250 501 503 503",
            "[MAIL RCPT DATA] (accepted) (mail 501, Pipelining)",
            false,
        ),
        // The sender is what it does not like.
        (
            "250 550 503 503",
            "[MAIL RCPT DATA] (accepted) (mail 550)",
            true,
        ),
        (
            "554 250 250 354 250",
            "[MAIL RCPT DATA] (message 554) [message] (accepted)",
            true,
        ),
    ] {
        let mut play = Play::new(EAGER, Dialect::Smtp, "PIPELINING");
        assert!(first_of_two(&mut play));
        play.flight.clear();
        play.answer(replies);
        assert_eq!(play.story(), story);
        let reset = play.pipeline.reset_due;
        play.pipeline.has_reset();
        assert_eq!(first_of_two(&mut play), follows, "{replies}");
        if !follows {
            assert!(reset);
            play.answer("250");
            assert!(first_of_two(&mut play), "{replies}");
            play.pipeline.learn(Defect::Pipelining);
            assert_eq!(play.pipeline.strategy().pipelining, Pipelining::Auto);
        }
    }
}

#[test]
fn a_server_that_does_not_know_bdat_is_remembered() {
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    assert_eq!(fill(&mut play, SMALL), 1);
    play.answer("250 250 502");
    assert_eq!(play.story(), "[MAIL RCPT BDAT] (message 502, Chunking)");
    assert_eq!(play.pipeline.strategy().chunking, Chunking::Never);
    assert!(!play.pipeline.has_chunking());
    // Once it has been understood, a refusal is the message's.
    let mut play = Play::new(AUTO, Dialect::Smtp, BOTH);
    fill(&mut play, SMALL);
    play.answer("250 250 250");
    fill(&mut play, SMALL);
    play.answer("250 250 503");
    assert!(play.story().ends_with("(message 503)"), "{}", play.story());
}

/// No group leaves until one mail has gone one command at a time, whatever became of it.
#[test]
fn a_group_that_is_out_of_order() {
    for replies in ["503 503 503", "250 503 503", "250 250 503"] {
        for alone in ["250 503", "250 250 250 354 250"] {
            let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
            play.begin(SMALL, None, 0, 1);
            play.answer(replies);
            assert_eq!(play.pipeline.strategy().pipelining, Pipelining::Auto);
            assert!(play.begin(SMALL, None, 0, 1));
            let grouping = |play: &Play| play.pipeline.plan(SMALL, None, 0).grouping;
            assert_eq!(grouping(&play), Grouping::OneAtATime, "{replies}");
            play.answer(alone);
            assert_eq!(grouping(&play), Grouping::Grouped, "{replies} {alone}");
        }
    }
}
