//! Why a certificate is refused, in words of its own for each reason.

use std::fmt;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};

use super::certificate::CertificateSummary;
use super::fingerprint::Fingerprint;

/// How many of a certificate's names are shown.
const MOST_NAMES: usize = 5;

/// How many characters of a name are shown.
const LONGEST_NAME: usize = 100;

/// What is wrong with a certificate.
#[derive(Debug)]
pub(super) enum CertificateProblem {
    /// What the path or the name is at fault for.
    Path(webpki::Error),
    /// It names an authority of the user as its issuer, and another key has signed it.
    Namesake(webpki::Error),
    /// It is none of those that were named.
    NotPinned,
    /// Its key did not make the signature of the handshake, or cannot be relied upon.
    Proof,
    /// Its key is of a kind whose signatures cannot be verified here.
    UnknownKey,
}

impl From<webpki::Error> for CertificateProblem {
    fn from(error: webpki::Error) -> Self {
        Self::Path(error)
    }
}

/// A certificate that is refused.
#[derive(Debug)]
pub(super) struct Fault {
    /// Goes behind "the certificate of HOST".
    message: String,
    cause: Option<webpki::Error>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl Fault {
    pub(super) fn new(
        wrong: CertificateProblem,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Self {
        let about = CertificateSummary::certificate(certificate);
        let fingerprint = Fingerprint::of_certificate(certificate);
        let message = match &wrong {
            CertificateProblem::NotPinned => format!(
                "is not the pinned one but {fingerprint}: \
                 if its owner has a new one, pin that in place of the old"
            ),
            CertificateProblem::Proof | CertificateProblem::UnknownKey if about.has_short_key => {
                short_key()
            }
            CertificateProblem::Proof => {
                "is shown by somebody who does not prove to have its key: \
                             somebody may be tampering with the connection"
                    .to_owned()
            }
            CertificateProblem::UnknownKey => {
                "has a key of a kind that is not known here: its owner needs one \
                                  with a key for RSA, or for ECDSA on the curve P-256"
                    .to_owned()
            }
            CertificateProblem::Namesake(_) => format!(
                "is from an authority with the same name as the given one, and another key: \
                 the authority was made anew, so give its new certificate (`ca_file`); \
                 or pin {fingerprint}"
            ),
            CertificateProblem::Path(error) => {
                path(error, &about, fingerprint, intermediates.is_empty())
            }
        };
        let cause = match wrong {
            CertificateProblem::Path(error) | CertificateProblem::Namesake(error) => Some(error),
            CertificateProblem::NotPinned
            | CertificateProblem::Proof
            | CertificateProblem::UnknownKey => None,
        };
        Self { message, cause }
    }
}

fn short_key() -> String {
    "has an RSA key of less than 2048 bits, which can be broken: its owner needs a new one"
        .to_owned()
}

fn path(
    error: &webpki::Error,
    about: &CertificateSummary,
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
    about: &CertificateSummary,
    fingerprint: Fingerprint,
) -> String {
    let expected = context.expected.to_str();
    let names = &about.subject_alt_names;
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
    let listed = names.iter().take(MOST_NAMES).map(|name| shown(name));
    let mut listed: Vec<_> = listed.collect();
    if names.len() > MOST_NAMES {
        listed.push(format!("{} others", names.len() - MOST_NAMES));
    }
    format!(
        "is not for {expected} but for {}: give the server by a name it is for",
        listed.join(", ")
    )
}

fn shown(name: &str) -> String {
    let name: String = name.chars().take(LONGEST_NAME).collect();
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
