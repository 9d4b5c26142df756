//! What a failure of TLS means, and what to do about it.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::{
    self, AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible,
};

use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use crate::error::{Error, ErrorKind};
use crate::transport::host::Host;

/// The maximum number of a certificate's names in an error.
const MAX_NAMES: usize = 5;

/// The maximum number of characters of a name in an error.
const MAX_NAME_CHARACTERS: usize = 100;

/// Why a certificate is rejected.
#[derive(Debug)]
pub(super) enum CertificateProblem {
    /// The path to an authority or the name is wrong.
    Path(webpki::Error),
    /// It names an authority of the user as its issuer, but another key has signed it.
    Namesake(webpki::Error),
    /// It is none of the pinned ones.
    NotPinned,
    /// Its key did not make the signature of the handshake, or is too short.
    Proof,
    /// Its key is of a kind whose signatures cannot be verified here.
    UnknownKey,
}

/// The error of a handshake: what its failure means, and what to do about it.
pub(super) fn handshake_error(host: &Host, error: io::Error) -> Error {
    let Some(cause) = cause(&error) else {
        // The stream failed, not TLS.
        let message = format!("the connection to {host} broke during the TLS handshake");
        return Error::new(ErrorKind::Io, message).caused_by(error);
    };
    if let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = cause
        && let Some(rejection) = other.0.downcast_ref::<CertificateRejection>()
    {
        let message = format!("the certificate of {host} {rejection}");
        let error = Error::new(ErrorKind::Tls, message);
        return match &rejection.source {
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
            "{host} supports no TLS version that is allowed: 1.2 or later, or 1.3 if you require \
             that; its operator has to update it"
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

/// The error of TLS, if the stream has not failed.
pub(super) fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Whether the server ended a session because it does not trust the client's certificate, or because
/// the client presented none. With TLS 1.3 its alert comes after the client has finished the
/// handshake.
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

/// A certificate that is rejected.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct CertificateRejection {
    /// Follows "the certificate of HOST".
    message: String,
    source: Option<webpki::Error>,
}

/// The error of a handshake with a certificate that has this problem.
pub(super) fn rejected(
    problem: CertificateProblem,
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> rustls::Error {
    let about = Certificate::of(certificate);
    let fingerprint = Fingerprint::of_certificate(certificate);
    let message = match &problem {
        CertificateProblem::NotPinned => format!(
            "is not the pinned one but {fingerprint}: \
             if its owner has a new one, pin that in place of the old"
        ),
        CertificateProblem::Proof | CertificateProblem::UnknownKey if about.has_short_key => {
            "has an RSA key of less than 2048 bits, which can be broken: its owner needs a new one"
                .to_owned()
        }
        CertificateProblem::Proof => "is shown by somebody who does not prove to have its key: \
             somebody may be tampering with the connection"
            .to_owned(),
        CertificateProblem::UnknownKey => "has a key of a kind that is not known here: its owner \
             needs one with a key for RSA, or for ECDSA on the curve P-256"
            .to_owned(),
        CertificateProblem::Namesake(_) => format!(
            "is from an authority with the same name as the given one, and another key: \
             the authority was made anew, so give its new certificate (`ca_file`); \
             or pin {fingerprint}"
        ),
        CertificateProblem::Path(error) => {
            path(error, &about, fingerprint, intermediates.is_empty())
        }
    };
    let source = match problem {
        CertificateProblem::Path(error) | CertificateProblem::Namesake(error) => Some(error),
        _ => None,
    };
    let rejection = CertificateRejection { message, source };
    CertificateError::Other(OtherError(Arc::new(rejection))).into()
}

fn path(
    error: &webpki::Error,
    about: &Certificate,
    fingerprint: Fingerprint,
    came_alone: bool,
) -> String {
    use webpki::Error as E;
    match error {
        E::CertExpired { not_after, .. } => format!(
            "expired on {}: tell its owner, or set the clock",
            day(*not_after)
        ),
        E::CertNotValidYet { not_before, .. } => format!(
            "is not valid before {}: set the clock, or tell its owner",
            day(*not_before)
        ),
        E::CertNotValidForName(context) => not_for_name(context, about, fingerprint),
        E::CaUsedAsEndEntity => format!(
            "is that of an authority, which is not to be a server's: \
             if it is the one you expect, pin {fingerprint}"
        ),
        E::UnsupportedCertVersion => format!(
            "is of an old version of X.509 (1 or 2), which has no place for host names: its owner \
             needs one of version 3; or pin {fingerprint}"
        ),
        E::UnknownIssuer if about.is_self_signed => {
            format!("is signed by itself: if it is the one you expect, pin {fingerprint}")
        }
        E::UnknownIssuer if came_alone => format!(
            "is from an unknown authority, and came without any intermediate certificate: \
             its owner may have left that out; if the authority is yours, name its CA file; \
             or pin {fingerprint}"
        ),
        E::UnknownIssuer => format!(
            "is from an unknown authority: if it is yours, name its CA file; \
             or pin {fingerprint}"
        ),
        E::RequiredEkuNotFoundContext(_) => "is not meant for servers (its extended key usage \
             lacks serverAuth): its owner needs another one"
            .to_owned(),
        E::UnsupportedCriticalExtension => "has a critical extension that is not known here: \
             its owner needs one without"
            .to_owned(),
        E::NameConstraintViolation => "is for a name that its authority may not vouch for: \
             its owner needs one from another authority"
            .to_owned(),
        E::InvalidSignatureForPublicKey => "has a wrong signature in its chain, or one by an RSA \
             key of less than 2048 bits: its owner needs a new one"
            .to_owned(),
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "has a signature in its chain by an algorithm that is weak or not known here, such as \
             SHA-1: its owner needs a new one"
                .to_owned()
        }
        E::MaximumPathDepthExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded => {
            "has a chain that is too long or too intricate: its owner has to send a shorter one"
                .to_owned()
        }
        _ => format!("cannot be trusted: if it is the one you expect, pin {fingerprint}"),
    }
}

fn not_for_name(
    context: &webpki::InvalidNameContext,
    about: &Certificate,
    fingerprint: Fingerprint,
) -> String {
    let expected = context.expected.to_str();
    let names = &about.names;
    if names.is_empty() {
        return match &about.common_name {
            Some(name) => format!(
                "has only a common name, \"{}\", which counts no more (RFC 9525): its owner needs \
                 one with the name {expected} in subjectAltName; \
                 or pin {fingerprint}",
                shown(name)
            ),
            None => format!(
                "is for no name at all: its owner needs one with {expected} in subjectAltName; \
                 or pin {fingerprint}"
            ),
        };
    }
    let listed = names.iter().take(MAX_NAMES).map(|name| shown(name));
    let mut listed: Vec<_> = listed.collect();
    if names.len() > MAX_NAMES {
        listed.push(format!("{} others", names.len() - MAX_NAMES));
    }
    format!(
        "is not for {expected} but for {}: give the server by a name it is for",
        listed.join(", ")
    )
}

fn shown(name: &str) -> String {
    let name: String = name.chars().take(MAX_NAME_CHARACTERS).collect();
    name.escape_debug().to_string()
}

fn day(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(
            || "a day that no calendar has".to_owned(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
}
