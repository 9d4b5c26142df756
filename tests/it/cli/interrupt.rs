//! Ctrl-C: before the end of data it withdraws the mail, behind it it waits for the answer.

use pilotfish::testing::Fault::SilentAt;
use pilotfish::testing::Point::{Body, Ehlo};
use rustix::process::Signal;

use super::office::{Office, server};
use super::peer::Peer;

/// The line of the log that says that the end of data is out.
const LEFT: &str = "the mail has left";

#[tokio::test]
async fn while_it_waits_it_is_130() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let office = Office::open(server().fault(SilentAt(Ehlo))).await;
        let mut sending = office
            .send("--to ann@example.org --transcript")
            .start()
            .await;
        sending.until("-> EHLO").await;
        sending.signal(signal);
        sending.end().await.fails(status, "the mail was not sent");
        office.got_nothing().await;
    }
}

#[tokio::test]
async fn before_the_greeting_it_is_130() {
    let peer = Peer::listen().await;
    let sending = peer.send("--to ann@example.org").start().await;
    let _client = peer.accept().await;
    sending.signal(Signal::INT);
    sending.end().await.fails(130, "the mail was not sent");
}

#[tokio::test]
async fn within_the_message_it_is_130_and_the_server_has_no_mail() {
    let office = Office::open(server().fault(SilentAt(Body(100_000)))).await;
    office.directory.sparse_file("large.bin", 20_000_000);
    let run = office.send("--to ann@example.org -a large.bin --transcript");
    let mut sending = run.start().await;
    sending.until("<~ 354").await;
    sending.signal(Signal::INT);
    sending.end().await.fails(130, "the mail was not sent");
    office.got_nothing().await;
}

#[tokio::test]
async fn within_the_message_the_connection_ends_without_an_end_of_data() {
    let peer = Peer::listen().await;
    let office = Office::open(server()).await;
    let file = office.directory.sparse_file("large.bin", 20_000_000);
    let run = peer.send("--to ann@example.org -a").args([file]);
    let sending = run.start().await;
    let mut client = peer.accept_up_to_data().await;
    client.hears("Date: ").await;
    sending.signal(Signal::INT);
    let last = client.hears_the_end().await;
    assert!(!last.ends_with(b"\r\n.\r\n"), "{last:?}");
    sending.end().await.fails(130, "the mail was not sent");
}

#[tokio::test]
async fn behind_the_message_the_answer_is_waited_for() {
    let peer = Peer::listen().await;
    let mut sending = peer.send("--to ann@example.org -v").start().await;
    let mut client = peer.accept_up_to_data().await;
    client.hears_a_message().await;
    sending.until(LEFT).await;
    sending.signal(Signal::INT);
    sending.until("waiting for the server's answer").await;
    client.says("250 2.0.0 Ok: queued as 4711").await;
    client.hears("QUIT").await;
    client.says("221 bye").await;
    let ended = sending.end().await;
    assert!(ended.result().contains("queued as 4711"), "{ended:?}");
}

#[tokio::test]
async fn a_second_one_behind_the_message_is_81_at_once() {
    for (signal, word) in [(Signal::INT, "interrupted"), (Signal::TERM, "terminated")] {
        let peer = Peer::listen().await;
        let mut sending = peer.send("--to ann@example.org -v").start().await;
        let mut client = peer.accept_up_to_data().await;
        client.hears_a_message().await;
        sending.until(LEFT).await;
        sending.signal(Signal::INT);
        sending.until("waiting for the server's answer").await;
        sending.signal(signal);
        // The server never answers.
        let ended = sending.end().await;
        ended.fails(81, "before sending it again");
        ended.fails(81, word);
    }
}

#[tokio::test]
async fn as_json_it_is_unknown_too() {
    let peer = Peer::listen().await;
    let run = peer.send("--to ann@example.org -v --json");
    let mut sending = run.start().await;
    let mut client = peer.accept_up_to_data().await;
    client.hears_a_message().await;
    sending.until(LEFT).await;
    sending.signal(Signal::INT);
    sending.until("waiting for the server's answer").await;
    sending.signal(Signal::INT);
    let ended = sending.end().await;
    ended.reports(81, "interrupted");
    let outcome: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(outcome["outcome"], "unknown");
    assert_eq!(outcome["recipients"][0]["outcome"], "unknown");
}
