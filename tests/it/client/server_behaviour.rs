//! How servers behave in the tests of cancellation, and how clients connect to them.

use std::time::Duration;

use pilotfish::client::ClientBuilder;
use pilotfish::protocol::{Chunking, Strategy};
use pilotfish::testing::{self, Fault, Point, Quirk, TestServerBuilder};
use pilotfish::transport::TlsConfig;
use pilotfish::{Credentials, Security};

use super::client_of;
use crate::support::dice::Dice;
use crate::support::open_server::open_server;

/// How a client opens its session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum SessionSetup {
    Clear,
    /// With STARTTLS and a login.
    LogIn,
}

impl SessionSetup {
    fn server(self) -> TestServerBuilder {
        match self {
            Self::Clear => open_server(),
            Self::LogIn => testing::TestServer::builder().user("tim", "tanstaaf"),
        }
    }

    pub(super) fn client(self, server: &testing::TestServer, strategy: Strategy) -> ClientBuilder {
        client_of(server, |builder| match self {
            Self::Clear => builder.strategy(strategy),
            Self::LogIn => {
                let tls = TlsConfig::builder().ca_pem(server.ca_pem());
                builder
                    .strategy(strategy)
                    .security(Security::StartTls)
                    .tls(tls.build().unwrap())
                    .credentials(Credentials::new("tim", "tanstaaf").unwrap())
            }
        })
    }
}

/// What a server does at a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ServerBehaviour {
    Well,
    Slow,
    Silent,
    Replies(&'static str),
    Closes,
    ClosesAfterwards,
    RepliesAfterwards(&'static str),
}

pub(super) const BEHAVIOURS: [ServerBehaviour; 9] = [
    ServerBehaviour::Well,
    ServerBehaviour::Slow,
    ServerBehaviour::Silent,
    ServerBehaviour::Replies("451 4.3.0 try again"),
    ServerBehaviour::Replies("554 5.7.1 no"),
    ServerBehaviour::Replies("421 4.3.2 busy"),
    ServerBehaviour::Closes,
    ServerBehaviour::ClosesAfterwards,
    ServerBehaviour::RepliesAfterwards("421 4.3.2 bye"),
];

/// How often a server has each kind of fault.
pub(super) const FAULTS: usize = 2;

/// A server that behaves in this way at a stage.
pub(super) fn server(
    setup: SessionSetup,
    strategy: Strategy,
    stage: Point,
    behaviour: ServerBehaviour,
    dice: &mut Dice,
) -> TestServerBuilder {
    let fault = match behaviour {
        ServerBehaviour::Well | ServerBehaviour::Slow => None,
        ServerBehaviour::Silent => Some(Fault::SilentAt(stage)),
        ServerBehaviour::Replies(reply) => Some(Fault::ReplyAt(stage, reply.to_owned())),
        ServerBehaviour::Closes => Some(Fault::CloseAt(stage)),
        ServerBehaviour::ClosesAfterwards => Some(Fault::CloseAfter(stage)),
        ServerBehaviour::RepliesAfterwards(reply) => Some(Fault::SayAfter(stage, reply.to_owned())),
    };
    let server = match behaviour {
        ServerBehaviour::Slow => setup
            .server()
            .delay(Duration::ZERO..=Duration::from_secs(1), dice.next()),
        _ => setup.server(),
    };
    // If a chunk is lost in the middle, the server reads the rest of the chunks as commands.
    let by_data = strategy.chunking == Chunking::Never;
    let server = match dice.below(12) {
        0 if by_data => server.quirk(Quirk::LosesBehindMessage),
        1 if by_data => server.quirk(Quirk::RefusesBehindMessage),
        0 | 1 => server.quirk(Quirk::NoBdat),
        2 => server.quirk(Quirk::RefusesBdat),
        3 => server.without("PIPELINING"),
        4 => server.offer(testing::Offer::Mails(2)),
        5 => server.offer(testing::Offer::Recipients(1)),
        6 => server.offer(testing::Offer::Domains(1)),
        _ => server,
    };
    (0..FAULTS).fold(server, |server, _| match &fault {
        Some(fault) => server.fault(fault.clone()),
        None => server,
    })
}
