//! What a server cannot do, by its replies.

use super::*;

fn eager(replies: &str) -> (String, Strategy) {
    let mut play = Play::new(EAGER, Dialect::Smtp, "PIPELINING");
    play.begin(SMALL, None, 1, 1);
    for line in ["250", "250", "354"] {
        play.go();
        play.pipeline.accept(reply(line)).unwrap();
    }
    play.go();
    assert!(play.begin(SMALL, None, 0, 1));
    play.flight.clear();
    play.answer(replies);
    (play.story(), play.pipeline.strategy())
}

#[test]
fn a_server_that_refuses_what_stands_behind_a_message_is_remembered() {
    for (replies, story, pipelining) in [
        (
            "250 250 250 354 250",
            "[MAIL RCPT DATA] (accepted) [message] (accepted)",
            Pipelining::Eager,
        ),
        (
            "250 503 503 503",
            "[MAIL RCPT DATA] (accepted) (mail 503, Pipelining)",
            Pipelining::Auto,
        ),
        // The sender is what it does not like.
        (
            "250 550 503 503",
            "[MAIL RCPT DATA] (accepted) (mail 550)",
            Pipelining::Eager,
        ),
        (
            "554 250 250 354 250",
            "[MAIL RCPT DATA] (message 554) [message] (accepted)",
            Pipelining::Eager,
        ),
    ] {
        let (told, strategy) = eager(replies);
        assert_eq!((told.as_str(), strategy.pipelining), (story, pipelining));
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

/// It is learnt once the same commands have been accepted one at a time.
#[test]
fn a_group_that_is_out_of_order() {
    for replies in ["503 503 503", "250 503 503", "250 250 503"] {
        for helped in [true, false] {
            let mut play = Play::new(AUTO, Dialect::Smtp, "PIPELINING");
            play.begin(SMALL, None, 0, 1);
            play.answer(replies);
            assert_eq!(play.pipeline.strategy().pipelining, Pipelining::Auto);
            let course = play.pipeline.course(SMALL, None, 0);
            assert_eq!(course.grouping, Grouping::OneAtATime, "{replies}");
            play.pipeline.has_repeated(helped);
            let (grouping, left) = if helped {
                (Grouping::OneAtATime, Pipelining::Never)
            } else {
                (Grouping::Grouped, Pipelining::Auto)
            };
            assert_eq!(play.pipeline.strategy().pipelining, left, "{replies}");
            let course = play.pipeline.course(SMALL, None, 0);
            assert_eq!(course.grouping, grouping, "{replies}");
        }
    }
}
