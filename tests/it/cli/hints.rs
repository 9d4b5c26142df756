//! The advice after a failure: one row for each reply that many users meet.

use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::{self, Auth, Body, Ehlo, EndOfData, Mail, Rcpt};
use pilotfish::testing::{Security, TestServer};

use super::cli_fixture::{CliFixture, server};
use super::peer::Peer;
use super::run::{Run, USER, unwrapped};

/// With a login.
const LOGIN: &str = "--user me@example.org --password-file password";
/// Without a login.
pub(super) const NO_LOGIN: &str = "--from me@example.org";
/// Without a login and without TLS.
pub(super) const CLEAR: &str = "--from me@example.org --tls none";

/// The server's reply, and its point in the dialogue. The expected advice, or nothing if there must
/// be none.
pub(super) type Row = (&'static str, Point, &'static str, &'static str);

/// Sends a mail for each row, and compares the line of advice.
pub(super) async fn advice(rows: &[Row]) {
    for (arguments, point, reply, expected) in rows {
        let builder = if arguments.contains("--user") {
            server()
        } else {
            TestServer::builder().anonymous()
        };
        let builder = if arguments.contains("--token-file") {
            builder.mechanism("XOAUTH2")
        } else {
            builder
        };
        let builder = if arguments.contains("--tls none") {
            builder.security(Security::Cleartext)
        } else {
            builder
        };
        let fixture = CliFixture::open(builder.fault(ReplyAt(*point, (*reply).to_owned()))).await;
        let arguments = format!("{arguments} --to ann@example.org --text Hi");
        let ended = fixture.send_without_login(&arguments).end().await;
        let shown = unwrapped(&ended.stderr);
        let help = shown.lines().find_map(|l| l.strip_prefix("  help:   "));
        let help = help.unwrap_or_default();
        let right = match *expected {
            "" => help.is_empty(),
            words => help.contains(words),
        };
        assert!(right, "{reply:?} with {arguments}: {ended:?}");
    }
}

#[tokio::test]
async fn a_rejected_login() {
    const CLEAR_LOGIN: &str = "--user me@example.org --password-file password --tls none \
                               --danger-cleartext-auth --auth plain";
    const AUTH: &str = "--user me@example.org --password-file password --auth plain";
    const TOKEN: &str = "--user me@example.org --token-file password --auth xoauth2";
    advice(&[
        (
            LOGIN,
            Auth,
            "535 5.7.8 no",
            "check the user name and the password",
        ),
        (
            LOGIN,
            Auth,
            "535 5.7.8 no",
            "the password that was sent has 13 characters",
        ),
        (
            LOGIN,
            Auth,
            "535 5.7.8 Username and Password not accepted. - gsmtp",
            "make an app password",
        ),
        (
            LOGIN,
            Auth,
            "534 5.7.9 Application-specific password required. - gsmtp",
            "apppasswords",
        ),
        (
            LOGIN,
            Auth,
            "534 5.7.14 Please log in via your web browser - gsmtp",
            "with a browser",
        ),
        (
            LOGIN,
            Auth,
            "535 5.7.139 basic authentication is disabled",
            "pilotfish auth login",
        ),
        (
            LOGIN,
            Auth,
            "550 5.7.30 Basic authentication is not supported",
            "pilotfish auth login",
        ),
        (
            LOGIN,
            Auth,
            "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
            "Yahoo",
        ),
        (LOGIN, Auth, "525 5.7.13 no", "the account is disabled"),
        (AUTH, Auth, "500 5.5.6 Line too long", "--auth"),
        (
            CLEAR_LOGIN,
            Auth,
            "538 5.7.11 Encryption required",
            "leave --tls none out",
        ),
        (
            CLEAR_LOGIN,
            Auth,
            "523 5.7.10 Encryption needed",
            "leave --tls none out",
        ),
        (
            AUTH,
            Auth,
            "534 5.7.9 mechanism too weak",
            "leave --auth out",
        ),
        (AUTH, Auth, "504 5.5.4 unrecognized", "leave --auth out"),
        (LOGIN, Auth, "454 4.7.0 Too many login attempts", "Wait"),
        (
            TOKEN,
            Auth,
            "535 5.7.3 Authentication unsuccessful",
            "access token",
        ),
        (
            LOGIN,
            Auth,
            "421 4.7.66 TLS 1.0 and 1.1 are not supported",
            "TLS 1.2 or later",
        ),
    ])
    .await;
}

/// The advice describes what was sent, and does not ask for an app password again.
#[tokio::test]
async fn a_rejected_app_password() {
    for (password, reply, words) in [
        (
            "abcd efgh ijkl mnop",
            "535 5.7.8 no - gsmtp",
            "has 19 characters",
        ),
        (
            "abcdefghijklmnop",
            "535 5.7.8 no - gsmtp",
            "has not been revoked",
        ),
        ("abcdefghijklmnop", "535 5.7.8 no", "has not been revoked"),
        (
            "hunter22 ",
            "535 5.7.8 no",
            "9 characters, with a blank at its",
        ),
    ] {
        let builder = server().user(USER, password);
        let fixture = CliFixture::open(builder.fault(ReplyAt(Auth, reply.to_owned()))).await;
        fixture.directory.file("password", password);
        let ended = fixture.send("--to ann@example.org --text Hi").end().await;
        ended.fails(77, words);
        assert!(!ended.stderr.contains("make an app password"), "{ended:?}");
    }
}

/// The sender is not an address of the user, in the words of many services.
#[tokio::test]
async fn a_rejected_sender() {
    const YOURS: &str = "own addresses alone: give one of them by --from";
    advice(&[
        (LOGIN, Mail, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", YOURS),
        (LOGIN, EndOfData, "554 5.2.252 SendAsDenied; a@x not allowed to send as b@x", YOURS),
        (LOGIN, EndOfData, "550 Request failed; Mailbox unavailable", YOURS),
        (LOGIN, Mail, "553 5.7.1 Sender address rejected: not owned by auth user.", YOURS),
        (LOGIN, Rcpt, "553 5.7.1 <b@x>: Sender address rejected: not owned by user a@x", YOURS),
        (LOGIN, Mail, "550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed.", YOURS),
        (LOGIN, Mail, "501 mail from address must be same as authorization user", YOURS),
        (LOGIN, Mail, "553 Relaying disallowed as a@x", YOURS),
        (LOGIN, EndOfData, "551 5.7.1 Not authorised to send from this header address", YOURS),
        (LOGIN, EndOfData, "551 5.7.1 Multiple addresses in a From header is not allowed", "one address by --from"),
        (LOGIN, EndOfData, "554 Message rejected: Email address is not verified. The following identities failed the check", "verify the sender"),
        (LOGIN, EndOfData, "550 The from address does not match a verified Sender Identity.", "verify the sender"),
        (LOGIN, Rcpt, "550 5.1.1 mailbox unavailable", ""),
        (LOGIN, Mail, "550 5.7.1 mailbox unavailable: IP blacklisted", ""),
    ])
    .await;
}

#[tokio::test]
async fn a_rejected_name() {
    let reply = "554 5.7.1 invalid HELO name";
    let named = "--from me@example.org --helo there.example";
    advice(&[
        (NO_LOGIN, Ehlo, reply, "give its full host name by --helo"),
        (named, Ehlo, reply, "give another name by --helo"),
    ])
    .await;
}

#[tokio::test]
async fn a_rejected_mail() {
    advice(&[
        (
            LOGIN,
            Rcpt,
            "554 5.7.1 <ann@example.org>: Relay access denied",
            "the --from that belongs to --user",
        ),
        (
            NO_LOGIN,
            Rcpt,
            "554 5.7.1 <ann@example.org>: Relay access denied",
            "give --user and --password-file",
        ),
        (LOGIN, Rcpt, "552 5.2.2 over quota", "mailbox is full"),
        (LOGIN, EndOfData, "550 5.4.5 daily limit", "tomorrow"),
        (
            LOGIN,
            EndOfData,
            "552 5.3.4 over the size limit",
            "by a link",
        ),
        (LOGIN, EndOfData, "554 5.3.4 message too big", "by a link"),
        (LOGIN, Body(1), "552 5.3.4 message too big", "by a link"),
        (
            LOGIN,
            EndOfData,
            "552 5.7.0 a potential security issue, whatever the size",
            "",
        ),
        (LOGIN, Rcpt, "552 no", ""),
        (
            NO_LOGIN,
            EndOfData,
            "554 5.7.1 message from ehlo.test is spam",
            "",
        ),
        (
            NO_LOGIN,
            Rcpt,
            "421 4.7.0 too many errors",
            "leave them out",
        ),
        (
            NO_LOGIN,
            Ehlo,
            "421 4.7.0 too many errors",
            "try again later",
        ),
    ])
    .await;
}

/// Whatever the code, the server rejects the mail permanently: without TLS it would reject it
/// again. A rejected recipient may have another, transient reason.
#[tokio::test]
async fn tls_required_first() {
    for reply in [
        "451 5.7.3 STARTTLS is required to send mail",
        "451 4.7.0 Must issue a STARTTLS command first",
        "454 5.7.3 Encryption required",
        "502 5.7.0 Must use encryption",
        "523 5.7.10 Encryption Needed",
        "538 5.7.11 Encryption required for requested authentication mechanism",
        "450 4.7.10 no",
        "530 5.7.0 Must issue a STARTTLS command first",
        "550 5.7.1 TLS required",
    ] {
        for (point, later) in [(Mail, 65), (Rcpt, 75)] {
            let builder = TestServer::builder()
                .anonymous()
                .security(Security::Cleartext);
            let fault = ReplyAt(point, reply.to_owned());
            let fixture = CliFixture::open(builder.fault(fault)).await;
            let run = fixture.send_without_login(&format!("{CLEAR} --to a@example.org --text Hi"));
            let other = if reply.starts_with("530") { 77 } else { 65 };
            let status = if reply.starts_with('4') { later } else { other };
            let words = "help:   the server wants TLS: leave --tls none out";
            run.end().await.fails(status, words);
        }
    }
}

/// A rejection of the message may mention encryption within the message.
#[tokio::test]
async fn a_message_that_is_encrypted() {
    for reply in [
        "550 encrypted attachments are not accepted",
        "554 5.7.1 encrypted files need the consent of the recipient first",
    ] {
        advice(&[(CLEAR, EndOfData, reply, "")]).await;
    }
    advice(&[(CLEAR, Mail, "550 encrypted mail is not accepted", "")]).await;
}

/// The password is right, and the server cannot verify it by the strongest mechanism that it
/// offers.
#[tokio::test]
async fn a_mechanism_that_is_offered_and_does_not_work() {
    let refused = ReplyAt(Auth, "535 5.7.8 authentication failed".to_owned());
    for mechanism in ["SCRAM-SHA-256", "CRAM-MD5"] {
        let builder = server().mechanism(mechanism).fault(refused.clone());
        let fixture = CliFixture::open(builder).await;
        let only = match mechanism {
            "CRAM-MD5" => "--auth cram-md5",
            _ => "",
        };
        let mail = "--to ann@example.org --text Hi";
        let ended = fixture.send(&format!("{mail} {only}")).end().await;
        ended.fails(77, "also offers");
        ended.fails(77, "--auth plain,login");
        fixture
            .send(&format!("{mail} --auth plain,login"))
            .end()
            .await
            .result();
        fixture.mail().await;
    }
}

/// The client sent the whole mail with MAIL, and the server answered only MAIL.
#[tokio::test]
async fn a_server_that_loses_commands() {
    let peer = Peer::listen().await;
    let arguments = "--to ann@example.org --text Hi --chunking always --timeout rcpt=1s";
    let sending = peer.send(arguments).start().await;
    let mut client = peer.accept().await;
    client.reply("220 there.example").await;
    client.expect_line("EHLO ").await;
    client
        .reply("250-there.example\r\n250-CHUNKING\r\n250 PIPELINING")
        .await;
    client.expect_line("MAIL ").await;
    client.reply("250 ok").await;
    client.expect_line("RCPT ").await;
    client.expect_line("BDAT ").await;
    let ended = sending.end().await;
    ended.fails(81, "if you send it again, add --pipelining never");
}

#[tokio::test]
async fn the_name_in_ehlo() {
    let named = "--from me@example.org --helo there.example";
    for (point, reply, later) in [
        (
            Ehlo,
            "421 mx.test Your HELO/EHLO name is not matching your DNS",
            true,
        ),
        (
            Mail,
            "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname",
            false,
        ),
        (
            Mail,
            "550 Bad HELO - Host impersonating [there.example]",
            false,
        ),
        (
            Rcpt,
            "554 5.7.1 <[127.0.0.1]>: Helo command rejected: Access denied",
            false,
        ),
        (
            Rcpt,
            "450 4.7.1 <x>: Helo command rejected: Host not found",
            false,
        ),
    ] {
        let words = if later {
            "--helo, or try again later"
        } else {
            "by --helo"
        };
        advice(&[(NO_LOGIN, point, reply, words)]).await;
    }
    advice(&[
        (NO_LOGIN, Mail, "503 5.5.1 Send HELO/EHLO first", ""),
        (
            named,
            Rcpt,
            "450 4.7.1 <x>: Helo command rejected: Host not found",
            "send it again after 5 min, or let Pilotfish try: --retry 30m",
        ),
        (
            NO_LOGIN,
            Mail,
            "451 4.3.0 try again in 300 seconds",
            "send it again after 5 min, or let Pilotfish try: --retry 30m",
        ),
    ])
    .await;
}

#[tokio::test]
async fn starttls_that_is_not_offered() {
    for (arguments, words) in [
        (
            NO_LOGIN,
            "for a server on this machine that takes mail without a login, add --tls none",
        ),
        (LOGIN, "add --tls implicit"),
    ] {
        let fixture = CliFixture::open(server().without("STARTTLS")).await;
        let arguments = format!("{arguments} --to ann@example.org --text Hi");
        let run = fixture.send_without_login(&arguments);
        run.end().await.fails(76, words);
        fixture.received_nothing().await;
    }
    let fixture = CliFixture::open(server().lmtp().without("STARTTLS")).await;
    let server = format!("lmtp://{}", fixture.server.addr());
    let arguments = format!("{NO_LOGIN} --to ann@example.org --text Hi --tls starttls --server");
    let run = Run::new(&format!("send {arguments} {server}"));
    run.end()
        .await
        .fails(76, "or --tls none for a server without a login");
    fixture.received_nothing().await;
}
