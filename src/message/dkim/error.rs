//! What can be wrong with a key, a signer, and a header to sign.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;

use crate::address::AddressError;
use crate::message::error::{BodyError, MessageError};

/// For values that need no conversion, where a text could have been given.
impl From<Infallible> for DkimError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Why a message cannot be signed.
///
/// All but [`Signing`](DkimError::Signing) lie with the input: the same input gives the same
/// error. Nothing of a key is in any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DkimError {
    /// The file with the key cannot be read.
    #[error("cannot read the DKIM key {path:?}: check that it exists and may be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's mode lets group or others read or write it.
    #[error("others can read the DKIM key {path:?}: let only its owner, with chmod 600")]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
    },
    /// A body of the message can be read only once, and signing reads it before it is sent.
    #[error("a body of the message is a reader, which can be read only once: spool it")]
    ReadOnce,
    /// A body of the message cannot be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The PEM text is longer than one with a key is.
    #[error("the PEM text is over {limit} octets: give one that has the DKIM key alone")]
    PemTooLong {
        /// The most octets there may be.
        limit: usize,
    },
    /// The PEM text has broken lines, or is cut off.
    #[error("the PEM text of the DKIM key is damaged: take it from its source again")]
    DamagedPem,
    /// The key is encrypted with a passphrase.
    #[error("the DKIM key is encrypted: decrypt it with `openssl pkey`")]
    EncryptedKey,
    /// There is no private key in the PEM text.
    #[error(
        "there is no private key in the PEM text: a key begins with -----BEGIN PRIVATE KEY-----"
    )]
    NoKey,
    /// The key is of an algorithm that DKIM does not use.
    #[error("DKIM keys are RSA or Ed25519, this one is another: make one with `openssl genrsa`")]
    UnsupportedKey,
    /// The RSA key is out of bounds. Verifiers ignore keys of less than 1024 bits, and keys
    /// should have 2048 (RFC 8301 section 3.2).
    #[error(
        "an RSA key must have 2048 to 4096 bits and an exponent of 65537 or more, as the libraries \
         of cryptography sign with no other: make one with `openssl genrsa 2048`, and publish it \
         under a new selector"
    )]
    RsaSize,
    /// The parts of the key are inconsistent.
    #[error("the DKIM key cannot be used ({reason}): take it from its source again")]
    BrokenKey {
        /// What the cryptography found.
        reason: String,
    },
    /// This is not a valid selector (RFC 6376 section 3.1).
    #[error("{found:?} is not a selector: use letters, digits, hyphens and inner dots")]
    Selector {
        /// What was given, shortened.
        found: String,
    },
    /// The signing domain is not a domain.
    #[error("the signing domain cannot be read: {0}")]
    Domain(AddressError),
    /// The identity that is signed for is not an address.
    #[error("the identity cannot be read: {0}")]
    Address(AddressError),
    /// A field that is to be signed does not have the name of a field.
    #[error(transparent)]
    Name(MessageError),
    /// The signing domain is an IP address, which has no place for a key.
    #[error("{found} cannot sign: the signing domain must be a name in the DNS")]
    DomainLiteral {
        /// The domain.
        found: String,
    },
    /// The name of the key's record in the DNS is too long (RFC 1035 section 2.3.4).
    #[error("the name {name} of the key's record is over 253 octets: use a shorter selector")]
    RecordName {
        /// The name.
        name: String,
    },
    /// The domain of the identity is not the signing domain or below it (RFC 6376 section 3.5,
    /// `i=`).
    #[error("the identity {identity:?} is not of {domain}: sign with the domain it is of")]
    Identity {
        /// The identity, shortened.
        identity: String,
        /// The signing domain.
        domain: String,
    },
    /// The list of the signed fields has no room for this name.
    #[error("the field {name:?} cannot be signed: leave it out, there is a semicolon in its name")]
    FieldName {
        /// The name.
        name: String,
    },
    /// Too many fields are to be signed.
    #[error("over {limit} names of fields are to be signed: name fewer")]
    FieldNames {
        /// The most names there may be.
        limit: usize,
    },
    /// The signature would expire when it is made.
    #[error("a signature that expires within a second is useless: let it last for days")]
    Expiration,
    /// A line of the header is not a field or part of one, or does not end with CRLF.
    #[error("line {line} of the header is not a field: signing needs the final header, with CRLF")]
    Header {
        /// The number of the line; the first is 1.
        line: usize,
    },
    /// The message has no From field, or several. Different readers would show different ones (RFC
    /// 6376 section 8.15).
    #[error("the message has {found} From fields: only one with exactly one can be signed")]
    From {
        /// How many there are.
        found: usize,
    },
    /// The moment of signing, or of expiry, cannot be written in a signature.
    #[error("the time of the signature is before 1970 or too far away: set the clock")]
    Clock,
    /// The cryptography failed.
    #[error("the DKIM signature could not be computed: check the key with `openssl pkey -check`")]
    Signing,
}
