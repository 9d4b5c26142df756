//! Mails with everything in them that has been trouble to somebody.

use super::parsers::Mail;

/// Values for unstructured fields that have been trouble to somebody.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        " ",
        "   ",
        "\t",
        " leading",
        "trailing ",
        "\ttab\tinside\t",
        "two  spaces",
        "=?utf-8?q?x?=",
        "=?",
        "?=",
        "=",
        "_",
        "a=?b",
        "a:b",
        "\"quoted\"",
        "back\\slash",
        "(comment)",
        "<a@b>",
        "Grüße",
        "e\u{301}",
        "👨\u{200d}👩\u{200d}👧",
        "\u{202e}abc",
        "ש\u{200f}לום",
        "\u{feff}bom",
        "a\u{a0}b",
        "日本語",
        "\u{560d}\u{10a}",
    ]
    .map(str::to_owned)
    .into();
    for len in [
        1, 65, 66, 67, 68, 76, 77, 78, 988, 989, 990, 997, 998, 999, 5_000, 100_000,
    ] {
        values.push("x".repeat(len));
        values.push(format!("a {}", "y".repeat(len)));
    }
    values.push(["some words"; 100].join(" "));
    values.push(["two spaces"; 20].join("  "));
    values.push(" a".repeat(200));
    for count in [1, 2, 10, 11, 12, 100, 300] {
        values.push("🦈".repeat(count));
        values.push("é ".repeat(count));
    }
    for column in 40..80 {
        values.push(format!("{}🦈", "x".repeat(column)));
        values.push(format!("{} 🦈 b", "x".repeat(column)));
        values.push(format!("{}  x", "x".repeat(column)));
    }
    values
}

/// Display names, which have no white space at their ends.
fn names() -> Vec<String> {
    let more = [
        "a, b",
        "ends in \\",
        "x@y",
        "<>",
        "J. Doe",
        "Müller, Jörg",
        ".",
        "a;b:c",
        "\"",
        "@",
    ];
    let is_name = |v: &String| !v.is_empty() && v.trim() == v && v.len() < 998 && !v.contains('\t');
    values()
        .into_iter()
        .chain(more.map(str::to_owned))
        .filter(is_name)
        .collect()
}

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "\n",
        "no end",
        ".",
        ".\n..\n. x\n.\r\n",
        "From x\n>From y\n",
        "trailing \ntab\t\n \n",
        "form\u{c}feed\n",
        "a\nb\rc\r\nd\r\r\ne\n\rf",
        "nul\0\n",
        "=3D=\n=\n",
        "--\n-- \n--=_x\n",
        "Grüße aus dem schönen Bremen\n",
        "日本語\n",
        "\u{feff}bom\n",
        "\u{1b}[2J",
        "\n\n\n",
        "\u{85}\u{2028}",
    ]
    .map(str::to_owned)
    .into();
    for len in [72, 73, 74, 75, 76, 77, 78, 79, 997, 998, 999, 100_000] {
        for end in ["", " ", "=", "é", ".", "\n", "From "] {
            texts.push(format!("{}{end}", "x".repeat(len)));
        }
    }
    texts.push("日".repeat(1_000));
    texts.push((0..128_u8).map(char::from).collect());
    texts.push((0..0x300_u32).filter_map(char::from_u32).collect());
    texts
}

fn file_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "shark.png",
        "no extension",
        ".hidden",
        "a.tar.gz",
        "CON",
        "; 🦈 (1).png",
        "%41.png",
        "a'b.png",
        "a''b",
        "utf-8''x",
        "a*b=c.png",
        "日本語.jpg",
        "e\u{301}",
        "\u{202e}gnp.exe",
        "a;b",
        "a\"b",
        " a ",
        "a  b",
        "=?utf-8?q?x?=",
        "...",
        "a\u{a0}b",
    ]
    .map(str::to_owned)
    .into();
    for len in 30..80 {
        names.push("x".repeat(len));
        names.push(format!("{}🦈", "x".repeat(len)));
    }
    names.push("n".repeat(255));
    names.push("🦈".repeat(255));
    names
}

/// A mail for each of them.
pub(super) fn corpus() -> Vec<Mail> {
    let mut mails = Vec::new();
    for value in values() {
        mails.push(Mail {
            subject: value.clone(),
            field: value,
            ..Mail::default()
        });
    }
    for name in names() {
        mails.push(Mail {
            name: name.clone(),
            recipients: 3,
            ..Mail::default()
        });
    }
    for text in texts() {
        mails.push(Mail {
            text: text.clone(),
            ..Mail::default()
        });
        let attachments = vec![("a".to_owned(), b"x".to_vec())];
        mails.push(Mail {
            text,
            attachments,
            ..Mail::default()
        });
    }
    for name in file_names() {
        mails.push(Mail {
            attachments: vec![(name, b"x".to_vec())],
            ..Mail::default()
        });
    }
    for recipients in [2, 100, 1_000] {
        mails.push(Mail {
            recipients,
            ..Mail::default()
        });
    }
    let every: Vec<u8> = (0..=255).collect();
    let sizes = (0..5)
        .chain(55..60)
        .chain(74..79)
        .chain(4_094..4_099)
        .chain(65_535..65_538);
    let attachments = sizes.map(|size| {
        (
            size.to_string(),
            every.iter().copied().cycle().take(size).collect(),
        )
    });
    mails.push(Mail {
        attachments: attachments.collect(),
        ..Mail::default()
    });
    mails
}
