//! Accounts that log in by OAuth 2.0: how they are shown, and mails that are sent by them.

use std::time::{Duration, UNIX_EPOCH};

use pilotfish::Secret;
use pilotfish::config::Config;
use pilotfish::oauth::Loopback;
use pilotfish::testing::{
    AccessToken, AuthorizationServer, Endpoint, GrantType, Security, TestServer,
};

use super::account::{CONFIG, words};
use super::cli_fixture::{CliFixture, Directory};
use super::oauth::{World, provider};
use super::run::{Ended, Run};
use crate::support::screen::Screen;

const USER: &str = "me@example.org";

async fn run(directory: &Directory, arguments: &str) -> Ended {
    let home = directory.path();
    let run = Run::new("").args(words(arguments)).directory(home);
    run.env("HOME", home).env("XDG_CONFIG_HOME", "").end().await
}

#[tokio::test]
async fn the_keys_are_shown_with_their_places() {
    let directory = Directory::new();
    std::fs::create_dir_all(directory.path().join(".config/pilotfish")).unwrap();
    let text = "[account.a]\nserver = 'mail.example.org'\nuser = 'me@example.org'\n\
                oauth = 'microsoft'\nclient-id = '4711'\n\
                client-secret-command = 'vault sesame'\ntoken-file = 'a.tokens'\n\
                [account.b]\nserver = 'mail.example.org'\nuser = 'me@example.org'\n\
                oauth = 'microsoft'\noauth-tenant = 'example.org'\n\
                oauth-grant = 'client-credentials'\nclient-id = '4711'\n\
                client-secret-env = 'SECRET'\n";
    directory.file(CONFIG, text);
    for (arguments, expected) in [
        (
            "account show a",
            "server                 mail.example.org:587, starttls  PLACE:2\n\
             user                   me@example.org                  PLACE:3\n\
             oauth                  microsoft                       PLACE:4\n\
             client-id              4711                            PLACE:5\n\
             client-secret-command  vault …                         PLACE:6\n\
             tokens                 file: a.tokens                  PLACE:7\n",
        ),
        (
            "config show --origin",
            "PLACE:2\taccount.a.server = 'mail.example.org'\n\
             PLACE:3\taccount.a.user = 'me@example.org'\n\
             PLACE:4\taccount.a.oauth = 'microsoft'\n\
             PLACE:5\taccount.a.client-id = '4711'\n\
             PLACE:6\taccount.a.client-secret-command = \"vault …\"\n\
             PLACE:7\taccount.a.token-file = 'a.tokens'\n\
             PLACE:9\taccount.b.server = 'mail.example.org'\n\
             PLACE:10\taccount.b.user = 'me@example.org'\n\
             PLACE:11\taccount.b.oauth = 'microsoft'\n\
             PLACE:12\taccount.b.oauth-tenant = 'example.org'\n\
             PLACE:13\taccount.b.oauth-grant = 'client-credentials'\n\
             PLACE:14\taccount.b.client-id = '4711'\n\
             PLACE:15\taccount.b.client-secret-env = 'SECRET'\n",
        ),
        (
            "account list",
            "  NAME  ADDRESS         SERVER                LOGIN      SECRET\n  \
               a     me@example.org  mail.example.org:587  OAuth 2.0  file\n  \
               b     me@example.org  mail.example.org:587  OAuth 2.0  variable\n",
        ),
    ] {
        let ended = run(&directory, arguments).await;
        let expected = expected.replace("PLACE", &format!("~/{CONFIG}"));
        assert_eq!(
            (ended.status, ended.stdout),
            (0, expected),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test]
async fn a_client_secret_does_not_belong_in_the_file() {
    let directory = Directory::new();
    directory.file("a.toml", "[account.a]\nclient-secret = 'hunter2'\n");
    let ended = run(&directory, "account show a -C a.toml").await;
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    ended.fails(
        78,
        "error: a.toml:2: a client secret does not belong here\n  \
         cause:  client-secret = \"…\" in [account.a]\n  \
         help:   move it to a file of mode 600, and name that by client-secret-file",
    );
}

/// Without a token no connection is opened.
#[tokio::test]
async fn a_mail_is_sent_by_the_token_of_the_store() {
    let provider = AuthorizationServer::builder().user(USER).client("mailer");
    let provider = provider.start().await.unwrap();
    let server = TestServer::builder().security(Security::ImplicitTls);
    let fixture = CliFixture::open(server.tokens_of(&provider)).await;
    let directory = &fixture.directory;
    let text = format!(
        "[account.a]\nserver = 'smtps://{}'\ntls-ca = 'ca.pem'\nuser = '{USER}'\n\
         oauth = '{}'\noauth-scope = 'mail.send'\nclient-id = 'mailer'\ntoken-file = 'a.tokens'\n",
        fixture.server.addr(),
        provider.issuer()
    );
    directory.file("a.toml", text);
    let send = "send -C a.toml --to ann@example.org --subject s --text t";
    let ended = run(directory, send).await;
    ended.fails(77, "error: me@example.org is not logged in: log in first");
    let token: Secret = provider.issue(&AccessToken::of(USER)).unwrap();
    let token = std::str::from_utf8(token.expose()).unwrap();
    directory.file("a.tokens", format!("{{\"access_token\":\"{token}\"}}"));
    directory.chmod("a.tokens", 0o600);
    let ended = run(directory, &format!("{send} -vv")).await;
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains(token), "{}", ended.stderr);
    let ended = run(directory, "account test a -C a.toml").await;
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let received = fixture.server.take_received();
    let users: Vec<_> = received
        .iter()
        .map(|mail| mail.authenticated_as.as_deref())
        .collect();
    assert_eq!(users, [Some(USER)]);
    provider.shutdown().await.unwrap();
}

/// The keys of logins without a user, and the grant that the authorization server gets. They need no
/// `auth login`.
#[tokio::test]
async fn logins_without_a_user() {
    let key = include_str!("../../fixtures/dkim/rsa-2048.pem");
    let public = include_str!("../../fixtures/dkim/rsa-2048-public.pem");
    let robot = "robot@example.org";
    for (keys, grant) in [
        (
            "oauth = 'ISSUER'\noauth-grant = 'client-credentials'\nclient-id = 'mailer'\n\
             client-secret-file = 'secret'\n",
            GrantType::ClientCredentials,
        ),
        (
            "oauth = 'google'\noauth-grant = 'service-account'\n\
             service-account-file = 'robot.json'\n",
            GrantType::JwtBearer,
        ),
    ] {
        let provider = AuthorizationServer::builder().user(USER);
        let provider = provider.confidential_client("mailer", "sesame");
        let provider = provider.service_account(robot, public);
        let provider = provider.start().await.unwrap();
        let server = TestServer::builder().security(Security::ImplicitTls);
        let fixture = CliFixture::open(server.tokens_of(&provider)).await;
        let directory = &fixture.directory;
        directory.file("secret", "sesame");
        let robot = serde_json::json!({
            "client_email": robot, "private_key": key, "token_uri": provider.url(Endpoint::Token),
        });
        directory.file("robot.json", robot.to_string());
        let text = format!(
            "[account.a]\nserver = 'smtps://{}'\ntls-ca = 'ca.pem'\nuser = '{USER}'\n\
             oauth-scope = 'mail.send'\n{}",
            fixture.server.addr(),
            keys.replace("ISSUER", provider.issuer())
        );
        directory.file("a.toml", text);
        let send = "send -C a.toml --to ann@example.org --subject s --text t";
        let ended = run(directory, send).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        assert_eq!(provider.token_requests(grant), 1);
        let ended = run(directory, "auth refresh a -C a.toml").await;
        assert!(ended.result().contains("token of a renewed"), "{ended:?}");
        assert_eq!(provider.token_requests(grant), 2);
        let ended = run(directory, "auth login a -C a.toml").await;
        ended.fails(64, "a obtains its tokens by itself, without a login");
        let received = fixture.server.take_received();
        let users = received.iter().map(|mail| mail.authenticated_as.as_deref());
        assert_eq!(users.collect::<Vec<_>>(), [Some(USER)]);
        assert_eq!(provider.violations(), Vec::<String>::new());
    }
}

/// A real Secret Service has the secret of the client and the tokens, and gets the renewed ones.
#[tokio::test]
#[ignore = "needs a keyring: tests/run installs it"]
async fn tokens_are_renewed_in_the_keyring() {
    let provider = AuthorizationServer::builder()
        .user(USER)
        .confidential_client("mailer", "sesame")
        .rotate_refresh_tokens();
    let provider = provider.start().await.unwrap();
    let server = TestServer::builder().security(Security::ImplicitTls);
    let fixture = CliFixture::open(server.tokens_of(&provider)).await;
    let directory = &fixture.directory;
    let keys = format!(
        "server = 'smtps://{}'\ntls-ca = 'ca.pem'\nuser = '{USER}'\noauth = '{}'\n\
         oauth-scope = 'mail.send offline_access'\nclient-id = 'mailer'\n",
        fixture.server.addr(),
        provider.issuer()
    );
    let text = format!(
        "[account.a]\n{keys}client-secret-keyring = 'the client'\ntoken-keyring = 'a'\n\
         [account.b]\n{keys}client-secret-env = 'SECRET'\ntoken-file = 'b.tokens'\n"
    );
    directory.file("a.toml", text);
    let config = Config::load(directory.path().join("a.toml")).unwrap();
    let mut account = config.account("b").unwrap().clone();
    account.client_secret_env = None;
    account.client_secret_command = Some("echo sesame".to_owned());
    let login = account.oauth().unwrap().unwrap();
    let client = login.client().await.unwrap().unwrap();
    let loopback = Loopback::bind().await.unwrap();
    let authorization = client.authorize(loopback.port(), Some(USER)).unwrap();
    let (tokens, page) = tokio::join!(
        loopback.log_in(&client, &authorization, USER, Duration::from_mins(1)),
        provider.log_in(authorization.url(), USER)
    );
    assert_eq!(page.unwrap().status, 200);
    let expired = UNIX_EPOCH + Duration::from_hours(1);
    let tokens = tokens.unwrap().with_expiry(UNIX_EPOCH, expired);
    login.store().store(&tokens).await.unwrap();
    // The keyring comes back before it has its name on the bus.
    let until =
        |command: &str| format!("until {command} || [ $((tries += 1)) -eq 999 ]; do :; done");
    let unlock = "printf pw | gnome-keyring-daemon --unlock --components=secrets >keyring.log 2>&1";
    let store = "secret-tool store --label=t service pilotfish username";
    let store_tokens = until(&format!("{store} a <b.tokens"));
    let look_up = until("secret-tool lookup service pilotfish username a >a.tokens");
    let send = "\"$0\" send -C a.toml --to ann@example.org --subject s --text t";
    let script = format!(
        "unset PILOTFISH_CONFIG XDG_CONFIG_HOME DISPLAY WAYLAND_DISPLAY; \
         export HOME=\"$PWD\" XDG_RUNTIME_DIR=\"$PWD\" SECRET=sesame; chmod 700 .; \
         exec dbus-run-session -- sh -c '{unlock}; {store_tokens}; \
         printf sesame | {store} \"the client\"; {send} -A a && {send} -A a; {look_up}; \
         secret-tool clear service pilotfish username a; {send} -A a; {send} -A b' \"$0\""
    );
    let (status, shown) = Screen::start(&script, directory.path()).end().await;
    // The refresh token of the file was replaced when the one of the keyring was renewed.
    assert_eq!(status.code(), Some(77), "{shown}");
    assert!(shown.contains("me@example.org is not logged in"), "{shown}");
    assert_eq!(fixture.server.take_received().len(), 2, "{shown}");
    assert_eq!(
        provider.token_requests(GrantType::RefreshToken),
        2,
        "{shown}"
    );
    let renewed = String::from_utf8(directory.read("a.tokens")).unwrap();
    let old = std::str::from_utf8(tokens.access().expose()).unwrap();
    assert!(
        renewed.contains("refresh_token") && !renewed.contains(old),
        "{renewed}: {shown}"
    );
}

/// A token that is not read is an error; one that is thrown away on purpose is none.
#[tokio::test]
async fn a_token_that_cannot_be_written() {
    let world = World::open(provider()).await;
    world.log_in().await;
    for (output, status) in [
        (">/dev/full", 73),
        (">/dev/null", 0),
        // As Python's subprocess.DEVNULL opens it.
        ("1<>/dev/null", 0),
        ("| true", 0),
    ] {
        for json in ["", "--json"] {
            let script = format!("(\"$0\" auth token work {json}; echo $? >status) {output}");
            let ended = world.at_home(Run::shell(&script)).end().await;
            let found = world.fixture.directory.read("status");
            let found = String::from_utf8(found).unwrap();
            assert_eq!(found.trim_end(), status.to_string(), "{output}: {ended:?}");
            let error = "error: cannot write to standard output";
            let errors = ended.stderr.matches(error).count();
            assert_eq!(errors, usize::from(status == 73), "{output}: {ended:?}");
        }
    }
    world.ends_with(0).await;
}
