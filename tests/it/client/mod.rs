//! The client under faults: each test compares the reported outcomes with what the server has. The
//! client must not lose a mail, send it twice, or report a wrong outcome.

/// Mails in any order, some of which cannot be sent, over servers that end sessions.
pub(crate) mod any_order;
mod bound;
mod callers;
mod cancellation;
mod case;
/// Departures: the last word of a caller.
mod departure;
mod descriptors;
mod fairness;
mod hundred_thousand;
mod idle;
/// What a client detects about a server, once for all of its sessions.
pub(crate) mod learned;
mod logins;
mod memory;
/// The metrics that a recorder receives.
pub(crate) mod metrics;
mod outage;
/// Progress: how much of each message has been sent.
pub(crate) mod progress;
mod seeds;
/// `Client::send_all`.
pub(crate) mod send_all;
mod server_behaviour;
mod set_up;
/// Thousands of simulated runs with failing networks and hosts.
pub(crate) mod simulation;
/// Mails that must not get stuck.
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

/// How far the clock advances at a time.
const TICK: Duration = Duration::from_millis(100);

/// Runs a test over real sockets with the clock paused. The clock advances whenever all tasks wait,
/// even while octets are in transit. It therefore advances in small steps, and time limits are many
/// steps long.
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

/// The number of tasks other than the clock.
pub(crate) fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks() - 1
}

/// A client whose time limits are all four seconds.
pub(crate) fn client_of(
    server: &testing::TestServer,
    describe: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ClientBuilder {
    client_to(server.addr().port(), describe)
}

/// The same client, for the server at this port.
pub(crate) fn client_to(
    port: u16,
    describe: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> ClientBuilder {
    let mut timeouts = Timeouts::all(Duration::from_secs(4));
    timeouts.pipelined = Duration::from_secs(2);
    let builder = ServerConfig::builder("127.0.0.1")
        .port(port)
        .security(Security::Cleartext)
        .timeouts(timeouts);
    Client::builder(describe(builder).build().unwrap())
}

/// The text of the mail with this number, with about this many octets.
fn text(number: usize, octets: usize) -> String {
    let line = format!("This is letter {number}, and here it comes.\n");
    let lines = line.repeat(octets / line.len() + 1);
    format!("{lines}The end of letter {number}.\n")
}

/// The mail with this number.
pub(crate) fn letter(number: usize, octets: usize) -> Mail {
    let letter = ACCOUNT.letter_of_text(&["a@example.org"], &text(number, octets));
    let id = format!("<{number}@client.example>");
    Mail::from(built(letter.message_id(id)))
}

/// The number of a mail that arrived completely.
pub(crate) fn number_of(octets: &[u8]) -> usize {
    let text = str::from_utf8(octets).unwrap();
    let (_, rest) = text.split_once("Message-ID: <").unwrap();
    let (number, _) = rest.split_once('@').unwrap();
    let end = format!("\r\nThe end of letter {number}.\r\n");
    assert!(text.ends_with(&end), "letter {number} is not whole");
    number.parse().unwrap()
}
