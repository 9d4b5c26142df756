//! Every dialogue is cut after each octet of either side, in every way a connection can end. Each
//! time, the reported fate of the mail is true.
//!
//! A server that knows which messages arrived completely, and a wire that knows how much of the
//! reply went back, decide what is true:
//!
//! | the end of data | its reply | reported |
//! |---|---|---|
//! | did not arrive completely | | [`Fate::NotAccepted`] |
//! | arrived completely | not complete | [`Fate::Unknown`] |
//! | arrived completely | complete | what the reply says |
//!
//! If several mails are in flight, each has its own fate. So has each recipient of a mail: every
//! case checks `recipient_outcomes` for each of them, also if the server replies for each recipient
//! (LMTP) and if a mail goes in portions.

mod clear;
mod lmtp;
mod portions;
mod send_each;
mod tls;
pub(crate) mod verify;

use pilotfish::session::{Greeted, Receipt, Secured, Session};
use pilotfish::transport::Timeouts;
use pilotfish::{Message, Result};
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use crate::support::client::{Account, TOO_LONG, name};
use crate::support::cutter::{Cut, Cutter, How, Side};
use crate::support::mini_server::{Arrived, MiniServer, Replies, Store};
use crate::support::peer::Stream;
use crate::support::tls::{Flaw, acceptor, tls_client};

/// How the client opens its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionSetup {
    Clear,
    /// With a login in clear text.
    ClearAuth,
    StartTls,
    Implicit,
}

/// A dialogue to cut.
struct Dialogue {
    name: &'static str,
    account: Account,
    setup: SessionSetup,
    replies: Replies,
    message: Message,
    /// Whether the client sends the mail again in the same session after the server has accepted
    /// it.
    twice: bool,
    tls: Option<TlsAcceptor>,
}

/// One case: the cut, the outcome, and what the server has.
struct Case {
    outcome: Result<Receipt>,
    /// The outcome of another attempt in the same session, or of a second mail.
    again: Option<Result<Receipt>>,
    arrived: Vec<Arrived>,
    from_client: usize,
    from_server: usize,
}

impl Dialogue {
    fn new(name: &'static str, account: Account, setup: SessionSetup, replies: Replies) -> Self {
        let tls = matches!(setup, SessionSetup::StartTls | SessionSetup::Implicit)
            .then(|| acceptor(account.host, Flaw::None));
        let message = account.letter(&["a@example.org"]);
        Self {
            name,
            account,
            setup,
            replies,
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
        let server = MiniServer::new(stream, self.replies.clone(), store);
        let server = match &self.tls {
            Some(acceptor) => server.acceptor(acceptor.clone()),
            None => server,
        };
        match self.setup {
            SessionSetup::Implicit => server.serve_in_tls().await,
            _ => server.serve().await,
        }
    }

    /// Sends the mail. Sends it once more if that fails or a second one is to follow, and the
    /// session allows it.
    async fn submit<S: Stream>(&self, stream: S) -> (Result<Receipt>, Option<Result<Receipt>>) {
        let mut session = match self.session(stream).await {
            Ok(session) => session,
            Err(error) => return (Err(error), None),
        };
        let message = || self.message.clone();
        let outcome = session.send(message()).await;
        let again = match outcome {
            Ok(_) if !self.twice => None,
            _ => Some(session.send(message()).await),
        };
        session.quit().await;
        (outcome, again)
    }

    async fn session<S: Stream>(&self, stream: S) -> Result<Session<S>> {
        let (host, credentials) = (self.account.host(), self.account.credentials());
        let timeouts = Timeouts::default();
        if self.setup == SessionSetup::Implicit {
            let tls = tls_client();
            let secured = Secured::implicit_tls(stream, &tls, &host, name(), timeouts).await?;
            return secured.authenticate(&credentials).await;
        }
        let greeted = Greeted::greet(stream, name(), timeouts).await?;
        match self.setup {
            SessionSetup::ClearAuth => greeted.danger_cleartext_auth(&credentials).await,
            SessionSetup::StartTls => {
                // A separate TLS client, which cannot resume the last session: resumption would
                // make the handshakes differ.
                let secured = greeted.starttls(&tls_client(), &host).await?;
                secured.authenticate(&credentials).await
            }
            _ => Ok(greeted.in_cleartext()),
        }
    }
}

/// Every `stride`-th cut of a dialogue with this many octets.
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
