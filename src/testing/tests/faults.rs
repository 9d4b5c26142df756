//! Faults, each at its point.

use tokio::io::AsyncReadExt;

use super::{ENVELOPE, HELLO, PATIENCE, Peer, open_server};
use crate::testing::Point::{Body, Data, Ehlo, EndOfData, Greeting, Mail, Quit, Rcpt, Rset};
use crate::testing::{Fault, TestServer};

/// Plays a transcript with a server that has this fault.
async fn play(fault: Fault, transcript: &str) -> TestServer {
    let server = open_server().fault(fault).start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(transcript).await;
    server
}

#[tokio::test]
async fn connections_close_where_they_are_told_to() {
    let ehlo = "S: 220 localhost ESMTP Pilotfish\n C: EHLO a\n S: EOF";
    for (point, transcript) in [
        (Greeting, "S: EOF"),
        (Ehlo, ehlo),
        (Mail, &[HELLO, "C: MAIL FROM:<>\n S: EOF"].concat()),
        (
            Rcpt,
            &[
                HELLO,
                "C: MAIL FROM:<>\n C: RCPT TO:<a@b.example>\n S: 250 2.1.0 Sender ok\n S: EOF",
            ]
            .concat(),
        ),
        (
            Data,
            &[
                HELLO,
                &ENVELOPE.replace("S: 354 End data with <CR><LF>.<CR><LF>", "S: EOF"),
            ]
            .concat(),
        ),
        (Body(0), &[HELLO, ENVELOPE, "S: EOF"].concat()),
        (Body(3), &[HELLO, ENVELOPE, "C: a\n S: EOF"].concat()),
        (Rset, &[HELLO, "C: RSET\n S: EOF"].concat()),
        (Quit, &[HELLO, "C: QUIT\n S: EOF"].concat()),
    ] {
        let server = play(Fault::CloseAt(point), transcript).await;
        assert_eq!(server.received(), []);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_fault_happens_once() {
    let server = play(Fault::CloseAt(Greeting), "S: EOF").await;
    Peer::connect(&server).await.play(HELLO).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_message_is_taken_whose_sender_cannot_know() {
    let transcript = [HELLO, ENVELOPE, "C: a\n C: .\n S: EOF"].concat();
    let server = play(Fault::CloseAt(EndOfData), &transcript).await;
    assert_eq!(server.received().len(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reply_decides_what_becomes_of_the_message() {
    for (text, taken) in [("250 fine", 1), ("451 4.3.0 later", 0)] {
        let transcript =
            format!("{HELLO} {ENVELOPE} C: a\n C: .\n S: {text}\n C: NOOP\n S: 250 2.0.0 Ok");
        let server = play(Fault::ReplyAt(EndOfData, text.to_owned()), &transcript).await;
        assert_eq!(server.received().len(), taken);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_mail_takes_its_group_with_it() {
    let commands = "C: MAIL FROM:<>
         C: RCPT TO:<a@b.example>
         C: DATA
         S: 450 4.7.1 later
         S: 503 5.5.1 MAIL was refused
         S: 503 5.5.1 MAIL was refused";
    let transcript = [HELLO, commands, ENVELOPE].concat();
    let fault = Fault::ReplyAt(Mail, "450 4.7.1 later".to_owned());
    play(fault, &transcript).await.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_connection_ends_behind_421() {
    let transcript = [HELLO, "C: MAIL FROM:<>\n S: 421 4.3.2 bye\n S: EOF"].concat();
    let fault = Fault::ReplyAt(Mail, "421 4.3.2 bye".to_owned());
    play(fault, &transcript).await.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_early_answer_is_the_only_one() {
    let body = "C: aaa
         S: 452 4.3.1 full
         C: aaa
         C: .
         C: NOOP
         S: 250 2.0.0 Ok";
    let transcript = [HELLO, ENVELOPE, body].concat();
    let fault = Fault::ReplyAt(Body(4), "452 4.3.1 full".to_owned());
    let server = play(fault, &transcript).await;
    assert_eq!(server.received(), []);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_answer_can_have_a_second_one_behind_it() {
    let injected = "220 go\r\n250 you are fooled".to_owned();
    let server = TestServer::builder()
        .fault(Fault::ReplyAt(crate::testing::Point::StartTls, injected))
        .start()
        .await
        .unwrap();
    let mut peer = Peer::connect(&server).await;
    let hello = HELLO.replace("S: 250-PIPELINING", "S: 250-STARTTLS\n S: 250-PIPELINING");
    peer.play(&hello).await;
    peer.play("C: STARTTLS\n S: 220 go\n S: 250 you are fooled")
        .await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn silence_lasts_until_the_server_is_shut_down() {
    let server = open_server().fault_always(Fault::SilentAt(Greeting));
    let server = server.start().await.unwrap();
    let mut peers = [Peer::connect(&server).await, Peer::connect(&server).await];
    for peer in &mut peers {
        let mut octet = [0];
        tokio::select! {
            biased;
            read = peer.stream.read(&mut octet) => panic!("{read:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    tokio::time::timeout(PATIENCE, server.shutdown())
        .await
        .unwrap()
        .unwrap();
    for peer in &mut peers {
        peer.expect("EOF").await;
    }
}
