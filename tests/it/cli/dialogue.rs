//! `pilotfish sendmail -bs`: SMTP on standard input and output.

use pilotfish::testing::{Fault, Point};

use super::cli_fixture::server;
use super::sendmail::{fixture, sendmail};

const ENVELOPE: &str = "EHLO me\r\nMAIL FROM:<me@example.org>\r\nRCPT TO:<ann@example.org>\r\nRCPT TO:<bo@example.net>\r\n";

/// The replies by their codes, without the lines before the last one of each.
fn codes(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines();
    let last = lines.filter(|line| line.as_bytes().get(3) != Some(&b'-'));
    last.map(|line| &line[..3]).collect()
}

/// A dialogue on standard input and output, and its replies by their codes.
#[tokio::test]
async fn smtp_on_standard_input() {
    let fixture = fixture(server(), "").await;
    let dialogue = "EHLO me\r\nDATA\r\nMAIL FROM:<me@example.org>\r\nRCPT TO:<ann@example.org>\r\n\
                    DATA\r\nSubject: Hi\r\n\r\n..dot\r\n.\r\nMAIL FROM:<me@example.org>\r\n\
                    RSET\r\nVRFY ann\r\nNONSENSE\r\nQUIT\r\n";
    let ended = sendmail(&fixture.directory, "-bs", dialogue).end().await;
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let expected = [
        "220", "250", "503", "250", "250", "354", "250", "250", "250", "252", "500", "221",
    ];
    assert_eq!(codes(&ended.stdout), expected, "{}", ended.stdout);
    assert!(ended.stdout.contains("\r\n250-SIZE\r\n"), "{ended:?}");
    let mail = fixture.mail().await;
    let text = String::from_utf8(mail.octets.to_vec()).unwrap();
    assert!(text.starts_with("Subject: Hi\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n.dot\r\n"), "{text}");
}

