//! How a signer is set up, and what its field says.

use super::*;
use crate::message::dkim::{Canonicalization, DkimError};
use crate::message::header::FieldName;

const HEADER: &str = "From: ann@x.test\r\nTo: bo@y.test\r\nSubject: a\r\n";

fn field(builder: SignerBuilder) -> String {
    let signer = builder.build().unwrap();
    let field = signer.sign(HEADER.as_bytes(), signer.body_hash(), moment());
    field.unwrap()
}

#[test]
fn tags_say_how_it_was_signed() {
    let rsa = || builder(RSA);
    let relaxed = field(rsa());
    assert!(relaxed.starts_with(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=x.test; s=s1;\r\n \
         t=1528637909; h=From:From:Reply-To:To:To:Cc:Subject:Subject;\r\n bh="
    ));
    assert!(field(builder(ED25519)).contains(" a=ed25519-sha256;"));
    assert!(!relaxed.contains(" l="), "it covers all of the body");
    for (builder, expected) in [
        (
            rsa().header_canonicalization(Canonicalization::Simple),
            " c=simple/relaxed;",
        ),
        (
            rsa().body_canonicalization(Canonicalization::Simple),
            " c=relaxed/simple;",
        ),
        (
            rsa().expires_after(Duration::from_hours(24)),
            " t=1528637909; x=1528724309;",
        ),
        (rsa().without_timestamp(), "s=s1;\r\n h="),
        (rsa().identity("ann@mail.x.test"), " i=ann@mail.x.test;"),
        (
            rsa().fields(["x-a", "To", "FROM"].map(|name| name)),
            " h=From:From:To:To;",
        ),
    ] {
        let field = field(builder);
        assert!(field.contains(expected), "{expected}: {field}");
    }
}

#[test]
fn lines_are_short_and_end_with_crlf() {
    for pem in [RSA, ED25519] {
        for line in field(builder(pem)).split_inclusive('\n') {
            assert!(line.len() <= 78 && line.ends_with("\r\n"), "{line}");
            assert!(!line.trim().is_empty());
        }
    }
}

#[test]
fn a_signer_that_nobody_would_believe_is_refused() {
    let names = |count| (0..count).map(|n| format!("x-{n}").parse::<FieldName>().unwrap());
    let with_names = |domain: &str, selector: &str| {
        let key = SigningKey::from_pem(ED25519).unwrap();
        Signer::builder(domain, selector, key).build()
    };
    let long = ["a".repeat(60), "b".repeat(60)].join(".");
    for (result, expected) in [
        (with_names("[127.0.0.1]", "s1"), "[127.0.0.1] cannot sign"),
        (with_names(&format!("{long}.test"), &long), "253 octets"),
        (
            builder(RSA).identity("ann@y.test").build(),
            "\"ann@y.test\" is not of x.test",
        ),
        (
            builder(RSA).identity("ann@yx.test").build(),
            "is not of x.test",
        ),
        (
            builder(RSA)
                .expires_after(Duration::from_millis(999))
                .build(),
            "within a second",
        ),
        (builder(RSA).fields(["a;b"]).build(), "\"a;b\""),
        (builder(RSA).fields(names(100)).build(), "over 100"),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert!(builder(RSA).fields(names(99)).build().is_ok());
}

#[test]
fn a_moment_that_cannot_be_written_is_an_error() {
    let sign = |period, moment| {
        let signer = builder(ED25519).expires_after(period).build().unwrap();
        signer.sign(HEADER.as_bytes(), signer.body_hash(), moment)
    };
    let second = Duration::from_secs(1);
    for (period, moment) in [
        (second, SystemTime::UNIX_EPOCH - second),
        (
            second,
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000_000),
        ),
        (Duration::from_secs(1_000_000_000_000), moment()),
        (Duration::MAX, moment()),
    ] {
        assert!(matches!(sign(period, moment), Err(DkimError::Clock)));
    }
}

#[test]
fn debug_shows_nothing_of_the_key() {
    let signer = builder(ED25519).build().unwrap();
    let shown = format!("{signer:?}");
    assert!(
        shown.contains("SigningKey { algorithm: \"ed25519-sha256\", .. }"),
        "{shown}"
    );
}
