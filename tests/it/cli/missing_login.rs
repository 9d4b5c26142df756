//! The advice for a login that the server requires and that the user has not enabled.

use pilotfish::testing::Fault::ReplyAt;
use pilotfish::testing::Point::{EndOfData, Mail, Rcpt};
use pilotfish::testing::{Security, TestServer};

use super::cli_fixture::{CliFixture, Directory};
use super::hints::{CLEAR, NO_LOGIN, advice};
use super::run::{Ended, Run, unwrapped};

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
                "535 5.7.1 Authentication required",
                "leave --tls none out",
            ),
            (
                NO_LOGIN,
                point,
                "535 5.7.0 no",
                "give --user and --password-file",
            ),
            (
                NO_LOGIN,
                point,
                "554 5.7.1 SMTP AUTH is required",
                "give --user and --password-file",
            ),
            (
                CLEAR,
                point,
                "550 5.7.1 Authentication is required to relay",
                "leave --tls none out",
            ),
            (
                NO_LOGIN,
                point,
                "550 You must log in",
                "give --user and --password-file",
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
    for (point, reply, status, words) in [
        (
            Mail,
            "550 5.7.1 Authentication required",
            77,
            "the server wants a login",
        ),
        (
            Mail,
            "503 Error: need EHLO and AUTH first !",
            77,
            "the server wants a login",
        ),
        (
            Mail,
            "503 5.5.4 Error: send AUTH command first",
            77,
            "the server wants a login",
        ),
        // The server rejects the domain, whoever logs in.
        (
            EndOfData,
            "550 5.7.26 the sender is not authenticated. SPF did not pass",
            65,
            "SPF",
        ),
        (
            EndOfData,
            "554 5.7.5 the domain requires authentication",
            65,
            "554 5.7.5",
        ),
        (
            Rcpt,
            "550 5.7.23 <me@example.org> is not authenticated: SPF fail",
            65,
            "SPF",
        ),
    ] {
        let fault = ReplyAt(point, reply.to_owned());
        let fixture =
            CliFixture::open(TestServer::builder().anonymous().fault_every(1, fault)).await;
        let run = fixture.send_without_login(&format!("{NO_LOGIN} --to ann@example.org --text Hi"));
        let ended = run.end().await;
        ended.fails(status, words);
        let advised = ended.stderr.contains("the server wants a login");
        assert_eq!(advised, status == 77, "{reply}: {ended:?}");
    }
}

/// The advice after this reply to RCPT, by a server without TLS and without a login.
async fn in_clear_text(arguments: &str, reply: &str) -> Ended {
    const ACCOUNTS: &str = "[account.clear]\nserver = \"ADDRESS\"\ntls = \"none\"\n";
    let directory = Directory::new();
    let socket = directory.path().join("socket");
    let mut builder = TestServer::builder()
        .anonymous()
        .security(Security::Cleartext)
        .fault(ReplyAt(Rcpt, reply.to_owned()));
    if arguments.contains("lmtp") {
        builder = builder.lmtp();
    }
    if arguments.contains("SOCKET") {
        builder = builder.unix_socket(&socket);
    }
    let server = builder.start().await.unwrap();
    let address = server.addr().to_string();
    directory.file("accounts", ACCOUNTS.replace("ADDRESS", &address));
    let arguments = arguments
        .replace("ADDRESS", &address)
        .replace("SOCKET", socket.to_str().unwrap());
    let mail = "--from me@example.org --to ann@example.org --text Hi";
    let run = Run::new(&format!("send {mail} {arguments}")).directory(directory.path());
    run.end().await
}

/// The advised command does not fail because it would log in over clear text.
#[tokio::test]
async fn a_login_that_is_missing_without_tls() {
    const LOGIN: &str = "the server wants a login: give --user and --password-file";
    const NO_FLAG: &str = ", and leave --tls none out";
    const STARTTLS: &str = ", and use --tls starttls";
    const TLS: &str = "the server wants TLS: ";
    for (arguments, reply, expected) in [
        (
            "--server ADDRESS --tls none",
            "530 5.7.1 no",
            [LOGIN, NO_FLAG],
        ),
        (
            "--server smtp://ADDRESS --tls none",
            "530 5.7.1 no",
            [LOGIN, NO_FLAG],
        ),
        (
            "--server ADDRESS --tls none --danger-cleartext-auth",
            "530 5.7.1 no",
            [LOGIN, ""],
        ),
        (
            "--server smtp+notls://ADDRESS",
            "530 5.7.1 no",
            [LOGIN, STARTTLS],
        ),
        (
            "--server smtp+notls://ADDRESS --tls none",
            "530 5.7.1 no",
            [LOGIN, STARTTLS],
        ),
        ("--server lmtp://ADDRESS", "530 5.7.1 no", [LOGIN, STARTTLS]),
        (
            "--server lmtp://ADDRESS --tls none",
            "530 5.7.1 no",
            [LOGIN, STARTTLS],
        ),
        (
            "--server lmtp://ADDRESS --tls none",
            "550 Authentication required",
            [LOGIN, STARTTLS],
        ),
        ("--server lmtp://SOCKET", "530 5.7.1 no", [LOGIN, ""]),
        (
            "--server lmtp://SOCKET --tls none",
            "530 5.7.1 no",
            [LOGIN, ""],
        ),
        ("-C accounts -A clear", "530 5.7.1 no", [LOGIN, STARTTLS]),
        (
            "-C accounts -A clear --tls none",
            "530 5.7.1 no",
            [LOGIN, STARTTLS],
        ),
        (
            "--server ADDRESS --tls none",
            "530 5.7.0 Must issue a STARTTLS command first",
            [TLS, "leave --tls none out"],
        ),
        (
            "--server lmtp://ADDRESS --tls none",
            "530 5.7.0 Must issue a STARTTLS command first",
            [TLS, "use --tls starttls"],
        ),
        (
            "--server smtp+notls://ADDRESS",
            "530 5.7.0 Must issue a STARTTLS command first",
            [TLS, "use --tls starttls"],
        ),
    ] {
        let ended = in_clear_text(arguments, reply).await;
        let shown = unwrapped(&ended.stderr);
        let help = (shown.lines()).find_map(|line| line.strip_prefix("  help:   "));
        assert_eq!(
            help,
            Some(expected.concat().as_str()),
            "{arguments}: {ended:?}"
        );
    }
}
