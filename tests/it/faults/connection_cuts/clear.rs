//! Dialogues in clear text, cut after each octet.

use pilotfish::Message;
use pilotfish::message::{Attachment, Body, BodyType};

use super::verify::verify;
use super::{Dialogue, SessionSetup};
use crate::support::built::built;
use crate::support::client::ACCOUNT;
use crate::support::mini_server::Replies;

/// The extensions: one command at a time, and in groups.
const PLAIN: Replies = Replies::Offering(&["8BITMIME"]);
const GROUPED: Replies = Replies::Offering(&["PIPELINING", "SIZE 1000000", "8BITMIME"]);
const CHUNKED: Replies = Replies::Offering(&["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"]);

/// A mail with a small image.
pub(super) fn picture(recipients: &[&str], data: BodyType) -> Message {
    let octets: Vec<u8> = (0..=255).cycle().take(600).collect();
    let image = Attachment::new(Body::bytes(octets), "shark.png");
    let letter = ACCOUNT.letter_of_text(recipients, ".Here it comes.\n");
    built(letter.attach(image).max_body_type(data))
}

/// Tests of one line: the extensions, the message, and the least number of cases.
macro_rules! cut {
    ($($name:ident($replies:expr, $message:expr): $cases:literal)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let dialogue = Dialogue::new(stringify!($name), ACCOUNT, SessionSetup::Clear, $replies);
            let tally = verify(&dialogue.message($message), 1, 0).await;
            assert!(tally.cases() >= $cases, "{tally:?}");
            // The reply to the end of data has some thirty octets. A cut after any of them but the
            // last leaves the fate unknown.
            assert!(tally.accepted > 0 && tally.unknown > 60, "{tally:?}");
        }
    )*};
}

cut! {
    one_command_at_a_time(PLAIN, ACCOUNT.letter(&["a@example.org"])): 1_400
    grouped(GROUPED, ACCOUNT.letter(&["a@example.org"])): 1_500
    two_recipients_and_a_picture(
        GROUPED, picture(&["a@example.org", "b@example.org"], BodyType::EightBit)
    ): 5_000
    one_of_two_rejected(GROUPED, ACCOUNT.letter(&["a@example.org", "nobody@example.org"])): 1_800
    one_of_two_rejected_one_at_a_time(
        PLAIN, ACCOUNT.letter(&["nobody@example.org", "a@example.org"])
    ): 1_600
    chunked(CHUNKED, picture(&["a@example.org", "b@example.org"], BodyType::Binary)): 4_000
}

#[tokio::test(start_paused = true)]
async fn no_recipient_accepted() {
    for replies in [PLAIN, GROUPED] {
        let dialogue = Dialogue::new("nobody accepted", ACCOUNT, SessionSetup::Clear, replies);
        let message = ACCOUNT.letter(&["nobody@example.org"]);
        let tally = verify(&dialogue.message(message), 1, 0).await;
        assert_eq!((tally.accepted, tally.unknown), (0, 0));
        assert!(tally.cases() > 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn two_mails_in_a_session() {
    for replies in [PLAIN, GROUPED, CHUNKED] {
        let dialogue = Dialogue::new("two mails", ACCOUNT, SessionSetup::Clear, replies);
        let tally = verify(&dialogue.twice(), 1, 0).await;
        // About half of the cuts hit the second mail.
        assert!(tally.accepted > 900, "{tally:?}");
    }
}
