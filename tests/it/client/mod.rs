//! The client against those who want it to lose a mail, to send it twice, or to tell of it what is
//! not so: each test knows what the server has in truth.

/// Mails in any order, some of which cannot be sent, over servers that end sessions.
pub(crate) mod any_order;
mod bound;
mod callers;
mod cancellation;
mod case;
mod descriptors;
mod fairness;
mod hundred_thousand;
mod idle;
/// What a client learns of a server, once for all of its sessions.
pub(crate) mod learned;
mod logins;
mod memory;
/// What a recorder of `metrics` gets.
pub(crate) mod metrics;
mod outage;
/// How much of each message has been sent.
pub(crate) mod progress;
mod seeds;
/// Many mails by a client.
pub(crate) mod send_all;
mod server_behaviour;
mod set_up;
/// Networks and hosts that fail, by the thousand, in simulated time.
pub(crate) mod simulation;
/// Mails that nobody would take, though they could be sent.
pub(crate) mod stalls;
mod throttling;
mod unknown;
mod verdicts;

use std::time::Duration;

use pilotfish::client::ClientBuilder;
use pilotfish::session::ServerConfigBuilder;
use pilotfish::testing;
use pilotfish::transport::Timeouts;
use pilotfish::{Client, Mail, Security, ServerConfig};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::support::built::built;
use crate::support::client::ACCOUNT;

/// How far the clock leaps at a time.
const TICK: Duration = Duration::from_millis(100);

/// Runs a test over real sockets with the clock paused. The clock leaps whenever all tasks wait, and
/// cannot know that octets are on their way: so it leaps by a little, and limits are many leaps.
pub(crate) fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let ticker = tokio::spawn(async {
            loop {
                sleep(TICK).await;
            }
        });
        let outcome = test.await;
        ticker.abort();
        outcome
    })
}

/// How many tasks there are besides the clock.
pub(crate) fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks() - 1
}

/// A client that waits no longer than four seconds for anything.
pub(crate) fn client_of(
    server: &testing::TestServer,
    describe: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ClientBuilder {
    client_to(server.addr().port(), describe)
}

/// The same, for whatever listens on a port.
pub(crate) fn client_to(
    port: u16,
    describe: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ClientBuilder {
    let mut timeouts = Timeouts::all(Duration::from_secs(4));
    timeouts.pipelined = Duration::from_secs(2);
    let builder = ServerConfig::builder("127.0.0.1".parse().unwrap())
        .port(port)
        .security(Security::Cleartext)
        .timeouts(timeouts);
    Client::builder(describe(builder).build().unwrap())
}

/// The text of a letter with this number, of about so many octets.
fn text(number: usize, octets: usize) -> String {
    let line = format!("This is letter {number}, and here it comes.\n");
    let lines = line.repeat(octets / line.len() + 1);
    format!("{lines}The end of letter {number}.\n")
}

/// A letter that is known by its number.
pub(crate) fn letter(number: usize, octets: usize) -> Mail {
    let letter = ACCOUNT.letter_of_text(&["a@example.org"], &text(number, octets));
    let id = format!("<{number}@client.example>");
    Mail::from(built(letter.message_id(id)))
}

/// The number of a letter that has arrived, whole.
pub(crate) fn number_of(octets: &[u8]) -> usize {
    let text = str::from_utf8(octets).unwrap();
    let (_, rest) = text.split_once("Message-ID: <").unwrap();
    let (number, _) = rest.split_once('@').unwrap();
    let end = format!("\r\nThe end of letter {number}.\r\n");
    assert!(text.ends_with(&end), "letter {number} is not whole");
    number.parse().unwrap()
}
