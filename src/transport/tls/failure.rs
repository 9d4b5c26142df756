//! What the failure of TLS means, and what to do about it.

use std::error::Error as _;
use std::io;

use tokio_rustls::rustls::{
    self, AlertDescription, CertificateError, InvalidMessage, PeerIncompatible,
};

use super::fault::Fault;
use crate::error::{Error, ErrorKind};
use crate::transport::host::Host;

/// Says what the failure of a handshake means, and what to do about it.
pub(super) fn handshake_error(host: &Host, error: io::Error) -> Error {
    let Some(cause) = cause(&error) else {
        // The stream failed, and TLS with it.
        let message = format!("the connection to {host} broke during the TLS handshake");
        return Error::new(ErrorKind::Io, message).caused_by(error);
    };
    if let Some(fault) = fault(cause) {
        let message = format!("the certificate of {host} {fault}");
        let error = Error::new(ErrorKind::Tls, message);
        return match fault.source() {
            Some(cause) => error.caused_by(cause.to_string()),
            None => error,
        };
    }
    let message = match cause {
        rustls::Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => format!(
            "{host} sent certificates of over 64 KiB: its owner has to send a shorter chain"
        ),
        rustls::Error::InvalidMessage(_) => {
            format!("{host} did not answer in TLS: if the port begins in clear text, use STARTTLS")
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => format!(
            "{host} speaks no TLS version that is allowed here: 1.2, or 1.3 if that is wanted, \
             is the least; its owner has to update it"
        ),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => format!(
            "{host} has no cipher suite or key exchange in common with this client, \
             or wants a client certificate"
        ),
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("{host} does not know itself by that name: give it by another one")
        }
        rustls::Error::AlertReceived(_) if is_refusal(&error) => {
            format!("{host} wants a client certificate that it can trust: name one, or another one")
        }
        rustls::Error::AlertReceived(alert) => format!("{host} refused TLS ({alert:?})"),
        _ => format!("the TLS handshake with {host} failed"),
    };
    Error::new(ErrorKind::Tls, message).caused_by(error)
}

/// What TLS found wrong, if it was not the stream that failed.
pub(super) fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn fault(error: &rustls::Error) -> Option<&Fault> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// Whether the server ended a session since it does not trust the client's certificate, or misses
/// one: with TLS 1.3 it says so when the client takes the handshake for done.
pub(in crate::transport) fn is_refusal(error: &io::Error) -> bool {
    matches!(
        cause(error),
        Some(rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
        ))
    )
}
