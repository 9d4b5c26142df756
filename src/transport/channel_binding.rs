//! The channel binding of a login: to the TLS connection, or to the server's certificate.

use tokio_rustls::rustls::ProtocolVersion;
use tokio_util::either::Either;

use super::tls::DerElement;
use super::wire::Wire;
use crate::cryptography::digest::{self, SHA256, SHA384, SHA512};
use crate::protocol::ChannelBinding;

/// RFC 9266 section 4.1.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

impl<S> Wire<S> {
    /// The channel binding for a login over this connection: `tls-exporter` (RFC 9266) with TLS 1.3,
    /// `tls-server-end-point` (RFC 5929 section 4) with TLS 1.2. There the exporter is safe only with
    /// an extension that the TLS library does not report. `None` in clear text, and for a certificate
    /// whose signature uses another hash function than SHA-256, SHA-384 or SHA-512, or has none of its
    /// own, such as Ed25519.
    #[must_use]
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        let Either::Right(stream) = self.framed.get_ref() else {
            return None;
        };
        let (_, connection) = stream.get_ref();
        if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
            let material = connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(&[]));
            return material
                .ok()
                .map(|octets| ChannelBinding::TlsExporter(octets.to_vec()));
        }
        let certificate = connection.peer_certificates()?.first()?;
        end_point(certificate).map(ChannelBinding::TlsServerEndPoint)
    }
}

/// Hashes a certificate with the hash function of its signature, or with SHA-256 in place of MD5 and
/// SHA-1.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = digest::digest(signature_hash(certificate)?, certificate);
    Some(hash.as_ref().to_vec())
}

/// The hash function of a certificate's signature. RFC 5280 section 4.1: the signed content comes
/// first, then the algorithm of the signature.
fn signature_hash(certificate: &[u8]) -> Option<&'static digest::Algorithm> {
    let content = element(certificate, SEQUENCE)?.content;
    let algorithm = element(element(content, SEQUENCE)?.rest, SEQUENCE)?;
    let identifier = element(algorithm.content, OBJECT_IDENTIFIER)?;
    match identifier.content {
        // 1.2.840.113549.1.1: RSA with PKCS #1 version 1.5, and version 2.1 as 10.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            4 | 5 => Some(&SHA256),
            10 => probabilistic(identifier.rest),
            _ => sha2(last.checked_sub(11)?),
        },
        // 1.2.840.10045.4: ECDSA, with SHA-1 or SHA-2.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 1] => Some(&SHA256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, last] => sha2(last.checked_sub(2)?),
        _ => None,
    }
}

/// RFC 4055 section 3.1: the hash function is a parameter, SHA-1 if it is left out.
fn probabilistic(parameters: &[u8]) -> Option<&'static digest::Algorithm> {
    let parameters = element(parameters, SEQUENCE)?.content;
    let Some(function) = element(parameters, FIRST_PARAMETER) else {
        return Some(&SHA256);
    };
    let function = element(function.content, SEQUENCE)?.content;
    match element(function, OBJECT_IDENTIFIER)?.content {
        // 2.16.840.1.101.3.4.2: SHA-2.
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last] => sha2(last.checked_sub(1)?),
        _ => None,
    }
}

/// The functions of SHA-2 in the order of their identifiers. There is no SHA-224: `ring` has none,
/// and no authority signs with it.
fn sha2(index: u8) -> Option<&'static digest::Algorithm> {
    [&SHA256, &SHA384, &SHA512].get(usize::from(index)).copied()
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const FIRST_PARAMETER: u8 = 0xa0;

/// The first element of DER, if it has this tag.
fn element(der: &[u8], tag: u8) -> Option<DerElement<'_>> {
    DerElement::first(der).filter(|element| element.tag == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate without anything but its algorithm.
    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let sequence = |content: &[u8]| {
            [
                &[SEQUENCE, 0x81, u8::try_from(content.len()).unwrap()],
                content,
            ]
            .concat()
        };
        sequence(&[sequence(b"signed"), sequence(algorithm)].concat())
    }

    #[test]
    fn hash_functions_of_signatures() {
        let rsa = |last| {
            [
                &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last][..],
                &[5, 0],
            ]
            .concat()
        };
        let ecdsa = |last| vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last];
        let pss = |last| {
            let function = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last];
            let head = [0x30, 0x0f, 0xa0, 0x0d, 0x30, 0x0b, 6, 9];
            [&rsa(10)[..11], &head, &function].concat()
        };
        for (algorithm, expected) in [
            (rsa(4), Some(&SHA256)),
            (rsa(5), Some(&SHA256)),
            (rsa(11), Some(&SHA256)),
            (rsa(12), Some(&SHA384)),
            (rsa(13), Some(&SHA512)),
            (rsa(14), None),
            (
                vec![6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
                Some(&SHA256),
            ),
            (ecdsa(2), Some(&SHA256)),
            (ecdsa(3), Some(&SHA384)),
            (ecdsa(4), Some(&SHA512)),
            (pss(1), Some(&SHA256)),
            (pss(2), Some(&SHA384)),
            ([&rsa(10)[..11], &[0x30, 0]].concat(), Some(&SHA256)),
            // Ed25519 has none.
            (vec![6, 3, 0x2b, 0x65, 0x70], None),
        ] {
            assert_eq!(
                signature_hash(&certificate(&algorithm)),
                expected,
                "{algorithm:x?}"
            );
        }
    }

    #[test]
    fn octets_that_are_not_a_certificate_have_no_binding() {
        let whole = certificate(&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
        assert_eq!(end_point(&whole).unwrap().len(), 32);
        for end in 0..whole.len() {
            assert_eq!(end_point(&whole[..end]), None, "{end}");
        }
        assert_eq!(end_point(&[SEQUENCE, 0xff, 1]), None);
    }
}
