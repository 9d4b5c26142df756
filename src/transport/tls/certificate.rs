//! A certificate (RFC 5280 section 4.1), as far as people look at it.

use std::net::IpAddr;
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use super::der::DerElement;
use super::fingerprint::Fingerprint;

/// What people look at in a server's certificate (RFC 5280 section 4.1).
///
/// Anybody can make a certificate with any names. Only a verified handshake proves that the server has
/// the key of a certificate that an authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The host names, addresses and URIs that it is for: those of the extension subjectAltName.
    pub names: Vec<String>,
    /// The common name of its subject, which is not used to identify servers (RFC 9525 section 2).
    pub common_name: Option<String>,
    /// The common name of the authority that issued it.
    pub issuer: Option<String>,
    /// The organization of the authority.
    pub issuer_organization: Option<String>,
    /// The time from which it is valid; `None` if the certificate has none that can be read.
    pub not_before: Option<SystemTime>,
    /// The time until which it is valid.
    pub not_after: Option<SystemTime>,
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The SHA-256 of its public key.
    pub key_fingerprint: Option<Fingerprint>,
    /// Whether it names itself as its issuer.
    pub is_self_signed: bool,
    pub(super) has_short_key: bool,
}

impl Certificate {
    pub(in crate::transport) fn of(der: &CertificateDer<'_>) -> Self {
        let mut certificate = Self {
            names: Vec::new(),
            common_name: None,
            issuer: None,
            issuer_organization: None,
            not_before: None,
            not_after: None,
            fingerprint: Fingerprint::of_certificate(der),
            key_fingerprint: None,
            is_self_signed: false,
            has_short_key: false,
        };
        let Some(fields) = Fields::of(der) else {
            return certificate;
        };
        let mut times = DerElement::all(fields.validity).map(|element| time(&element));
        certificate.names = fields.subject_alt_names();
        certificate.common_name = attribute(fields.subject, COMMON_NAME);
        certificate.issuer = attribute(fields.issuer, COMMON_NAME);
        certificate.issuer_organization = attribute(fields.issuer, ORGANIZATION);
        certificate.not_before = times.next().flatten();
        certificate.not_after = times.next().flatten();
        certificate.key_fingerprint = Some(Fingerprint::of_spki(&fields.key));
        certificate.is_self_signed = fields.subject == fields.issuer;
        let is_rsa = memchr::memmem::find(&fields.key, RSA_ENCRYPTION).is_some();
        certificate.has_short_key = is_rsa && fields.key.len() < RSA_2048;
        certificate
    }
}

/// The fields of a certificate of any version, in DER. webpki reads only version 3, and rejects some
/// certificates that other libraries accept.
pub(super) struct Fields<'a> {
    /// The content of the `Name`.
    pub(super) issuer: &'a [u8],
    subject: &'a [u8],
    /// The two times between which it is valid.
    validity: &'a [u8],
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
        let [_signature, issuer, validity, subject, key] = [(); 5].map(|()| elements.next());
        let key = key?;
        Some(Self {
            issuer: issuer?.content,
            subject: subject?.content,
            validity: validity?.content,
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
        names.filter_map(|name| general_name(&name)).collect()
    }
}

/// The tags of a version and of the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// The tags of names (`GeneralName`).
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;

/// The tag of a time with a year of two digits. The other kind has four.
const UTC_TIME: u8 = 0x17;

/// The object identifiers rsaEncryption (RFC 8017 appendix A.1), id-at-commonName,
/// id-at-organizationName and id-ce-subjectAltName (RFC 5280 appendix A), in DER.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
const ORGANIZATION: &[u8] = b"\x06\x03\x55\x04\x0a";
const SUBJECT_ALT_NAME: &[u8] = b"\x06\x03\x55\x1d\x11";

/// The octets of a `SubjectPublicKeyInfo` with the shortest RSA key that is verified, 2048 bits,
/// and the shortest exponent.
const RSA_2048: usize = 290;

/// A name of the extension subjectAltName.
fn general_name(name: &DerElement<'_>) -> Option<String> {
    match name.tag {
        DNS_NAME | URI => Some(String::from_utf8_lossy(name.content).into_owned()),
        IP_ADDRESS => {
            let v4 = <[u8; 4]>::try_from(name.content).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(name.content).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The first attribute of a kind in a `Name`.
fn attribute(name: &[u8], kind: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(name, kind)?;
    let value = name.get(at + kind.len()..)?;
    // A tag, and a length of one octet: these attributes have at most 64 characters.
    let [_, length, text @ ..] = value else {
        return None;
    };
    let text = text.get(..usize::from(*length))?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// A time of the validity (RFC 5280 section 4.1.2.5), which is in UTC and ends in seconds and `Z`.
fn time(element: &DerElement<'_>) -> Option<SystemTime> {
    let text = str::from_utf8(element.content).ok()?;
    let century = match element.tag {
        UTC_TIME if text < "50" => "20",
        UTC_TIME => "19",
        _ => "",
    };
    let text = format!("{century}{text}");
    if text.len() != "20270119120000Z".len() {
        return None;
    }
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    SystemTime::try_from(TimeZone::UTC.to_timestamp(time).ok()?).ok()
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
            let found = attribute(name, COMMON_NAME);
            assert_eq!(found.as_deref(), expected, "{name:02x?}");
        }
    }

    #[test]
    fn times() {
        for (octets, expected) in [
            (&b"\x17\x0d270119120000Z"[..], Some(1_800_360_000)),
            (b"\x18\x0f20270119120000Z", Some(1_800_360_000)),
            (b"\x17\x0d500101000000Z", None),
            (b"\x17\x0d700101000001Z", Some(1)),
            (b"\x18\x0f20500101000000Z", Some(2_524_608_000)),
            (b"\x17\x0d271319120000Z", None),
            (b"\x17\x0c27011912000Z", None),
            (b"\x17\x02\xff\xff", None),
            (b"\x18\x00", None),
        ] {
            let element = DerElement::first(octets).unwrap();
            let since = time(&element).and_then(|time| {
                let since = time.duration_since(SystemTime::UNIX_EPOCH);
                since.ok().map(|since| since.as_secs())
            });
            assert_eq!(since, expected, "{octets:02x?}");
        }
    }
}
