//! Rows of attachments: names, media types, sizes.

use serde_json::json;

use super::build::{Mail, mail};

/// F1.
const NAMES: &[&str] = &[
    "shark.png",
    "no extension",
    ".hidden",
    "a.tar.gz",
    "CON",
    "Hä\"i; 🦈 (1).png",
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
    "a,b",
    "(c).png",
    "<a>",
    "a@b",
    "[1]",
    "~",
    "{}",
    "a:b",
    "a?b",
    "'",
];

/// F2: the last component of a path.
const PATHS: &[(&str, &str)] = &[
    ("../../etc/passwd", "passwd"),
    (r"C:\x\y.png", "y.png"),
    ("/abs", "abs"),
    ("a/b", "b"),
    (r#"Hä"i\; 🦈 (1).png"#, "; 🦈 (1).png"),
];

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// F4: by the content, else by the extension, else octets.
const KINDS: &[(&str, &[u8], &str)] = &[
    ("a.png", PNG, "image/png"),
    ("a.jpg", PNG, "image/png"),
    ("a", PNG, "image/png"),
    (
        "apng.x",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\0\0\0\0\0\0\0\x08acTL",
        "image/png",
    ),
    ("jpeg.txt", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    ("gif.bin", b"GIF89a\x01\0\x01\0", "image/gif"),
    ("webp.x", b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (
        "avif.x",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
        "image/avif",
    ),
    (
        "heic.x",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "image/heif",
    ),
    (
        "ico.x",
        b"\0\0\x01\0\x01\0\x10\x10\0\0",
        "image/vnd.microsoft.icon",
    ),
    ("truncated.x", b"\x89PNG\r\n\x1a\n", "image/png"),
    ("truncated.gif", b"GIF8", "image/gif"),
    ("truncated.webp", b"RIFF\x24\0\0\0", "image/webp"),
    ("bmp.x", b"BM\x36\0\0\0\0\0\0\0", "image/bmp"),
    ("tiff.png", b"II*\0\x08\0\0\0\0\0\0\0", "image/tiff"),
    ("a.svg", b"<?xml version=\"1.0\"?><svg/>", "image/svg+xml"),
    ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
    ("polyglot.png", b"<html><script>", "image/png"),
    ("a.html", b"<!DOCTYPE html><p>", "text/html"),
    ("a.txt", b"a text\nof lines\r\n", "text/plain"),
    ("latin1.txt", b"Gr\xfc\xdfe\n", "text/plain"),
    ("a.csv", b"", "text/csv"),
    ("empty.png", b"", "image/png"),
    ("one.png", b"\x89", "image/png"),
    ("nothing", b"", "application/octet-stream"),
    (
        "a.eml",
        b"From: a@x.test\r\n\r\n",
        "application/octet-stream",
    ),
];

/// F1, F2: for names where the header matters.
pub(super) fn named() -> Vec<Mail> {
    let mut mails = Vec::new();
    for name in names() {
        mails.push(mail("F1", &name).attach(&name, b"octets"));
    }
    for (path, name) in PATHS {
        mails.push(mail("F2", path).attach_seen_as(path, name, b"octets"));
    }
    mails
}

pub(super) fn mails() -> Vec<Mail> {
    let mut mails = Vec::new();
    for (name, octets, media_type) in KINDS {
        mails.push(
            mail("F4", name)
                .text("text\n")
                .guess(name, octets, media_type),
        );
    }
    let sizes = (0..6).chain(55..60).chain(74..79).chain(113..116);
    for size in sizes.chain(4_094..4_099).chain(65_535..65_538) {
        let label = format!("{size} octets");
        mails.push(mail("F5", &label).attach("a", &noise(size, size)));
    }
    let size = 25 * 1024 * 1024;
    mails.push(mail("F5", "25 MiB").attach("a", &noise(size, size)));
    let charset = json!({"charset": "UTF-8"});
    let odd = json!({"x": "a;b\"c\\d e=f"});
    for (given, seen, parameters) in [
        ("IMAGE/PNG", "image/png", json!({})),
        ("text/plain;charset=UTF-8", "text/plain", charset),
        (r#"a/b; x="a;b\"c\\d e=f""#, "a/b", odd),
        (r#"a/b; x="""#, "a/b", json!({"x": ""})),
        ("a/b; x=\"日本\"", "a/b", json!({"x": "日本"})),
    ] {
        mails.push(mail("F8", given).attach_as(given, seen, parameters));
    }
    for batch in 0..10 {
        let label = format!("pictures from {}", batch * 100);
        mails.push((0..100).fold(mail("F10", &label), |mail, n| {
            let seed = batch * 100 + n;
            let picture = [PNG, &noise(seed, seed * 7 % 3_000)].concat();
            mail.attach(&format!("{seed}.png"), &picture)
        }));
    }
    mails
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for len in 30..80 {
        names.push("x".repeat(len));
        names.push(format!("{}🦈", "x".repeat(len)));
    }
    names.push("n".repeat(255));
    names.push("🦈".repeat(255));
    names
}

/// Octets without a known format, always the same.
fn noise(seed: usize, size: usize) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(&mut next).take(size).collect()
}
