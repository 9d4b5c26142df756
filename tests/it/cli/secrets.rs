//! The password is only where it has to be. Every other test also searches the command's output for
//! it.

use pilotfish::testing::Fault::{ReplyAt, SilentAt};
use pilotfish::testing::Point::{Auth, EndOfData};
use pilotfish::testing::Security;

use super::cli_fixture::{CliFixture, server};
use super::run::{PASSWORD, Run, USER, forms_of_the_password};

const MAIL: &str = "--to ann@example.org --text Hi";

/// Searches the command's output at the highest level for the password. The last line of every run
/// does that. PLAIN and LOGIN, accepted and rejected, in clear text and inside TLS.
#[tokio::test]
async fn the_log_and_the_transcript_have_no_password() {
    for flags in ["-vv --transcript", "-vv", "--transcript"] {
        for left_out in ["AUTH LOGIN", "AUTH PLAIN"] {
            let fixture = CliFixture::open(server().without(left_out)).await;
            let ended = fixture.send(&format!("{MAIL} {flags}")).end().await;
            assert!(ended.stderr.contains("AUTH "), "{ended:?}");
            ended.result();
            fixture.mail().await;
        }
    }
}

#[tokio::test]
async fn a_password_that_the_server_repeats_is_masked() {
    for form in forms_of_the_password() {
        let words = ReplyAt(Auth, format!("535 5.7.8 no: {form} is wrong"));
        let fixture = CliFixture::open(server().fault(words)).await;
        let ended = fixture
            .send(&format!("{MAIL} -vv --transcript"))
            .end()
            .await;
        ended.fails(77, "is wrong");
        fixture.received_nothing().await;
    }
}

#[tokio::test]
async fn in_clear_text_it_is_sent_only_on_demand_and_never_shown() {
    let fixture = CliFixture::open(server().security(Security::Cleartext)).await;
    let run = fixture.send(&format!("{MAIL} --tls none -vv --transcript"));
    run.end().await.fails(78, "in clear text");
    let run = fixture.send(&format!(
        "{MAIL} --tls none --danger-cleartext-auth -vv --transcript"
    ));
    let ended = run.end().await;
    assert!(ended.stderr.contains("->  AUTH PLAIN <"), "{ended:?}");
    ended.result();
    let mail = fixture.mail().await;
    assert_eq!(
        (mail.authenticated_as.as_deref(), mail.tls),
        (Some(USER), None)
    );
}

#[tokio::test]
async fn in_clear_text_a_mail_without_a_login_can_be_sent() {
    let fixture = CliFixture::open(server().security(Security::Cleartext).anonymous()).await;
    let run = fixture.send_without_login(&format!("{MAIL} --from me@example.org --tls none"));
    run.end().await.result();
    assert_eq!(fixture.mail().await.authenticated_as, None);
}

#[tokio::test]
async fn other_processes_cannot_see_it() {
    let fixture = CliFixture::open(server().fault(SilentAt(EndOfData))).await;
    let run = fixture.send(&format!("{MAIL} --transcript"));
    let mut sending = run.start().await;
    sending.until("end of mail").await;
    for file in ["cmdline", "environ"] {
        let shown = std::fs::read(format!("/proc/{}/{file}", sending.id())).unwrap();
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(
            shown.contains("password-file"),
            file == "cmdline",
            "{shown}"
        );
        for secret in forms_of_the_password() {
            assert!(!shown.contains(&secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn it_comes_from_a_file_a_descriptor_or_a_command() {
    let pipe = format!("printf '%s\\n' {PASSWORD} | ");
    for (before, arguments) in [
        ("", "--password-file password"),
        ("", "--password-command 'cat password'"),
        ("", "--password-command 'cat password >&2; cat password'"),
        ("", "--password-fd 3 3<password"),
        (pipe.as_str(), "--password-fd 0"),
        (pipe.as_str(), "--password-file /dev/stdin"),
    ] {
        let fixture = CliFixture::open(server()).await;
        // The output of the password command on standard error is not checked.
        let script = format!(
            "{before} exec \"$0\" send --server {} --tls-ca ca.pem --user {USER} {MAIL} {arguments} \
             2>/dev/null",
            fixture.server.addr()
        );
        let ended = Run::shell(&script)
            .directory(fixture.directory.path())
            .end()
            .await;
        assert!(
            ended.result().starts_with("accepted by "),
            "{arguments}: {ended:?}"
        );
        assert_eq!(fixture.mail().await.authenticated_as.as_deref(), Some(USER));
    }
}
