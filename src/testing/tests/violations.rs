//! Octets, lines and parameters that may not be sent.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{HELLO, open_server, violations_of};

const SYNTAX: &str = "S: 501 5.5.4 Syntax error in parameters";
const NOT_OFFERED: &str = "S: 555 5.5.4 Parameter not offered";

async fn refused(commands: &str, reply: &str, violation: &str) {
    let transcript = [HELLO, commands, "\n", reply].concat();
    let violations = violations_of(open_server(), &transcript).await;
    assert_eq!(violations, [format!("connection 1: {violation}")]);
}

#[tokio::test]
async fn bare_cr_and_lf_in_commands() {
    let reply = "S: 500 5.5.2 A line ends in CRLF and has no other CR or LF";
    for (commands, octet) in [
        (r"C> NOOP\n", "LF"),
        (r"C: NO\rOP", "CR"),
        ("C> \u{16}\u{3}\\n", "LF"),
        (r"C: NOOP\r", "CR"),
    ] {
        let violation = format!("bare {octet} in a command (RFC 5321, section 2.3.8)");
        refused(commands, reply, &violation).await;
    }
}

/// A client that waits too long for the greeting tries whether the port begins with TLS. The server
/// closes that connection, and it is not a violation.
#[tokio::test]
async fn a_tls_handshake_in_clear_text_is_not_a_command() {
    let server = open_server().start().await.unwrap();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream
        .write_all(b"\x16\x03\x01\x00\x05\x01\n\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // The server has not read all octets, so the connection may end by a reset.
    drop(stream.read_to_end(&mut answer).await);
    assert!(
        !answer.windows(4).any(|reply| reply == b"\r\n50"),
        "{answer:?}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn octets_that_are_no_text_in_commands() {
    let violation = "command with octets that are no text (RFC 5321, section 2.4)";
    for commands in [r"C: NOOP \0", "C: NOOP \u{7f}", "C: NOOP\ta"] {
        refused(commands, SYNTAX, violation).await;
    }
}

#[tokio::test]
async fn command_lines_have_512_octets() {
    let reply = "S: 500 5.5.2 Line too long";
    let noop = |octets: usize| format!("C: NOOP {}", "a".repeat(octets - 7));
    let violations = violations_of(
        open_server(),
        &[HELLO, &noop(512), "\n S: 250 2.0.0 Ok"].concat(),
    )
    .await;
    assert_eq!(violations, [""; 0]);
    let violation = "command line of 513 octets, not 512 (RFC 5321, section 4.5.3.1.4)";
    refused(&noop(513), reply, violation).await;
    // With SIZE, 8BITMIME and SMTPUTF8.
    let mail = format!("C: MAIL FROM:<{}@b.example>", "a".repeat(600));
    let violation = "command line of 624 octets, not 565 (RFC 5321, section 4.5.3.1.4)";
    refused(&mail, reply, violation).await;
}

#[tokio::test]
async fn parameters_that_are_not_offered() {
    for (parameter, offered) in [
        ("RET=FULL", "DSN"),
        ("BODY=BINARYMIME", "left out"),
        ("FOO=1", "FOO"),
        ("ORCPT=rfc822;a@b.example", "ORCPT"),
        ("AUTH=<>", "AUTH"),
        ("SMTPUTF8", "left out"),
        ("SIZE=1", "left out"),
        ("BODY=7BIT", "left out"),
    ] {
        let (hello, server) = if offered == "left out" {
            let server = open_server().without("SMTPUTF8").without("SIZE");
            let server = server.without("CHUNKING");
            let hello = "
                S: 220 localhost ESMTP Pilotfish
                C: EHLO client.example
                S: 250-localhost
                S: 250-PIPELINING
                S: 250 ENHANCEDSTATUSCODES\n";
            (hello, server.without("8BITMIME"))
        } else {
            (HELLO, open_server())
        };
        let commands = format!("C: MAIL FROM:<> {parameter}\n {NOT_OFFERED}");
        let violations = violations_of(server, &[hello, &commands].concat()).await;
        let violation = format!(
            "connection 1: parameter {parameter}, not offered (RFC 5321, section 4.1.1.11)"
        );
        assert_eq!(violations, [violation]);
    }
    refused(
        "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n C: RCPT TO:<a@b.example> NOTIFY=NEVER",
        NOT_OFFERED,
        "parameter NOTIFY=NEVER, not offered (RFC 5321, section 4.1.1.11)",
    )
    .await;
}

#[tokio::test]
async fn malformed_commands() {
    for (command, violation) in [
        (
            "MAIL FROM: <a@b.example>",
            "malformed MAIL (RFC 5321, section 4.1.1.2)",
        ),
        ("MAIL FROM:<> SIZE=1 SIZE=1", "MAIL with SIZE twice"),
        ("MAIL FROM:<> SIZE=1a", "MAIL with a malformed SIZE=1a"),
        ("MAIL FROM:<> SIZE", "MAIL with a malformed SIZE"),
        ("MAIL FROM:<> BODY=8BIT", "MAIL with a malformed BODY=8BIT"),
        (
            "MAIL FROM:<@a.example:b@c.example>",
            "source route (RFC 5321, appendix C)",
        ),
        (
            "EHLO a_b",
            "EHLO without a domain or an address literal (RFC 5321, section 4.1.1.1)",
        ),
        (
            "DATA now",
            "DATA with an argument (RFC 5321, section 4.1.1)",
        ),
        ("QUIT ", "QUIT with an argument (RFC 5321, section 4.1.1)"),
    ] {
        refused(&format!("C: {command}"), SYNTAX, violation).await;
    }
    refused(
        "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n C: RCPT TO:<>",
        SYNTAX,
        "malformed RCPT (RFC 5321, section 4.1.1.3)",
    )
    .await;
    refused(
        "C: MAIL FROM:<\u{e9}@b.example>",
        "S: 553 5.6.7 Address beyond ASCII without SMTPUTF8",
        "address beyond ASCII without SMTPUTF8 (RFC 6531, section 3.4)",
    )
    .await;
}

#[tokio::test]
async fn messages_that_may_not_be_sent() {
    for (parameters, message, violation) in [
        (
            "",
            r"C> a\nb\r\n",
            "bare LF in the message (RFC 5321, section 2.3.8)",
        ),
        (
            "",
            r"C> a\rb\r\n",
            "bare CR in the message (RFC 5321, section 2.3.8)",
        ),
        (
            "",
            r"C: a\0",
            "NUL in the message (RFC 2045, sections 2.7 and 2.8)",
        ),
        (
            "",
            "C: .a",
            "line with a dot that was not doubled (RFC 5321, section 4.5.2)",
        ),
        (
            "",
            "C: \u{e9}",
            "octet above 127 without BODY=8BITMIME (RFC 6152, section 3)",
        ),
        (
            "",
            &format!("C: {}", "a".repeat(999)),
            "line of more than 998 octets (RFC 5321, section 4.5.3.1.6)",
        ),
        (
            " SIZE=4",
            "C: a",
            "message of 3 octets declared with SIZE=4 (RFC 1870, section 6)",
        ),
    ] {
        let commands = format!(
            "C: MAIL FROM:<>{parameters}
             C: RCPT TO:<a@b.example>
             C: DATA
             S: 250 2.1.0 Sender ok
             S: 250 2.1.5 Recipient ok
             S: 354 End data with <CR><LF>.<CR><LF>
             {message}
             C: ."
        );
        refused(&commands, &format!("S: 554 5.6.0 {violation}"), violation).await;
    }
}
