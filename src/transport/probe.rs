//! Finding out why a port is silent.

use std::time::Duration;

use tokio::time::timeout;

use super::host::Host;
use super::route::Route;
use super::timeouts::Timeouts;
use super::tls::TlsConfig;

/// How long a server may take to connect, and to answer a TLS handshake.
const LIMIT: Duration = Duration::from_secs(10);

/// Whether the port begins with TLS: it answers a handshake, over a connection of its own, with
/// something that only TLS has. What cannot be found out is `false`.
pub(crate) async fn begins_with_tls(
    tls: &TlsConfig,
    route: &Route,
    host: &Host,
    port: u16,
) -> bool {
    let probe = async {
        let Ok(socket) = route.connect(host, port, &Timeouts::all(LIMIT)).await else {
            return false;
        };
        tls.is_answered(host, socket).await
    };
    timeout(2 * LIMIT, probe).await.unwrap_or(false)
}
