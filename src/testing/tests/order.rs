//! Commands that come at the wrong time, alone or in groups.

use super::{HELLO, open_server, violations_of};

async fn refused(transcript: &str, violation: &str) {
    let violations = violations_of(open_server(), transcript).await;
    assert_eq!(violations, [format!("connection 1: {violation}")]);
}

const GREETING: &str = "S: 220 localhost ESMTP Pilotfish\n";
const BAD_SEQUENCE: &str = "S: 503 5.5.1 Bad sequence of commands\n";

#[tokio::test]
async fn commands_out_of_order() {
    refused(
        &[
            GREETING,
            "C: MAIL FROM:<>\n S: 503 Bad sequence of commands",
        ]
        .concat(),
        "MAIL before EHLO (RFC 5321, section 4.1.1.1)",
    )
    .await;
    for (commands, violation) in [
        (
            "C: RCPT TO:<a@b.example>\n",
            "RCPT without MAIL (RFC 5321, section 4.1.4)",
        ),
        ("C: DATA\n", "DATA without MAIL (RFC 5321, section 4.1.4)"),
        (
            "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n C: MAIL FROM:<>\n",
            "MAIL in a transaction (RFC 5321, section 4.1.4)",
        ),
    ] {
        refused(&[HELLO, commands, BAD_SEQUENCE].concat(), violation).await;
    }
}

#[tokio::test]
async fn data_without_a_recipient() {
    refused(
        &[
            HELLO,
            "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n C: DATA\n S: 554 5.5.1 No valid recipients",
        ]
        .concat(),
        "DATA without a recipient (RFC 5321, section 3.3)",
    )
    .await;
}

#[tokio::test]
async fn helo_and_rset_end_a_transaction() {
    let mail = "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n";
    let rset = "C: RSET\n S: 250 2.0.0 Ok\n";
    // What EHLO offered does not last beyond HELO, the enhanced codes among it.
    let helo = "C: HELO a\n S: 250 localhost\n C: MAIL FROM:<>\n S: 250 Sender ok\n";
    let transcript = [HELLO, mail, rset, mail, helo].concat();
    let violations = violations_of(open_server(), &transcript).await;
    assert_eq!(violations, [""; 0]);
}

#[tokio::test]
async fn a_command_that_must_be_answered_is_the_last_of_its_group() {
    for command in ["NOOP", "DATA", "QUIT", "EHLO a", "VRFY a"] {
        let transcript = format!(
            "{HELLO}
             C: {command}
             C: NOOP
             S: 503 5.5.1 This command is the last of its group
             S: EOF"
        );
        let verb = command.split(' ').next().unwrap();
        let violation = format!("octets after {verb}, unanswered (RFC 2920, section 3.1)");
        refused(&transcript, &violation).await;
    }
}

#[tokio::test]
async fn pipelining_must_be_offered() {
    let hello = HELLO.replace("S: 250-PIPELINING", "");
    for (commands, behind) in [
        ("C: MAIL FROM:<>\n C: RCPT TO:<a@b.example>", "MAIL"),
        (
            "C: MAIL FROM:<>
             S: 250 2.1.0 Sender ok
             C: RCPT TO:<a@b.example>
             S: 250 2.1.5 Recipient ok
             C: DATA
             S: 354 End data with <CR><LF>.<CR><LF>
             C: .
             C: MAIL FROM:<>",
            "the end of data",
        ),
    ] {
        let transcript = format!(
            "{hello}
             {commands}
             S: 503 5.5.1 PIPELINING is not offered
             S: EOF"
        );
        let server = open_server().without("PIPELINING");
        let violations = violations_of(server, &transcript).await;
        let violation =
            format!("connection 1: octets after {behind}, PIPELINING is not offered (RFC 2920)");
        assert_eq!(violations, [violation]);
    }
}

#[tokio::test]
async fn without_pipelining_nothing_follows_a_refused_mail() {
    let hello = HELLO.replace("S: 250-PIPELINING", "");
    let transcript = "C: MAIL FROM:<> SIZE=99999999
         S: 552 5.3.4 Message size exceeds the limit
         C: RCPT TO:<a@b.example>
         S: 503 5.5.1 Bad sequence of commands";
    let server = open_server().without("PIPELINING");
    let violations = violations_of(server, &[&hello, transcript].concat()).await;
    assert_eq!(
        violations,
        ["connection 1: RCPT without MAIL (RFC 5321, section 4.1.4)"]
    );
}
