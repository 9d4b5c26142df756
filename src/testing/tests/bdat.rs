//! BDAT, in the order and with the octets that it may have (RFC 3030).

use super::{HELLO, Peer, open_server, violations_of};
use crate::testing::{Fault, Point, TestServer, TestServerBuilder};

const BINARY: &str = "
    C: MAIL FROM:<> BODY=BINARYMIME
    C: RCPT TO:<a@b.example>
    S: 250 2.1.0 Sender ok
    S: 250 2.1.5 Recipient ok
";

const QUEUED: &str = "S: 250 2.0.0 Ok: queued as 4C1F00000000\n";

/// Plays a transcript with a server that has this fault.
async fn play(faults: impl IntoIterator<Item = Fault>, transcript: &str) -> TestServer {
    let builder = faults
        .into_iter()
        .fold(open_server(), TestServerBuilder::fault);
    let server = builder.start().await.unwrap();
    Peer::connect(&server).await.play(transcript).await;
    server
}

#[tokio::test]
async fn a_message_in_chunks_is_put_together() {
    for chunks in [
        "C> BDAT 5\\r\\na\\n\\0é
         S: 250 2.0.0 5 octets received
         C> BDAT 3 LAST\\r\\n.\\r\\n\n",
        "C> BDAT 5\\r\\na\\n\\0éBDAT 0\\r\\nBDAT 3\\r\\n.\\r\\nbdat 0 last\\r\\n
         S: 250 2.0.0 5 octets received
         S: 250 2.0.0 0 octets received
         S: 250 2.0.0 3 octets received\n",
    ] {
        let server = play([], &[HELLO, BINARY, chunks, QUEUED].concat()).await;
        let received = server.next_received().await.unwrap();
        assert_eq!(received.octets, "a\n\0é.\r\n");
        assert_eq!((received.size, received.wire_octets), (8, 8));
        assert!([2, 4].contains(&received.chunks));
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn what_may_not_be_sent_by_bdat() {
    let text = BINARY.replace(" BODY=BINARYMIME", "");
    let octets = "S: 503 5.5.1 Bad sequence of commands";
    let not_offered = "S: 503 5.5.1 PIPELINING is not offered\n S: EOF";
    for (left_out, commands, reply, violation) in [
        (
            "CHUNKING",
            "C> BDAT 4 LAST\\r\\nQUIT",
            "S: 503 5.5.1 Not offered\n S: EOF",
            "BDAT, not offered (RFC 3030, section 2)",
        ),
        (
            "",
            "C: BDAT  4",
            "S: 503 5.5.1 Syntax error in parameters\n S: EOF",
            "malformed BDAT (RFC 3030, section 2)",
        ),
        (
            "",
            "C> BDAT 2 LAST\\r\\nab",
            octets,
            "BDAT without MAIL (RFC 5321, section 4.1.4)",
        ),
        (
            "",
            "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n C> BDAT 2 LAST\\r\\nab",
            "S: 554 5.5.1 No valid recipients",
            "BDAT without a recipient (RFC 5321, section 3.3)",
        ),
        (
            "",
            &format!("{BINARY}C: DATA"),
            octets,
            "DATA after BODY=BINARYMIME (RFC 3030, section 3)",
        ),
        (
            "",
            &format!("{text}C> BDAT 0\\r\\n\n S: 250 2.0.0 0 octets received\n C: DATA"),
            octets,
            "DATA after BDAT (RFC 3030, section 2)",
        ),
        (
            "",
            &format!("{text}C> BDAT 0\\r\\n\n S: 250 2.0.0 0 octets received\n C: MAIL FROM:<>"),
            octets,
            "MAIL in a transaction (RFC 5321, section 4.1.4)",
        ),
        (
            "",
            &format!(
                "{text}C> BDAT 0\\r\\n
                 S: 250 2.0.0 0 octets received
                 C: RCPT TO:<c@b.example>"
            ),
            octets,
            "RCPT after BDAT (RFC 3030, section 2)",
        ),
        (
            "PIPELINING",
            "C: MAIL FROM:<>
             S: 250 2.1.0 Sender ok
             C: RCPT TO:<a@b.example>
             S: 250 2.1.5 Recipient ok
             C> BDAT 1\\r\\naBDAT 0 LAST\\r\\n",
            not_offered,
            "octets after a chunk, PIPELINING is not offered (RFC 2920)",
        ),
    ] {
        let server = match left_out {
            "" => open_server(),
            keyword => open_server().without(keyword),
        };
        let hello = match left_out {
            "CHUNKING" => HELLO
                .replace("S: 250-CHUNKING", "")
                .replace("S: 250 BINARYMIME", "")
                .replace("250-SMTPUTF8", "250 SMTPUTF8"),
            keyword => HELLO.replace(&format!("S: 250-{keyword}\n"), "\n"),
        };
        let transcript = format!("{hello}{commands}\n{reply}");
        let violations = violations_of(server, &transcript).await;
        assert_eq!(violations, [format!("connection 1: {violation}")]);
    }
}

#[tokio::test]
async fn octets_that_only_a_binary_message_may_have() {
    for (body, message, violation) in [
        (
            "8BITMIME",
            r"a\nb",
            "bare LF in the message (RFC 5321, section 2.3.8)",
        ),
        (
            "8BITMIME",
            r"b\0c",
            "NUL in the message (RFC 2045, sections 2.7 and 2.8)",
        ),
        (
            "7BIT",
            "aé",
            "octet above 127 without BODY=8BITMIME (RFC 6152, section 3)",
        ),
        (
            "BINARYMIME SIZE=4",
            "abc",
            "message of 3 octets declared with SIZE=4 (RFC 1870, section 6)",
        ),
    ] {
        let envelope = BINARY.replace("BINARYMIME", body);
        let chunk = format!("C> BDAT 3 LAST\\r\\n{message}\n S: 554 5.6.0 {violation}");
        let violations = violations_of(open_server(), &[HELLO, &envelope, &chunk].concat()).await;
        assert_eq!(violations, [format!("connection 1: {violation}")]);
    }
    let allowed = format!("C> BDAT 4 LAST\\r\\né\\r\\n\n{QUEUED}");
    let envelope = BINARY.replace("BINARYMIME", "8BITMIME");
    let violations = violations_of(open_server(), &[HELLO, &envelope, &allowed].concat()).await;
    assert_eq!(violations, [""; 0]);
}

#[tokio::test]
async fn a_refused_chunk_breaks_the_transaction_until_rset() {
    let chunk = |text: &str| Fault::ReplyAt(Point::Chunk, text.to_owned());
    let faults = || [chunk("250 fine"), chunk("452 4.3.1 disk full")];
    let refused = "
        C> BDAT 1\\r\\naBDAT 1\\r\\nbBDAT 1\\r\\ncBDAT 0 LAST\\r\\n
        S: 250 fine
        S: 452 4.3.1 disk full
        S: 503 5.5.1 A chunk was refused
        S: 503 5.5.1 A chunk was refused
    ";
    let again = format!("C: RSET\n S: 250 2.0.0 Ok\n{BINARY}C: BDAT 0 LAST\n{QUEUED}");
    let again = again.replace("4C1F00000000", "4C1F00000001");
    let server = play(faults(), &[HELLO, BINARY, refused, &again].concat()).await;
    assert_eq!(server.received().len(), 1);
    server.shutdown().await.unwrap();

    let mail = "C: MAIL FROM:<>\n S: 503 5.5.1 Bad sequence of commands";
    let server = play(faults(), &[HELLO, BINARY, refused, mail].concat()).await;
    let violation = "connection 1: MAIL in a transaction (RFC 5321, section 4.1.4)";
    assert_eq!(server.violations(), [violation]);
}

#[tokio::test]
async fn faults_within_a_chunk() {
    let early = Fault::ReplyAt(Point::Body(2), "552 5.3.4 too big".to_owned());
    let transcript = "
        C> BDAT 1\\r\\na
        S: 250 2.0.0 1 octets received
        C> BDAT 3\\r\\nb
        S: 552 5.3.4 too big
        C> cdBDAT 0 LAST\\r\\n
        S: 503 5.5.1 A chunk was refused
    ";
    let server = play([early], &[HELLO, BINARY, transcript].concat()).await;
    server.shutdown().await.unwrap();

    let close = Fault::CloseAt(Point::EndOfData);
    let transcript = [HELLO, BINARY, "C> BDAT 1 LAST\\r\\na\n S: EOF"].concat();
    let server = play([close], &transcript).await;
    assert_eq!(server.received().len(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_message_too_large_is_refused_at_the_chunk() {
    let hello = HELLO.replace("67108864", "4");
    let transcript = "
        C> BDAT 4\\r\\nabcd
        S: 250 2.0.0 4 octets received
        C> BDAT 1\\r\\ne
        S: 552 5.3.4 Message size exceeds the limit
    ";
    let server = open_server().max_size(4);
    let violations = violations_of(server, &[&hello, BINARY, transcript].concat()).await;
    assert_eq!(violations, [""; 0]);
}
