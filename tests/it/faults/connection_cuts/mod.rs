//! The cut: every dialogue is broken off after each octet of either side, in every way a
//! connection can end, and each time the mail's fate is told as it is.
//!
//! The judge is a server that knows what has come whole, and a wire that knows how much of its
//! reply went back:
//!
//! | the end of data | its reply | told |
//! |---|---|---|
//! | has not come whole | | [`Fate::NotAccepted`] |
//! | has come whole | not whole | [`Fate::Unknown`] |
//! | has come whole | whole | what it says |
//!
//! Of several mails that are on their way at once each has a fate of its own. So has each recipient
//! of a mail: for all cases it is judged what `recipient_outcomes` says of each of them, also where
//! a server answers for each (LMTP) and where a mail goes in portions.

mod clear;
pub(crate) mod judge;
mod lmtp;
mod portions;
mod send_each;
mod tls;

use pilotfish::session::{Greeted, Receipt, Secured, Session};
use pilotfish::transport::Timeouts;
use pilotfish::{Message, Result};
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use crate::support::client::{Account, TOO_LONG, name, send_one};
use crate::support::cutter::{Cut, Cutter, How, Side};
use crate::support::mini_server::{Arrived, Knowing, Store, Words};
use crate::support::peer::Stream;
use crate::support::tls::{Flaw, acceptor, tls_client};

/// How the client comes to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Clear,
    /// With a login that anybody can read.
    ClearAuth,
    StartTls,
    Implicit,
}

/// A dialogue to be cut.
struct Dialogue {
    name: &'static str,
    account: Account,
    entry: Entry,
    words: Words,
    message: Message,
    /// Whether it is sent once more when it was accepted, in the same session.
    twice: bool,
    tls: Option<TlsAcceptor>,
}

/// One case, and all that is known of it.
struct Case {
    outcome: Result<Receipt>,
    /// What another attempt in the same session came to, or a second mail.
    again: Option<Result<Receipt>>,
    arrived: Vec<Arrived>,
    from_client: usize,
    from_server: usize,
}

impl Dialogue {
    fn new(name: &'static str, account: Account, entry: Entry, words: Words) -> Self {
        let tls = matches!(entry, Entry::StartTls | Entry::Implicit)
            .then(|| acceptor(account.host, Flaw::None));
        let message = account.letter(&["a@example.org"]);
        Self {
            name,
            account,
            entry,
            words,
            message,
            twice: false,
            tls,
        }
    }

    fn message(self, message: Message) -> Self {
        Self { message, ..self }
    }

    fn twice(self) -> Self {
        Self {
            twice: true,
            ..self
        }
    }

    /// Plays the dialogue with this cut.
    async fn play(&self, cut: Option<Cut>) -> Case {
        let (here, there) = duplex(1024 * 1024);
        let (stream, passed) = Cutter::new(here, cut);
        let store = Store::default();
        let both = async { tokio::join!(self.submit(stream), self.serve(there, &store)) };
        let Ok(((outcome, again), ())) = tokio::time::timeout(TOO_LONG, both).await else {
            panic!("{}: {cut:?}: it hangs", self.name);
        };
        Case {
            outcome,
            again,
            arrived: store.all(),
            from_client: passed.from(Side::Client),
            from_server: passed.from(Side::Server),
        }
    }

    async fn serve(&self, stream: DuplexStream, store: &Store) {
        let server = Knowing::new(stream, self.words.clone(), store);
        let server = match &self.tls {
            Some(acceptor) => server.acceptor(acceptor.clone()),
            None => server,
        };
        match self.entry {
            Entry::Implicit => server.serve_in_tls().await,
            _ => server.serve().await,
        }
    }

    /// Sends the mail, and where that fails or another is to follow once more, as far as the
    /// session lets it.
    async fn submit<S: Stream>(&self, stream: S) -> (Result<Receipt>, Option<Result<Receipt>>) {
        let mut session = match self.session(stream).await {
            Ok(session) => session,
            Err(error) => return (Err(error), None),
        };
        let message = || self.message.clone();
        let outcome = send_one(&mut session, message()).await;
        let again = match outcome {
            Ok(_) if !self.twice => None,
            _ => Some(send_one(&mut session, message()).await),
        };
        session.quit().await;
        (outcome, again)
    }

    async fn session<S: Stream>(&self, stream: S) -> Result<Session<S>> {
        let (host, credentials) = (self.account.host(), self.account.credentials());
        let timeouts = Timeouts::default();
        if self.entry == Entry::Implicit {
            let tls = tls_client();
            let secured = Secured::implicit_tls(stream, &tls, &host, name(), timeouts).await?;
            return secured.authenticate(&credentials).await;
        }
        let greeted = Greeted::greet(stream, name(), timeouts).await?;
        match self.entry {
            Entry::ClearAuth => greeted.danger_cleartext_auth(&credentials).await,
            Entry::StartTls => {
                // A client of its own: none remembers the last session, which would make the
                // handshakes differ.
                let secured = greeted.starttls(&tls_client(), &host).await?;
                secured.authenticate(&credentials).await
            }
            _ => Ok(greeted.in_cleartext()),
        }
    }
}

/// Every cut of a dialogue that takes so many octets, each `stride`-th of them.
fn cuts(
    from_client: usize,
    from_server: usize,
    stride: usize,
    first: usize,
) -> impl Iterator<Item = Cut> {
    [Side::Client, Side::Server]
        .into_iter()
        .flat_map(move |side| {
            [How::Close, How::HalfClose, How::Reset, How::Silence]
                .into_iter()
                .filter(move |how| side == Side::Server || *how != How::HalfClose)
                .map(move |how| (side, how))
        })
        .zip(0..)
        .flat_map(move |((side, how), nth)| {
            let octets = match side {
                Side::Client => from_client,
                Side::Server => from_server,
            };
            ((first + nth) % stride..=octets)
                .step_by(stride)
                .map(move |after| Cut { side, how, after })
        })
}
