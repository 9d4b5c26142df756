//! The fields of a certificate (RFC 5280 section 4.1).
//!
//! A server that is trusted without an authority needs only the key. All other fields are for the
//! errors about a rejected certificate.

use std::net::IpAddr;

use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

/// The fields of a certificate of any version, in DER. webpki reads only version 3, and rejects some
/// certificates that other libraries accept.
pub(super) struct Fields<'a> {
    /// The content of the `Name`.
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// The whole `SubjectPublicKeyInfo`.
    pub(super) key: SubjectPublicKeyInfoDer<'a>,
    /// What follows the key: the extensions, in version 3.
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let certificate = DerElement::first(certificate)?;
        let mut elements = DerElement::all(DerElement::first(certificate.content)?.content);
        // The serial number comes first in version 1.
        if elements.next()?.tag == VERSION {
            elements.next()?;
        }
        let [_signature, issuer, _validity, subject, key] = [(); 5].map(|()| elements.next());
        let key = key?;
        Some(Self {
            issuer: issuer?.content,
            subject: subject?.content,
            key: SubjectPublicKeyInfoDer::from(key.whole),
            rest: key.rest,
        })
    }

    /// The names in the extension subjectAltName (RFC 5280 section 4.2.1.6): host names, addresses
    /// and URIs.
    fn subject_alt_names(&self) -> Vec<String> {
        let extensions = DerElement::all(self.rest).find(|element| element.tag == EXTENSIONS);
        let extensions = extensions.and_then(|element| DerElement::first(element.content));
        let mut extensions = extensions
            .into_iter()
            .flat_map(|list| DerElement::all(list.content));
        let names = extensions.find(|extension| extension.content.starts_with(SUBJECT_ALT_NAME));
        // The value comes last, after a mark that the extension is critical.
        let names = names.and_then(|extension| DerElement::all(extension.content).last());
        let names = names.and_then(|value| DerElement::first(value.content));
        let names = names
            .into_iter()
            .flat_map(|list| DerElement::all(list.content));
        names.filter_map(|name| name.to_name()).collect()
    }
}

/// The tags of the version and of the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The tags of names (`GeneralName`).
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;

/// An element of DER (X.690 section 8.1), with a length of up to four octets.
pub(in crate::transport) struct DerElement<'a> {
    pub(in crate::transport) tag: u8,
    pub(in crate::transport) content: &'a [u8],
    whole: &'a [u8],
    pub(in crate::transport) rest: &'a [u8],
}

impl<'a> DerElement<'a> {
    /// All elements up to the first that is not valid.
    fn all(octets: &'a [u8]) -> impl Iterator<Item = Self> {
        std::iter::successors(Self::first(octets), |element| Self::first(element.rest))
    }

    fn to_name(&self) -> Option<String> {
        match self.tag {
            DNS_NAME | URI => Some(String::from_utf8_lossy(self.content).into_owned()),
            IP_ADDRESS => {
                let v4 = <[u8; 4]>::try_from(self.content).map(IpAddr::from);
                let address = v4.or_else(|_| <[u8; 16]>::try_from(self.content).map(IpAddr::from));
                address.ok().map(|address| address.to_string())
            }
            _ => None,
        }
    }

    pub(in crate::transport) fn first(octets: &'a [u8]) -> Option<Self> {
        let (&[tag, first], after) = octets.split_first_chunk()?;
        let (length, after) = match first {
            0..=0x7f => (usize::from(first), after),
            0x81..=0x84 => {
                let (digits, after) = after.split_at_checked(usize::from(first - 0x80))?;
                let length = digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit));
                (length, after)
            }
            _ => return None,
        };
        let (content, rest) = after.split_at_checked(length)?;
        let (whole, _) = octets.split_at_checked(octets.len() - rest.len())?;
        Some(Self {
            tag,
            content,
            whole,
            rest,
        })
    }
}

/// What an error says about a rejected certificate.
#[derive(Debug, Default)]
pub(super) struct CertificateSummary {
    pub(super) is_self_signed: bool,
    pub(super) has_short_key: bool,
    pub(super) common_name: Option<String>,
    pub(super) subject_alt_names: Vec<String>,
}

/// The object identifiers rsaEncryption (RFC 8017 appendix A.1), id-at-commonName and
/// id-ce-subjectAltName (RFC 5280 appendix A), in DER.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
const SUBJECT_ALT_NAME: &[u8] = b"\x06\x03\x55\x1d\x11";

/// The octets of a `SubjectPublicKeyInfo` with the shortest RSA key that is verified, 2048 bits,
/// and the shortest exponent.
const RSA_2048: usize = 290;

impl CertificateSummary {
    pub(super) fn of(der: &CertificateDer<'_>) -> Self {
        let Some(fields) = Fields::of(der) else {
            return Self::default();
        };
        let is_rsa = memchr::memmem::find(&fields.key, RSA_ENCRYPTION).is_some();
        Self {
            is_self_signed: fields.subject == fields.issuer,
            has_short_key: is_rsa && fields.key.len() < RSA_2048,
            common_name: common_name(fields.subject),
            subject_alt_names: fields.subject_alt_names(),
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
