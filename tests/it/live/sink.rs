//! Postfix's smtp-sink, which plays faults as configured and counts what it receives.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::stream;
use pilotfish::protocol::{Chunking, Pipelining, Strategy};
use pilotfish::session::{Mail, ServerConfig, Session};
use pilotfish::transport::Route;
use pilotfish::{Message, Result};
use tempfile::TempDir;

use super::live_env;
use crate::session::send_each::strategy;
use crate::support::client::{ACCOUNT, error_summary, summary};

/// How long to wait until smtp-sink listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running smtp-sink, with its own Unix socket.
struct Sink {
    process: Child,
    folder: TempDir,
}

impl Sink {
    fn start(options: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sink");
        let mut command = Command::new(live_env::tool("smtp-sink"));
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "mail"]);
        }
        let process = command
            .args(options.split_whitespace())
            .arg(format!("unix:{}", path.display()))
            .arg("100")
            .stdin(Stdio::null())
            .stdout(File::create(folder.path().join("counters")).unwrap())
            .spawn()
            .expect("smtp-sink is missing: tests/provision unpacks it");
        let sink = Self { process, folder };
        let deadline = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(&path).is_err() {
            assert!(Instant::now() < deadline, "smtp-sink does not listen");
            thread::yield_now();
        }
        sink
    }

    async fn open(&self, strategy: Strategy) -> Result<Session> {
        let route = Route::new().unix_socket(self.folder.path().join("sink"));
        let server = ServerConfig::builder("localhost");
        let server = server.route(route).strategy(strategy).build()?;
        server.connect().await
    }

    /// The numbers of sessions, QUIT and messages that smtp-sink reports.
    fn counters(mut self) -> String {
        self.process.kill().unwrap();
        let printed = fs::read_to_string(self.folder.path().join("counters")).unwrap();
        let last = printed.trim_end().rsplit('\r').next().unwrap();
        last.to_owned()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn letter() -> Message {
    ACCOUNT.letter(&["a@example.org"])
}

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn every_fault_is_reported_correctly() {
    for (options, expected) in FAULTS {
        for pipelining in [Pipelining::Never, Pipelining::Auto] {
            let sink = Sink::start(options);
            let reported = match sink.open(strategy(pipelining, Chunking::Auto)).await {
                Ok(mut session) => summary(&session.send(letter()).await),
                Err(error) => error_summary(&error),
            };
            // Its early reply may arrive while the message leaves, or afterwards.
            let reported = match options {
                "-A 0" => reported.replace("EndOfData", "Transfer"),
                _ => reported,
            };
            assert_eq!(reported, expected, "{options}, {pipelining:?}");
        }
    }
}

/// The options of smtp-sink, and the outcome of a mail.
const FAULTS: [(&str, &str); 21] = [
    (
        "-r MAIL",
        "Rejected at Mail, NotAccepted, transient: 450 4.3.0 Error: command failed",
    ),
    (
        "-r RCPT",
        "Rejected at Rcpt, NotAccepted, transient: no reply",
    ),
    (
        "-r DATA",
        "Rejected at Data, NotAccepted, transient: 450 4.3.0 Error: command failed",
    ),
    (
        "-r .",
        "Rejected at EndOfData, NotAccepted, transient: 450 4.3.0 Error: command failed",
    ),
    (
        "-f MAIL",
        "Rejected at Mail, NotAccepted, permanent: 500 5.3.0 Error: command failed",
    ),
    (
        "-f RCPT",
        "Rejected at Rcpt, NotAccepted, permanent: no reply",
    ),
    (
        "-f DATA",
        "Rejected at Data, NotAccepted, permanent: 500 5.3.0 Error: command failed",
    ),
    (
        "-f .",
        "Rejected at EndOfData, NotAccepted, permanent: 500 5.3.0 Error: command failed",
    ),
    (
        "-q CONNECT",
        "Closed at Greeting, NotAccepted, transient: no reply",
    ),
    (
        "-q MAIL",
        "Closed at Mail, NotAccepted, transient: no reply",
    ),
    (
        "-q RCPT",
        "Closed at Rcpt, NotAccepted, transient: no reply",
    ),
    (
        "-q DATA",
        "Closed at Data, NotAccepted, transient: no reply",
    ),
    ("-q .", "Closed at EndOfData, Unknown, permanent: no reply"),
    (
        "-Q MAIL",
        "Closed at Mail, NotAccepted, transient: 421 4.0.0 Server closing connection",
    ),
    (
        "-Q RCPT",
        "Closed at Rcpt, NotAccepted, transient: 421 4.0.0 Server closing connection",
    ),
    (
        "-Q DATA",
        "Closed at Data, NotAccepted, transient: 421 4.0.0 Server closing connection",
    ),
    (
        "-Q .",
        "Closed at EndOfData, NotAccepted, transient: 421 4.0.0 Server closing connection",
    ),
    (
        "-A 0",
        "Rejected at Transfer, NotAccepted, permanent: 550 This violates SMTP",
    ),
    ("-e", "<a@example.org>: 250 2.0.0 Ok"),
    ("-f EHLO", "<a@example.org>: 250 2.0.0 Ok"),
    ("-q QUIT", "<a@example.org>: 250 2.0.0 Ok"),
];

#[tokio::test]
#[ignore = "needs the real servers: tests/run starts them"]
async fn thousands_of_mails_are_counted() {
    const COUNT: usize = 3000;
    for pipelining in [Pipelining::Auto, Pipelining::Eager] {
        let sink = Sink::start("-c");
        let strategy = strategy(pipelining, Chunking::Auto);
        let mut session = sink.open(strategy).await.unwrap();
        let mails = stream::iter((0..COUNT).map(|_| Mail::from(letter())));
        let mut accepted = vec![0; COUNT];
        let returned = session
            .send_each(mails, |index, result| {
                accepted[index] += usize::from(result.is_ok());
            })
            .await;
        assert!(returned.is_empty());
        assert_eq!(session.strategy(), strategy);
        session.quit().await;
        assert_eq!(accepted, vec![1; COUNT]);
        // One session checked whether smtp-sink listens.
        assert_eq!(sink.counters(), format!("sess=2 quit=1 mesg={COUNT}"));
    }
}
