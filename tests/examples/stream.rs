//! Sends ten thousand mails from a stream, over eight connections at most. Memory does not grow with
//! their number.
//!
//! `cargo run --release --example stream`, or with another number: `-- 100000`. The submission
//! server runs in the same process.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use futures_util::{StreamExt as _, stream};
use pilotfish::message::MessageError;
use pilotfish::testing::{self, Store};
use pilotfish::{Client, Fate, Message};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The number of outcomes after which the example counts the arrived mails.
const STEP: usize = 1000;

/// One mail. A real program would read a row of a table for each mail.
async fn newsletter(number: usize) -> Result<Message, MessageError> {
    Message::builder()
        .from("News <news@example.org>")
        .to(format!("reader-{number}@example.org"))
        .subject(format!("News for reader {number}"))
        .text("A shark swam by.\n".repeat(100))
        .build()
        .await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let count = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 10_000,
    };
    let submission = testing::TestServer::builder()
        .user("news", "swordfish")
        .store(Store::Discard)
        .start()
        .await?;
    let server = submission.server_config_builder()?.build()?;
    let client = Client::builder(server).max_connections(8).build()?;

    // The client builds each message when its queue has room.
    let messages = stream::iter(0..count).then(async |number| (number, newsletter(number).await));
    let mut outcomes = client.send_all(messages);
    let (mut accepted, mut unknown, mut not_accepted) = (0, 0, 0);
    let mut arrived = 0;
    while let Some((number, outcome)) = outcomes.next().await {
        match outcome {
            Ok(receipt) => {
                for (path, reply) in &receipt.rejected {
                    println!("mail {number} not to {path}: {reply}");
                }
                accepted += 1;
            }
            Err(error) if error.fate() == Fate::Unknown => {
                println!("mail {number} may have arrived: {error}");
                unknown += 1;
            }
            Err(error) => {
                println!("mail {number}: {error}");
                not_accepted += 1;
            }
        }
        if (accepted + unknown + not_accepted) % STEP == 0 {
            arrived += submission.take_received().len();
        }
    }
    client.close().await;
    arrived += submission.take_received().len();

    println!("{accepted} accepted, {not_accepted} not, {unknown} unknown, {arrived} arrived");
    println!("{} connections", submission.most_open_connections());
    // proc(5): the peak of the resident set.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM:")) {
        println!("{line}");
    }
    submission.shutdown().await?;
    Ok(())
}
