//! Rows of the header: subjects, custom fields, mailboxes, dates, identifiers.

use pilotfish::address::AddrSpec;
use pilotfish::message::{AutoSubmitted, ListUnsubscribe};
use serde_json::json;

use super::build::{Mail, mail, parsed};

/// H2, H4, H5: white space that folding would lose, text that looks encoded, characters that are
/// not letters.
const VALUES: &[(&str, &str)] = &[
    ("H2", ""),
    ("H2", " "),
    ("H2", "   "),
    ("H2", "\t"),
    ("H2", " leading"),
    ("H2", "trailing "),
    ("H2", "\ttab\tinside\t"),
    ("H2", "two  spaces"),
    ("H4", "=?utf-8?q?x?="),
    ("H4", "=?utf-8?q?x?= =?utf-8?q?y?="),
    ("H4", "a =?utf-8?b?eA==?= b"),
    ("H4", "=?"),
    ("H4", "?="),
    ("H4", "="),
    ("H4", "_"),
    ("H4", "a=?b"),
    ("H4", "a:b"),
    ("H4", "\"quoted\""),
    ("H4", "back\\slash"),
    ("H4", "(comment)"),
    ("H4", "<a@b>"),
    ("H5", "next\u{85}line"),
    ("H5", "line\u{2028}separator"),
    ("H3", "Grüße"),
    ("H3", "e\u{301}"),
    ("H3", "👨\u{200d}👩\u{200d}👧"),
    ("H3", "\u{202e}abc"),
    ("H3", "ש\u{200f}לום"),
    ("H3", "\u{feff}bom"),
    ("H3", "a\u{a0}b"),
    ("H3", "日本語"),
    ("H3", "\u{560d}\u{10a}"),
];

/// H7: texts that are also used as display names.
const NAMES: &[&str] = &[
    "a, b",
    "\"quoted\"",
    "\"",
    "back\\slash",
    "ends in \\",
    "(c)",
    "x@y",
    "@",
    "<>",
    ".",
    "a;b:c",
    "J. Doe",
    "Müller, Jörg",
    "two  spaces",
    "=?utf-8?q?x?=",
    "=?",
    "Grüße",
    "e\u{301}",
    "👨\u{200d}👩\u{200d}👧",
    "\u{202e}abc",
    "日本語",
    "a\u{a0}b",
];

