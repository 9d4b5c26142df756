//! The advice after a failure: one row for each reply that many users meet.

use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::{self, Auth, Ehlo, EndOfData, Mail, Rcpt};
use pilotfish::testing::{Security, Server};

use super::office::{Office, server};

/// With a login.
const LOGIN: &str = "--user me@example.org --password-file password";
/// Without a login.
const NO_LOGIN: &str = "--from me@example.org";
/// Without a login and without TLS.
const CLEAR: &str = "--from me@example.org --tls none";

/// Where the server says what; and the advice, or nothing where there must be none.
type Row = (&'static str, Point, &'static str, &'static str);

/// Sends a mail for each row, and compares the line of advice.
async fn advice(rows: &[Row]) {
    for (arguments, point, reply, expected) in rows {
        let builder = if arguments.contains("--user") {
            server()
        } else {
            Server::builder().anonymous()
        };
        let builder = if arguments.contains("--tls none") {
            builder.security(Security::Cleartext)
        } else {
            builder
        };
        let office = Office::open(builder.fault(ReplyAt(*point, (*reply).to_owned()))).await;
        let arguments = format!("{arguments} --to ann@example.org --text Hi");
        let ended = office.send_without_login(&arguments).end().await;
        let help = ended
            .stderr
            .lines()
            .find_map(|l| l.strip_prefix("  help: "));
        let help = help.unwrap_or_default();
        let right = match *expected {
            "" => help.is_empty(),
            words => help.contains(words),
        };
        assert!(right, "{reply:?} with {arguments}: {ended:?}");
    }
}

#[tokio::test]
async fn a_refused_login() {
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
            "535 5.7.8 Username and Password not accepted. - gsmtp",
            "app password",
        ),
        (
            LOGIN,
            Auth,
            "534 5.7.9 Application-specific password required. - gsmtp",
            "apppasswords",
        ),
        (
            "--user me@example.org --password-file password --auth plain",
            Auth,
            "534 5.7.9 mechanism too weak",
            "leave --auth out",
        ),
        (LOGIN, Auth, "454 4.7.0 Too many login attempts", "Wait"),
    ])
    .await;
}

#[tokio::test]
async fn a_login_that_is_missing() {
    for point in [Mail, Rcpt] {
        advice(&[
            (
                NO_LOGIN,
                point,
                "530 5.7.0 Authentication required",
                "give --user and --password-file",
            ),
            (
                CLEAR,
                point,
                "530 5.7.0 Authentication required",
                "leave --tls none out",
            ),
            (
                CLEAR,
                point,
                "530 5.7.0 Must issue a STARTTLS command first",
                "leave --tls none out",
            ),
        ])
        .await;
    }
}

#[tokio::test]
async fn a_name_that_is_refused() {
    let reply = "554 5.7.1 invalid HELO name";
    let named = "--from me@example.org --helo there.example";
    advice(&[(NO_LOGIN, Ehlo, reply, "--helo"), (named, Ehlo, reply, "")]).await;
}

#[tokio::test]
async fn a_refused_mail() {
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
    ])
    .await;
}