/// A message with an end that other servers may know is one mail, and its author writes no commands. A
/// dialogue without CRLF ends a message by LF.
#[tokio::test]
async fn no_mail_is_smuggled() {
    const NEXT: &str = "MAIL FROM:<boss@example.org>\r\nRCPT TO:<eve@example.org>\r\nDATA\r\nPay";
    for (end, shown) in [
        ("\n.\n", "\r\n.\r\n"),
        ("\n.\r\n", "\r\n.\r\n"),
        ("\r\n.\n", "\r\n\r\n"),
        ("\r.\r", "\r\n.\r\n"),
        ("\r.\r\n", "\r\n.\r\n"),
    ] {
        let fixture = fixture(server(), "").await;
        let dialogue =
            format!("{ENVELOPE}DATA\r\nSubject: Hi\r\n\r\nHi{end}{NEXT}\r\n.\r\nQUIT\r\n");
        let ended = sendmail(&fixture.directory, "-bs", &dialogue).end().await;
        let expected = ["220", "250", "250", "250", "250", "354", "250", "221"];
        assert_eq!(codes(&ended.stdout), expected, "{end:?}: {ended:?}");
        let mail = fixture.mail().await;
        assert_eq!(mail.reverse_path, "me@example.org", "{end:?}");
        let text = String::from_utf8(mail.octets.to_vec()).unwrap();
        let expected = format!("\r\n\r\nHi{shown}{NEXT}\r\n");
        assert!(text.ends_with(&expected), "{end:?}: {text:?}");
    }
    let fixture = fixture(server(), "").await;
    let dialogue = format!("{ENVELOPE}DATA\r\nSubject: Hi\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    let dialogue = dialogue.replace('\r', "");
    let ended = sendmail(&fixture.directory, "-bs", &dialogue).end().await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let mail = fixture.mail().await;
    assert!(mail.octets.ends_with(b"\r\n\r\n.dot\r\n"), "{mail:?}");
}

/// Nothing is sent of a message that breaks off, and a caller may send it again.
#[tokio::test]
async fn an_input_that_breaks_off_was_not_sent() {
    for cut in ["DATA\r\nHi\r\n", "DATA\r\n", "DATA\r\nHi\r\n."] {
        let fixture = fixture(server(), "").await;
        let input = format!("{ENVELOPE}{cut}");
        let ended = sendmail(&fixture.directory, "-bs", &input).end().await;
        ended.reports(
            75,
            "the input ended before the line with only a dot: the mail was not sent",
        );
        fixture.received_nothing().await;
    }
}

/// The caller gets the server's words, and no reply that leads to a second mail or to a missing one.
#[tokio::test]
async fn the_reply_of_the_server_reaches_the_caller() {
    let at_data = |reply: &str| server().fault(Fault::ReplyAt(Point::EndOfData, reply.into()));
    let refused = |reply: &str| server().refuse_recipient("bo@example.net", reply);
    for (server, reply, is_sent) in [
        (server(), "250 2.0.0 Ok: queued as ", true),
        (at_data("554 5.7.1 Spam"), "554 5.7.1 Spam", false),
        (
            at_data("552-5.3.4 Too\r\n552 5.3.4 large"),
            "552-5.3.4 Too\r\n552 5.3.4 large",
            false,
        ),
        (
            at_data("451 4.7.1 Greylisted"),
            "451 4.7.1 Greylisted",
            false,
        ),
        // This reply is about the dialogue with the server, not about the one with the caller.
        (at_data("421 4.3.2 Busy"), "451 4.3.2 Busy", false),
        // Either all recipients have the mail, or none has it.
        (
            refused("550 5.1.1 <bo@example.net> unknown"),
            "550 5.1.1 <bo@example.net> unknown",
            false,
        ),
        (
            refused("450 4.2.0 <bo@example.net> later"),
            "450 4.2.0 <bo@example.net> later",
            false,
        ),
        (
            server().fault(Fault::CloseAt(Point::EndOfData)),
            "554 5.0.0 The whole mail was sent, and no reply came: it may have arrived",
            true,
        ),
    ] {
        let fixture = fixture(server, "").await;
        let input = format!("{ENVELOPE}DATA\r\nSubject: Hi\r\n\r\nHi\r\n.\r\nNOOP\r\nQUIT\r\n");
        let ended = sendmail(&fixture.directory, "-bs", &input).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        let after = ended.stdout.split_once("\r\n354 ").unwrap().1;
        let after = after.split_once("\r\n").unwrap().1;
        assert!(after.starts_with(reply), "{reply}: {after}");
        assert!(
            after.ends_with("\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"),
            "{after}"
        );
        let received = fixture.mails().await;
        assert_eq!(received.len(), usize::from(is_sent), "{reply}");
    }
}

/// Every other reply would lead to a second mail for those who have it, so the reply says that the mail
/// is accepted, and in its words who did not get it. LMTP alone replies for each recipient after the
/// message (RFC 2033 section 4.2).
#[tokio::test]
async fn a_mail_that_some_have_is_accepted() {
    for refused in ["452 4.2.2 Over quota", "550 5.2.1 Disabled"] {
        let server = server().lmtp().refuse_after_data("bo@example.net", refused);
        let fixture = fixture(server, "").await;
        let config = fixture.directory.path().join("config.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("server = \"", "tls = \"starttls\"\nserver = \"lmtp://");
        std::fs::write(&config, text).unwrap();
        let input = format!("{ENVELOPE}DATA\r\nSubject: Hi\r\n\r\nHi\r\n.\r\nQUIT\r\n");
        let ended = sendmail(&fixture.directory, "-bs", &input).end().await;
        assert_eq!(ended.status, 0, "{ended:?}");
        let after = ended.stdout.split_once("\r\n354 ").unwrap().1;
        let after = after.split_once("\r\n").unwrap().1;
        let expected = format!(
            "250 2.0.0 Accepted for some recipients, and rejected for others: do not send it again. \
             The server: {refused}\r\n221 2.0.0 Bye\r\n"
        );
        assert_eq!(after, expected, "{ended:?}");
        // The user of the program that called sees it, too.
        assert!(ended.stderr.contains("bo@example.net"), "{ended:?}");
        let mail = fixture.mail().await;
        assert_eq!(mail.forward_paths, ["ann@example.org"]);
    }
}

#[tokio::test]
async fn a_size_that_the_disk_cannot_hold_is_refused() {
    let fixture = fixture(server(), "").await;
    let dialogue = "EHLO me\r\nMAIL FROM:<me@example.org> SIZE=999999999999999\r\n\
                    MAIL FROM:<me@example.org> SIZE=1000\r\nQUIT\r\n";
    let ended = sendmail(&fixture.directory, "-bs", dialogue).end().await;
    assert_eq!(codes(&ended.stdout), ["220", "250", "452", "250", "221"]);
    fixture.received_nothing().await;
}
