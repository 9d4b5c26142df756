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
use crate::error::{Error, ErrorKind, Problem};
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
        let error = Error::new(ErrorKind::Tls, message).with_advice(rejection.advice.clone());
        let error = match rejection.problem {
            Some(problem) => error.with_problem(problem),
            None => error,
        };
        return match &rejection.source {
            Some(cause) => error.caused_by(cause.to_string()),
            None => error,
        };
    }
    let problem = match cause {
        rustls::Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => None,
        rustls::Error::InvalidMessage(_) => Some(Problem::BeginsInClearText),
        rustls::Error::AlertReceived(_) if is_refusal(&error) => Some(Problem::ClientCertificate),
        _ => None,
    };
    let message = match cause {
        rustls::Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => format!(
            "{host} sent certificates of over 64 KiB: its owner has to send a shorter chain"
        ),
        rustls::Error::InvalidMessage(_) => {
            format!("{host} did not answer in TLS")
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
    let failed = Error::new(ErrorKind::Tls, message).caused_by(error);
    match problem {
        Some(Problem::BeginsInClearText) => failed
            .with_problem(Problem::BeginsInClearText)
            .with_advice("if the port begins in clear text, use STARTTLS"),
        Some(problem) => failed.with_problem(problem),
        None => failed,
    }
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
    /// What to do about it.
    advice: String,
    problem: Option<Problem>,
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
    let new = |whose: &str| format!("its owner needs {whose}");
    let (message, advice) = match &problem {
        CertificateProblem::NotPinned => (
            format!("is not the pinned one but {fingerprint}"),
            "if its owner has a new one, pin that in place of the old".to_owned(),
        ),
        CertificateProblem::Proof | CertificateProblem::UnknownKey if about.has_short_key => (
            "has an RSA key of less than 2048 bits, which can be broken".to_owned(),
            new("a new one"),
        ),
        CertificateProblem::Proof => (
            "is shown by somebody who does not prove to have its key".to_owned(),
            "somebody may be tampering with the connection".to_owned(),
        ),
        CertificateProblem::UnknownKey => (
            "has a key of a kind that is not known here".to_owned(),
            new("one with a key for RSA, or for ECDSA on the curve P-256"),
        ),
        CertificateProblem::Namesake(_) => (
            "is from an authority with the same name as the given one, and another key".to_owned(),
            format!(
                "the authority was made anew, so give its new certificate (`ca_file`); \
                 or pin {fingerprint}"
            ),
        ),
        CertificateProblem::Path(error) => {
            path(error, &about, fingerprint, intermediates.is_empty())
        }
    };
    let mendable = mendable(&problem, fingerprint, &about);
    let source = match problem {
        CertificateProblem::Path(error) | CertificateProblem::Namesake(error) => Some(error),
        _ => None,
    };
    let rejection = CertificateRejection {
        problem: mendable,
        message,
        advice,
        source,
    };
    CertificateError::Other(OtherError(Arc::new(rejection))).into()
}

/// What a user can mend about a certificate.
fn mendable(
    problem: &CertificateProblem,
    fingerprint: Fingerprint,
    about: &Certificate,
) -> Option<Problem> {
    use webpki::Error as E;
    let untrusted = |needs_authority| {
        Some(Problem::UntrustedCertificate {
            sha256: fingerprint.octets(),
            needs_authority,
        })
    };
    match problem {
        CertificateProblem::NotPinned => untrusted(false),
        CertificateProblem::Namesake(_) => untrusted(true),
        CertificateProblem::Path(error) => match error {
            E::CertNotValidForName(_) if !about.names.is_empty() => Some(Problem::OtherName),
            E::CertNotValidForName(_) | E::CaUsedAsEndEntity | E::UnsupportedCertVersion => {
                untrusted(false)
            }
            E::UnknownIssuer => untrusted(!about.is_self_signed),
            E::CertExpired { .. }
            | E::CertNotValidYet { .. }
            | E::RequiredEkuNotFoundContext(_)
            | E::UnsupportedCriticalExtension
            | E::NameConstraintViolation
            | E::InvalidSignatureForPublicKey
            | E::UnsupportedSignatureAlgorithmContext(_)
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            | E::MaximumPathDepthExceeded
            | E::MaximumPathBuildCallsExceeded
            | E::MaximumSignatureChecksExceeded
            | E::MaximumNameConstraintComparisonsExceeded => None,
            _ => untrusted(false),
        },
        CertificateProblem::Proof | CertificateProblem::UnknownKey => None,
    }
}

/// What is wrong with the way to an authority or with the name, and what to do about it.
fn path(
    error: &webpki::Error,
    about: &Certificate,
    fingerprint: Fingerprint,
    came_alone: bool,
) -> (String, String) {
    use webpki::Error as E;
    let (message, advice) = match error {
        E::CertExpired { not_after, .. } => {
            let message = format!("expired on {}", day(*not_after));
            return (message, "tell its owner, or set the clock".to_owned());
        }
        E::CertNotValidYet { not_before, .. } => {
            let message = format!("is not valid before {}", day(*not_before));
            return (message, "set the clock, or tell its owner".to_owned());
        }
        E::CertNotValidForName(context) => return not_for_name(context, about, fingerprint),
        E::CaUsedAsEndEntity => {
            let message = "belongs to a certificate authority, and a server must not use it";
            return (message.to_owned(), pin(fingerprint));
        }
        E::UnsupportedCertVersion => {
            let message =
                "is of an old version of X.509 (1 or 2), which has no place for host names";
            let advice = format!("its owner needs one of version 3; or pin {fingerprint}");
            return (message.to_owned(), advice);
        }
        E::UnknownIssuer if about.is_self_signed => {
            return ("is signed by itself".to_owned(), pin(fingerprint));
        }
        E::UnknownIssuer if came_alone => {
            let message =
                "is from an unknown authority, and came without any intermediate certificate";
            let advice = format!(
                "its owner may have left that out; if the authority is yours, name its CA file; \
                 or pin {fingerprint}"
            );
            return (message.to_owned(), advice);
        }
        E::UnknownIssuer => {
            let advice = format!("if it is yours, name its CA file; or pin {fingerprint}");
            return ("is from an unknown authority".to_owned(), advice);
        }
        E::RequiredEkuNotFoundContext(_) => (
            "is not meant for servers (its extended key usage lacks serverAuth)",
            "its owner needs another one",
        ),
        E::UnsupportedCriticalExtension => (
            "has a critical extension that is not known here",
            "its owner needs one without",
        ),
        E::NameConstraintViolation => (
            "is for a name that its authority may not vouch for",
            "its owner needs one from another authority",
        ),
        E::InvalidSignatureForPublicKey => (
            "has a wrong signature in its chain, or one by an RSA key of less than 2048 bits",
            "its owner needs a new one",
        ),
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => (
            "has a signature in its chain by an algorithm that is weak or not known here, such as \
             SHA-1",
            "its owner needs a new one",
        ),
        E::MaximumPathDepthExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded => (
            "has a chain that is too long or too intricate",
            "its owner has to send a shorter one",
        ),
        _ => return ("cannot be trusted".to_owned(), pin(fingerprint)),
    };
    (message.to_owned(), advice.to_owned())
}

fn pin(fingerprint: Fingerprint) -> String {
    format!("if it is the one you expect, pin {fingerprint}")
}

fn not_for_name(
    context: &webpki::InvalidNameContext,
    about: &Certificate,
    fingerprint: Fingerprint,
) -> (String, String) {
    let expected = context.expected.to_str();
    let names = &about.names;
    if names.is_empty() {
        return match &about.common_name {
            Some(name) => (
                format!(
                    "has only a common name, \"{}\", which counts no more (RFC 9525)",
                    shown(name)
                ),
                format!(
                    "its owner needs one with the name {expected} in subjectAltName; \
                     or pin {fingerprint}"
                ),
            ),
            None => (
                "is for no name at all".to_owned(),
                format!(
                    "its owner needs one with {expected} in subjectAltName; or pin {fingerprint}"
                ),
            ),
        };
    }
    let listed = names.iter().take(MAX_NAMES).map(|name| shown(name));
    let mut listed: Vec<_> = listed.collect();
    if names.len() > MAX_NAMES {
        listed.push(format!("{} others", names.len() - MAX_NAMES));
    }
    let message = format!("is not for {expected} but for {}", listed.join(", "));
    (message, "give the server by a name it is for".to_owned())
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
