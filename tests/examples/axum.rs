//! A service that mails the reports that it receives, and drains on SIGTERM.
//!
//! `cargo run --example axum` prints its address and its process id. Then run
//!
//! ```sh
//! curl -d fish,weight http://127.0.0.1:PORT/reports/ann@example.org
//! kill PID
//! ```
//!
//! The service answers a request after the mail server has replied, so its caller gets the real
//! result. A caller that hangs up cancels its mail, unless the mail has left. A service that prefers
//! to answer 202 at once spawns a task for each mail (`tokio_util::task::TaskTracker`), and waits for
//! these tasks before it closes the client. The submission server runs in the same process.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use pilotfish::message::Body;
use pilotfish::{Attachment, Client, Fate, Message, testing};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The answer to a request.
type Answer = (StatusCode, String);

async fn mail_report(
    State(client): State<Client>,
    Path(to): Path<String>,
    report: String,
) -> Result<Answer, Answer> {
    println!("a report for {to}");
    let not_a_mail = |error: Error| (StatusCode::BAD_REQUEST, error.to_string());
    let message = message(&to, report).await.map_err(not_a_mail)?;
    let id = message.message_id().to_string();
    match client.send(message).await {
        // The server accepted the mail for some recipients, and rejected the others.
        Ok(receipt) if receipt.is_partial() => {
            let refused = receipt.rejected.iter();
            let refused = refused.map(|(path, reply)| format!("{id}: not to {path}: {reply}"));
            let refused: Vec<_> = refused.collect();
            Ok((StatusCode::MULTI_STATUS, refused.join("\n")))
        }
        Ok(receipt) => Ok((StatusCode::OK, format!("{id}: {}", receipt.reply))),
        // The server may have accepted the mail: a retry may send it twice.
        Err(error) if error.fate() == Fate::Unknown => Err((
            StatusCode::GATEWAY_TIMEOUT,
            format!("{id} may have been sent: {error}"),
        )),
        Err(error) if error.is_transient() => {
            Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
        }
        Err(error) => Err((StatusCode::BAD_GATEWAY, error.to_string())),
    }
}

/// Builds the message. The report exists only in memory.
async fn message(to: &str, report: String) -> Result<Message, Error> {
    let report = Attachment::new(Body::bytes(report), "report.csv");
    let message = Message::builder()
        .from("Reports <reports@example.org>")
        .to(to)
        .subject("Your report")
        .text("It is attached.\n")
        .attach(report.media_type("text/csv; charset=utf-8"));
    Ok(message.build().await?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let submission = testing::TestServer::builder()
        .user("reports", "swordfish")
        // A distant server, so that mails are in progress at SIGTERM.
        .delay(Duration::from_millis(50)..=Duration::from_millis(150), 1)
        .start()
        .await?;
    let client = submission.client()?;

    let mut terminate = signal(SignalKind::terminate())?;
    let routes = Router::new()
        .route("/reports/{to}", post(mail_report))
        .with_state(client.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "process {} on http://{}",
        std::process::id(),
        listener.local_addr()?
    );
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await?;

    // All requests have been answered. Only idle connections to the mail server are still open.
    client.close().await;
    println!("{} mails have arrived", submission.received().len());
    submission.shutdown().await?;
    Ok(())
}
