//! Extensions that are offered to order, and the limits that come with them.

use std::fmt::Write as _;

use super::super::{Offer, TestServerBuilder};
use super::{Peer, open_server, violations_of};

/// A server that offers these and little else, and the dialogue with it up to MAIL.
fn offering(offers: &[Offer], lines: &[&str]) -> (TestServerBuilder, String) {
    let server = open_server()
        .without("CHUNKING")
        .without("8BITMIME")
        .without("SIZE");
    let server = offers
        .iter()
        .cloned()
        .fold(server, TestServerBuilder::offer);
    let mut hello = "
        S: 220 localhost ESMTP Pilotfish
        C: EHLO client.example
        S: 250-localhost
        S: 250-PIPELINING
        "
    .to_owned();
    for (index, line) in ["ENHANCEDSTATUSCODES"].iter().chain(lines).enumerate() {
        let separator = if index == lines.len() { ' ' } else { '-' };
        writeln!(hello, "S: 250{separator}{line}").unwrap();
    }
    (server, hello)
}

#[tokio::test]
async fn what_is_asked_for_is_kept() {
    let latest = "2030-01-31T08:00:00Z".to_owned();
    let (server, hello) = offering(
        &[
            Offer::Dsn,
            Offer::DeliverBy(60),
            Offer::FutureRelease {
                longest: 3600,
                latest,
            },
            Offer::MtPriority,
        ],
        &[
            "DSN",
            "DELIVERBY 60",
            "FUTURERELEASE 3600 2030-01-31T08:00:00Z",
            "MT-PRIORITY",
        ],
    );
    let server = server.start().await.unwrap();
    let transcript = format!(
        r"{hello}
        C: MAIL FROM:<> RET=HDRS ENVID=a+20b BY=60;RT HOLDFOR=3600 MT-PRIORITY=-9
        C: RCPT TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+2Bd@b.example
        C: RCPT TO:<b@b.example> ORCPT=utf-8;j\x{{F6}}rg@b.example
        C: RCPT TO:<c@b.example>
        C: DATA
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 354 End data with <CR><LF>.<CR><LF>
        C: a
        C: ."
    );
    Peer::connect(&server).await.play(&transcript).await;
    let received = server.next_received().await.unwrap();
    for (keyword, value) in [
        ("RET", Some("HDRS")),
        ("ENVID", Some("a+20b")),
        ("BY", Some("60;RT")),
        ("HOLDFOR", Some("3600")),
        ("mt-priority", Some("-9")),
        ("REQUIRETLS", None),
    ] {
        assert_eq!(received.mail_parameter(keyword), value, "{keyword}");
    }
    for (path, notify, orcpt) in [
        (
            "a@b.example",
            Some("SUCCESS,DELAY"),
            Some("rfc822;c+2Bd@b.example"),
        ),
        ("b@b.example", None, Some(r"utf-8;j\x{F6}rg@b.example")),
        ("c@b.example", None, None),
        ("d@b.example", None, None),
    ] {
        assert_eq!(received.rcpt_parameter(path, "NOTIFY"), notify, "{path}");
        assert_eq!(received.rcpt_parameter(path, "ORCPT"), orcpt, "{path}");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn malformed_and_repeated_parameters_are_violations() {
    let (_, hello) = offering(&[Offer::Dsn], &["DSN"]);
    let begun = "C: MAIL FROM:<>\n S: 250 2.1.0 Sender ok\n";
    for (begun, command, violation) in [
        (
            "",
            "MAIL FROM:<> ENVID=+0D",
            "MAIL with a malformed ENVID=+0D",
        ),
        ("", "MAIL FROM:<> RET=ALL", "MAIL with a malformed RET=ALL"),
        ("", "MAIL FROM:<> RET", "MAIL with a malformed RET"),
        ("", "MAIL FROM:<> ENVID", "MAIL with a malformed ENVID"),
        ("", "MAIL FROM:<> RET=FULL RET=FULL", "MAIL with RET twice"),
        (
            begun,
            "RCPT TO:<a@b.example> NOTIFY=SOMETIMES",
            "RCPT with a malformed NOTIFY=SOMETIMES",
        ),
        (
            begun,
            "RCPT TO:<a@b.example> NOTIFY",
            "RCPT with a malformed NOTIFY",
        ),
        (
            begun,
            "RCPT TO:<a@b.example> NOTIFY=DELAY NOTIFY=DELAY",
            "RCPT with NOTIFY twice",
        ),
        (
            begun,
            "RCPT TO:<a@b.example> ORCPT=x400;a",
            "RCPT with a malformed ORCPT=x400;a",
        ),
        (
            begun,
            "RCPT TO:<a@b.example> ORCPT=a",
            "RCPT with a malformed ORCPT=a",
        ),
    ] {
        let (server, _) = offering(&[Offer::Dsn], &[]);
        let transcript =
            format!("{hello}{begun} C: {command}\n S: 501 5.5.4 Syntax error in parameters");
        let violations = violations_of(server, &transcript).await;
        assert_eq!(violations, [format!("connection 1: {violation}")]);
    }
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused() {
    let latest = "2030-01-31T08:00:00Z".to_owned();
    let offers = [
        Offer::DeliverBy(60),
        Offer::FutureRelease {
            longest: 3600,
            latest,
        },
    ];
    for (parameter, reply) in [
        ("BY=59;R", "555 5.5.4 Cannot deliver as soon as that"),
        ("BY=59;N", "250 2.1.0 Sender ok"),
        ("HOLDFOR=3601", "555 5.5.4 Cannot hold as long as that"),
        (
            "HOLDUNTIL=2030-01-31T08:00:01Z",
            "555 5.5.4 Cannot hold as long as that",
        ),
        ("HOLDUNTIL=2030-01-31T08:00:00Z", "250 2.1.0 Sender ok"),
    ] {
        let (server, hello) = offering(
            &offers,
            &["DELIVERBY 60", "FUTURERELEASE 3600 2030-01-31T08:00:00Z"],
        );
        let transcript = format!("{hello} C: MAIL FROM:<> {parameter}\n S: {reply}");
        assert_eq!(violations_of(server, &transcript).await, [""; 0]);
    }
}

#[tokio::test]
async fn limits_end_with_452_and_421() {
    let limits = [Offer::Mails(1), Offer::Recipients(3), Offer::Domains(2)];
    let (server, hello) = offering(&limits, &["LIMITS MAILMAX=1 RCPTMAX=3 RCPTDOMAINMAX=2"]);
    let dialogue = "
        C: MAIL FROM:<>
        C: RCPT TO:<a@b.example>
        C: RCPT TO:<a@c.example>
        C: RCPT TO:<a@d.example>
        C: RCPT TO:<b@C.example>
        C: RCPT TO:<c@b.example>
        C: RSET
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender ok
        S: 250 2.1.5 Recipient ok
        S: 250 2.1.5 Recipient ok
        S: 452 4.5.3 Too many recipients
        S: 250 2.1.5 Recipient ok
        S: 452 4.5.3 Too many recipients
        S: 250 2.0.0 Ok
        S: 421 4.7.0 Too many messages in this session
        S: EOF";
    let violations = violations_of(server, &[&hello, dialogue].concat()).await;
    assert_eq!(violations, [""; 0]);
    // They hold where they are not offered, too.
    let (server, hello) = offering(&limits, &[]);
    let server = server.without("LIMITS");
    let violations = violations_of(server, &[&hello, dialogue].concat()).await;
    assert_eq!(violations, [""; 0]);
}

#[tokio::test]
async fn requiretls_is_not_offered_in_clear_text() {
    let (server, hello) = offering(&[Offer::RequireTls], &[]);
    let reply = "S: 555 5.5.4 Parameter not offered";
    let transcript = format!("{hello} C: MAIL FROM:<> REQUIRETLS\n {reply}");
    let violation = "connection 1: parameter REQUIRETLS, not offered (RFC 5321, section 4.1.1.11)";
    assert_eq!(violations_of(server, &transcript).await, [violation]);
}
