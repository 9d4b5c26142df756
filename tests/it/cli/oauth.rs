//! Logins with OAuth 2.0 by the command: the screens, what is stored, and mails that need a new token.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;
use pilotfish::oauth::{TokenFile, TokenStore as _, Tokens};
use pilotfish::testing::{
    AuthorizationServer, AuthorizationServerBuilder, Endpoint, EndpointFault, GrantType,
    TestServer, TokenRefusal,
};
use rustix::process::Signal;
use serde_json::Value;

use super::cli_fixture::CliFixture;
use super::run::{Ended, Run, Running, USER, until, unwrapped};
use crate::support::screen::Screen;

pub(super) const CLIENT: &str = "the-client";
pub(super) const SECRET: &str = "client-secret-93jd";

/// An authorization server, and a submission server that takes its tokens alone.
pub(super) struct World {
    pub(super) provider: AuthorizationServer,
    pub(super) fixture: CliFixture,
}

pub(super) fn provider() -> AuthorizationServerBuilder {
    AuthorizationServer::builder()
        .user(USER)
        .confidential_client(CLIENT, SECRET)
}

impl World {
    /// A home with an account whose password lies in a file.
    pub(super) async fn open(provider: AuthorizationServerBuilder) -> Self {
        Self::refusing(provider, TokenRefusal::Challenge).await
    }

    /// The same with another reply to a token that is not valid.
    async fn refusing(provider: AuthorizationServerBuilder, refusal: TokenRefusal) -> Self {
        let provider = provider.start().await.unwrap();
        let server = TestServer::builder().tokens_of(&provider);
        let server = server.token_refusal(refusal);
        let fixture = CliFixture::open(server).await;
        let config = format!(
            "[account.work]\nserver = \"{}\"\ntls = \"starttls\"\ntls-ca = \"ca.pem\"\n\
             user = \"{USER}\"\nfrom = \"{USER}\"\npassword-file = \"password\"\n",
            fixture.server.addr()
        );
        fixture.directory.file("mail.toml", config);
        fixture.directory.file("client-secret", SECRET);
        Self { provider, fixture }
    }

    pub(super) fn run(&self, arguments: &str) -> Run {
        self.at_home(Run::new(arguments))
    }

    pub(super) fn at_home(&self, run: Run) -> Run {
        let path = self.fixture.directory.path();
        let run = run.directory(path).env("HOME", path);
        run.env("PILOTFISH_CONFIG", "mail.toml")
            .env("DBUS_SESSION_BUS_ADDRESS", "")
            .env("XDG_RUNTIME_DIR", "")
    }

    /// The arguments of `auth login work` with the client of this server.
    pub(super) fn login_arguments(&self, more: &str) -> String {
        let issuer = self.provider.issuer();
        format!(
            "auth login work --oauth {issuer} --scope 'mail.send offline_access' \
             --client-id {CLIENT} --client-secret-file client-secret {more}"
        )
    }

    pub(super) async fn login(&self, arguments: &str) -> Running {
        self.run(&self.login_arguments(arguments)).start().await
    }

    /// The same in a shell, which may redirect.
    pub(super) async fn login_in_shell(&self, arguments: &str) -> Running {
        let script = format!("exec \"$0\" {}", self.login_arguments(arguments));
        self.at_home(Run::shell(&script)).start().await
    }

    /// What a person sees of this command. `environment` has more variables, as in `NAME=VALUE`.
    pub(super) fn screen(&self, environment: &str, arguments: &str) -> Screen {
        let script = format!(
            "unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS BROWSER DISPLAY WAYLAND_DISPLAY; \
             export HOME=\"$PWD\" PILOTFISH_CONFIG=mail.toml {environment}; exec \"$0\" {arguments}"
        );
        Screen::start(&script, self.fixture.directory.path())
    }

    /// Logs in by the browser.
    pub(super) async fn log_in(&self) -> Ended {
        let mut running = self.login("").await;
        let url = running.until("http://").await;
        let page = self.provider.log_in(url.trim(), USER).await.unwrap();
        assert_eq!(page.status, 200, "{page:?}");
        let expected = format!("You are logged in as {USER}. You can close this page");
        assert!(page.text.contains(&expected), "{page:?}");
        let ended = running.end().await;
        ended.result();
        ended
    }

    pub(super) fn tokens(&self) -> TokenFile {
        TokenFile::new(self.fixture.directory.path().join("work.tokens"))
    }

