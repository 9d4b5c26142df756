//! What separates the fields of a line.

/// The separators that are found by themselves, the likeliest first.
pub(super) const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// The separator of the first line: the one that is in it most often, outside of quotes.
pub(super) fn found_in(text: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for character in text.trim_start_matches(['\r', '\n']).chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\r' | '\n' if !is_quoted => break,
            _ if is_quoted => {}
            other => {
                let pairs = SEPARATORS.iter().zip(&mut counts);
                for (_, count) in pairs.filter(|(separator, _)| **separator == other) {
                    *count += 1;
                }
            }
        }
    }
    // Of equal counts the first is taken.
    let pairs = SEPARATORS.into_iter().zip(counts).rev();
    pairs
        .max_by_key(|(_, count)| *count)
        .map_or(',', |(separator, _)| separator)
}

/// The separator that Excel is given in a line of its own before the header, `sep=;`, and the length of
/// that line.
pub(super) fn declared_in(text: &str) -> Option<(char, usize)> {
    let rest = text
        .strip_prefix("sep=")
        .or_else(|| text.strip_prefix("SEP="))?;
    let separator = rest.chars().next().filter(char::is_ascii)?;
    let after = rest.get(1..)?;
    let end = ["\r\n", "\n", "\r"]
        .into_iter()
        .find(|end| after.starts_with(end))?;
    Some((separator, "sep=;".len() + end.len()))
}

/// How the separator is named on a screen.
pub(super) fn name(separator: char) -> String {
    match separator {
        '\t' => "tab".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides() {
        for (text, expected) in [
            ("a,b;c,d\n;;;;;;", ','),
            ("a;b", ';'),
            ("a\tb\n", '\t'),
            ("a|b", '|'),
            ("\"a,b,c\";d\n", ';'),
            ("\"a\n,,,\";d\n", ';'),
            ("\r\na;b", ';'),
            ("a", ','),
            ("a;b,c", ','),
            ("", ','),
        ] {
            assert_eq!(found_in(text), expected, "{text:?}");
        }
        for (text, expected) in [
            ("sep=;\r\na;b", Some((';', 7))),
            ("SEP=\t\na", Some(('\t', 6))),
            ("sep=;", None),
            ("sep=;;\n", None),
            ("separator\n", None),
        ] {
            assert_eq!(declared_in(text), expected, "{text:?}");
        }
    }
}
