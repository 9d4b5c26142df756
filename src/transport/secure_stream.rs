//! Connections inside TLS for other protocols than mail.

use tokio::io::{AsyncRead, AsyncWrite};

use super::host::Host;
use super::io_timer::within;
use super::route::Route;
use super::timeouts::Timeouts;
use super::tls::TlsConfig;
use crate::error::{Error, ErrorKind, Result, Stage};

impl Route {
    /// The route without its Unix socket, which leads to a mail server.
    pub(crate) fn over_tcp(mut self) -> Self {
        self.unix_socket = None;
        self
    }

    /// Connects, and begins TLS with a certificate that is valid for `host`.
    pub(crate) async fn connect_tls(
        &self,
        tls: &TlsConfig,
        host: &Host,
        port: u16,
        timeouts: &Timeouts,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>> {
        let socket = self.connect(host, port, timeouts).await?;
        let secured = within(timeouts.connect, tls.handshake(host, socket)).await;
        let slow = || {
            let message = format!("{host} port {port} did not finish the TLS handshake in time");
            Err(Error::new(ErrorKind::Timeout, message))
        };
        secured
            .unwrap_or_else(slow)
            .map_err(|error| error.with_stage(Stage::Connect))
    }
}