    pub(super) async fn stored(&self) -> Tokens {
        self.tokens().load().await.unwrap().unwrap()
    }

    /// Checks that the account still logs in by its password, and that there are no tokens.
    pub(super) fn has_stored_nothing(&self) {
        let config = self.config();
        assert!(
            config.ends_with("password-file = \"password\"\n"),
            "{config}"
        );
        assert!(!self.tokens().path().exists());
    }

    /// Stores the tokens as if they had expired long ago.
    pub(super) async fn expire(&self) {
        let file = self.tokens();
        let tokens = self.stored().await;
        let then = UNIX_EPOCH + Duration::from_hours(1);
        let tokens = tokens.with_expiry(UNIX_EPOCH, then);
        file.store(&tokens).await.unwrap();
    }

    /// Checks how many mails arrived, and that no server has complaints.
    pub(super) async fn ends_with(self, mails: usize) {
        assert_eq!(self.fixture.mails().await.len(), mails);
        assert_eq!(self.provider.violations(), Vec::<String>::new());
    }

    /// Checks what a command prints when the account says `auth = "none"`.
    async fn without_login(&self, arguments: &str, expected: &str) {
        let config = self.config();
        let directory = &self.fixture.directory;
        directory.file("mail.toml", format!("{config}auth = \"none\"\n"));
        let shown = self.run(arguments).end().await;
        assert_eq!(shown.result().trim_start(), expected);
        directory.file("mail.toml", config);
    }

    pub(super) fn config(&self) -> String {
        String::from_utf8(self.fixture.directory.read("mail.toml")).unwrap()
    }
}

