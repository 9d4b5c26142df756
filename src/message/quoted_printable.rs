//! The quoted-printable encoding of text (RFC 2045 section 6.7).

use super::encoded_word::upper_hex;

/// The longest line, without its CRLF (rule 5).
const LINE: usize = 76;

/// Encodes text whose line ends are all CRLF.
///
/// Beyond the rules, no line begins with a dot or with `From `, as servers and mail boxes on
/// the way have changed such lines (RFC 2049 section 3).
pub(super) fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive("\r\n") {
        let (line, end) = match line.strip_suffix("\r\n") {
            Some(line) => (line, "\r\n"),
            None => (line, ""),
        };
        encode_line(line.as_bytes(), &mut out);
        out.push_str(end);
    }
    out
}

fn encode_line(line: &[u8], out: &mut String) {
    let mut column = 0;
    let mut rest = line;
    while let Some((octet, after)) = rest.split_first() {
        // A soft line break needs the last column for its equals sign.
        let limit = if after.is_empty() { LINE } else { LINE - 1 };
        let mut literal = stands_for_itself(*octet, after);
        if column + if literal { 1 } else { 3 } > limit {
            out.push_str("=\r\n");
            column = 0;
        }
        literal &= column > 0 || !(*octet == b'.' || rest.starts_with(b"From "));
        if literal {
            out.push(char::from(*octet));
            column += 1;
        } else {
            out.push('=');
            out.push(upper_hex(octet >> 4));
            out.push(upper_hex(octet & 15));
            column += 3;
        }
        rest = after;
    }
}

/// Rules 1 to 3; white space does not stand for itself at the end of a line.
fn stands_for_itself(octet: u8, after: &[u8]) -> bool {
    match octet {
        b'=' => false,
        b' ' | b'\t' => !after.is_empty(),
        _ => octet.is_ascii_graphic(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            (
                &format!("{x75}From x\r\n"),
                &format!("{x75}=\r\n=46rom x\r\n"),
            ),
        ] {
            assert_eq!(quoted_printable(text), encoded);
        }
    }

    proptest! {
        #[test]
        fn it_comes_back(lines in proptest::collection::vec("[ -~\t\u{c}é日🦈=.F]{0,200}", 0..8)) {
            let text: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
            let encoded = quoted_printable(&text);
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
