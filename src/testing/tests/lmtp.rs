//! LMTP (RFC 2033), over TCP and over a Unix socket.

use super::{HELLO, Peer, open_server, violations_of};
use crate::testing::Point::{EndOfData, EndOfDataFor};
use crate::testing::{Fault, Offer, Security, TestServer, TestServerBuilder};

fn hello() -> String {
    HELLO.replace("ESMTP", "LMTP").replace("EHLO", "LHLO")
}

/// Two recipients of which both are accepted, and a third who is not.
const ENVELOPE: &str = "
    C: MAIL FROM:<>
    C: RCPT TO:<ann@b.example>
    C: RCPT TO:<nobody@b.example>
    C: RCPT TO:<bob@b.example>
    C: DATA
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
    S: 550 5.1.1 no such user
    S: 250 2.1.5 Recipient ok
    S: 354 End data with <CR><LF>.<CR><LF>
    C: a
    C: .
";

fn lmtp_server() -> TestServerBuilder {
    let server = open_server().lmtp();
    server.refuse_recipient("nobody@b.example", "550 5.1.1 no such user")
}

/// Plays a transcript behind LHLO; returns who got each message.
async fn play(builder: TestServerBuilder, transcript: &str) -> Vec<Vec<String>> {
    let server = builder.start().await.unwrap();
    let mut peer = Peer::connect(&server).await;
    peer.play(&[&hello(), transcript].concat()).await;
    let received = server.received();
    server.shutdown().await.unwrap();
    let recipients = received.into_iter().map(|message| message.forward_paths);
    recipients.collect()
}

#[tokio::test]
async fn each_recipient_has_a_reply_of_its_own() {
    let replies = "S: 250 2.1.5 <ann@b.example> Ok: queued as 4C1F00000000
         S: 452 4.2.2 over quota
         C: QUIT
         S: 221 2.0.0 Bye
         S: EOF";
    let server = lmtp_server().refuse_after_data("Bob@b.example", "452 4.2.2 over quota");
    let got = play(server, &[ENVELOPE, replies].concat()).await;
    assert_eq!(got, [["ann@b.example"]]);
}

#[tokio::test]
async fn parameters_stay_with_their_recipient() {
    let server = open_server().lmtp().offer(Offer::Dsn);
    let server = server.refuse_after_data("ann@b.example", "452 4.2.2 over quota");
    let server = server.start().await.unwrap();
    let hello = hello().replace(
        "250 BINARYMIME",
        "250-BINARYMIME
         S: 250 DSN",
    );
    let transcript = "C: MAIL FROM:<>
         C: RCPT TO:<ann@b.example> NOTIFY=NEVER
         C: RCPT TO:<bob@b.example> NOTIFY=DELAY
         C: RCPT TO:<cy@b.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 452 4.2.2 over quota
         S: 250 2.1.5 <bob@b.example> Ok: queued as 4C1F00000000
         S: 250 2.1.5 <cy@b.example> Ok: queued as 4C1F00000000";
    let mut peer = Peer::connect(&server).await;
    peer.play(&[&hello, transcript].concat()).await;
    let received = &server.received()[0];
    for (path, notify) in [
        ("ann@b.example", None),
        ("bob@b.example", Some("DELAY")),
        ("cy@b.example", None),
    ] {
        assert_eq!(received.rcpt_parameter(path, "NOTIFY"), notify, "{path}");
    }
    assert_eq!(received.rcpt_parameters.len(), received.forward_paths.len());
}

#[tokio::test]
async fn a_recipient_named_twice_has_two_replies() {
    let transcript = "C: MAIL FROM:<>
         C: RCPT TO:<ann@b.example>
         C: RCPT TO:<ann@b.example>
         C: DATA
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.1.5 Recipient ok
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 250 2.1.5 <ann@b.example> Ok: queued as 4C1F00000000
         S: 250 2.1.5 <ann@b.example> Ok: queued as 4C1F00000000";
    assert_eq!(play(lmtp_server(), transcript).await.len(), 1);
}

#[tokio::test]
async fn only_the_last_chunk_has_a_reply_for_each() {
    let transcript = r"C: MAIL FROM:<>
         C: RCPT TO:<ann@b.example>
         C: RCPT TO:<bob@b.example>
         C: BDAT 2
         C> a\r
         C: BDAT 1 LAST
         C> \n
         S: 250 2.1.0 Sender ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.1.5 Recipient ok
         S: 250 2.0.0 2 octets received
         S: 250 2.1.5 <ann@b.example> Ok: queued as 4C1F00000000
         S: 250 2.1.5 <bob@b.example> Ok: queued as 4C1F00000000";
    let got = play(lmtp_server(), transcript).await;
    assert_eq!(got, [["ann@b.example", "bob@b.example"]]);
}

