//! The DKIM-Signature field (RFC 6376 section 3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Canonicalization, Selector};
use crate::address::{AddrSpec, Domain, escaped};
use crate::message::header::{FOLDED, Header, HeaderCharset};

/// The last moment that verifiers have to understand, in seconds since 1970.
pub(super) const MAX_TIME: u64 = 999_999_999_999;

/// What a signature says besides the signature itself.
pub(super) struct Tags<'a> {
    pub(super) algorithm: &'static str,
    pub(super) header: Canonicalization,
    pub(super) body: Canonicalization,
    pub(super) domain: &'a Domain,
    pub(super) selector: &'a Selector,
    pub(super) moment: Option<u64>,
    pub(super) expiration: Option<u64>,
    pub(super) identity: Option<&'a AddrSpec>,
    pub(super) names: &'a [&'a str],
    pub(super) body_hash: &'a [u8],
}

impl Tags<'_> {
    /// The field as it is signed: without CRLF at its end, and with nothing behind the `b=`.
    pub(super) fn unsigned_field(&self) -> String {
        let mut field = Header::new(HeaderCharset::Ascii);
        field.begin("DKIM-Signature");
        field.word("v=1;");
        field.word(&format!("a={};", self.algorithm));
        field.word(&format!("c={}/{};", self.header.name(), self.body.name()));
        field.word(&format!("d={};", self.domain));
        field.word(&format!("s={};", self.selector));
        if let Some(moment) = self.moment {
            field.word(&format!("t={moment};"));
        }
        if let Some(expiration) = self.expiration {
            field.word(&format!("x={expiration};"));
        }
        if let Some(identity) = self.identity {
            field.word(&format!("i={};", quoted_printable(&identity.to_string())));
        }
        self.write_names(&mut field);
        field.word(&format!("bh={};", STANDARD.encode(self.body_hash)));
        field.fold();
        field.append(BEFORE_SIGNATURE);
        field.into_text()
    }

    /// Folds may be after colons.
    fn write_names(&self, field: &mut Header) {
        for (at, name) in self.names.iter().enumerate() {
            let end = if at + 1 < self.names.len() { ':' } else { ';' };
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
        let (domain, selector) = ("x.test".parse().unwrap(), "s1".parse().unwrap());
        let identity = "ann@x.test".parse().unwrap();
        let tags = Tags {
            algorithm: "rsa-sha256",
            header: Canonicalization::Relaxed,
            body: Canonicalization::Simple,
            domain: &domain,
            selector: &selector,
            moment: Some(1_528_637_909),
            expiration: Some(1_528_638_000),
            identity: Some(&identity),
            names: &[
                "From",
                "From",
                "List-Unsubscribe",
                "List-Unsubscribe-Post",
                "Subject",
                "To",
            ],
            body_hash: &[0; 32],
        };
        assert_eq!(
            with_signature(tags.unsigned_field(), &[0; 128]).replace("\r\n", "\n"),
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
