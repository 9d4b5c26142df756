//! What a certificate says of itself, for the words about one that is refused. Nothing is decided
//! by it.

use tokio_rustls::rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// What is worth saying of a certificate that is refused.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) is_self_signed: bool,
    pub(super) has_short_key: bool,
    pub(super) common_name: Option<String>,
}

/// The object identifiers rsaEncryption (RFC 8017 appendix A.1) and id-at-commonName (RFC 5280
/// appendix A.1), in DER.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";

/// The octets of a `SubjectPublicKeyInfo` with the shortest RSA key that is verified, 2048 bits,
/// and the shortest exponent.
const RSA_2048: usize = 290;

impl About {
    pub(super) fn certificate(der: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = EndEntityCert::try_from(der) else {
            return Self::default();
        };
        let key = certificate.subject_public_key_info();
        let is_rsa = memchr::memmem::find(&key, RSA_ENCRYPTION).is_some();
        Self {
            is_self_signed: certificate.subject() == certificate.issuer(),
            has_short_key: is_rsa && key.len() < RSA_2048,
            common_name: common_name(certificate.subject()),
        }
    }
}

/// The first common name in a `Name`.
fn common_name(name: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(name, COMMON_NAME)?;
    let value = name.get(at + COMMON_NAME.len()..)?;
    // A tag, and a length of one octet: a common name has at most 64 characters.
    let [_, length, text @ ..] = value else {
        return None;
    };
    let text = text.get(..usize::from(*length))?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names() {
        for (name, expected) in [
            (
                &b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a"[..],
                Some("a"),
            ),
            (b"\x06\x03\x55\x04\x03\x0c\x02a", None),
            (b"\x06\x03\x55\x04\x03", None),
            (b"\x06\x03\x55\x04\x0a\x0c\x01a", None),
            (b"", None),
        ] {
            assert_eq!(common_name(name).as_deref(), expected, "{name:02x?}");
        }
    }
}