/// H8: addresses as given, and as readers return them.
const ADDRESSES: &[(&str, &str)] = &[
    ("a+b@x", "a+b@x"),
    (r#""a b"@x.test"#, r#""a b"@x.test"#),
    (r#""@"@x.test"#, r#""@"@x.test"#),
    (r#"".a"@x"#, r#"".a"@x"#),
    (r#""a..b"@x.test"#, r#""a..b"@x.test"#),
    (r#""a\"\\"@x.test"#, r#""a\"\\"@x.test"#),
    (r#""a, b"@x.test"#, r#""a, b"@x.test"#),
    (
        r#""evil@x.test y"@good.test"#,
        r#""evil@x.test y"@good.test"#,
    ),
    (r#""ann"@x.test"#, "ann@x.test"),
    ("!#$%&'*+-/=?^_`{|}~@x.test", "!#$%&'*+-/=?^_`{|}~@x.test"),
    ("a@[127.0.0.1]", "a@[127.0.0.1]"),
    ("a@[IPv6:::1]", "a@[IPv6:::1]"),
    ("a@bücher.test", "a@xn--bcher-kva.test"),
    ("a@xn--bcher-kva.test", "a@xn--bcher-kva.test"),
    ("jörg@x.test", "jörg@x.test"),
    ("jörg@bücher.test", "jörg@xn--bcher-kva.test"),
];

/// H11: the text, the seconds since 1970, and the offset from UTC in minutes.
const DATES: &[(&str, i64, i64)] = &[
    ("Thu, 1 Jan 1970 00:00:00 +0000", 0, 0),
    ("Mon, 1 Jan 1900 00:00:00 +0000", -2_208_988_800, 0),
    ("Tue, 19 Jan 2038 03:14:08 -1200", 2_147_526_848, -720),
    ("Fri, 31 Dec 9999 12:00:00 +1400", 253_402_207_200, 840),
    ("Sat, 29 Feb 2020 23:59:59 +0545", 1_582_999_199 + 900, 345),
    ("Sun, 5 Jul 2026 06:07:08 -0000", 1_783_231_628, 0),
    ("Sat, 31 Dec 2016 23:59:60 +0000", 1_483_228_799, 0),
];

pub(super) fn mails() -> Vec<Mail> {
    let mut mails = Vec::new();
    for (row, value) in values() {
        mails.push(mail(row, &value).subject(&value).field("X-Field", &value));
    }
    for name in names() {
        let named =
            |mail: Mail, field, n| mail.mailbox(field, &name, &format!("{field}{n}@x.test"));
        let fields = ["from", "reply-to", "to", "to", "to", "cc"];
        let fields = fields.into_iter().enumerate();
        mails.push(fields.fold(mail("H7", &name), |mail, (n, field)| named(mail, field, n)));
    }
    for (given, seen) in addresses() {
        let alone = mail("H8", &given).mailbox_seen_as("to", "", &given, &seen);
        let named = mail("H8 with a name", &given);
        let fields = ["from", "sender", "reply-to", "to", "to", "cc"].into_iter();
        let named = fields.fold(named, |mail, field| {
            mail.mailbox_seen_as(field, &format!("The {field}"), &given, &seen)
        });
        mails.extend([alone, named]);
    }
    for count in [1, 2, 100, 1_000, 10_000] {
        let label = format!("{count} recipients");
        let numbers = 0..count;
        mails.push(numbers.fold(mail("H9", &label), |mail, n| {
            mail.mailbox("to", "Jörg", &format!("to{n}@x.test"))
        }));
    }
    mails.push(mail("H10", "only Bcc").mailbox("bcc", "", "b@x.test"));
    mails.push(
        mail("H10", "Cc, Bcc")
            .mailbox("cc", "", "c@x.test")
            .mailbox("bcc", "", "b@x.test"),
    );
    for (date, seconds, zone) in DATES {
        mails.push(mail("H11", date).date(date, *seconds, *zone));
    }
    for id in [
        "a@b",
        "a.b+c@x.test",
        "1@[127.0.0.1]",
        &format!("{}@b", "a".repeat(896)),
    ] {
        mails.push(
            mail("H12", id)
                .message_id(id)
                .ids("In-Reply-To", vec![id.to_owned()]),
        );
    }
    for count in [1, 2, 200] {
        let ids = (0..count).map(|n| format!("{n}.0123456789abcdef@some.domain.test"));
        mails.push(mail("H12", &format!("{count} ids")).ids("References", ids.collect()));
    }
    mails.push(
        mail("H13", "a field twice")
            .field("X-Field", "one")
            .field("X-Field", "two"),
    );
    let two = mail("H13", "two authors").mailbox("from", "Ann", "a@x.test");
    let two = two
        .mailbox("from", "", "b@x.test")
        .mailbox("sender", "", "s@x.test");
    mails.push(two);
    mails.extend(groups());
    mails.extend(named_fields());
    mails.push(mail("H6", "a long name").field(&"n".repeat(76), "value"));
    mails.push(mail("H6", "a long name, encoded").field(&"n".repeat(76), "Grüße"));
    mails.push(mail("H6", "a name of signs").field("x!#$%&'*+", "value"));
    mails
}

/// H10: groups, with members and without.
fn groups() -> Vec<Mail> {
    let groups: &[(&str, &[&str], &[&str])] = &[
        ("crew:;", &[], &["crew"]),
        ("crew: a@x.test;", &["a@x.test"], &["crew"]),
        (
            "\"a, b\": a@x.test, \"b c\"@x.test;",
            &["a@x.test", "\"b c\"@x.test"],
            &["a, b"],
        ),
        ("Jörg: a@x.test;", &["a@x.test"], &["Jörg"]),
        ("Jörg:;", &[], &["Jörg"]),
    ];
    let mails = groups.iter().map(|(list, members, groups)| {
        let mail = mail("H10", list).mailbox("cc", "", "cc@x.test");
        let mail = mail.with(|b| b.to(*list)).fact("to groups", json!(groups));
        match members {
            [] => mail,
            _ => mail
                .fact("to", json!(members))
                .fact("to names", json!(vec![""; members.len()])),
        }
    });
    mails.collect()
}

/// H12: fields with their own methods.
fn named_fields() -> Vec<Mail> {
    let long = format!("https://x.test/{}", "u".repeat(885));
    let page = "https://x.test/u?a=1,2";
    let mail_to: AddrSpec = parsed("le+ave@x.test");
    vec![
        mail("H12", "Auto-Submitted")
            .with(|b| b.auto_submitted(AutoSubmitted::AutoGenerated))
            .fact("field auto-submitted", json!(["auto-generated"])),
        mail("H12", "List-Unsubscribe")
            .with(move |b| {
                let way_out = ListUnsubscribe::one_click(page).unwrap();
                b.list_unsubscribe(way_out.or_mail_to(&mail_to).unwrap())
            })
            .fact(
                "field list-unsubscribe",
                json!(["<https://x.test/u?a=1%2C2>, <mailto:le%2Bave@x.test>"]),
            )
            .fact(
                "field list-unsubscribe-post",
                json!(["List-Unsubscribe=One-Click"]),
            ),
        mail("H12", "List-Unsubscribe, long")
            .fact("field list-unsubscribe", json!([format!("<{long}>")]))
            .with(move |b| b.list_unsubscribe(ListUnsubscribe::page(&long).unwrap())),
    ]
}

/// H1 to H5 and H14.
fn values() -> Vec<(&'static str, String)> {
    let mut values: Vec<_> = VALUES
        .iter()
        .map(|(row, v)| (*row, (*v).to_owned()))
        .collect();
    for len in [
        1, 65, 66, 67, 68, 76, 77, 78, 988, 989, 990, 997, 998, 999, 5_000,
    ] {
        values.push(("H1", "x".repeat(len)));
        values.push(("H1", format!("a {}", "y".repeat(len))));
    }
    values.push(("H1", ["some words"; 100].join(" ")));
    values.push(("H2", ["two spaces"; 20].join("  ")));
    values.push(("H2", " a".repeat(200)));
    values.push(("H14", "x".repeat(100 * 1024)));
    values.push(("H14", " words".repeat(17 * 1024)));
    for count in [2, 10, 11, 12, 100, 300] {
        values.push(("H3", "🦈".repeat(count)));
        values.push(("H3", "é ".repeat(count)));
        values.push(("H3", "e\u{301}".repeat(count)));
        values.push(("H3", "👨\u{200d}👩\u{200d}👧 ".repeat(count)));
    }
    for column in 40..80 {
        values.push(("H3", format!("{}🦈", "x".repeat(column))));
        values.push(("H3", format!("{} 🦈 b", "x".repeat(column))));
        values.push(("H2", format!("{}  x", "x".repeat(column))));
    }
    values
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for len in [60, 70, 71, 72, 73, 74, 75, 76, 77, 78, 200, 990] {
        names.push("x".repeat(len));
        names.push(format!("{}🦈", "x".repeat(len)));
        names.push(["n,"; 500].join(" ")[..len].trim().to_owned());
    }
    for count in [1, 2, 10, 11, 12, 200] {
        names.push("🦈".repeat(count));
        names.push("é ".repeat(count).trim().to_owned());
    }
    names.sort();
    names.dedup();
    names
}

fn addresses() -> Vec<(String, String)> {
    let owned = |(given, seen): &(&str, &str)| ((*given).to_owned(), (*seen).to_owned());
    let mut addresses: Vec<_> = ADDRESSES.iter().map(owned).collect();
    let long_domain = format!("{}test", "abcdefghi.".repeat(18));
    for address in [
        format!("{}@x.test", "l".repeat(64)),
        format!("a@{long_domain}"),
        format!("\"{}\"@x.test", " ".repeat(62)),
    ] {
        addresses.push((address.clone(), address));
    }
    addresses
}
