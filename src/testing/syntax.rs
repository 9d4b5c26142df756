//! The grammar of commands, read strictly: exactly one space where the grammar has one.
//!
//! smtp-proto, which reads the commands, forgives much of what is checked here.

/// The argument of MAIL or RCPT, as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathArgument {
    /// What is between the angle brackets.
    pub(super) path: String,
    pub(super) parameters: Vec<String>,
}

impl PathArgument {
    /// Reads a command that begins like this, such as `MAIL FROM:` (RFC 5321, section 4.1.2).
    pub(super) fn parse(line: &str, begin: &str) -> Option<Self> {
        let (head, argument) = line.split_at_checked(begin.len())?;
        if !head.eq_ignore_ascii_case(begin) {
            return None;
        }
        let argument = argument.strip_prefix('<')?;
        let (path, rest) = argument.split_at_checked(path_len(argument)?)?;
        let parameters = match rest.strip_prefix('>')? {
            "" => Vec::new(),
            rest => rest
                .strip_prefix(' ')?
                .split(' ')
                .map(str::to_owned)
                .collect(),
        };
        let well_formed = parameters.iter().all(|parameter| is_parameter(parameter));
        well_formed.then(|| Self {
            path: path.to_owned(),
            parameters,
        })
    }
}

/// The keyword and the value of a parameter.
pub(super) fn keyword_and_value(parameter: &str) -> (&str, Option<&str>) {
    match parameter.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (parameter, None),
    }
}

/// How long the path is: to the first `>` that is not quoted.
fn path_len(argument: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, octet) in argument.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(index),
            b'<' | b' ' if !quoted => return None,
            _ => {}
        }
    }
    None
}

/// Whether this is an esmtp-param (RFC 5321, section 4.1.2), or one of RFC 6531.
fn is_parameter(parameter: &str) -> bool {
    let (keyword, value) = keyword_and_value(parameter);
    let alphanumeric = |octet: u8| octet.is_ascii_alphanumeric();
    let keyword_fits = keyword.bytes().next().is_some_and(alphanumeric)
        && keyword
            .bytes()
            .all(|octet| alphanumeric(octet) || octet == b'-');
    let value_fits = value.is_none_or(|value| {
        !value.is_empty() && !value.contains(|c: char| c == '=' || c == ' ' || c.is_ascii_control())
    });
    keyword_fits && value_fits
}

/// Whether this is the argument of EHLO or HELO: a domain or an address literal (RFC 5321,
/// sections 4.1.1.1 and 4.1.3).
pub(super) fn is_host(argument: &str) -> bool {
    if let Some(literal) = argument.strip_prefix('[') {
        return literal.strip_suffix(']').is_some_and(is_address);
    }
    argument.len() <= 255 && argument.split('.').all(is_label)
}

fn is_address(literal: &str) -> bool {
    match literal.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
            address.parse::<std::net::Ipv6Addr>().is_ok()
        }
        _ => literal.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

fn is_label(label: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(fits)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(line: &str) -> Option<(String, Vec<String>)> {
        let argument = PathArgument::parse(line, "MAIL FROM:")?;
        Some((argument.path, argument.parameters))
    }

    #[test]
    fn paths_are_taken_as_they_were_sent() {
        for (line, path) in [
            ("MAIL FROM:<>", ""),
            ("mail from:<a@b.example>", "a@b.example"),
            (
                r#"MAIL FROM:<"a \"> b"@c.example>"#,
                r#""a \"> b"@c.example"#,
            ),
            ("MAIL FROM:<é@b.example>", "é@b.example"),
        ] {
            assert_eq!(mail(line), Some((path.to_owned(), vec![])), "{line}");
        }
    }

    #[test]
    fn parameters_are_taken_apart() {
        let (_, parameters) = mail("MAIL FROM:<> SIZE=1 BODY=7BIT smtputf8").unwrap();
        assert_eq!(parameters, ["SIZE=1", "BODY=7BIT", "smtputf8"]);
    }

    #[test]
    fn spaces_and_brackets_must_be_right() {
        for line in [
            "MAIL FROM: <a@b.example>",
            "MAIL FROM:a@b.example",
            "MAIL  FROM:<a@b.example>",
            "MAIL FROM:<a@b.example",
            "MAIL FROM:<a@b.example> ",
            "MAIL FROM:<a@b.example>  SIZE=1",
            "MAIL FROM:<a@b.example>SIZE=1",
            "MAIL FROM:<a@b.example> SIZE=",
            "MAIL FROM:<a@b.example> =1",
            "MAIL FROM:<a b@c.example>",
            "MAIL",
        ] {
            assert_eq!(mail(line), None, "{line}");
        }
    }

    #[test]
    fn hosts_are_domains_or_address_literals() {
        for host in ["localhost", "a-1.example", "[127.0.0.1]", "[IPv6:::1]"] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "",
            "a_b",
            "a..b",
            "-a",
            "a ",
            "[::1]",
            "[127.0.0.1",
            "é",
            "127.0.0.1.",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
