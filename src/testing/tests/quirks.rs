//! Bad habits: the client that meets them does nothing wrong.

use super::{ENVELOPE, HELLO, Peer, open_server};
use crate::testing::Quirk;

/// Two messages in chunks: the second group begins behind the last chunk of the first.
const CHUNKED: &str = r"
    C: MAIL FROM:<>
    C: RCPT TO:<a@b.example>
    C: BDAT 3 LAST
    C> a\r\n
    C: MAIL FROM:<>
    C: RCPT TO:<a@b.example>
    C: BDAT 3 LAST
    C> b\r\n
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 250 2.0.0 Ok: queued as 4C1F00000000
";

const NOOP: &str = "C: NOOP\n S: 250 2.0.0 Ok\n";

/// Plays a transcript; returns how many messages were taken.
async fn play(quirk: Option<Quirk>, transcript: &str) -> usize {
    let builder = match quirk {
        Some(quirk) => open_server().quirk(quirk),
        None => open_server(),
    };
    let server = builder.start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&[HELLO, transcript].concat()).await;
    let taken = server.received().len();
    server.shutdown().await.unwrap();
    taken
}

/// A message, the next mail's group behind its end, and the reply to the message.
const BEHIND_DOT: &str = "C: a
     C: .
     C: MAIL FROM:<>
     C: RCPT TO:<a@b.example>
     C: DATA
     S: 250 2.0.0 Ok: queued as 4C1F00000000\n";

/// RFC 2920, section 3.1, and RFC 3030, section 2.
#[tokio::test]
async fn without_a_quirk_the_next_group_may_follow_the_last_chunk() {
    let replies = "S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.0.0 Ok: queued as 4C1F00000001";
    assert_eq!(play(None, &[CHUNKED, replies].concat()).await, 2);
}

#[tokio::test]
async fn what_stands_behind_a_message_is_lost() {
    let quirk = Some(Quirk::LosesBehindMessage);
    let transcript = [ENVELOPE, BEHIND_DOT, NOOP, ENVELOPE].concat();
    assert_eq!(play(quirk, &transcript).await, 1);
    assert_eq!(play(quirk, &[CHUNKED, NOOP, ENVELOPE].concat()).await, 1);
}

#[tokio::test]
async fn what_stands_behind_a_message_is_refused() {
    let quirk = Some(Quirk::RefusesBehindMessage);
    let refused = "S: 503 Bad sequence of commands\n".repeat(3);
    let transcript = [ENVELOPE, BEHIND_DOT, &refused, NOOP, ENVELOPE].concat();
    assert_eq!(play(quirk, &transcript).await, 1);
    // The second chunk is taken for a command, too.
    let refused = "S: 503 Bad sequence of commands\n".repeat(4);
    let transcript = [CHUNKED, &refused, NOOP].concat();
    assert_eq!(play(quirk, &transcript).await, 1);
}

#[tokio::test]
async fn groups_are_not_borne() {
    let quirk = Some(Quirk::ClosesOnGroups);
    let group = "C: MAIL FROM:<>\n C: RCPT TO:<a@b.example>\n S: EOF";
    assert_eq!(play(quirk, group).await, 0);
    let one_by_one = "C: MAIL FROM:<>
         S: 250 2.1.0 Sender ok
         C: RCPT TO:<a@b.example>
         S: 250 2.1.5 Recipient ok\n";
    let chunk = r"C: BDAT 3 LAST
         C> a\r\n
         S: 250 2.0.0 Ok: queued as 4C1F00000000";
    assert_eq!(play(quirk, &[one_by_one, chunk].concat()).await, 1);
    let behind_chunk = r"C: BDAT 3 LAST
         C> a\r\n
         C: NOOP
         S: EOF";
    assert_eq!(play(quirk, &[one_by_one, behind_chunk].concat()).await, 0);
    let behind_dot = "C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         C: NOOP
         S: EOF";
    assert_eq!(play(quirk, &[one_by_one, behind_dot].concat()).await, 0);
}

#[tokio::test]
async fn chunks_are_refused_or_taken_for_commands() {
    let group = r"C: MAIL FROM:<>
         C: RCPT TO:<a@b.example>
         C: BDAT 6
         C> a\nb\r\n\0
         C: BDAT 0 LAST
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
    ";
    // The octet behind the last line takes the next command with it.
    let as_commands = "S: 502 Command not implemented
         S: 500 Command not recognized
         S: 500 Command not recognized
         S: 500 Command not recognized\n";
    let transcript = [group, as_commands, NOOP].concat();
    assert_eq!(play(Some(Quirk::NoBdat), &transcript).await, 0);
    let refused = "S: 503 5.5.1 Not now\n S: 503 5.5.1 Not now\n C: RSET\n S: 250 2.0.0 Ok\n";
    let transcript = [group, refused, ENVELOPE].concat();
    assert_eq!(play(Some(Quirk::RefusesBdat), &transcript).await, 0);
}
