//! The client's side of a dialogue, and its outcome in one line.

use std::fmt::Debug;
use std::time::Duration;

use pilotfish::address::Domain;
use pilotfish::address::envelope::Options;
use pilotfish::message::MessageBuilder;
use pilotfish::session::{Greeted, Receipt, Secured, Session};
use pilotfish::transport::{Host, Timeouts};
use pilotfish::{Credentials, Error, Mail, Message, Result};
use tokio::io::DuplexStream;

use super::built::built;
use super::delivery::{Clock, Delivery};
use super::peer::{Peer, Played, Stream};
use super::script::Script;
use super::tls::tls_client;

/// The password of RFC 4616 section 4, which every dialogue uses.
pub(crate) const PASSWORD: &str = "tanstaaftanstaaf";

/// Longer than all time limits of a client together.
pub(crate) const TOO_LONG: Duration = Duration::from_hours(3);

/// The client's name in EHLO.
pub(crate) fn name() -> Domain {
    "client.example".parse().unwrap()
}

/// Connects a client and a scripted peer by a pipe. The clock has to be paused: when both sides
/// wait for each other, it advances, and the client's time limits end the dialogue.
pub(crate) async fn play_script<T: Debug>(
    script: &Script,
    delivery: Delivery,
    client: impl AsyncFnOnce(DuplexStream) -> T,
) -> (T, Played) {
    play_script_through(delivery.pipe(), script, delivery, client).await
}

/// Plays a transcript that is given as text, with whole deliveries.
pub(crate) async fn play<T: Debug>(
    transcript: &str,
    client: impl AsyncFnOnce(DuplexStream) -> T,
) -> (T, Played) {
    play_script(&Script::inline(transcript), Delivery::Whole, client).await
}

/// The same as [`play`], over a network that holds this many octets until they are read.
pub(crate) async fn play_through<T: Debug>(
    octets: usize,
    transcript: &str,
    client: impl AsyncFnOnce(DuplexStream) -> T,
) -> T {
    let script = Script::inline(transcript);
    play_script_through(octets, &script, Delivery::Whole, client)
        .await
        .0
}

async fn play_script_through<T: Debug>(
    octets: usize,
    script: &Script,
    delivery: Delivery,
    client: impl AsyncFnOnce(DuplexStream) -> T,
) -> (T, Played) {
    let (here, there) = tokio::io::duplex(octets);
    let peer = Peer::new(there, delivery, Clock::Paused);
    let (outcome, played) = tokio::join!(Box::pin(client(here)), peer.play(script));
    match played {
        Ok(played) => {
            assert!(!has_bare_line_end(&played.heard), "CR or LF on its own");
            (outcome, played)
        }
        Err(difference) => panic!("{delivery:?}: {difference}\nthe client: {outcome:?}"),
    }
}

/// RFC 5321 section 2.3.8: the client sends CR and LF only as CRLF, unless the message is binary.
/// The last octet may be the CR of a pair. A handshake that the script swallowed is not text.
fn has_bare_line_end(octets: &[u8]) -> bool {
    let binary = b"BODY=BINARYMIME";
    if octets.windows(binary.len()).any(|window| window == binary) {
        return false;
    }
    let handshake = octets.windows(2).position(|pair| pair == [0x16, 0x03]);
    let text = &octets[..handshake.unwrap_or(octets.len())];
    let bare = |pair: &[u8]| (pair[0] == b'\r') != (pair[1] == b'\n');
    text.windows(2).any(bare) || text.first() == Some(&b'\n')
}

/// The user of a dialogue, and the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) host: &'static str,
    pub(crate) user: &'static str,
}

/// An account at a server without special behaviour.
pub(crate) const ACCOUNT: Account = Account {
    host: "server.example",
    user: "tim@client.example",
};

impl Account {
    pub(crate) fn host(self) -> Host {
        self.host.parse().unwrap()
    }

    pub(crate) fn credentials(self) -> Credentials {
        Credentials::new(self.user, PASSWORD).unwrap()
    }

    /// A message that has the same octets every time.
    pub(crate) fn letter(self, recipients: &[&str]) -> Message {
        self.letter_with(recipients, "Here it comes.\n")
    }

    pub(crate) fn letter_with(self, recipients: &[&str], text: &str) -> Message {
        built(self.letter_of_text(recipients, text))
    }

