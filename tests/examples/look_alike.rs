//! Replaces Gmail by a local server in the tests, which have no account.

use pilotfish::session::ServerConfigBuilder;
use pilotfish::transport::{Route, TlsConfig};

/// Changes nothing unless the environment names a proxy that connects to the local server, and an
/// authority that has issued a certificate for the name of Gmail.
pub(crate) fn instead(
    gmail: ServerConfigBuilder,
) -> Result<ServerConfigBuilder, Box<dyn std::error::Error>> {
    let Ok(proxy) = std::env::var("PILOTFISH_LOOK_ALIKE_PROXY") else {
        return Ok(gmail);
    };
    let authority = std::fs::read(std::env::var("PILOTFISH_LOOK_ALIKE_CA")?)?;
    Ok(gmail
        .route(Route::new().proxy(proxy.parse()?))
        .tls(TlsConfig::builder().ca_pem(authority).build()?))
}
