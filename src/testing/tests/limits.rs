//! Connections that end before their clients want it, how many there are, and how slow they are.

use std::time::Duration;

use tokio::time::Instant;

use super::{HELLO, Peer, open_server};
use crate::testing::{Fault, Point, TestServer, TestServerBuilder};

/// A mail, but for the reply to it.
const MAIL: &str = "
    C: MAIL FROM:<>
    C: RCPT TO:<a@b.example>
    C: DATA
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 354 End data with <CR><LF>.<CR><LF>
    C: a
    C: .
";

fn queued(number: u32) -> String {
    format!("S: 250 2.0.0 Ok: queued as 4C1F0000000{number}\n")
}

/// Plays a transcript with this server.
async fn play(builder: TestServerBuilder, transcript: &[&str]) -> TestServer {
    let server = builder.start().await.unwrap();
    Peer::connect(&server)
        .await
        .play(&transcript.concat())
        .await;
    server
}

#[tokio::test]
async fn leave_is_taken_behind_a_reply() {
    let bye = Fault::SayAfter(Point::EndOfData, "421 4.3.2 bye".to_owned());
    for (fault, end) in [
        (Fault::CloseAfter(Point::EndOfData), "S: EOF"),
        (bye, "S: 421 4.3.2 bye\n S: EOF"),
    ] {
        let server = play(open_server().fault(fault), &[HELLO, MAIL, &queued(0), end]).await;
        assert_eq!(server.received().len(), 1);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_is_good_for_two_mails() {
    let fault = Fault::CloseAfter(Point::EndOfData);
    let server = open_server().fault_every_in_connection(2, fault);
    let transcript = [HELLO, MAIL, &queued(0), MAIL, &queued(1), "S: EOF"];
    let server = play(server, &transcript).await;
    let once_more = [
        HELLO,
        MAIL,
        &queued(2),
        "C: QUIT\n S: 221 2.0.0 Bye\n S: EOF",
    ];
    Peer::connect(&server).await.play(&once_more.concat()).await;
    assert_eq!(server.received_by_connection(), [2, 1]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_second_mail_is_told_to_come_back() {
    let fault = Fault::ReplyAt(Point::Mail, "421 4.3.2 come back".to_owned());
    let server = open_server().fault_every(2, fault);
    let refused = "C: MAIL FROM:<>\n S: 421 4.3.2 come back\n S: EOF";
    let server = play(server, &[HELLO, MAIL, &queued(0), refused]).await;
    let transcript = [HELLO, MAIL, &queued(1), refused].concat();
    Peer::connect(&server).await.play(&transcript).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn words_within_a_message_that_nobody_has_asked_for() {
    let fault = Fault::SayAfter(Point::Body(1), "250 already".to_owned());
    let behind = ["S: 250 already\n", &queued(0)].concat();
    let server = play(open_server().fault(fault), &[HELLO, MAIL, &behind]).await;
    assert_eq!(server.received().len(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn over_lmtp_leave_is_taken_behind_the_last_recipient() {
    let hello = HELLO.replace("ESMTP", "LMTP").replace("EHLO", "LHLO");
    let mail = "
        C: MAIL FROM:<>
        C: RCPT TO:<a@b.example>
        C: RCPT TO:<c@d.example>
        C: BDAT 0 LAST
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 <a@b.example> Ok: queued as 4C1F00000000
        S: 250 2.1.5 <c@d.example> Ok: queued as 4C1F00000000
        S: EOF
    ";
    let server = open_server().lmtp();
    let server = server.fault(Fault::CloseAfter(Point::EndOfData));
    let server = play(server, &[&hello, mail]).await;
    server.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn idle_clients_are_sent_away() {
    let idle = || open_server().idle_timeout(Duration::from_secs(5));
    let within_a_message = MAIL.replace("C: .", "");
    for place in ["", &within_a_message] {
        let transcript = [HELLO, place, "S: 421 4.4.2 Idle for too long\n S: EOF"];
        let server = play(idle(), &transcript).await;
        assert_eq!(server.received(), []);
        server.shutdown().await.unwrap();
    }
    let silently = idle().fault(Fault::CloseAt(Point::Idle));
    let server = play(silently, &[HELLO, "S: EOF"]).await;
    server.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn replies_take_their_time() {
    let second = Duration::from_secs(1);
    let server = open_server().delay(second..=second * 2, 1);
    let server = server.start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    let begin = Instant::now();
    // Without a limit, whose timer would let the time pass.
    assert_eq!(peer.line().await, "220 localhost ESMTP Pilotfish");
    assert!(begin.elapsed() >= second);
    server.shutdown().await.unwrap();
}

const GREETING: &str = "S: 220 localhost ESMTP Pilotfish";

async fn greeted(server: &TestServer) -> Peer<tokio::net::TcpStream> {
    let mut peer = Peer::connect(server).await;
    peer.play(GREETING).await;
    peer
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_are_open_until_one_side_has_closed_them() {
    let server = open_server().start().await.unwrap();
    let first = greeted(&server).await;
    let second = greeted(&server).await;
    assert_eq!(server.open_connections(), 2);
    first.stream.try_write(b"QUIT\r\n").unwrap();
    drop(first);
    // The server has had no time to read this.
    assert_eq!(server.open_connections(), 1);
    let third = greeted(&server).await;
    assert_eq!(server.open_connections(), 2);
    drop((second, third));
    let _fourth = greeted(&server).await;
    assert_eq!(server.open_connections(), 1);
    assert_eq!(server.most_open_connections(), 2);
    server.shutdown().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_was_sent_away_is_there_until_he_goes() {
    let leave = Fault::SayAfter(Point::Greeting, "421 bye".to_owned());
    let abrupt = Fault::CloseAt(Point::Greeting);
    let server = open_server().fault(leave).fault(abrupt);
    let server = server.start().await.unwrap();
    let mut first = greeted(&server).await;
    first.play("S: 421 bye\n S: EOF").await;
    assert_eq!(server.open_connections(), 1);
    let mut second = Peer::connect(&server).await;
    second.play("S: EOF").await;
    assert_eq!(server.open_connections(), 1);
    drop(first);
    assert_eq!(server.open_connections(), 0);
    server.shutdown().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_connection_too_many() {
    let server = open_server().max_connections(1).start().await.unwrap();
    let first = greeted(&server).await;
    let mut second = Peer::connect(&server).await;
    second.play("S: 421 Too many connections\n S: EOF").await;
    drop(first);
    // The second is open still, and not served.
    let _third = greeted(&server).await;
    assert_eq!(server.most_open_connections(), 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn messages_that_were_taken_away_are_forgotten_and_counted() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&[HELLO, MAIL, &queued(0)].concat()).await;
    assert_eq!(server.take_received()[0].octets, "a\r\n");
    assert_eq!(server.received(), []);
    peer.play(&[MAIL, &queued(1)].concat()).await;
    let waited = server.wait_for(1, super::PATIENCE).await.unwrap();
    assert_eq!(waited.len(), 1);
    assert_eq!(server.next_received().await.unwrap(), waited[0]);
    assert_eq!(server.received_by_connection(), [2]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_is_not_waited_for() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play("C> NOOP\\n\n").await;
    let failure = server.wait_for(1, super::PATIENCE).await.unwrap_err();
    assert_eq!(failure.violations.len(), 1);
    assert_eq!(failure.timed_out, None);
}
