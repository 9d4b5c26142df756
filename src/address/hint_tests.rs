//! What is said about addresses that people type, paste and copy.

use super::{AddrSpec, Address};

/// What is wrong with a list, without its place.
fn problem(list: &str) -> String {
    let error = Address::parse_list(list).unwrap_err().to_string();
    let (problem, _) = error.split_once(" (at offset").unwrap();
    problem.to_owned()
}

#[test]
fn each_mistake_has_its_own_words() {
    for (list, words) in [
        ("Root <root>", "the address has no @"),
        ("Root <root>, Ann <a@b>", "the address has no @"),
        ("<root>", "the address has no @"),
        ("root", "the address has no @"),
        ("Root <root@>", "the domain is missing"),
        ("a@b>", "a '>' has no '<'"),
        ("Ann a>", "a '>' has no '<'"),
        ("Ann <a@b>>", "a '>' has no '<'"),
        ("<a@b", "an angle bracket is not closed"),
        ("Shop: News <a@b>", "put a name with ':' in quotation marks"),
        ("Shop: News <a@b>, Re: Ann <c@d>", "put a name with ':'"),
        ("mailto:a@b", "leave \"mailto:\" out"),
        ("MAILTO:a@b", "leave \"mailto:\" out"),
        ("Ann <mailto:a@b>", "leave \"mailto:\" out"),
        ("a@b, mailto:c@d", "leave \"mailto:\" out"),
        ("a\u{ff20}b", "U+FF20 looks like another character"),
        ("Ann <a\u{ff20}b>", "U+FF20 looks like another character"),
        ("a\u{fe6b}b", "U+FE6B looks like another character"),
        ("a\u{a0}@b", "U+00A0 looks like another character"),
        ("a@b <c@d>", "quotation marks"),
        ("Lee, Ann <a@b>", "a name"),
    ] {
        let said = problem(list);
        assert!(said.contains(words), "{list:?}: {said}");
    }
    assert!(Address::parse_list("\"Shop: News\" <a@b>").is_ok());
    for (address, words) in [
        ("mailto:a@b", "leave \"mailto:\" out"),
        ("root", "the address has no @"),
        ("a@b>", "remove the angle brackets"),
    ] {
        let said = address.parse::<AddrSpec>().unwrap_err().to_string();
        assert!(said.contains(words), "{address:?}: {said}");
    }
}

/// Quotation marks as people and editors write them around an address.
#[test]
fn quotation_marks_around_an_address_are_no_part_of_it() {
    for marks in [
        "«»", "»«", "“”", "„“", "„”", "‘’", "‚‘", "‹›", "「」", "『』", "〝〞", "＂＂", "｢｣",
    ] {
        let (before, after) = marks.split_at(marks.len() / 2);
        for list in [
            format!("{before}ann@x.test{after}"),
            format!("ann@x.test{after}"),
            format!("Ann <{before}ann@x.test{after}>"),
            format!("bob@y.test, {before}ann@x.test{after}"),
        ] {
            let said = problem(&list);
            let mark = format!("mark '{after}': remove the quotation marks around the address");
            assert!(said.contains(&mark), "{list:?}: {said}");
        }
        // RFC 6531 section 3.3 allows them in the local part, and any text may be a name.
        let mailbox = format!("{before}Ann{after} <{before}ann{after}@x.test>");
        assert!(Address::parse_list(&mailbox).is_ok(), "{mailbox}");
    }
}

#[test]
fn what_cannot_be_seen_is_refused_by_its_code_point() {
    let unseen = "\u{ad} \u{34f} \u{61c} \u{200b} \u{200e} \u{200f} \u{202a} \u{202e} \u{2060} \
                  \u{2064} \u{2066} \u{2069} \u{3164} \u{2800} \u{fe0f} \u{feff} \u{fff9} \
                  \u{e0001} \u{180e}";
    for c in unseen.split(' ') {
        let code_point = format!("U+{:04X} ", u32::from(c.chars().next().unwrap()));
        for list in [
            format!("{c}bob@y.test"),
            format!("bob{c}@y.test"),
            format!("bob@{c}y.test"),
            format!("bob@y.test{c}"),
            format!("bob@y.test {c}"),
            format!("Bob <{c}bob@y.test>"),
            format!("Bob <bob@y.test{c}>"),
            format!("\"b{c}\"@y.test"),
            format!("ann@x.test, {c}"),
        ] {
            let said = problem(&list);
            let words = format!("contains {}, which is invisible", code_point.trim_end());
            assert!(said.contains(&words), "{list:?}: {said}");
        }
        // A name is no address.
        assert!(Address::parse_list(&format!("B{c}ob <bob@y.test>")).is_ok());
    }
    // The joiners have a meaning in names of some scripts.
    assert!(
        "a@\u{0dc1}\u{0dca}\u{200d}\u{0dbb}\u{0dd3}.test"
            .parse::<AddrSpec>()
            .is_ok()
    );
    assert!("\u{200d}a@b.test".parse::<AddrSpec>().is_err());
}
