//! A service that mails the reports it is given, and drains when it is asked to stop.
//!
//! `cargo run --example axum` says where it listens and which process it is. Then
//!
//! ```sh
//! curl -d fish,weight http://127.0.0.1:PORT/reports/ann@example.org
//! kill PID
//! ```
//!
//! A request is answered when the mail server has answered, so that its caller learns the truth; a
//! caller that hangs up withdraws its mail, unless it has left. A service that rather says 202 at
//! once gives each mail to a task (`tokio_util::task::TaskTracker`), and waits for these before it
//! closes the client. The submission server is one inside the process.

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

/// What a request is answered with.
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
        // The server accepted the mail for some recipients, and refused the others.
        Ok(receipt) if receipt.is_partial() => {
            let refused = receipt.rejected.iter();
            let refused = refused.map(|(path, reply)| format!("{id}: not to {path}: {reply}"));
            let refused: Vec<_> = refused.collect();
            Ok((StatusCode::MULTI_STATUS, refused.join("\n")))
        }
        Ok(receipt) => Ok((StatusCode::OK, format!("{id}: {}", receipt.reply))),
        // The server may have it: whoever sends it again may send it twice.
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

/// The report exists in memory alone.
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
        // Far away, so that there is something to wait for.
        .delay(Duration::from_millis(50)..=Duration::from_millis(150), 1)
        .start()
        .await?;
    let client = submission.client()?;

    let mut asked_to_stop = signal(SignalKind::terminate())?;
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
            asked_to_stop.recv().await;
        })
        .await?;

    // All requests have been answered. What is open still are connections to the mail server, which
    // wait for more.
    client.close().await;
    println!("{} mails have arrived", submission.received().len());
    submission.shutdown().await?;
    Ok(())
}
