//! Mails that arrive, and those that are refused by the rules.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::{HELLO, Peer, open_server};
use crate::testing::{Received, Store};

#[tokio::test]
async fn a_group_of_commands_is_answered_in_one_write() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    peer.send(b"MAIL FROM:<a@b.example> SIZE=3\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        .await;
    let mut reply = vec![0; 1024];
    let octets = peer.stream.read(&mut reply).await.unwrap();
    reply.truncate(octets);
    assert_eq!(
        String::from_utf8(reply).unwrap(),
        "250 2.1.0 Sender ok\r\n\
         250 2.1.5 Recipient ok\r\n\
         354 End data with <CR><LF>.<CR><LF>\r\n"
    );
    peer.play(
        "C: a
         C: .
         S: 250 2.0.0 Ok: queued as 4C1F00000000
         C: QUIT
         S: 221 2.0.0 Bye
         S: EOF",
    )
    .await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_next_group_may_follow_the_end_of_data() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    peer.play(
        "C: MAIL FROM:<>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: one
         C: .
         C: MAIL FROM:<>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 2.0.0 Ok: queued as 4C1F00000000
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: ..two
         C: .
         C: QUIT
         S: 250 2.0.0 Ok: queued as 4C1F00000001
         S: 221 2.0.0 Bye
         S: EOF",
    )
    .await;
    assert_eq!(server.next_received().await.unwrap().octets, "one\r\n");
    assert_eq!(server.next_received().await.unwrap().octets, ".two\r\n");
    let both: Vec<Received> = server.received();
    assert_eq!(both.len(), 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_received_is_described() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    peer.play(
        "C: MAIL FROM:<\u{e9}@b.example> SIZE=6 BODY=8BITMIME SMTPUTF8
         C: RCPT TO:<\"c d\"@e.example>
         C: RCPT TO:<f@g.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: ..\u{e9}a
         C: .
         S: 250 2.0.0 Ok: queued as 4C1F00000000",
    )
    .await;
    let received = server.next_received().await.unwrap();
    assert_eq!(received.queue_id, "4C1F00000000");
    assert_eq!(received.connection, 1);
    assert_eq!(received.hello, "client.example");
    assert_eq!(received.tls, None);
    assert_eq!(received.authenticated_as, None);
    assert_eq!(received.reverse_path, "\u{e9}@b.example");
    assert_eq!(
        received.mail_parameters,
        ["SIZE=6", "BODY=8BITMIME", "SMTPUTF8"]
    );
    assert_eq!(received.declared_size(), Some(6));
    assert_eq!(received.forward_paths, ["\"c d\"@e.example", "f@g.example"]);
    assert_eq!(received.octets, ".\u{e9}a\r\n");
    assert_eq!((received.size, received.wire_octets), (6, 10));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn sizes_are_limited_as_declared_and_as_they_are() {
    let server = open_server().max_size(5).start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&HELLO.replace("67108864", "5")).await;
    peer.play(
        "C: MAIL FROM:<> SIZE=6
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 552 5.3.4 Message size exceeds the limit
         S: 503 5.5.1 MAIL was refused
         S: 503 5.5.1 MAIL was refused
         C: MAIL FROM:<>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: 1234
         C: .
         S: 552 5.3.4 Message size exceeds the limit
         C: QUIT
         S: 221 2.0.0 Bye",
    )
    .await;
    assert_eq!(server.received(), []);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn recipients_can_be_refused() {
    let server = open_server()
        .refuse_recipient("no@d.example", "550 5.1.1 no such user")
        .start()
        .await
        .unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    peer.play(
        "C: MAIL FROM:<>
         C: RCPT TO:<No@d.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 550 5.1.1 no such user
         S: 554 5.5.1 No valid recipients
         C: RSET
         S: 250 2.0.0 Ok",
    )
    .await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_thousand_recipients_are_accepted_and_no_more() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    peer.play("C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok").await;
    for _ in 0..1000 {
        peer.play("C: RCPT TO:<c@d.example>\n S: 250 2.1.5 Recipient ok")
            .await;
    }
    peer.play("C: RCPT TO:<c@d.example>\n S: 452 4.5.3 Too many recipients")
        .await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn messages_are_kept_in_files_only_when_they_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::Directory(directory.path().to_owned());
    let server = open_server().store(store).start().await.unwrap();
    let transcript = "C: MAIL FROM:<>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: a";
    let mut peer = Peer::connect(&server).await;
    peer.play(&[HELLO, transcript].concat()).await;
    peer.play("C: .\n S: 250 2.0.0 Ok: queued as 4C1F00000000")
        .await;
    peer.play(transcript).await;
    drop(peer);
    let received = server.next_received().await.unwrap();
    assert_eq!((received.size, received.octets.len()), (3, 0));
    server.shutdown().await.unwrap();

    let mut files = std::fs::read_dir(directory.path()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert_eq!(received.file.as_ref(), Some(&file));
    assert_eq!(std::fs::read(file).unwrap(), b"a\r\n");
    assert!(files.next().is_none());
}

#[tokio::test]
async fn waiting_for_a_message_ends_with_a_violation() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play("S: 220 localhost ESMTP Pilotfish\n C: DATA")
        .await;
    let failure = server.next_received().await.unwrap_err();
    assert_eq!(failure.violations.len(), 1);
    assert_eq!(server.shutdown().await, Err(failure));
}

#[tokio::test]
async fn small_commands_and_extensions_left_out() {
    let mut server = open_server();
    for keyword in [
        "size",
        "PIPELINING",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "chunking",
    ] {
        server = server.without(keyword);
    }
    let server = server.host_names(["mail.example"]).start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(
        "S: 220 mail.example ESMTP Pilotfish
         C: NOOP
         S: 250 Ok
         C: EHLO [IPv6:::1]
         S: 250-mail.example
         S: 250 8BITMIME
         C: VRFY a
         S: 252 Send some mail and see
         C: HELP
         S: 214 RFC 5321
         C: HELO client.example
         S: 250 mail.example
         C: QUIT
         S: 221 Bye
         S: EOF",
    )
    .await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_open_connection_does_not_keep_the_server_up() {
    let server = open_server().start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(HELLO).await;
    let shutdown = tokio::time::timeout(Duration::from_secs(20), server.shutdown());
    shutdown.await.unwrap().unwrap();
    peer.expect("EOF").await;
}
