//! The client's side of TLS, as the settings have it.

use pilotfish::config::{TlsSettings, Verification};
use pilotfish::transport::TlsConfig;

use crate::exit;
use crate::failure::Failure;
use crate::report;

/// Reads what the settings name, and makes a client of it. One that verifies nothing is never
/// made in silence.
pub(crate) async fn client(settings: TlsSettings) -> Result<TlsConfig, Failure> {
    let mut builder = TlsConfig::builder();
    if let Some(roots) = settings.roots {
        builder = builder.roots(roots);
    }
    if let Some(path) = settings.ca {
        let failed = |what: &str, error: &dyn std::error::Error| {
            let message = format!("cannot {what} the CA file {}", path.display());
            Failure::new(exit::CONFIG, message).with_cause(error)
        };
        let pem = tokio::fs::read(&path).await;
        let pem = pem.map_err(|error| failed("read", &error))?;
        let alone = TlsConfig::builder().ca_pem(&pem).build();
        alone.map_err(|error| failed("use", &error))?;
        builder = builder.ca_pem(pem);
    }
    for fingerprint in settings.fingerprints {
        builder = builder.fingerprint(fingerprint);
    }
    if let Some(version) = settings.minimum {
        builder = builder.minimum_version(version);
    }
    if let Some(name) = settings.name {
        builder = builder.server_name(name);
    }
    if let Some(certificate) = settings.client_certificate {
        let read = certificate.read().await;
        let (chain, key) = read.map_err(|error| Failure::of(exit::CONFIG, &error))?;
        builder = builder.client_certificate_pem(chain, &key);
    }
    if settings.verification == Verification::DangerLeftOut {
        report::notice(
            "warning: the server's certificate is not verified (--tls-insecure): \
             anybody on the way can read the mail and the password",
        );
        builder = builder.danger_accept_invalid_certificates();
    }
    Ok(builder.build()?)
}
