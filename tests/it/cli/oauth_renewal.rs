//! Renewals that are interrupted, or that a full disk prevents: the login is not lost.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use futures_util::future::join_all;
use pilotfish::oauth::TokenStore as _;
use pilotfish::testing::{Endpoint, EndpointFault, GrantType};
use rustix::process::Signal;

use super::oauth::{World, provider};
use super::run::{Run, until, unwrapped};

/// A world with a login that has expired. The provider accepts each refresh token once.
async fn expired() -> World {
    let world = World::open(provider().rotate_refresh_tokens()).await;
    world.log_in().await;
    world.expire().await;
    world
}

fn renewals(world: &World) -> u64 {
    world.provider.token_requests(GrantType::RefreshToken)
}

/// The command, the signal that comes while the provider answers slowly, and the exit status. Further
/// signals change nothing.
#[tokio::test]
async fn a_renewal_is_finished_before_the_command_ends() {
    let rows = [
        ("send ann@example.org -m Hi", Signal::TERM, 143),
        ("send ann@example.org -m Hi", Signal::INT, 130),
        ("auth refresh work", Signal::TERM, 143),
        ("auth status", Signal::HUP, 129),
        ("account test work", Signal::INT, 130),
        ("check --login -A work", Signal::TERM, 143),
    ];
    let ended = rows.map(|(command, signal, status)| async move {
        let world = expired().await;
        let slow = EndpointFault::Slow(Duration::from_millis(10));
        world.provider.fault(Endpoint::Token, slow);
        let mut running = world.run(command).start().await;
        until(|| renewals(&world) == 1).await;
        running.signal(signal);
        running.until("waiting up to 40 s").await;
        running.signal(Signal::TERM);
        running.signal(Signal::HUP);
        let ended = running.end().await;
        assert_eq!(ended.status, status, "{command}: {ended:?}");
        let seen = unwrapped(&ended.stderr);
        let expected =
            "waiting up to 40 s for the renewal of the login, which would be lost otherwise";
        assert!(seen.contains(expected), "{command}: {seen}");
        assert!(!seen.contains("nothing was stored"), "{command}: {seen}");
        world.run("send ann@example.org -m Hi").end().await.result();
        assert_eq!(renewals(&world), 1, "{command}");
        world.ends_with(1).await;
    });
    join_all(ended).await;
}

#[tokio::test]
async fn the_total_time_ends_while_a_token_is_renewed() {
    let world = expired().await;
    let slow = EndpointFault::Slow(Duration::from_millis(30));
    world.provider.fault(Endpoint::Token, slow);
    let ended = world.run("send ann@example.org -m Hi --timeout total=5s");
    let ended = ended.end().await;
    ended.fails(75, "the total time of --timeout is over");
    assert_eq!(renewals(&world), 1);
    world.run("send ann@example.org -m Hi").end().await.result();
    assert_eq!(renewals(&world), 1);
    world.ends_with(1).await;
}

/// sendmail says only what its caller wants to know.
#[tokio::test]
async fn sendmail_waits_for_a_renewal_without_a_word() {
    for (flags, says) in [("", false), ("-oeq", false), ("-v", true)] {
        let world = expired().await;
        let slow = EndpointFault::Slow(Duration::from_millis(10));
        world.provider.fault(Endpoint::Token, slow);
        let arguments = format!("sendmail {flags} ann@example.org");
        let running = world.run(&arguments).stdin("\nHi\n").start().await;
        until(|| renewals(&world) == 1).await;
        running.signal(Signal::TERM);
        let ended = running.end().await;
        assert_eq!(ended.status, 143, "{flags}: {ended:?}");
        let seen = unwrapped(&ended.stderr);
        assert_eq!(seen.contains("waiting up to 40 s"), says, "{flags}: {seen}");
        world.run("send ann@example.org -m Hi").end().await.result();
        assert_eq!(renewals(&world), 1, "{flags}");
        world.ends_with(1).await;
    }
}

/// Another Ctrl-C ends the command although the provider has not answered.
#[tokio::test]
async fn ctrl_c_ends_the_wait_for_a_renewal() {
    let world = expired().await;
    world
        .provider
        .fault(Endpoint::Token, EndpointFault::Silence);
    let mut running = world.run("auth refresh work").start().await;
    until(|| renewals(&world) == 1).await;
    running.signal(Signal::INT);
    running.until("waiting up to 40 s").await;
    running.signal(Signal::INT);
    assert_eq!(running.end().await.status, 130);
    world.ends_with(0).await;
}

