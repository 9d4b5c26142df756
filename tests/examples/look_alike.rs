//! The way to a server that looks like Gmail, for whoever has no account: the tests.

use pilotfish::session::ServerBuilder;
use pilotfish::transport::{Route, TlsClient};

/// Nothing is changed unless the environment names a proxy that leads there, and an authority that
/// vouches for the name of Gmail.
pub(crate) fn instead(gmail: ServerBuilder) -> Result<ServerBuilder, Box<dyn std::error::Error>> {
    let Ok(proxy) = std::env::var("PILOTFISH_LOOK_ALIKE_PROXY") else {
        return Ok(gmail);
    };
    let authority = std::env::var("PILOTFISH_LOOK_ALIKE_CA")?;
    Ok(gmail
        .route(Route::new().proxy(proxy.parse()?))
        .tls(TlsClient::builder().ca_file(authority)?.build()?))
}
