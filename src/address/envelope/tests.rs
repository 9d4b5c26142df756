//! Envelopes, their recipients and their options.

use std::collections::HashSet;

use proptest::prelude::*;

use super::dsn::OriginalRecipient;
use super::paths::Envelope;
use super::*;
use crate::address::{AddressError, ForwardPath, ReversePath};

fn envelope(from: &str, to: &[&str]) -> Result<Envelope, AddressError> {
    let paths: Vec<ForwardPath> = to.iter().map(|path| path.parse().unwrap()).collect();
    Envelope::new(from, paths)
}

#[test]
fn duplicates_are_removed_and_the_first_kept() {
    for (to, expected) in [
        (&["a@x.test"][..], "<a@x.test>"),
        (
            &["a@x.test", "b@x.test", "a@X.TEST"],
            "<a@x.test> <b@x.test>",
        ),
        (
            &["b@x.test", "a@x.test", "b@x.test"],
            "<b@x.test> <a@x.test>",
        ),
        (&["\"a\"@x.test", "a@x.test"], "<a@x.test>"),
        (&["A@x.test", "a@x.test"], "<A@x.test> <a@x.test>"),
        (
            &["a@bücher.test", "a@xn--bcher-kva.test"],
            "<a@xn--bcher-kva.test>",
        ),
    ] {
        let envelope = envelope("f@x.test", to).unwrap();
        let paths: Vec<_> = envelope
            .forward_paths()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(paths.join(" "), expected);
    }
}

#[test]
fn an_envelope_has_a_recipient() {
    let error = envelope("f@x.test", &[]).unwrap_err();
    assert_eq!(error.position(), None);
    assert_eq!(
        error.to_string(),
        "the envelope has no recipient: add at least one"
    );
}

#[test]
fn only_local_parts_need_smtputf8() {
    for (from, to, expected) in [
        ("f@x.test", "a@x.test", false),
        ("f@bücher.test", "a@bücher.test", false),
        ("f@x.test", "jörg@x.test", true),
        ("jörg@x.test", "a@x.test", true),
    ] {
        assert_eq!(
            envelope(from, &["z@x.test", to]).unwrap().needs_smtputf8(),
            expected
        );
    }
    let null = Envelope::new(ReversePath::Null, ["a@x.test"]).unwrap();
    assert!(!null.needs_smtputf8());
}

#[test]
fn ten_thousand_recipients() {
    let paths = (0..20_000).map(|n| format!("a{}@x.test", n % 10_000));
    let envelope = Envelope::new(ReversePath::Null, paths).unwrap();
    assert_eq!(envelope.forward_paths().len(), 10_000);
    assert_eq!(
        envelope.forward_paths()[9_999].to_string(),
        "<a9999@x.test>"
    );
}

fn options_of(envelope: &Envelope) -> String {
    let paths = envelope.forward_paths().iter();
    let text = paths
        .zip(envelope.recipient_options())
        .map(|(path, options)| {
            let notify = options.notify.map(|notify| format!(" {notify}"));
            let original = options
                .original
                .map(|original| format!(" {}", OriginalRecipient(&original)));
            format!(
                "{path}{}{}",
                notify.unwrap_or_default(),
                original.unwrap_or_default()
            )
        });
    text.collect::<Vec<_>>().join(" | ")
}

fn asked(notify: Option<Notify>, original: Option<&str>) -> RecipientOptions {
    RecipientOptions {
        notify,
        original: original.map(|original| original.parse().unwrap()),
    }
}

#[test]
fn a_recipient_has_options_of_his_own_or_those_of_each() {
    let envelope = envelope("f@x.test", &["a@x.test", "b@x.test"]).unwrap();
    assert!(!envelope.asks_for_dsn());
    assert_eq!(options_of(&envelope), "<a@x.test> | <b@x.test>");

    let options = Options {
        each: asked(Some(Notify::NEVER), Some("list@x.test")),
        ..Options::default()
    };
    let b = envelope.forward_paths()[1].clone();
    let envelope = envelope
        .with_options(options)
        .with_recipient_options(&b, asked(Some(Event::Delay.into()), None))
        .unwrap();
    assert!(envelope.asks_for_dsn());
    assert_eq!(
        options_of(&envelope),
        "<a@x.test> NEVER rfc822;list@x.test | <b@x.test> DELAY rfc822;list@x.test"
    );

    let stranger = "c@x.test".parse().unwrap();
    let error = envelope.with_recipient_options(&stranger, asked(None, None));
    assert_eq!(
        error.unwrap_err().to_string(),
        "<c@x.test> is not a recipient of this envelope: add it, or leave its options out"
    );
}

