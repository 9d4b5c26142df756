//! The quoted-printable encoding of text (RFC 2045 section 6.7).

use super::line_ends::lines;

/// The longest line, without its CRLF (rule 5).
const LINE: usize = 76;

/// Appends the encoding of text whose line ends are all CRLF.
pub(crate) fn quoted_printable(text: &[u8], out: &mut Vec<u8>) {
    QuotedPrintable::default().apply(text, true, out);
}

/// How many octets decide how the first of them is written: a whole line, and whether it ends there.
const DECISIVE: usize = LINE + 2;

/// Encodes text whose line ends are all CRLF, piece by piece.
///
/// In addition to the rules, no line begins with a dot or with `From `, as some servers and mailboxes
/// change such lines (RFC 2049 section 3).
#[derive(Debug, Default)]
pub(super) struct QuotedPrintable {
    /// How many characters the current line has.
    column: usize,
}

impl QuotedPrintable {
    /// Appends the encoding of the beginning of `text`, and returns how many octets that is: all if it
    /// is the end of the text, else all but the last few, whose encoding depends on what follows.
    pub(super) fn apply(&mut self, text: &[u8], is_end: bool, out: &mut Vec<u8>) -> usize {
        let mut rest = text;
        while let [octet, after @ ..] = rest {
            if rest.len() < DECISIVE && !is_end {
                break;
            }
            let literal = if is_literal(*octet) {
                literals(rest, self.column)
            } else {
                0
            };
            if let Some((run, after)) = rest.split_at_checked(literal).filter(|_| literal > 0) {
                out.extend_from_slice(run);
                self.column += literal;
                rest = after;
            } else if let [b'\r', b'\n', next @ ..] = rest {
                out.extend_from_slice(b"\r\n");
                self.column = 0;
                rest = next;
            } else if self.column + 3 > limit(after) {
                out.extend_from_slice(b"=\r\n");
                self.column = 0;
            } else {
                out.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet & 15)]);
                self.column += 3;
                rest = after;
            }
        }
        text.len() - rest.len()
    }
}

/// A hexadecimal digit, in upper case (rule 1).
fn digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'A' + value - 10
    }
}