/// Nothing is requested if the new tokens could not be stored: afterwards, the old ones still work.
#[tokio::test]
async fn no_renewal_without_room_for_its_tokens() {
    let world = expired().await;
    let refresh = |limit: &str| {
        let script = format!("{limit} exec \"$0\" auth refresh work");
        world.at_home(Run::shell(&script))
    };
    let ended = refresh("ulimit -f 8;").end().await;
    ended.fails(78, "cannot write the tokens in");
    assert_eq!(renewals(&world), 0);
    let left = world.fixture.directory.path().join("work.tokens.new");
    assert!(!left.exists());
    // What a killed process has left does not prevent a renewal.
    std::fs::write(&left, "").unwrap();
    refresh("").end().await.result();
    assert_eq!(renewals(&world), 1);
    assert!(!left.exists());
    world.ends_with(0).await;
}

/// Fresh tokens need no client secret, no authorization server and no lock.
#[tokio::test]
async fn fresh_tokens_are_enough_to_send() {
    let world = World::open(provider()).await;
    world.log_in().await;
    let lock = file(&world, "work.tokens.lock");
    std::fs::remove_file(file(&world, "client-secret")).unwrap();
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    let requests = world.provider.requests(Endpoint::Metadata);
    world.run("send ann@example.org -m Hi").end().await.result();
    assert_eq!(world.provider.requests(Endpoint::Metadata), requests);
    world.ends_with(1).await;
}

/// What makes it impossible to revoke the login, and the warning. The tokens are removed even so.
#[tokio::test]
async fn a_logout_that_cannot_revoke() {
    type Change = fn(&World);
    let cases: [(Change, &str); 5] = [
        (
            |world| std::fs::remove_file(file(world, "client-secret")).unwrap(),
            "cannot read the client secret from",
        ),
        (
            |world| std::fs::write(file(world, "work.tokens"), "damaged").unwrap(),
            "is damaged",
        ),
        (
            |world| {
                let mode = std::fs::Permissions::from_mode(0o644);
                std::fs::set_permissions(file(world, "work.tokens"), mode).unwrap();
            },
            "other users can read",
        ),
        (
            |world| fail(world, Endpoint::Metadata),
            "the login of work is not revoked",
        ),
        (
            |world| fail(world, Endpoint::Revocation),
            "the login of work is not revoked",
        ),
    ];
    for command in ["auth logout work", "account remove work"] {
        for (change, expected) in cases {
            let world = World::open(provider()).await;
            world.log_in().await;
            change(&world);
            let ended = world.run(command).end().await;
            ended.result();
            let seen = unwrapped(&ended.stderr);
            assert!(seen.contains(expected), "{command}: {seen}");
            let advice = "to end the login there too, remove the permission at the provider";
            assert!(seen.contains(advice), "{command}: {seen}");
            assert!(!world.tokens().path().exists(), "{command}: {expected}");
            world.ends_with(0).await;
        }
    }
}

/// A signal while the provider does not answer: there are no tokens any more, and the command says where the
/// login ends.
#[tokio::test]
async fn a_stop_during_the_revocation_leaves_no_tokens() {
    for command in ["auth logout work", "account remove work"] {
        for signal in [Signal::INT, Signal::TERM] {
            let world = World::open(provider()).await;
            world.log_in().await;
            let silence = EndpointFault::Silence;
            world.provider.fault(Endpoint::Revocation, silence);
            let running = world.run(&format!("{command} --json")).start().await;
            until(|| world.provider.requests(Endpoint::Revocation) > 0).await;
            assert!(!world.tokens().path().exists(), "{command}");
            running.signal(signal);
            let ended = running.end().await;
            let seen = unwrapped(&ended.stderr);
            for expected in [
                "the login of work is not revoked",
                "to end the login there too, remove the permission at the provider",
            ] {
                assert!(seen.contains(expected), "{command}: {seen}");
            }
            let object: serde_json::Value = serde_json::from_str(ended.result()).unwrap();
            assert_eq!(object["revoked"], false, "{command}");
            world.ends_with(0).await;
        }
    }
}

fn file(world: &World, name: &str) -> std::path::PathBuf {
    world.fixture.directory.path().join(name)
}

fn fail(world: &World, endpoint: Endpoint) {
    for _ in 0..3 {
        let fault = EndpointFault::HtmlPage { status: 503 };
        world.provider.fault(endpoint, fault);
    }
}

/// A link stays, and the file that it leads to is renewed and removed.
#[tokio::test]
async fn a_token_file_behind_a_link() {
    let world = expired().await;
    let (link, target) = (file(&world, "work.tokens"), file(&world, "elsewhere"));
    std::fs::rename(&link, &target).unwrap();
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    world.run("auth refresh work").end().await.result();
    assert!(link.is_symlink());
    assert_eq!(
        pilotfish::oauth::TokenFile::new(&target)
            .load()
            .await
            .unwrap(),
        Some(world.stored().await)
    );
    world.run("auth refresh work").end().await.result();
    world.run("auth logout work").end().await.result();
    assert!(link.is_symlink() && !target.exists());
    let ended = world.run("auth logout work").end().await;
    assert_eq!(ended.result(), "work was not logged in");
    world.ends_with(0).await;
}
