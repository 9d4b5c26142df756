//! The flags of a login with OAuth 2.0, in `auth login` and in `account add`.

use pilotfish::testing::{Endpoint, GrantType};
use rustix::process::Signal;
use serde_json::Value;

use super::oauth::{CLIENT, World, provider};
use super::run::{USER, unwrapped};

/// What `account add` begins with here.
fn add(world: &World) -> String {
    let server = world.fixture.server.addr();
    format!("account add {USER} --name new --server {server} --tls-ca ca.pem")
}

/// No question comes before the error, as there is no terminal, and no server is asked.
#[tokio::test]
async fn flags_that_do_not_fit() {
    let world = World::open(provider()).await;
    let add = add(&world);
    let issuer = world.provider.issuer();
    let at_issuer = format!("--oauth={issuer}");
    let needs_scope = format!("{at_issuer} also needs --scope SCOPE");
    let login = "auth login work".to_owned();
    for (command, flags, words) in [
        (&add, at_issuer.clone(), needs_scope.as_str()),
        (&login, format!("{at_issuer} --client-id q"), &needs_scope),
        (
            &add,
            format!("{at_issuer} --scope s --tenant x"),
            "--tenant is for Microsoft",
        ),
        (
            &login,
            format!("{at_issuer} --scope s --tenant x"),
            "--tenant is for Microsoft",
        ),
        (
            &login,
            "--oauth google --device".to_owned(),
            "Google offers no login on another device",
        ),
        (
            &login,
            format!("{at_issuer} --scope s --client-id ''"),
            "the value of --client-id is empty",
        ),
        (
            &add,
            "--device".to_owned(),
            "--device is for a login with OAuth 2.0",
        ),
        (&add, format!("--oauth {issuer}"), "--oauth=SERVER"),
        (
            &add,
            format!("{at_issuer} --scope s --device"),
            "--oauth=SERVER --client-id ID --client-secret-file FILE",
        ),
    ] {
        let words = words.replace("=SERVER --client", &format!("={issuer} --client"));
        let ended = world.run(&format!("{command} {flags}")).end().await;
        ended.fails(64, &words);
        assert_eq!(world.provider.requests(Endpoint::Metadata), 0, "{flags}");
    }
    world.ends_with(0).await;
}

/// Nothing has to be typed for an authorization server that does not answer.
#[tokio::test]
async fn a_server_that_cannot_be_used_before_the_client_is_asked_for() {
    let world = World::open(provider()).await;
    let issuer = format!("{}/other", world.provider.issuer());
    let arguments = format!("auth login work --oauth {issuer} --scope s");
    let (status, shown) = world.screen("", &arguments).end().await;
    assert_ne!(status.code(), Some(0), "{shown}");
    assert!(!shown.contains("Client ID"), "{shown}");
    world.has_stored_nothing();
}

/// The flags of the client are enough where nothing can be asked.
#[tokio::test]
async fn an_account_is_added_without_a_terminal() {
    let world = World::open(provider()).await;
    let issuer = world.provider.issuer();
    let arguments = format!(
        "{} --oauth={issuer} --scope 'mail.send offline_access' --client-id {CLIENT} \
         --client-secret-file client-secret --store file",
        add(&world)
    );
    let mut running = world.run(&arguments).start().await;
    let url = running.until("http://").await;
    world.provider.log_in(url.trim(), USER).await.unwrap();
    running.end().await.result();
    assert_eq!(
        world.provider.token_requests(GrantType::AuthorizationCode),
        1
    );
    let sent = world.run("send ann@example.org -m Hi -A new").end().await;
    sent.result();
    world.ends_with(1).await;
}

/// The help fits the login of the account that has the name.
#[tokio::test]
async fn the_name_of_an_account_with_a_login() {
    let world = World::open(provider()).await;
    let again = add(&world).replace("--name new", "--name work");
    let ended = world.run(&again).end().await;
    ended.fails(64, "another password for it: pilotfish auth set work");
    world.log_in().await;
    let ended = world.run(&again).end().await;
    ended.fails(64, "log in again: pilotfish auth login work");
    world.ends_with(0).await;
}

/// Who does not want a file reads about places for logins, and not about passwords.
#[tokio::test]
async fn a_login_that_is_not_to_be_stored() {
    let world = World::open(provider()).await;
    let mut screen = world.screen("", &world.login_arguments(""));
    screen.answer("and not encrypted? [Y/n] ", "n\n").await;
    let (status, shown) = screen.end().await;
    assert!(!status.success(), "{shown}");
    let shown = unwrapped(&shown);
    assert!(
        shown.contains("--store keyring keeps it encrypted"),
        "{shown}"
    );
    assert!(!shown.contains("password"), "{shown}");
    world.has_stored_nothing();
    world.ends_with(0).await;
}

/// A program that runs several logins sees which one was stopped.
#[tokio::test]
async fn the_object_of_a_login_that_is_stopped() {
    let world = World::open(provider()).await;
    let mut running = world.login("--json").await;
    running.until("http://").await;
    running.signal(Signal::INT);
    let ended = running.end().await;
    assert_eq!(ended.status, 130, "{ended:?}");
    let object: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(object["account"], "work", "{object}");
    assert_eq!(
        object["error"], "interrupted: nothing was stored",
        "{object}"
    );
    world.ends_with(0).await;
}
