//! Rows of texts: line ends, dots, lengths, octets of every kind.

use super::build::{Mail, mail};

const TEXTS: &[(&str, &str)] = &[
    ("B1", ""),
    ("B1", "\n"),
    ("B1", "\n\n\n"),
    ("B1", "no end"),
    ("B1", "."),
    ("B1", ".\n..\n. x\n.\r\n"),
    ("B1", "From x\n>From y\n"),
    ("B1", "trailing \ntab\t\n \n"),
    ("B1", "form\u{c}feed\n"),
    ("B2", "a\nb\n"),
    ("B2", "a\rb\r"),
    ("B2", "a\r\nb\r\n"),
    ("B2", "a\nb\rc\r\nd\r\r\ne\n\rf"),
    ("B4", "nul\0\n"),
    ("B4", "Grüße aus dem schönen Bremen\n"),
    ("B4", "日本語\n"),
    ("B4", "\u{feff}bom\n"),
    ("B4", "\u{1b}[2J"),
    ("B4", "\u{85}\u{2028}"),
    ("B5", "=\n"),
    ("B5", "=3D=\n=\n"),
    ("B5", "é = =3D =\n=20\n"),
    ("B5", "é \n\t\né\t\n"),
    ("B6", "--\n-- \n--=_x\n"),
    (
        "B6",
        "--=_00000000000000000000000000000000\n--=_00000000000000000000000000000000--\n",
    ),
    ("B8", "> quoted\n>> deeper\n> \n-- \nsignature\n"),
];

pub(super) fn mails() -> Vec<Mail> {
    let mut mails = Vec::new();
    for (row, text) in texts() {
        let alone = mail(row, &text).text(&text);
        let with_file = mail(&format!("{row} with a file"), &text).text(&text);
        mails.extend([alone, with_file.attach("a", b"octets")]);
    }
    let every: Vec<u8> = (0..=255).collect();
    mails.push(mail("B4", "every octet").attach("a", &every));
    for (label, octets) in [
        ("line ends", &b"a\nb\rc\r\nd"[..]),
        ("a delimiter", b"\r\n--=_0\r\n"),
        ("invalid UTF-8", b"\xff\xfe\xc3\x28"),
    ] {
        mails.push(
            mail("B6", label)
                .text("text\n")
                .guess("a.txt", octets, "text/plain"),
        );
    }
    mails
}

fn texts() -> Vec<(&'static str, String)> {
    let mut texts: Vec<_> = TEXTS
        .iter()
        .map(|(row, t)| (*row, (*t).to_owned()))
        .collect();
    for len in [72, 73, 74, 75, 76, 77, 78, 79] {
        for end in ["", " ", "=", "é", ".", "From ", "\t"] {
            texts.push(("B5", format!("{}{end}", "x".repeat(len))));
        }
    }
    for len in [997, 998, 999, 1_000_000] {
        texts.push(("B3", "x".repeat(len)));
        texts.push(("B3", format!("{}é", "x".repeat(len))));
    }
    texts.push(("B3", "日".repeat(333)));
    texts.push(("B3", "日".repeat(1_000)));
    texts.push(("B4", (0..128_u8).map(char::from).collect()));
    texts.push(("B4", (0..0x300_u32).filter_map(char::from_u32).collect()));
    texts
}
