//! How a signer signs, and the field that it writes (RFC 6376 section 3.5).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Canonicalization, DkimError, Selector, SigningKey};
use crate::address::{AddrSpec, Domain, escaped};
use crate::message::error::shown;
use crate::message::header::{FOLDED, Header, HeaderCharset};

/// The last moment that verifiers have to understand, in seconds since 1970.
pub(super) const MAX_TIME: u64 = 999_999_999_999;

/// The most octets of a name in the DNS, written with dots (RFC 1035 section 2.3.4).
const MAX_RECORD_NAME: usize = 253;

/// The most names of fields to sign.
pub(super) const MAX_NAMES: usize = 100;

/// How a signer signs.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) domain: Domain,
    pub(super) selector: Selector,
    pub(super) key: SigningKey,
    pub(super) header: Canonicalization,
    pub(super) body: Canonicalization,
    pub(super) names: Vec<String>,
    pub(super) identity: Option<AddrSpec>,
    pub(super) timestamp: bool,
    pub(super) expires_after: Option<Duration>,
}

impl Setup {
    pub(super) fn check(&self) -> Result<(), DkimError> {
        let Some(domain) = self.domain.as_name() else {
            return Err(DkimError::DomainLiteral {
                found: self.domain.to_string(),
            });
        };
        let name = format!("{}._domainkey.{domain}", self.selector);
        if name.len() > MAX_RECORD_NAME {
            return Err(DkimError::RecordName { name });
        }
        if let Some(identity) = &self.identity
            && !is_below(identity.domain(), domain)
        {
            return Err(DkimError::Identity {
                identity: shown(&identity.to_string()),
                domain: domain.to_owned(),
            });
        }
        if self.names.len() > MAX_NAMES {
            return Err(DkimError::FieldNames { limit: MAX_NAMES });
        }
        if let Some(name) = self.names.iter().find(|name| name.contains(';')) {
            return Err(DkimError::FieldName { name: name.clone() });
        }
        if self
            .expires_after
            .is_some_and(|period| period.as_secs() == 0)
        {
            return Err(DkimError::Expiration);
        }
        Ok(())
    }

    /// The field as it is signed: without CRLF at its end, and with nothing after the `b=`.
    pub(super) fn unsigned_field(
        &self,
        moment: u64,
        expiration: Option<u64>,
        names: &[&str],
        body_hash: &[u8],
    ) -> String {
        let mut field = Header::new(HeaderCharset::Ascii);
        field.begin("DKIM-Signature");
        field.word("v=1;");
        field.word(&format!("a={};", self.key.algorithm()));
        field.word(&format!("c={}/{};", self.header.name(), self.body.name()));
        field.word(&format!("d={};", self.domain));
        field.word(&format!("s={};", self.selector));
        if self.timestamp {
            field.word(&format!("t={moment};"));
        }
        if let Some(expiration) = expiration {
            field.word(&format!("x={expiration};"));
        }
        if let Some(identity) = &self.identity {
            field.word(&format!("i={};", quoted_printable(&identity.to_string())));
        }
        write_names(&mut field, names);
        field.word(&format!("bh={};", STANDARD.encode(body_hash)));
        field.fold();
        field.append(BEFORE_SIGNATURE);
        field.into_text()
    }
}

/// Whether a domain is `parent`, or below it.
fn is_below(domain: &Domain, parent: &str) -> bool {
    let before = domain.as_name().and_then(|name| name.strip_suffix(parent));
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Folds may be after colons.
fn write_names(field: &mut Header, names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        let end = if at + 1 < names.len() { ':' } else { ';' };
        if at == 0 {
            field.word(&format!("h={name}{end}"));
            continue;
        }
        let name = format!("{name}{end}");
        if !field.fits(name.len()) {
            field.fold();
            field.append(" ");
        }
        field.append(&name);
    }
}

/// The line that the signature begins on, up to it.
const BEFORE_SIGNATURE: &str = " b=";

/// Completes an unsigned field.
pub(super) fn with_signature(mut field: String, signature: &[u8]) -> String {
    let mut column = BEFORE_SIGNATURE.len();
    for character in STANDARD.encode(signature).chars() {
        if column == FOLDED {
            field.push_str("\r\n ");
            column = 1;
        }
        field.push(character);
        column += 1;
    }
    field.push_str("\r\n");
    field
}

/// The encoding of RFC 6376 section 2.11.
fn quoted_printable(text: &str) -> String {
    let is_literal = |octet: u8| octet.is_ascii_graphic() && !b";=".contains(&octet);
    escaped(text, '=', is_literal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::dkim::Signer;
    use crate::message::dkim::tests::rsa_key;

    #[test]
    fn identities_cannot_end_their_tag() {
        for (text, expected) in [
            ("a.b+c@x.test", "a.b+c@x.test"),
            ("\"a;b c\"@x.test", "\"a=3Bb=20c\"@x.test"),
            ("a=b@x.test", "a=3Db@x.test"),
            ("é@x.test", "=C3=A9@x.test"),
        ] {
            assert_eq!(quoted_printable(text), expected);
        }
    }

    #[test]
    fn a_field_is_folded() {
        let signer = Signer::builder("x.test", "s1", rsa_key())
            .body_canonicalization(Canonicalization::Simple)
            .identity("ann@x.test")
            .build()
            .unwrap();
        let names = [
            "From",
            "From",
            "List-Unsubscribe",
            "List-Unsubscribe-Post",
            "Subject",
            "To",
        ];
        let expiration = Some(1_528_638_000);
        let field = signer
            .0
            .unsigned_field(1_528_637_909, expiration, &names, &[0; 32]);
        assert_eq!(
            with_signature(field, &[0; 128]).replace("\r\n", "\n"),
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=x.test; s=s1;\n \
             t=1528637909; x=1528638000; i=ann@x.test; h=From:From:List-Unsubscribe:\n \
             List-Unsubscribe-Post:Subject:To;\n \
             bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;\n \
             b=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n \
             AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n \
             AAAAAAAAAAAAAAAAAAAAAAA=\n"
        );
    }
}
