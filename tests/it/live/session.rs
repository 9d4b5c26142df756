//! Recorded sessions of the library with the servers, and the mails for them.

use std::fs;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memmem;
use pilotfish::message::{BodyType, MessageBuilder};
use pilotfish::protocol::Strategy;
use pilotfish::session::{Greeted, Hello, Session};
use pilotfish::transport::Timeouts;
use pilotfish::{Credentials, Message};
use tokio::net::TcpStream;

use super::live_env::{self, address};
use crate::support::client::name;
use crate::support::wiretap::{Tap, Wiretap};

/// The receiving servers. Everything is in clear text, so that the tests can see the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// Offers PIPELINING and CHUNKING.
    Postfix,
    /// Offers PIPELINING and CHUNKING.
    Exim,
    /// Offers PIPELINING and CHUNKING, and BINARYMIME.
    DovecotSubmission,
    /// Offers PIPELINING and CHUNKING.
    DovecotLmtp,
}

impl Peer {
    pub(super) async fn open(self, strategy: Strategy) -> (Session<Wiretap<TcpStream>>, Tap) {
        let service = match self {
            Self::Postfix => "no_starttls",
            Self::Exim => "exim",
            Self::DovecotSubmission => "dovecot",
            Self::DovecotLmtp => "lmtp",
        };
        let stream = TcpStream::connect(("127.0.0.1", live_env::port(service)));
        let (stream, tap) = Wiretap::new(stream.await.unwrap());
        let hello = match self {
            Self::DovecotLmtp => Hello::lmtp(name()),
            _ => Hello::from(name()),
        };
        let greeted = Greeted::greet(stream, hello, Timeouts::default()).await;
        let greeted = greeted.unwrap();
        let session = match self {
            Self::Exim | Self::DovecotLmtp => greeted.in_cleartext(),
            _ => greeted.danger_cleartext_auth(&credentials()).await.unwrap(),
        };
        (session.with_strategy(strategy), tap)
    }

    /// The mails of the batch in the mailbox of carl, as soon as there are this many.
    pub(super) fn arrived(self, id: &str, count: usize) -> Vec<Vec<u8>> {
        match self {
            Self::DovecotSubmission => {
                let file = Path::new(live_env::file("next_hop")).join(id);
                // There is one: Postfix would have rejected a second one with this name.
                vec![fs::read(file).unwrap()]
            }
            _ => live_env::fetch_all("carl", id, count),
        }
    }
}

fn credentials() -> Credentials {
    let password = fs::read_to_string(live_env::file("password_file")).unwrap();
    Credentials::new(address("ann"), password.trim_end()).unwrap()
}

/// The name of a mail, or of a batch.
pub(super) fn new_id() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("session.{}.{count}.", process::id())
}

/// A mail from ann.
pub(super) fn letter(id: &str) -> MessageBuilder {
    Message::builder()
        .from(address("ann"))
        .subject("A shark")
        .header("X-Test-Id", id)
}

/// All octets of a message for a server that accepts this body type.
pub(super) async fn octets(message: &Message, most: BodyType) -> Vec<u8> {
    let mut octets = message.rendition(most).into_octets();
    let mut all = Vec::new();
    while octets.next_block(&mut all).await.unwrap() {}
    all
}

/// The received octets are those that were sent, after the fields of the servers in transit.
pub(super) fn is_delivery_of(arrived: &[u8], sent: &[u8]) -> bool {
    let Some(trace) = arrived.strip_suffix(sent) else {
        return false;
    };
    let names = ["Return-Path:", "Delivered-To:", "Received:", "\t", " "];
    let trace = String::from_utf8_lossy(trace);
    trace
        .lines()
        .all(|line| names.iter().any(|name| line.starts_with(name)))
}

/// How often this was sent.
pub(super) fn count_sent(tap: &Tap, words: &str) -> usize {
    let said = tap.writes().concat();
    memmem::find_iter(&said, words).count()
}
