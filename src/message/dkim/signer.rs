//! What signs, and how it is set up.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::body::BodyHash;
use super::fields::{Signed, default_names, fields};
use super::signature::Tags;
use super::{Canonicalization, DkimError, Selector, SigningKey, signature};
use crate::address::{AddrSpec, AddressError, Domain};
use crate::message::error::{MessageError, shown};
use crate::message::header::FieldName;

/// The most octets of a name in the DNS, written with dots (RFC 1035 section 2.3.4).
const MAX_RECORD_NAME: usize = 253;

/// The most names of fields to sign.
const MAX_NAMES: usize = 100;

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
#[derive(Clone)]
pub struct Signer(Arc<Setup>);

/// How a signer signs.
#[derive(Debug)]
struct Setup {
    domain: Domain,
    selector: Selector,
    key: SigningKey,
    options: SigningOptions,
}

/// Collects how a [`Signer`] signs.
///
/// Names and addresses are texts or values of the types of this crate. The builder keeps the
/// first error, which [`build`](Self::build) returns.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SignerBuilder {
    domain: Option<Domain>,
    selector: Option<Selector>,
    key: SigningKey,
    options: SigningOptions,
    error: Option<DkimError>,
}

#[derive(Debug)]
struct SigningOptions {
    header: Canonicalization,
    body: Canonicalization,
    names: Vec<String>,
    identity: Option<AddrSpec>,
    timestamp: bool,
    expires_after: Option<Duration>,
}

impl SignerBuilder {
    /// The canonical form of the header (`c=`). Relaxed, unless this says otherwise.
    pub fn header_canonicalization(mut self, canonicalization: Canonicalization) -> Self {
        self.options.header = canonicalization;
        self
    }

    /// The canonical form of the body (`c=`). Relaxed, unless this says otherwise.
    pub fn body_canonicalization(mut self, canonicalization: Canonicalization) -> Self {
        self.options.body = canonicalization;
        self
    }

    /// The names of the fields to sign (`h=`) instead of the [default](super#what-is-signed).
    /// From is always signed (RFC 6376 section 5.4).
    ///
    /// A provider that writes a field of the default anew, as some do with Message-ID and Date,
    /// breaks the signature, and that field has to be left out.
    pub fn fields(
        mut self,
        names: impl IntoIterator<Item: TryInto<FieldName, Error: Into<MessageError>>>,
    ) -> Self {
        let mut signed = vec!["From".to_owned()];
        // One more than is allowed is enough for `build` to see it.
        for name in names.into_iter().take(MAX_NAMES + 1) {
            let name = name
                .try_into()
                .map_err(|error| DkimError::Name(error.into()));
            let Some(name) = kept(&mut self.error, name) else {
                continue;
            };
            let name = name.as_str();
            if !signed.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                signed.push(name.to_owned());
            }
        }
        self.options.names = signed;
        self
    }

    /// On whose behalf it is signed (`i=`): somebody of the domain or of one below it.
    pub fn identity(mut self, identity: impl TryInto<AddrSpec, Error: Into<AddressError>>) -> Self {
        let identity = identity
            .try_into()
            .map_err(|error| DkimError::Address(error.into()));
        self.options.identity = kept(&mut self.error, identity);
        self
    }

    /// How long the signature is valid (`x=`), in full seconds. Forever, unless this says
    /// otherwise. Mail may be under way for days.
    pub fn expires_after(mut self, period: Duration) -> Self {
        self.options.expires_after = Some(period);
        self
    }

    /// Leaves the moment of signing out (`t=`).
    pub fn without_timestamp(mut self) -> Self {
        self.options.timestamp = false;
        self
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
        let (domain, selector) = match (self.error, self.domain, self.selector) {
            (Some(error), ..) => return Err(error),
            (None, Some(domain), Some(selector)) => (domain, selector),
            // One that is missing has left its error.
            (None, ..) => return Err(DkimError::Signing),
        };
        let setup = Setup {
            domain,
            selector,
            key: self.key,
            options: self.options,
        };
        setup.check()?;
        Ok(Signer(Arc::new(setup)))
    }
}

/// The value, or the first error in `first`.
fn kept<T>(first: &mut Option<DkimError>, value: Result<T, DkimError>) -> Option<T> {
    let keep = |error| {
        first.get_or_insert(error);
    };
    value.map_err(keep).ok()
}