/// Appends text that is quoted-printable already, with soft line breaks where a line is too long, and
/// with each NUL encoded.
pub(crate) fn shortened(encoded: &[u8], out: &mut Vec<u8>) {
    for line in lines(encoded) {
        let mut rest = line.text;
        let mut column = 0;
        while let [octet, after @ ..] = rest {
            let taken = match rest {
                [b'=', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => 3,
                _ => 1,
            };
            let is_last = after.len() < taken;
            if column + 3 > LINE - 1 && !(is_last && column + taken <= LINE) {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            let (piece, after) = rest.split_at_checked(taken).unwrap_or((rest, b""));
            if *octet == 0 {
                out.extend_from_slice(b"=00");
                column += 3;
            } else {
                out.extend_from_slice(piece);
                column += taken;
            }
            rest = after;
        }
        if line.len > line.text.len() {
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// How many of the next octets are literal on this line (rules 1 to 3).
fn literals(rest: &[u8], column: usize) -> usize {
    if column == 0 && (rest.starts_with(b".") || rest.starts_with(b"From ")) {
        return 0;
    }
    let window = rest.get(..LINE - column).unwrap_or(rest);
    let (run, after) = rest
        .split_at_checked(literal_beginning(window))
        .unwrap_or_default();
    let len = match run {
        // White space is not literal at the end of a line.
        [before @ .., b' ' | b'\t'] if is_end(after) => before.len(),
        _ if is_end(after) => return run.len(),
        _ => run.len(),
    };
    len.min(LINE - 1 - column)
}

/// How many octets at the beginning may be literal if the line does not end there.
fn literal_beginning(octets: &[u8]) -> usize {
    // Without a branch for each octet, the compiler vectorizes the loop.
    let all_literal = |block: &&[u8; 16]| {
        block
            .iter()
            .fold(true, |all, octet| all & is_literal(*octet))
    };
    let (blocks, _) = octets.as_chunks();
    let whole = blocks.iter().take_while(all_literal).count() * 16;
    let rest = octets.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|octet| is_literal(**octet)).count()
}

fn is_literal(octet: u8) -> bool {
    matches!(octet, b' '..=b'<' | b'>'..=b'~' | b'\t')
}

/// How many columns the line has before `after`: a soft line break needs the last one for
/// its equals sign.
fn limit(after: &[u8]) -> usize {
    if is_end(after) { LINE } else { LINE - 1 }
}

/// Whether a line ends here.
fn is_end(after: &[u8]) -> bool {
    after.is_empty() || after.starts_with(b"\r\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str) -> String {
        let mut encoded = Vec::new();
        quoted_printable(text.as_bytes(), &mut encoded);
        String::from_utf8(encoded).unwrap()
    }

    #[test]
    fn lines_follow_the_rules() {
        let x75 = "x".repeat(75);
        for (text, encoded) in [
            ("", ""),
            ("\r\n", "\r\n"),
            ("a=b\r\n", "a=3Db\r\n"),
            ("=3D\r\n", "=3D3D\r\n"),
            ("ends in =\r\n", "ends in =3D\r\n"),
            ("space \r\ntab\t\r\n", "space=20\r\ntab=09\r\n"),
            (" \r\n", "=20\r\n"),
            ("a \tb\r\n", "a \tb\r\n"),
            ("é\u{c}\u{7f}\r\n", "=C3=A9=0C=7F\r\n"),
            (
                "From x\r\n>From\r\nFromage\r\n",
                "=46rom x\r\n>From\r\nFromage\r\n",
            ),
            (".\r\n..\r\n. x\r\nx.\r\n", "=2E\r\n=2E.\r\n=2E x\r\nx.\r\n"),
            (&format!("{x75}x\r\n"), &format!("{x75}x\r\n")),
            (&format!("{x75}xx\r\n"), &format!("{x75}=\r\nxx\r\n")),
            (&format!("{x75}..\r\n"), &format!("{x75}=\r\n=2E.\r\n")),
            (&format!("{x75} \r\n"), &format!("{x75}=\r\n=20\r\n")),
            (
                &format!("{}=\r\n", &x75[..73]),
                &format!("{}=3D\r\n", &x75[..73]),
            ),
            (
                &format!("{}=\r\n", &x75[..74]),
                &format!("{}=\r\n=3D\r\n", &x75[..74]),
            ),
            (&format!("{x75}é\r\n"), &format!("{x75}=\r\n=C3=A9\r\n")),
            (
                &format!("{}é\r\n", &x75[..70]),
                &format!("{}=C3=A9\r\n", &x75[..70]),
            ),
            (
                &format!("{}é\r\n", &x75[..71]),
                &format!("{}=C3=\r\n=A9\r\n", &x75[..71]),
            ),
            ("a\nb\rc\r\n", "a=0Ab=0Dc\r\n"),
            ("no end ", "no end=20"),
            (
                &format!("{x75}From x\r\n"),
                &format!("{x75}=\r\n=46rom x\r\n"),
            ),
        ] {
            assert_eq!(self::encoded(text), encoded);
        }
    }

    proptest! {
        #[test]
        fn it_comes_back(lines in proptest::collection::vec("[ -~\t\u{c}é日🦈=.F]{0,200}", 0..8)) {
            let text: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
            let encoded = encoded(&text);
            for line in encoded.split_terminator("\r\n") {
                prop_assert!(line.len() <= LINE && line.is_ascii());
                prop_assert!(!line.ends_with([' ', '\t']) && !line.starts_with('.'));
            }
            let decoded = mail_parser::decoders::quoted_printable::quoted_printable_decode(
                encoded.as_bytes(),
            );
            // That decoder takes the ends of lines as they are.
            prop_assert_eq!(String::from_utf8(decoded.unwrap()).unwrap(), text);
        }
    }
}
