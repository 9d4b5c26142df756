//! Input that was made to do harm.

use std::thread;

use proptest::prelude::*;

use super::parser::{MAX_INPUT, is_forbidden};
use super::{AddrSpec, Mailbox};

/// So much of each that reading it in quadratic time would take minutes.
#[test]
fn reading_takes_linear_time_and_little_stack() {
    let patterns = r#"
        ( ) () (a) \( ((a) (\ a( , < > << a< " "\ "" "a" \ @ a@ =? a . a. : a: a:; a:;, ; [ a@[
        é xn-- a@xn--a. a@b, a<a@b>, é@é,
    "#;
    let others = [" ", "\t", "a ", "a, ", "\u{301}"];
    let read = move |pattern: &str| {
        let body = pattern.repeat(MAX_INPUT / 8 / pattern.len());
        let (domain, angle) = (format!("a@{body}"), format!("a <a@b{body}"));
        for text in [&body, &domain, &angle, &format!("\"{body}\"@b")] {
            let list = Mailbox::parse_list(text);
            assert!(list.map_or_else(|e| e.to_string().len() < 400, |list| list.len() != 1));
            assert!(text.parse::<Mailbox>().is_err(), "{pattern:?}");
            assert!(text.parse::<AddrSpec>().is_err(), "{pattern:?}");
        }
    };
    let run = move || patterns.split_whitespace().chain(others).for_each(read);
    let small_stack = thread::Builder::new().stack_size(256 * 1024);
    small_stack.spawn(run).unwrap().join().unwrap();
}

#[test]
fn input_is_bounded() {
    let padded = |length: usize| format!("a@b{}", " ".repeat(length - 3));
    assert!(Mailbox::parse_list(&padded(MAX_INPUT)).is_ok());
    let error = Mailbox::parse_list(&padded(MAX_INPUT + 1)).unwrap_err();
    assert_eq!(error.position(), Some(MAX_INPUT));
}

#[test]
fn ten_thousand_recipients() {
    let text: Vec<_> = (0..10_000)
        .map(|n| format!("\"N, {n}\" <n{n}@x.test>"))
        .collect();
    assert_eq!(Mailbox::parse_list(&text.join(", ")).unwrap().len(), 10_000);
}

proptest! {
    #[test]
    fn any_text_is_a_list_or_an_error(
        text in r#"([ab@.<>,;:()"\\\[\] \t\r\u{85}é]|a@b|x <a@b>|"a"|\(c\)){0,12}|\PC*"#
    ) {
        if let Ok(mailboxes) = Mailbox::parse_list(&text) {
            let written: Vec<_> = mailboxes.iter().map(ToString::to_string).collect();
            let written = format!("g:{};", written.join(","));
            prop_assert!(!written.contains(is_forbidden));
            prop_assert_eq!(Mailbox::parse_list(&written).unwrap(), mailboxes);
        }
    }
}
