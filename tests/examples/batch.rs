//! A hundred mails with the same picture, four at a time.
//!
//! `cargo run --example batch`. The submission server is one inside the process.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use pilotfish::testing;
use pilotfish::transport::TlsClient;
use pilotfish::{Client, Credentials, Message, Receipt, Server};
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;

const MAILS: usize = 100;
const AT_A_TIME: usize = 4;
const PICTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/images/shark.png"
);

async fn message(number: usize) -> Result<Message, Error> {
    Ok(Message::builder()
        .from("Pilot <pilot@example.org>")
        .to(format!("Reader {number} <reader-{number}@example.org>"))
        .subject(format!("Shark number {number}"))
        .text("Look what swam by.\n")
        .attach(PICTURE)
        .build()
        .await?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let submission = testing::Server::builder()
        .user("pilot", "swordfish")
        .store(testing::Store::Discard)
        .start()
        .await?;
    let server = Server::builder(submission.addr().ip().into())
        .port(submission.addr().port())
        .tls(
            TlsClient::builder()
                .ca_pem(submission.ca_pem().as_bytes())?
                .build()?,
        )
        .credentials(Credentials::new("pilot", "swordfish")?)
        .build()?;
    let client = Client::new(server);

    let mut under_way: JoinSet<Result<Receipt, Error>> = JoinSet::new();
    let (mut next, mut sent, mut failed) = (0, 0, 0);
    loop {
        while under_way.len() < AT_A_TIME && next < MAILS {
            let (client, number) = (client.clone(), next);
            under_way.spawn(async move { Ok(client.send(message(number).await?).await?) });
            next += 1;
        }
        match under_way.join_next().await {
            Some(Ok(Ok(_))) => sent += 1,
            Some(Ok(Err(error))) => {
                failed += 1;
                println!("{error}");
            }
            Some(Err(panic)) => return Err(panic.into()),
            None => break,
        }
    }
    client.close().await;
    println!(
        "{sent} sent, {failed} failed, {} received",
        submission.received().len()
    );
    submission.shutdown().await?;
    Ok(())
}
