//! What signs, and how it is set up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::body::BodyHash;
use super::fields::{default_names, fields, signed};
use super::signature::{MAX_NAMES, MAX_TIME, Setup, with_signature};
use super::{Canonicalization, DkimError, Selector, SigningKey};
use crate::address::{AddrSpec, AddressError, Domain};
use crate::message::error::MessageError;
use crate::message::header::FieldName;

/// Signs messages for a domain (RFC 6376).
///
/// Cloning is cheap. `Debug` shows nothing of the key.
///
/// ```no_run
/// use pilotfish::message::dkim::{Signer, SigningKey};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::pem_file("/etc/pilotfish/dkim.pem").await?;
/// let signer = Signer::builder("example.org", "s1", key).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Signer(pub(super) Arc<Setup>);

/// Collects how a [`Signer`] signs.
///
/// Names and addresses are texts or values of the types of this crate. The builder keeps the
/// first error, which [`build`](Self::build) returns.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SignerBuilder(Result<Setup, DkimError>);

impl SignerBuilder {
    /// The canonical form of the header (`c=`). The default is relaxed.
    pub fn header_canonicalization(self, header: Canonicalization) -> Self {
        Self(self.0.map(|setup| Setup { header, ..setup }))
    }

    /// The canonical form of the body (`c=`). The default is relaxed.
    pub fn body_canonicalization(self, body: Canonicalization) -> Self {
        Self(self.0.map(|setup| Setup { body, ..setup }))
    }

    /// The names of the fields to sign (`h=`) instead of the [default](super#what-is-signed).
    /// From is always signed (RFC 6376 section 5.4).
    ///
    /// A provider that rewrites a field of the default, as some do with Message-ID and Date, breaks
    /// the signature, so that this field must be omitted.
    pub fn fields(
        self,
        names: impl IntoIterator<Item: TryInto<FieldName, Error: Into<MessageError>>>,
    ) -> Self {
        Self(self.0.and_then(|setup| {
            // One more than is allowed is enough for `build` to see it.
            let given = names.into_iter().take(MAX_NAMES + 1);
            let mut names = vec!["From".to_owned()];
            for name in given {
                let name = name.try_into();
                let name = name.map_err(|error| DkimError::Name(error.into()))?;
                let name = name.as_str();
                if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    names.push(name.to_owned());
                }
            }
            Ok(Setup { names, ..setup })
        }))
    }

    /// The identity on whose behalf the message is signed (`i=`): an address of the domain or of a
    /// subdomain.
    pub fn identity(self, identity: impl TryInto<AddrSpec, Error: Into<AddressError>>) -> Self {
        Self(self.0.and_then(|setup| {
            let identity = identity.try_into();
            let identity = Some(identity.map_err(|error| DkimError::Address(error.into()))?);
            Ok(Setup { identity, ..setup })
        }))
    }

    /// How long the signature is valid (`x=`), in full seconds. The default is forever. Mail may be
    /// under way for days.
    pub fn expires_after(self, period: Duration) -> Self {
        let expires_after = Some(period);
        Self(self.0.map(|setup| Setup {
            expires_after,
            ..setup
        }))
    }

    /// Omits the time of signing (`t=`).
    pub fn without_timestamp(self) -> Self {
        let timestamp = false;
        Self(self.0.map(|setup| Setup { timestamp, ..setup }))
    }

    /// Makes the signer.
    ///
    /// # Errors
    ///
    /// If a text that was given is not a domain, a selector, the name of a field or an address, if
    /// the domain is an address literal, the name of the key's record is over 253 octets, the
    /// identity is of another domain, the signature would expire within a second, or a field
    /// that is to be signed has a semicolon in its name or is one of over a hundred.
    pub fn build(self) -> Result<Signer, DkimError> {
        let setup = self.0?;
        setup.check()?;
        Ok(Signer(Arc::new(setup)))
    }
}

impl Signer {
    /// Begins a signer for `domain`, whose key `selector` names.
    ///
    /// DMARC counts the signature if the domain is that of the From field, or one above or below
    /// it (RFC 7489 section 3.1.1).
    pub fn builder(
        domain: impl TryInto<Domain, Error: Into<AddressError>>,
        selector: impl TryInto<Selector, Error: Into<DkimError>>,
        key: SigningKey,
    ) -> SignerBuilder {
        let domain = domain.try_into();
        let domain = domain.map_err(|error| DkimError::Domain(error.into()));
        SignerBuilder(domain.and_then(|domain| {
            Ok(Setup {
                domain,
                selector: selector.try_into().map_err(Into::into)?,
                key,
                header: Canonicalization::default(),
                body: Canonicalization::default(),
                names: default_names(),
                identity: None,
                timestamp: true,
                expires_after: None,
            })
        }))
    }

    /// Begins the hash of a body, which [`sign`](Signer::sign) takes.
    #[must_use]
    pub fn body_hash(&self) -> BodyHash {
        BodyHash::new(self.0.body)
    }

    /// Signs a message and returns the DKIM-Signature field, folded and with the CRLF at its end. The
    /// field belongs before the header.
    ///
    /// The header must be sent exactly like that, octet by octet. A blank line at its end is not part
    /// of it. The moment is the time of signing (`t=`), in full seconds.
    ///
    /// # Errors
    ///
    /// If a line of the header is not a field or does not end with CRLF; if the header does not have
    /// exactly one From field; if the moment is before 1970 or too far away; or if the cryptography
    /// fails.
    pub fn sign(
        &self,
        header: &[u8],
        body: BodyHash,
        moment: SystemTime,
    ) -> Result<String, DkimError> {
        let Self(setup) = self;
        let fields = fields(header)?;
        let (names, fields) = signed(&fields, &setup.names);
        let since = moment.duration_since(SystemTime::UNIX_EPOCH);
        let moment = since.map_err(|_| DkimError::Clock)?.as_secs();
        let expiration = setup
            .expires_after
            .map(|period| moment.saturating_add(period.as_secs()));
        if moment.max(expiration.unwrap_or_default()) > MAX_TIME {
            return Err(DkimError::Clock);
        }
        let body_hash = body.finish();
        let unsigned = setup.unsigned_field(moment, expiration, &names, body_hash.as_ref());

        let mut octets = Vec::with_capacity(header.len() + unsigned.len());
        for field in fields {
            let field = field.octets.strip_suffix(b"\r\n").unwrap_or(field.octets);
            setup.header.field(field, &mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        setup.header.field(unsigned.as_bytes(), &mut octets);
        Ok(with_signature(unsigned, &setup.key.sign(&octets)?))
    }
}