fn portions(whole: &Envelope, recipients: usize, domains: usize) -> Vec<Envelope> {
    let mut portions = Vec::new();
    let mut rest = Some(whole.clone());
    while let Some(left) = rest {
        let (first, others) = left.split(recipients, domains);
        portions.push(first);
        rest = others;
    }
    portions
}

#[test]
fn portions_keep_the_order_and_the_limits() {
    let to = [
        "a@x.test", "b@y.test", "c@x.test", "d@z.test", "e@z.test", "f@z.test",
    ];
    let envelope = envelope("f@x.test", &to).unwrap();
    for (recipients, domains, expected) in [
        (usize::MAX, usize::MAX, "abcdef"),
        (6, 3, "abcdef"),
        (2, 3, "ab cd ef"),
        (4, 2, "abc def"),
        (5, 1, "a b c def"),
        (1, 9, "a b c d e f"),
        (0, 0, "a b c d e f"),
        (2, 1, "a b c de f"),
    ] {
        let portions = portions(&envelope, recipients, domains);
        let text: Vec<String> = portions
            .iter()
            .map(|portion| {
                let paths = portion.forward_paths().iter();
                paths
                    .map(|path| path.to_string()[1..2].to_owned())
                    .collect()
            })
            .collect();
        assert_eq!(text.join(" "), expected, "{recipients} {domains}");
    }
}

proptest! {
    #[test]
    fn portions_make_up_the_whole(
        domains in prop::collection::vec(0_u8..5, 1..40),
        own in prop::collection::btree_set(0_usize..40, 0..10),
        recipients in 0_usize..12,
        limit in 0_usize..5,
    ) {
        let paths = domains.iter().enumerate().map(|(n, d)| format!("a{n}@d{d}.test").parse().unwrap());
        let paths: Vec<ForwardPath> = paths.collect();
        let mut whole = Envelope::new(ReversePath::Null, paths.clone()).unwrap();
        for place in own.iter().filter(|place| **place < paths.len()) {
            let original = format!("o{place}@x.test");
            whole = whole.with_recipient_options(&paths[*place], asked(None, Some(&original))).unwrap();
        }
        let portions = portions(&whole, recipients, limit);
        let together: Vec<String> = portions.iter().map(options_of).collect();
        prop_assert_eq!(together.join(" | "), options_of(&whole));
        for portion in portions {
            let paths = portion.forward_paths();
            prop_assert!((1..=recipients.max(1)).contains(&paths.len()));
            let domains: HashSet<_> = paths.iter().map(|path| path.addr_spec().domain()).collect();
            prop_assert!(domains.len() <= limit.max(1));
            prop_assert_eq!(portion.options(), whole.options());
        }
    }
}

#[test]
fn notifications_are_read() {
    let wrong = |text: &str| {
        format!("\"{text}\" is not valid: write never, or some of success,failure,delay")
    };
    for (text, expected) in [
        ("never", Some("NEVER")),
        ("delay,success", Some("SUCCESS,DELAY")),
        ("failure", Some("FAILURE")),
        ("Success, FAILURE", Some("SUCCESS,FAILURE")),
        ("", None),
        ("success,", None),
        ("success,never", None),
        ("always", None),
    ] {
        let found = text.parse::<Notify>().map(|notify| notify.to_string());
        let expected = expected.map_or_else(|| Err(wrong(text)), |shown| Ok(shown.to_owned()));
        assert_eq!(found.map_err(|error| error.to_string()), expected);
    }
    for (text, expected) in [
        ("hdrs", Ok(Ret::Headers)),
        ("FULL", Ok(Ret::Full)),
        (
            "some",
            Err("\"some\" is not a part of a mail: write hdrs or full".to_owned()),
        ),
    ] {
        let found = text.parse::<Ret>().map_err(|error| error.to_string());
        assert_eq!(found, expected);
    }
}
