//! What MAIL and RCPT ask for beside delivery, read strictly.

/// Whether a parameter that smtp-proto has let pass is one of the grammar. The keyword is in
/// upper case.
pub(super) fn is_well_formed(keyword: &str, value: Option<&str>) -> bool {
    let is = |value: &str, of: &[&str]| of.iter().any(|one| one.eq_ignore_ascii_case(value));
    match (keyword, value) {
        ("SIZE" | "BODY", Some(_)) | ("SMTPUTF8" | "REQUIRETLS", None) => true,
        // RFC 3461, sections 4.1 to 4.4.
        ("RET", Some(value)) => is(value, &["FULL", "HDRS"]),
        ("ENVID", Some(value)) => {
            let printable = |text: Vec<u8>| text.iter().all(|octet| matches!(octet, b' '..=b'~'));
            value.len() <= 100 && xtext(value).is_some_and(printable)
        }
        ("NOTIFY", Some(value)) => {
            let event = |event: &str| is(event, &["SUCCESS", "FAILURE", "DELAY"]);
            is(value, &["NEVER"]) || value.split(',').all(event)
        }
        ("ORCPT", Some(value)) => value.len() <= 500 && is_original_recipient(value),
        // RFC 2852
        ("BY", Some(value)) => deliver_by(value).is_some(),
        // RFC 4865
        ("HOLDFOR", Some(value)) => is_number(value) && !value.starts_with('0'),
        ("HOLDUNTIL", Some(value)) => value.parse::<jiff::Timestamp>().is_ok(),
        // RFC 6710
        ("MT-PRIORITY", Some(value)) => {
            let digit = value.strip_prefix('-').unwrap_or(value);
            matches!(digit.as_bytes(), [b'0'..=b'9']) && value != "-0"
        }
        // RFC 4954, section 5.
        ("AUTH", Some(value)) => value == "<>" || xtext(value).is_some(),
        _ => false,
    }
}

/// What is to happen to a mail that is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    Notify,
    Return,
}

/// The time and what happens then, from `BY` (RFC 2852).
pub(super) fn deliver_by(value: &str) -> Option<(i64, Late)> {
    let (time, mode) = value.split_once(';')?;
    let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
    let seconds: i64 = is_number(digits).then(|| time.parse().ok())??;
    let late = match mode.to_ascii_uppercase().as_str() {
        "N" | "NT" => Late::Notify,
        "R" | "RT" if seconds > 0 => Late::Return,
        _ => return None,
    };
    Some((seconds, late))
}

/// One to nine digits.
fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// RFC 3461, section 4.2; RFC 6533, section 3 without raw UTF-8.
fn is_original_recipient(value: &str) -> bool {
    match value.split_once(';') {
        Some((kind, address)) if kind.eq_ignore_ascii_case("utf-8") => {
            utf8_address(address).is_some_and(|address| address.contains('@'))
        }
        Some((kind, address)) => {
            kind.eq_ignore_ascii_case("rfc822")
                && xtext(address).is_some_and(|address| address.contains(&b'@'))
        }
        None => false,
    }
}

/// The octets of an xtext that is not empty (RFC 3461, section 4).
pub(super) fn xtext(value: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        octets.push(match (first, behind) {
            (b'+', [high, low, behind @ ..]) => {
                rest = behind;
                hex(*high)? * 16 + hex(*low)?
            }
            (b'+' | b'=', _) => return None,
            (octet @ b'!'..=b'~', _) => *octet,
            _ => return None,
        });
    }
    (!octets.is_empty()).then_some(octets)
}

/// A digit; those over 9 are in upper case.
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn utf8_address(value: &str) -> Option<String> {
    let mut address = String::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let behind = rest.get(first.len_utf8()..)?;
        if first == '\\' {
            let (digits, behind) = behind.strip_prefix("x{")?.split_once('}')?;
            address.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = behind;
        } else if matches!(first, '!'..='~') && !matches!(first, '+' | '=') {
            address.push(first);
            rest = behind;
        } else {
            return None;
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_grammar_and_others() {
        let long = format!("ENVID={}", "a".repeat(101));
        for (parameter, fits) in [
            ("RET=full", true),
            ("RET=ALL", false),
            ("ENVID=a+20b", true),
            ("ENVID=a+2", false),
            ("ENVID=a+2b", false),
            ("ENVID=+0D+0A", false),
            (&long, false),
            ("NOTIFY=never", true),
            ("NOTIFY=SUCCESS,DELAY", true),
            ("NOTIFY=SUCCESS,NEVER", false),
            ("NOTIFY=SUCCESS,", false),
            ("ORCPT=rfc822;a+2Bb@c.example", true),
            ("ORCPT=rfc822;a", false),
            ("ORCPT=a@c.example", false),
            ("ORCPT=x400;a@c.example", false),
            (r"ORCPT=utf-8;j\x{F6}rg@c.example", true),
            (r"ORCPT=utf-8;j\x{D800}rg@c.example", false),
            (r"ORCPT=utf-8;j+F6rg@c.example", false),
            ("BY=60;R", true),
            ("BY=-60;NT", true),
            ("BY=-60;R", false),
            ("BY=60", false),
            ("BY=1234567890;N", false),
            ("BY=60;T", false),
            ("HOLDFOR=60", true),
            ("HOLDFOR=060", false),
            ("HOLDUNTIL=2030-01-31T08:00:00Z", true),
            ("HOLDUNTIL=tomorrow", false),
            ("MT-PRIORITY=-9", true),
            ("MT-PRIORITY=10", false),
            ("MT-PRIORITY=+3", false),
            ("REQUIRETLS", true),
            ("REQUIRETLS=1", false),
            ("AUTH=<>", true),
            ("AUTH=a+3Db@c.example", true),
            ("AUTH=a+", false),
            ("FOO=1", false),
        ] {
            let (keyword, value) = match parameter.split_once('=') {
                Some((keyword, value)) => (keyword, Some(value)),
                None => (parameter, None),
            };
            assert_eq!(is_well_formed(keyword, value), fits, "{parameter}");
        }
    }
}
