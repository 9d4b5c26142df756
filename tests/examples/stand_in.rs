//! What an example has in place of your provider: a submission server inside the process.

use pilotfish::session::ServerBuilder;
use pilotfish::transport::TlsClient;
use pilotfish::{Result, Server, testing};

/// The way there.
pub(crate) fn reached(submission: &testing::Server) -> Result<ServerBuilder> {
    let authority = TlsClient::builder()
        .ca_pem(submission.ca_pem().as_bytes())?
        .build()?;
    let address = submission.addr();
    Ok(Server::builder(address.ip().into())
        .port(address.port())
        .tls(authority))
}
