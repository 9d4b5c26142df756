//! What an example has in place of your provider: a submission server inside the process.

use pilotfish::session::ServerConfigBuilder;
use pilotfish::transport::TlsConfig;
use pilotfish::{Result, ServerConfig, testing};

/// The way there.
pub(crate) fn reached(submission: &testing::TestServer) -> Result<ServerConfigBuilder> {
    let authority = TlsConfig::builder()
        .ca_pem(submission.ca_pem().as_bytes())?
        .build()?;
    let address = submission.addr();
    Ok(ServerConfig::builder(address.ip().into())
        .port(address.port())
        .tls(authority))
}