    /// The builder of that message.
    pub(crate) fn letter_of_text(self, recipients: &[&str], text: &str) -> MessageBuilder {
        let builder = recipients
            .iter()
            .fold(Message::builder(), |builder, recipient| {
                builder.to(*recipient)
            });
        builder
            .from(self.user)
            .subject("A shark")
            .date("Tue, 1 Jul 2003 10:52:37 +0200")
            .message_id("<1@client.example>")
            .text(text)
    }

    /// STARTTLS, as on port 587.
    pub(crate) async fn secure<S: Stream>(self, stream: S) -> Result<Secured<S>> {
        let greeted = Greeted::greet(stream, name(), Timeouts::default()).await?;
        greeted.starttls(&tls_client(), &self.host()).await
    }

    /// STARTTLS and AUTH.
    pub(crate) async fn log_in<S: Stream>(self, stream: S) -> Result<Session<S>> {
        let secured = self.secure(stream).await?;
        secured.authenticate(&self.credentials()).await
    }

    /// The whole dialogue from the greeting to QUIT, with STARTTLS.
    pub(crate) async fn submit<S: Stream>(self, stream: S, message: Message) -> Result<Receipt> {
        send(self.log_in(stream).await?, message).await
    }

    /// Implicit TLS, as on port 465.
    pub(crate) async fn secure_465<S: Stream>(self, stream: S) -> Result<Secured<S>> {
        let (tls, host, timeouts) = (tls_client(), self.host(), Timeouts::default());
        Secured::implicit_tls(stream, &tls, &host, name(), timeouts).await
    }

    /// Implicit TLS and AUTH.
    pub(crate) async fn log_in_465<S: Stream>(self, stream: S) -> Result<Session<S>> {
        let secured = self.secure_465(stream).await?;
        secured.authenticate(&self.credentials()).await
    }

    /// The whole dialogue from the greeting to QUIT, with implicit TLS.
    pub(crate) async fn submit_465<S: Stream>(
        self,
        stream: S,
        message: Message,
    ) -> Result<Receipt> {
        send(self.log_in_465(stream).await?, message).await
    }
}

/// A session in clear text and without a login, which most tests of a transaction use.
pub(crate) async fn in_clear<S: Stream>(stream: S) -> Result<Session<S>> {
    in_clear_within(stream, Timeouts::default()).await
}

pub(crate) async fn in_clear_within<S: Stream>(
    stream: S,
    timeouts: Timeouts,
) -> Result<Session<S>> {
    let greeted = Greeted::greet(stream, name(), timeouts).await?;
    Ok(greeted.in_cleartext())
}

/// Sends one mail, and QUIT.
pub(crate) async fn send<S: Stream>(
    mut session: Session<S>,
    mail: impl Into<Mail>,
) -> Result<Receipt> {
    let result = session.send(mail).await;
    session.quit().await;
    result
}

/// A mail to the recipients of the message, with these options in the envelope.
pub(crate) fn with_options(message: Message, options: Options) -> Mail {
    let envelope = message.envelope().clone().with_options(options);
    Mail::new(envelope, message)
}

/// The outcome of a mail in one line.
pub(crate) fn summary(outcome: &Result<Receipt>) -> String {
    match outcome {
        Ok(receipt) => {
            let accepted: Vec<_> = receipt.accepted.iter().map(ToString::to_string).collect();
            let rejected = receipt.rejected.iter();
            let rejected: Vec<_> = rejected
                .map(|(path, reply)| format!(", not {path} ({reply})"))
                .collect();
            let (accepted, rejected) = (accepted.join(" "), rejected.concat());
            format!("{accepted}{rejected}: {}", receipt.reply)
        }
        Err(error) => error_summary(error),
    }
}

/// An error in one line: its kind, stage and fate, and the server's reply.
pub(crate) fn error_summary(error: &Error) -> String {
    let stage = error.stage().map(|stage| format!("{stage:?}"));
    let reply = error.reply().map(ToString::to_string);
    format!(
        "{:?} at {}, {:?}, {}: {}",
        error.kind(),
        stage.as_deref().unwrap_or("no stage"),
        error.fate(),
        if error.is_transient() {
            "transient"
        } else {
            "permanent"
        },
        reply.as_deref().unwrap_or("no reply"),
    )
}