impl Setup {
    fn check(&self) -> Result<(), DkimError> {
        let Some(domain) = self.domain.as_name() else {
            return Err(DkimError::DomainLiteral {
                found: self.domain.to_string(),
            });
        };
        let name = format!("{}._domainkey.{domain}", self.selector);
        if name.len() > MAX_RECORD_NAME {
            return Err(DkimError::RecordName { name });
        }
        if let Some(identity) = &self.options.identity
            && !is_below(identity.domain(), domain)
        {
            return Err(DkimError::Identity {
                identity: shown(&identity.to_string()),
                domain: domain.to_owned(),
            });
        }
        if self.options.names.len() > MAX_NAMES {
            return Err(DkimError::FieldNames { limit: MAX_NAMES });
        }
        if let Some(name) = self.options.names.iter().find(|name| name.contains(';')) {
            return Err(DkimError::FieldName { name: name.clone() });
        }
        if self
            .options
            .expires_after
            .is_some_and(|period| period.as_secs() == 0)
        {
            return Err(DkimError::Expiration);
        }
        Ok(())
    }
}

/// Whether a domain is `parent`, or below it.
fn is_below(domain: &Domain, parent: &str) -> bool {
    let before = domain.as_name().and_then(|name| name.strip_suffix(parent));
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
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
        let mut error = None;
        let domain = domain
            .try_into()
            .map_err(|error| DkimError::Domain(error.into()));
        SignerBuilder {
            domain: kept(&mut error, domain),
            selector: kept(&mut error, selector.try_into().map_err(Into::into)),
            key,
            options: SigningOptions {
                header: Canonicalization::default(),
                body: Canonicalization::default(),
                names: default_names(),
                identity: None,
                timestamp: true,
                expires_after: None,
            },
            error,
        }
    }

    /// Begins the hash of a body. What it becomes goes to [`sign`](Signer::sign).
    #[must_use]
    pub fn body_hash(&self) -> BodyHash {
        BodyHash::new(self.0.options.body)
    }

    /// Signs a message and gives the DKIM-Signature field, which belongs before the header,
    /// folded and with the CRLF at its end.
    ///
    /// The header is final: it goes out like that, octet by octet. A blank line at its end is
    /// not part of it. The moment is that of signing (`t=`), in full seconds.
    ///
    /// # Errors
    ///
    /// If the header has a line that is no field or does not end with CRLF, or not exactly one
    /// From field; if the moment is before 1970 or too far away; and if the cryptography fails.
    pub fn sign(
        &self,
        header: &[u8],
        body: BodyHash,
        moment: SystemTime,
    ) -> Result<String, DkimError> {
        let Self(setup) = self;
        let options = &setup.options;
        let fields = fields(header)?;
        let signed = Signed::of(&fields, &options.names);
        let since = moment.duration_since(SystemTime::UNIX_EPOCH);
        let moment = since.map_err(|_| DkimError::Clock)?.as_secs();
        let expiration = options
            .expires_after
            .map(|period| moment.checked_add(period.as_secs()));
        let expiration = match expiration {
            Some(None) => return Err(DkimError::Clock),
            Some(expiration) => expiration,
            None => None,
        };
        if moment.max(expiration.unwrap_or_default()) > signature::MAX_TIME {
            return Err(DkimError::Clock);
        }
        let unsigned = Tags {
            algorithm: setup.key.algorithm(),
            header: options.header,
            body: options.body,
            domain: &setup.domain,
            selector: &setup.selector,
            moment: options.timestamp.then_some(moment),
            expiration,
            identity: options.identity.as_ref(),
            names: &signed.names,
            body_hash: body.finish().as_ref(),
        }
        .unsigned_field();

        let mut octets = Vec::with_capacity(header.len() + unsigned.len());
        for field in signed.fields {
            let field = field.octets.strip_suffix(b"\r\n").unwrap_or(field.octets);
            options.header.field(field, &mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        options.header.field(unsigned.as_bytes(), &mut octets);
        Ok(signature::with_signature(
            unsigned,
            &setup.key.sign(&octets)?,
        ))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.0).finish()
    }
}
