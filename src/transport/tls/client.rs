//! The client's side of a handshake.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{self, ClientConfig};
use tracing::warn;

use super::builder::TlsConfigBuilder;
use super::failure::{cause, handshake_error};
use crate::error::Result;
use crate::transport::host::Host;

/// The client's side of TLS: whom it trusts, and as whom it comes.
///
/// TLS 1.2 and 1.3 are spoken. Without a word to the contrary, a server has to have a certificate
/// for its name from a public authority. Cloning is cheap, and clones share their store of sessions
/// to resume: a [`ServerConfig`](crate::ServerConfig), and so a [`Client`](crate::Client), has one for all its
/// connections. SNI is sent for names, not for addresses (RFC 6066 section 3), and ALPN never: no
/// protocol name is registered for submission.
///
/// ```no_run
/// use pilotfish::transport::{TlsConfig, TlsRoots};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let our_ca = std::fs::read("/etc/ssl/our-ca.pem")?;
/// let public = TlsConfig::builder().build()?;
/// let with_own = TlsConfig::builder().ca_pem(&our_ca).build()?;
/// let own_alone = TlsConfig::builder()
///     .roots(TlsRoots::None)
///     .ca_pem(&our_ca)
///     .build()?;
/// let bridge = "sha256:6f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// let pinned = TlsConfig::builder().fingerprint(bridge.parse()?).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsConfig {
    connector: TlsConnector,
    /// What certificates are checked against in place of the host.
    name: Option<Host>,
    verification: Verification,
}

/// Whether certificates are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    Done,
    LeftOut,
}

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConfig")
            .field("name", &self.name)
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}

impl TlsConfig {
    /// Begins with the public certificate authorities that Mozilla trusts, as the
    /// `webpki-roots` crate has them.
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder::default()
    }

    pub(super) fn new(
        config: ClientConfig,
        name: Option<Host>,
        verification: Verification,
    ) -> Self {
        Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
            verification,
        }
    }

    /// Makes the handshake; the certificate has to be valid for `host`, or for the name that was
    /// given in place of it.
    pub(in crate::transport) async fn handshake<S>(
        &self,
        host: &Host,
        stream: S,
    ) -> Result<Box<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.verification == Verification::LeftOut {
            warn!(%host, "the certificate is not verified: anybody may be the server");
        }
        match self.connect(host, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(handshake_error(host, error)),
        }
    }

    /// Whether the other end speaks TLS, be it one that cannot be trusted.
    pub(in crate::transport) async fn is_answered<S>(&self, host: &Host, stream: S) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.connect(host, stream).await {
            Ok(_) => true,
            Err(error) => matches!(
                cause(&error),
                Some(
                    rustls::Error::InvalidCertificate(_)
                        | rustls::Error::AlertReceived(_)
                        | rustls::Error::PeerIncompatible(_)
                )
            ),
        }
    }

    async fn connect<S>(&self, host: &Host, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = self.connector.connect(self.name(host), stream);
        poll_fn(|context| {
            let polled = Pin::new(&mut handshake).poll(context);
            // Has what came acknowledged: the rest may be held back until then.
            if polled.is_pending()
                && let Some(stream) = handshake.get_mut()
            {
                let _ = Pin::new(stream).poll_flush(context);
            }
            polled
        })
        .await
    }

    fn name(&self, host: &Host) -> rustls::pki_types::ServerName<'static> {
        self.name.as_ref().unwrap_or(host).server_name()
    }
}
