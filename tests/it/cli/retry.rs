//! `--retry` for a mail that some recipients have: the others are tried again, and no recipient gets it twice.

use pilotfish::testing::Fault::{CloseAt, ReplyAt};
use pilotfish::testing::Point::{EndOfData, Rcpt};
use pilotfish::testing::{Fault, TestServerBuilder};
use rustix::process::Signal;

use super::cli_fixture::{CliFixture, server};
use super::peer::Peer;
use super::run::unwrapped;

/// A server that defers its first recipient for a second.
fn deferring() -> TestServerBuilder {
    server().fault(later())
}

fn later() -> Fault {
    let words = "450 4.2.0 Greylisted, try again in 1 seconds";
    ReplyAt(Rcpt, words.to_owned())
}

/// Sends to ann and bob. Returns the status, the outcomes of both and the attempts by JSON, and who got
/// each mail that the server accepted.
async fn send(server: TestServerBuilder, retry: &str) -> (i32, String, Vec<Vec<String>>) {
    let fixture = CliFixture::open(server).await;
    let run = fixture.send(&format!(
        "ann@example.org bob@example.org -m Hi --json {retry}"
    ));
    let ended = run.end().await;
    let object: serde_json::Value = serde_json::from_str(&ended.stdout).expect(&ended.stdout);
    let outcome = |at: usize| {
        object["recipients"][at]["outcome"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let facts = format!(
        "{} {} {} attempts",
        outcome(0),
        outcome(1),
        object["attempts"]
    );
    let retries = unwrapped(&ended.stderr)
        .matches("Pilotfish tries again in 1 s")
        .count();
    let attempts = object["attempts"].as_u64().unwrap();
    let copy = fixture.directory.path().join("copy.eml");
    assert_eq!(copy.exists(), retry.contains("copy.eml"), "{ended:?}");
    assert_eq!(u64::try_from(retries).unwrap() + 1, attempts, "{ended:?}");
    let mails = fixture.mails().await;
    let paths = mails.into_iter().map(|mail| mail.forward_paths).collect();
    (ended.status, facts, paths)
}

#[tokio::test]
async fn deferred_recipients_are_tried_again_alone() {
    let (ann, bob) = ("ann@example.org".to_owned(), "bob@example.org".to_owned());
    for (server, retry, status, facts, mails) in [
        (
            deferring(),
            "--retry 1m",
            0,
            "accepted accepted 2 attempts",
            vec![vec![bob.clone()], vec![ann.clone()]],
        ),
        // Nothing is tried without the flag, nor beyond its time.
        (
            deferring(),
            "",
            80,
            "deferred accepted 1 attempts",
            vec![vec![bob.clone()]],
        ),
        (
            server().fault(ReplyAt(
                Rcpt,
                "450 4.2.0 try again in 300 seconds".to_owned(),
            )),
            "--retry 1m",
            80,
            "deferred accepted 1 attempts",
            vec![vec![bob.clone()]],
        ),
        // Rejected at last.
        (
            deferring()
                .fault(ReplyAt(EndOfData, "250 2.0.0 ok".to_owned()))
                .fault(ReplyAt(EndOfData, "554 5.7.1 no".to_owned())),
            "--retry 1m",
            80,
            "rejected accepted 2 attempts",
            vec![vec![bob.clone()]],
        ),
    ] {
        let found = send(server, retry).await;
        assert_eq!(found, (status, facts.to_owned(), mails), "{retry}");
    }
}

/// The server asks for a longer wait than the flag allows.
#[tokio::test]
async fn a_wait_beyond_the_time_is_explained() {
    let words = "451 4.7.1 Greylisted, try again in 300 seconds";
    let fixture = CliFixture::open(server().fault(ReplyAt(EndOfData, words.to_owned()))).await;
    let run = fixture.send("ann@example.org -m Hi --retry 90s");
    let ended = run.end().await;
    ended.fails(75, "the time of --retry (90 s) ends before another attempt");
    ended.fails(75, "send it again after 5 min");
    assert!(!ended.stderr.contains("tries again"), "{ended:?}");
}

/// A server that cannot be reached at first.
#[tokio::test]
async fn a_server_that_comes_back() {
    let fixture = CliFixture::open(server()).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let arguments = format!(
        "send --server {address} --tls-ca ca.pem --user me@example.org --password-file password \
         --from me@example.org ann@example.org -m Hi --json --retry 3s"
    );
    let run = super::run::Run::new(&arguments).directory(fixture.directory.path());
    let ended = run.end().await;
    assert_eq!(ended.status, 75, "{ended:?}");
    let shown = unwrapped(&ended.stderr);
    assert_eq!(
        shown.matches("Pilotfish tries again in ").count(),
        1,
        "{shown}"
    );
    assert!(
        shown.contains("the time of --retry (3 s) ends before another attempt"),
        "{shown}"
    );
    fixture.received_nothing().await;
}

/// The second attempt is sent as a whole, and no reply comes: its recipient is unknown, and the other one
/// has the mail, so there is a copy of it.
#[tokio::test]
async fn an_attempt_without_a_reply_is_the_last() {
    let server = deferring()
        .fault(ReplyAt(EndOfData, "250 2.0.0 ok".to_owned()))
        .fault(CloseAt(EndOfData));
    let (status, facts, _) = send(server, "--retry 1m --save-copy copy.eml").await;
    assert_eq!(
        (status, facts.as_str()),
        (81, "unknown accepted 2 attempts")
    );
}

/// A signal or the end of the total time, while the command waits for the reply to a mail that may be sent
/// again. The reply is the result: no attempt follows, by the command or by the client.
#[tokio::test]
async fn no_attempt_begins_after_a_stop() {
    for (signal, more) in [
        (Some(Signal::INT), ""),
        (Some(Signal::TERM), ""),
        (None, "--timeout total=4s"),
    ] {
        for (of_bob, of_mail, status) in [
            ("450 4.2.0 try again in 1 seconds", "250 2.0.0 ok", 80),
            ("250 ok", "451 4.3.0 try again in 1 seconds", 75),
        ] {
            let peer = Peer::listen().await;
            let run = peer.send(&format!(
                "--to ann@example.org,bob@example.org --text Hi -vvv --retry 40s {more}"
            ));
            let mut sending = run.start().await;
            let mut client = peer.accept().await;
            client.reply("220 there.example").await;
            for (command, reply) in [
                ("EHLO ", "250 there.example"),
                ("MAIL ", "250 ok"),
                ("RCPT ", "250 ok"),
                ("RCPT ", of_bob),
                ("DATA", "354 go on"),
            ] {
                client.expect_line(command).await;
                client.reply(reply).await;
            }
            client.expect_message().await;
            sending.until("the mail has left").await;
            if let Some(signal) = signal {
                sending.signal(signal);
            }
            sending.until("waiting for the reply").await;
            client.reply(of_mail).await;
            client.expect_line("QUIT").await;
            client.reply("221 bye").await;
            let ended = sending.end().await;
            let case = format!("{signal:?} {of_mail}: {ended:?}");
            assert_eq!(ended.status, status, "{case}");
            let seen = unwrapped(&ended.stderr);
            assert!(!seen.contains("tries again"), "{case}");
            assert!(!seen.contains("is sent again later"), "{case}");
            let explains = seen.contains(": no further attempt was made");
            assert_eq!(explains, status == 75, "{case}");
        }
    }
}

/// A stop between two attempts: the mail has not left in the present one.
#[tokio::test]
async fn a_stop_before_the_next_attempt_ends_the_command() {
    let words = "451 4.3.0 try again in 60 seconds";
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fixture = CliFixture::open(server().fault(ReplyAt(EndOfData, words.to_owned()))).await;
        let run = fixture.send("ann@example.org -m Hi --retry 1h");
        let mut sending = run.start().await;
        sending.until("Pilotfish tries again in").await;
        sending.signal(signal);
        let ended = sending.end().await;
        ended.fails(status, "the mail was not sent");
        assert!(!ended.stderr.contains("waiting for the reply"), "{ended:?}");
    }
}
