//! A service that accepts a request, answers at once, and mails the result when it is there.
//!
//! `cargo run --example service`. The submission server is one inside the process.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use pilotfish::message::{Body, MediaType};
use pilotfish::testing;
use pilotfish::transport::TlsClient;
use pilotfish::{Attachment, Client, Credentials, Fate, Message, Server};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The part of a service's state that mails things.
#[derive(Clone)]
struct Mailer {
    client: Client,
}

impl Mailer {
    /// Mails a report that exists in memory alone.
    async fn mail_report(&self, to: &str, report: String) -> Result<()> {
        let report = Attachment::new(Body::bytes(report), "report.csv".parse()?)
            .media_type("text/csv; charset=utf-8".parse::<MediaType>()?);
        let message = Message::builder()
            .from("Reports <reports@example.org>")
            .to(to)
            .subject("Your report")
            .text("It is attached.\n")
            .attach(report)
            .build()
            .await?;
        let id = message.message_id().to_string();
        match self.client.send(message).await {
            Ok(receipt) => println!("{id} is on its way: {}", receipt.reply),
            Err(error) if error.fate() == Fate::Unknown => println!("{id} may be: {error}"),
            Err(error) => println!("{id} is not: {error}"),
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let submission = testing::Server::builder()
        .user("reports", "swordfish")
        .start()
        .await?;
    let server = Server::builder(submission.addr().ip().into())
        .port(submission.addr().port())
        .tls(
            TlsClient::builder()
                .ca_pem(submission.ca_pem().as_bytes())?
                .build()?,
        )
        .credentials(Credentials::new("reports", "swordfish")?)
        .build()?;
    let mailer = Mailer {
        client: Client::new(server),
    };

    let request = tokio::spawn({
        let mailer = mailer.clone();
        async move {
            mailer
                .mail_report("ann@example.org", "fish,weight\nshark,900\n".into())
                .await
        }
    });
    println!("202 Accepted");
    request.await??;

    // A service that ends waits for the mails that are under way.
    mailer.client.close().await;
    submission.shutdown().await?;
    Ok(())
}
