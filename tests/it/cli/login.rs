//! Logging in: `--auth`, and tokens instead of passwords.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pilotfish::testing::TestServerBuilder;

use super::cli_fixture::{CliFixture, server};
use super::peer::Peer;
use super::run::{PASSWORD, Run, USER};

const MAIL: &str = "--to ann@example.org --from me@example.org --text Hi --transcript";

const SCRAM: &str = "--user me --password-command 'echo sesame' --danger-cleartext-auth";

/// Offers every mechanism, strongest and weakest.
async fn fixture() -> CliFixture {
    let mechanisms = [
        "SCRAM-SHA-256",
        "CRAM-MD5",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
    ];
    let builder = mechanisms
        .into_iter()
        .fold(server(), TestServerBuilder::mechanism);
    CliFixture::open(builder).await
}

#[tokio::test]
async fn the_mechanism_that_was_asked_for_is_used() {
    let password = format!("--user {USER} --password-file password");
    let token = format!("--user {USER} --token-file password");
    for (arguments, command) in [
        (password.clone(), "AUTH SCRAM-SHA-256 <"),
        (format!("{password} --auth auto"), "AUTH SCRAM-SHA-256 <"),
        (format!("{password} --auth plain"), "AUTH PLAIN <"),
        (format!("{password} --auth cram-md5,plain"), "AUTH CRAM-MD5"),
        (token.clone(), "AUTH OAUTHBEARER <"),
        (format!("{token} --auth xoauth2"), "AUTH XOAUTH2 <"),
        ("--auth external".to_owned(), "AUTH EXTERNAL <"),
    ] {
        let fixture = fixture().await;
        let ended = fixture
            .send_without_login(&format!("{MAIL} {arguments}"))
            .end()
            .await;
        assert!(ended.stderr.contains(command), "{arguments}: {ended:?}");
        ended.result();
        assert_eq!(fixture.mail().await.authenticated_as.as_deref(), Some(USER));
    }
}

/// The command accepts the answer of a token endpoint, and sends no other JSON object.
#[tokio::test]
async fn a_token_file_with_json() {
    let token = format!("{{\n  \"access_token\": \"{PASSWORD}\",\n  \"expires_in\": 3599\n}}\n");
    let arguments = format!("{MAIL} --user {USER} --token-file token.json --auth xoauth2");
    let fixture = fixture().await;
    fixture.directory.file("token.json", token);
    fixture.send_without_login(&arguments).end().await.result();
    fixture
        .directory
        .file("token.json", "{\n  \"accessToken\": \"eyJ0eXAi\"\n}\n");
    let ended = fixture.send_without_login(&arguments).end().await;
    ended.fails(78, "JSON without \"access_token\"");
    assert!(!ended.stderr.contains("EHLO"), "{ended:?}");
    fixture.mail().await;
}

/// The server lets no user act for another, and rejects the identity.
#[tokio::test]
async fn an_identity_to_act_as() {
    let password = format!("{MAIL} --user {USER} --password-file password");
    for (arguments, status) in [
        (format!("--auth plain --auth-as {USER}"), 0),
        ("--auth plain --auth-as ann@example.org".to_owned(), 77),
        ("--auth login --auth-as ann@example.org".to_owned(), 69),
        ("--auth-as ''".to_owned(), 78),
    ] {
        let fixture = fixture().await;
        let run = fixture.send_without_login(&format!("{password} {arguments}"));
        let ended = run.end().await;
        assert_eq!(ended.status, status, "{arguments}: {ended:?}");
    }
}

/// The server ends SCRAM with its own error (RFC 5802 section 7), and then with 535.
#[tokio::test]
async fn the_advice_depends_on_the_error_of_scram() {
    for (word, status, advice) in [
        ("no-resources", 75, "try again later"),
        ("unknown-user", 77, "check the user name and the password"),
    ] {
        let peer = Peer::listen().await;
        let run = peer.send(&format!("--to a@example.org --text Hi {SCRAM}"));
        let sending = run.start().await;
        let mut client = peer.accept().await;
        client.reply("220 there.example").await;
        client.expect_line("EHLO ").await;
        client
            .reply("250-there.example\r\n250 AUTH SCRAM-SHA-256")
            .await;
        let command = client.expect_line("AUTH SCRAM-SHA-256 ").await;
        let first = BASE64_STANDARD.decode(command.trim().rsplit(' ').next().unwrap());
        let first = String::from_utf8(first.unwrap()).unwrap();
        let (_, nonce) = first.rsplit_once("r=").unwrap();
        for challenge in [
            format!("r={nonce}more,s=c2FsdA==,i=4096"),
            format!("e={word}"),
        ] {
            let challenge = BASE64_STANDARD.encode(challenge);
            client.reply(&format!("334 {challenge}")).await;
            client.expect_line("").await;
        }
        client.reply("535 5.7.8 no").await;
        sending.end().await.fails(status, advice);
    }
}

/// An account's identity is for the account's user.
#[tokio::test]
async fn a_user_may_not_act_as_another() {
    for (arguments, status) in [("", 77), ("smtp://me%40example.org@", 0), ("smtp://", 77)] {
        let fixture = fixture().await;
        let address = fixture.server.addr();
        let account = format!(
            "[account.a]\nserver = '{address}'\nuser = '{USER}'\nauth-as = 'ann@example.org'\n\
             auth = 'plain'\n"
        );
        fixture.directory.file("mail.toml", account);
        let mut run = Run::new("send -C mail.toml -A a --tls-ca ca.pem --password-file password")
            .args(Run::words(MAIL))
            .directory(fixture.directory.path());
        if !arguments.is_empty() {
            run = run.args(["--server", &format!("{arguments}{address}")]);
        }
        let ended = run.end().await;
        assert_eq!(ended.status, status, "{arguments}: {ended:?}");
    }
}

#[tokio::test]
async fn logins_that_cannot_be() {
    for (arguments, status, words) in [
        (
            "--user me --auth gssapi --password-file password",
            64,
            "no such mechanism",
        ),
        (
            "--user me --token-file password --password-file password",
            64,
            "cannot be used with",
        ),
        ("--token-file password", 64, "no user: add --user"),
        (
            "--user me --auth xoauth2 --password-file password",
            69,
            "do not take these credentials",
        ),
        ("--user me --token-file absent", 78, "cannot read the token"),
        (
            "--user me --token-file password --auth xoauth2",
            77,
            "status invalid_token",
        ),
    ] {
        let fixture = fixture().await;
        let run = fixture.send_without_login(&format!("{MAIL} {arguments}"));
        let ended = run.end().await;
        assert!(!ended.stderr.contains(PASSWORD), "{ended:?}");
        ended.fails(status, words);
        fixture.received_nothing().await;
    }
}
