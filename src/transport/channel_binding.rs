//! What a login can be bound to: the TLS connection, or the server's certificate.

use tokio_rustls::rustls::ProtocolVersion;

use super::maybe_tls::MaybeTls;
use super::wire::Wire;
use crate::cryptography::digest::{self, SHA256, SHA384, SHA512};
use crate::protocol::ChannelBinding;

/// RFC 9266 section 4.1.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

impl<S> Wire<S> {
    /// What a login over this connection can be bound to: `tls-exporter` (RFC 9266) with TLS 1.3,
    /// `tls-server-end-point` (RFC 5929 section 4) with TLS 1.2, where the exporter is safe only
    /// with an extension that is not known to be in use. `None` in clear text, and for a
    /// certificate whose signature has another hash function than SHA-256, SHA-384 or SHA-512, or
    /// none of its own, as Ed25519.
    #[must_use]
    pub(crate) fn channel_binding(&self) -> Option<ChannelBinding> {
        let MaybeTls::Tls(stream) = self.framed.get_ref() else {
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

/// The hash of a certificate by the function of its signature; SHA-256 in place of MD5 and SHA-1.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match signature_hash(certificate)? {
        // `ring` has no SHA-224, and no authority signs with it.
        Hash::Sha224 => return None,
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// RFC 5280 section 4.1: what is signed, then the algorithm that it is signed by.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let (content, _) = element(certificate, SEQUENCE)?;
    let (_, behind_signed) = element(content, SEQUENCE)?;
    let (algorithm, _) = element(behind_signed, SEQUENCE)?;
    let (identifier, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    match identifier {
        // 1.2.840.113549.1.1: RSA with PKCS #1 version 1.5, and version 2.1 as 10.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            4 | 5 | 11 => Some(Hash::Sha256),
            12 => Some(Hash::Sha384),
            13 => Some(Hash::Sha512),
            14 => Some(Hash::Sha224),
            10 => probabilistic(parameters),
            _ => None,
        },
        // 1.2.840.10045.4: ECDSA.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 1] => Some(Hash::Sha256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 3, last] => match last {
            1 => Some(Hash::Sha224),
            2 => Some(Hash::Sha256),
            3 => Some(Hash::Sha384),
            4 => Some(Hash::Sha512),
            _ => None,
        },
        _ => None,
    }
}

/// RFC 4055 section 3.1: the hash function is a parameter, SHA-1 if it is left out.
fn probabilistic(parameters: &[u8]) -> Option<Hash> {
    let (parameters, _) = element(parameters, SEQUENCE)?;
    let Some((function, _)) = element(parameters, FIRST_PARAMETER) else {
        return Some(Hash::Sha256);
    };
    let (function, _) = element(function, SEQUENCE)?;
    match element(function, OBJECT_IDENTIFIER)?.0 {
        // 2.16.840.1.101.3.4.2: SHA-2.
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last] => match last {
            1 => Some(Hash::Sha256),
            2 => Some(Hash::Sha384),
            3 => Some(Hash::Sha512),
            4 => Some(Hash::Sha224),
            _ => None,
        },
        _ => None,
    }
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const FIRST_PARAMETER: u8 = 0xa0;

/// The content of the element of DER at the front, and what is behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
        let length = digits.iter().try_fold(0_usize, |length, digit| {
            length.checked_mul(256)?.checked_add(usize::from(*digit))
        })?;
        (length, rest)
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of which all but the algorithm is left out.
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
            (rsa(4), Some(Hash::Sha256)),
            (rsa(5), Some(Hash::Sha256)),
            (rsa(11), Some(Hash::Sha256)),
            (rsa(12), Some(Hash::Sha384)),
            (rsa(13), Some(Hash::Sha512)),
            (rsa(14), Some(Hash::Sha224)),
            (
                vec![6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
                Some(Hash::Sha256),
            ),
            (ecdsa(2), Some(Hash::Sha256)),
            (ecdsa(3), Some(Hash::Sha384)),
            (ecdsa(4), Some(Hash::Sha512)),
            (pss(1), Some(Hash::Sha256)),
            (pss(2), Some(Hash::Sha384)),
            ([&rsa(10)[..11], &[0x30, 0]].concat(), Some(Hash::Sha256)),
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
    fn what_is_no_certificate_binds_nothing() {
        let whole = certificate(&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
        assert_eq!(end_point(&whole).unwrap().len(), 32);
        for end in 0..whole.len() {
            assert_eq!(end_point(&whole[..end]), None, "{end}");
        }
        assert_eq!(end_point(&[SEQUENCE, 0xff, 1]), None);
    }
}
