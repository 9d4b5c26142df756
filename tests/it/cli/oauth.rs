//! Logins with OAuth 2.0 by the command: the screens, what is stored, and mails that need a new token.

use std::os::unix::fs::PermissionsExt as _;

use pilotfish::testing::{
    AuthorizationServer, AuthorizationServerBuilder, Endpoint, EndpointFault, GrantType, TestServer,
};

use super::cli_fixture::CliFixture;
use super::run::{Ended, Run, Running, USER};

const CLIENT: &str = "the-client";
const SECRET: &str = "client-secret-93jd";

/// An authorization server, and a submission server that takes its tokens alone.
pub(super) struct World {
    pub(super) provider: AuthorizationServer,
    pub(super) fixture: CliFixture,
}

fn provider() -> AuthorizationServerBuilder {
    AuthorizationServer::builder()
        .user(USER)
        .confidential_client(CLIENT, SECRET)
}

impl World {
    /// A home with an account whose password lies in a file.
    pub(super) async fn open(provider: AuthorizationServerBuilder) -> Self {
        let provider = provider.start().await.unwrap();
        let server = TestServer::builder().tokens_of(&provider);
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
        let path = self.fixture.directory.path();
        let run = Run::new(arguments).directory(path).env("HOME", path);
        run.env("PILOTFISH_CONFIG", "mail.toml")
            .env("DBUS_SESSION_BUS_ADDRESS", "")
            .env("XDG_RUNTIME_DIR", "")
    }

    /// `auth login work` with the client of this server.
    pub(super) async fn login(&self, arguments: &str) -> Running {
        let issuer = self.provider.issuer();
        let run = self.run(&format!(
            "auth login work --oauth {issuer} --scope 'mail.send offline_access' \
             --client-id {CLIENT} --client-secret-file client-secret {arguments}"
        ));
        run.start().await
    }

    /// Logs in by the browser.
    pub(super) async fn log_in(&self) -> Ended {
        let mut running = self.login("").await;
        let url = running.until("http://").await;
        let page = self.provider.log_in(url.trim(), USER).await.unwrap();
        assert_eq!(page.status, 200, "{page:?}");
        let expected = format!("Pilotfish may now send mail as {USER}. You can close this page.");
        assert!(page.text.contains(&expected), "{page:?}");
        let ended = running.end().await;
        ended.result();
        ended
    }

    pub(super) fn config(&self) -> String {
        String::from_utf8(self.fixture.directory.read("mail.toml")).unwrap()
    }
}

#[tokio::test]
async fn a_login_by_the_browser() {
    let world = World::open(provider()).await;
    let ended = world.log_in().await;
    let stored = "✓ login stored in mail.toml".to_owned();
    println!("{} {}", ended.stderr, ended.stdout);
    assert!(
        ended
            .stdout
            .contains("readable only by you and not encrypted"),
        "{ended:?} {stored}"
    );
    let config = world.config();
    println!("{config}");
    let path = world.fixture.directory.path().join("work.tokens");
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ended = world.run("send ann@example.org -m Hi").end().await;
    ended.result();
    world.fixture.mail().await;
}