#[tokio::test]
async fn a_login_by_the_browser() {
    let world = World::open(provider()).await;
    let ended = world.log_in().await;
    assert_eq!(
        ended.result(),
        "login stored in work.tokens, readable only by you and not encrypted; Pilotfish renews it"
    );
    let seen = unwrapped(&ended.stderr);
    for line in [
        "127.0.0.1 logged you in; permission: mail.send\n",
        "127.0.0.1 accepts the token\n",
        "work no longer logs in by password-file: the line was removed from mail.toml, and the secret \
         is where it was",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    let config = world.config();
    let keys = format!(
        "from = \"{USER}\"\noauth = \"{}\"\noauth-scope = \"mail.send offline_access\"\n\
         client-id = \"{CLIENT}\"\nclient-secret-file = ",
        world.provider.issuer()
    );
    assert!(config.contains(&keys), "{config}");
    assert!(
        config.ends_with("token-file = \"work.tokens\"\n"),
        "{config}"
    );
    let mode = std::fs::metadata(world.tokens().path()).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    world.run("send ann@example.org -m Hi").end().await.result();
    assert_eq!(world.provider.token_requests(GrantType::RefreshToken), 0);
    world.ends_with(1).await;
}

/// All of them find a token that has expired. One renews it, and each mail is sent once.
#[tokio::test]
async fn eight_processes_renew_once() {
    let world = World::open(provider().rotate_refresh_tokens()).await;
    world.log_in().await;
    world.expire().await;
    let runs = (0..8).map(|number| {
        world
            .run(&format!("send ann@example.org -m {number}"))
            .end()
    });
    for ended in join_all(runs).await {
        ended.result();
    }
    assert_eq!(world.provider.token_requests(GrantType::RefreshToken), 1);
    world.ends_with(8).await;
}

/// The one that renews is killed while the authorization server is silent: the others go on.
#[tokio::test]
async fn a_process_that_is_killed_while_it_renews() {
    let world = World::open(provider()).await;
    world.log_in().await;
    world.expire().await;
    world
        .provider
        .fault(Endpoint::Token, EndpointFault::Silence);
    let before = world.provider.requests(Endpoint::Token);
    let first = world.run("send ann@example.org -m first").start().await;
    until(|| world.provider.requests(Endpoint::Token) > before).await;
    let mut others = Vec::new();
    for number in 0..4 {
        let run = world.run(&format!("send ann@example.org -m {number}"));
        others.push(run.start().await);
    }
    first.signal(Signal::KILL);
    for other in others {
        other.end().await.result();
    }
    assert_eq!(first.end().await.status, 137);
    // The killed one's, and one more.
    assert_eq!(world.provider.requests(Endpoint::Token) - before, 2);
    world.ends_with(4).await;
}

/// The mail server knows that the token is no longer valid: it is renewed, and the same connection goes
/// on.
#[tokio::test]
async fn a_token_that_is_withdrawn_is_renewed_over_the_same_connection() {
    for refusal in [TokenRefusal::Google, TokenRefusal::Microsoft] {
        let world = World::refusing(provider().rotate_refresh_tokens(), refusal).await;
        world.log_in().await;
        world.provider.revoke_access_tokens();
        let ended = world.run("send ann@example.org -m Hi -vv").end().await;
        ended.result();
        let dialogue = &ended.stderr;
        let sent = |command: &str| dialogue.matches(&format!(">  {command}")).count();
        assert_eq!((sent("STARTTLS"), sent("AUTH ")), (1, 2), "{dialogue}");
        assert_eq!(world.provider.token_requests(GrantType::RefreshToken), 1);
        for command in ["account test work", "check --login -A work"] {
            world.provider.revoke_access_tokens();
            let ended = world.run(command).end().await;
            assert_eq!(ended.status, 0, "{ended:?}");
        }
        assert_eq!(world.provider.token_requests(GrantType::RefreshToken), 3);
        world.ends_with(1).await;
    }
}

#[tokio::test]
async fn a_login_that_was_revoked() {
    let world = World::open(provider()).await;
    world.log_in().await;
    world.provider.revoke_all();
    let ended = world.run("send ann@example.org -m Hi").end().await;
    ended.fails(77, "  help:   pilotfish auth login work");
    ended.fails(77, "the login has ended: access was revoked");
    // The token was not new, and one help is enough.
    assert!(!ended.stderr.contains("a token that is new"), "{ended:?}");
    let helps = ended.stderr.matches("pilotfish auth login").count();
    assert_eq!(helps, 1, "{ended:?}");
    world.expire().await;
    let ended = world.run("auth status").end().await;
    assert_eq!(ended.status, 77, "{ended:?}");
    let expected =
        "work  OAuth 2.0 in a file (mode 600)  revoked or expired: pilotfish auth login work\n";
    assert!(ended.stdout.ends_with(expected), "{ended:?}");
    for command in ["token", "refresh"] {
        let ended = world.run(&format!("auth {command} work")).end().await;
        ended.fails(77, "  help:   pilotfish auth login work");
    }
    world.log_in().await;
    world.run("auth status").end().await.result();
    world.ends_with(0).await;
}

#[tokio::test]
async fn status_token_refresh_and_logout() {
    let world = World::open(provider()).await;
    let shown = world.run("auth status").end().await;
    assert!(
        shown.result().contains("work  password in password"),
        "{shown:?}"
    );
    world.without_login("auth status", "work  no login").await;
    let ended = world.run("auth token work").end().await;
    ended.fails(64, "to change that: pilotfish auth login work");
    world.log_in().await;
    let shown = world.run("auth status").end().await;
    let expected = "work  OAuth 2.0 in a file (mode 600)  token for 59 min more, then renewed";
    assert_eq!(shown.result().trim_start(), expected);
    world.without_login("auth status", "work  no login").await;
    let status = world.run("auth status --json").end().await;
    let object: Value = serde_json::from_str(status.result()).unwrap();
    assert_eq!(object["schema"], "pilotfish.auth-status/1");
    assert_eq!(object["logins"][0]["works"], true);
    let token = world.run("auth token work").end().await;
    assert_eq!(token.stderr, "");
    let stored = world.stored().await;
    assert_eq!(token.result().as_bytes(), stored.access().expose());
    let ended = world.run("auth refresh work").end().await;
    assert_eq!(ended.result(), "token of work renewed: valid for 59 min");
    let renewed = world.run("auth token work --json").end().await;
    let object: Value = serde_json::from_str(renewed.result()).unwrap();
    assert_eq!(object["user"], USER);
    assert_ne!(object["token"], token.result());
    let ended = world.run("auth logout work").end().await;
    assert_eq!(
        ended.result(),
        "work is logged out: the login is revoked, and its tokens are removed"
    );
    assert_eq!(world.provider.requests(Endpoint::Revocation), 1);
    assert!(!world.tokens().path().exists());
    let ended = world.run("auth logout work").end().await;
    assert_eq!(ended.result(), "work was not logged in");
    let ended = world.run("send ann@example.org -m Hi").end().await;
    ended.fails(77, "pilotfish auth login work");
    let shown = world.run("auth status").end().await;
    assert_eq!(shown.status, 77, "{shown:?}");
    assert!(
        shown
            .stdout
            .contains("not logged in: pilotfish auth login work"),
        "{shown:?}"
    );
    world.ends_with(0).await;
}