/// RFC 2033, sections 4.2 and 4.3.
#[tokio::test]
async fn without_a_recipient_there_is_no_message() {
    let group = "C: MAIL FROM:<>
         C: RCPT TO:<nobody@b.example>
         C: ";
    let replies = "
         S: 250 2.1.0 Sender ok
         S: 550 5.1.1 no such user\n";
    let data = [group, "DATA", replies, "S: 503 5.5.1 No valid recipients"].concat();
    let chunk = r"BDAT 1 LAST
         C> a
         C: RSET";
    let chunk = [group, chunk, replies, "S: 250 2.0.0 Ok"].concat();
    for transcript in [data, chunk] {
        assert_eq!(play(lmtp_server(), &transcript).await, [[""; 0]; 0]);
    }
}

#[tokio::test]
async fn a_message_that_may_not_be_sent_is_refused_for_each() {
    let server = lmtp_server().max_size(2);
    let transcript = [&hello().replace("67108864", "2"), ENVELOPE].concat();
    let refused = "S: 552 5.3.4 Message size exceeds the limit\n";
    let transcript = [&transcript, refused, refused, "C: NOOP\n S: 250 2.0.0 Ok"].concat();
    assert_eq!(violations_of(server, &transcript).await, [""; 0]);
}

#[tokio::test]
async fn faults_come_before_between_and_for_all() {
    let ann = "S: 250 2.1.5 <ann@b.example> Ok: queued as 4C1F00000000\n";
    let bob = ann.replace("ann", "bob");
    let eof = "S: EOF\n";
    let later = "S: 451 4.3.0 later\n";
    let reply = |point| Fault::ReplyAt(point, "451 4.3.0 later".to_owned());
    for (fault, replies, got) in [
        (Fault::CloseAt(EndOfData), [eof, ""], "ann bob"),
        (Fault::CloseAt(EndOfDataFor(0)), [eof, ""], "ann bob"),
        (Fault::CloseAt(EndOfDataFor(1)), [ann, eof], "ann bob"),
        (reply(EndOfDataFor(0)), [later, &bob], "bob"),
        (reply(EndOfDataFor(1)), [ann, later], "ann"),
        (reply(EndOfDataFor(2)), [ann, &bob], "ann bob"),
        (reply(EndOfData), [later, later], ""),
    ] {
        let transcript = [ENVELOPE, &replies.concat()].concat();
        let messages = play(lmtp_server().fault(fault.clone()), &transcript).await;
        let names: Vec<_> = messages
            .iter()
            .flatten()
            .filter_map(|path| path.strip_suffix("@b.example"))
            .collect();
        assert_eq!(names.join(" "), got, "{fault:?}");
    }
}

#[tokio::test]
async fn smtp_and_lmtp_are_not_mixed() {
    let lmtp = "S: 220 localhost LMTP Pilotfish
         C: EHLO client.example
         S: 500 This is LMTP, say LHLO
         C: HELO client.example
         S: 500 This is LMTP, say LHLO";
    let violation = "connection 1: EHLO or HELO over LMTP (RFC 2033, section 4.1)";
    let violations = violations_of(open_server().lmtp(), lmtp).await;
    assert_eq!(violations, [violation, violation]);
    let smtp = "S: 220 localhost ESMTP Pilotfish
         C: LHLO client.example
         S: 502 Not implemented";
    let violations = violations_of(open_server(), smtp).await;
    assert_eq!(violations, ["connection 1: LHLO, not offered"]);
    let server = open_server().refuse_after_data("a@b.example", "452 full");
    assert!(server.start().await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_there_as_long_as_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    for security in [Security::Cleartext, Security::StartTls] {
        let server = TestServer::builder().lmtp().security(security);
        let server = server.unix_socket(&path).start().await.unwrap();
        assert_eq!(server.unix_socket(), Some(path.as_path()));
        let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let mut peer = Peer { stream };
        peer.play("S: 220 localhost LMTP Pilotfish\n C: QUIT\n S: 221 Bye\n S: EOF")
            .await;
        // The greeting and the answer to QUIT: there is nothing to shake hands for.
        assert_eq!(server.round_trips(), [2]);
        server.shutdown().await.unwrap();
        assert!(!path.exists());
    }
    std::fs::write(&path, "").unwrap();
    let server = TestServer::builder().unix_socket(&path).start().await;
    assert!(server.is_err());
    assert!(path.exists());
}
