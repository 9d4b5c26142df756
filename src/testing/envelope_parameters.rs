//! The parameters of MAIL and RCPT (RFC 5321, section 4.1.1.11), read strictly.

use super::keyword::Keyword::{
    self, Auth, BinaryMime, DeliverBy, Dsn, EightBitMime, FutureRelease, MtPriority, RequireTls,
    Size, SmtpUtf8,
};
use super::syntax::keyword_and_value;

/// Whether a value follows the grammar; none for a parameter that has no value.
type Grammar = Option<fn(&str) -> bool>;

/// The parameters of each command, the extension that adds them, and their grammar. smtp-proto has
/// checked the values of SIZE and BODY.
const PARAMETERS: [(&str, &str, Keyword, Grammar); 14] = [
    ("MAIL", "SIZE", Size, Some(|_| true)),
    ("MAIL", "BODY", EightBitMime, Some(|_| true)),
    ("MAIL", "SMTPUTF8", SmtpUtf8, None),
    // RFC 4954, section 5.
    ("MAIL", "AUTH", Auth, Some(is_mailbox)),
    // RFC 3461, sections 4.1 to 4.4.
    ("MAIL", "RET", Dsn, Some(is_return)),
    ("MAIL", "ENVID", Dsn, Some(is_envelope_id)),
    ("RCPT", "NOTIFY", Dsn, Some(is_notify)),
    ("RCPT", "ORCPT", Dsn, Some(is_original_recipient)),
    // RFC 2852.
    ("MAIL", "BY", DeliverBy, Some(is_deliver_by)),
    // RFC 4865.
    ("MAIL", "HOLDFOR", FutureRelease, Some(is_hold_time)),
    ("MAIL", "HOLDUNTIL", FutureRelease, Some(is_hold_date)),
    // RFC 6710.
    ("MAIL", "MT-PRIORITY", MtPriority, Some(is_priority)),
    // RFC 8689.
    ("MAIL", "REQUIRETLS", RequireTls, None),
    ("MAIL", "BODY=BINARYMIME", BinaryMime, None),
];

/// The extension that the client needs to send this parameter, if there is any.
pub(super) fn extension_of(verb: &str, parameter: &str) -> Option<Keyword> {
    let (keyword, _) = keyword_and_value(parameter);
    let find = |name: &str| {
        let mut all = PARAMETERS.iter();
        all.find(|(own, parameter, ..)| *own == verb && parameter.eq_ignore_ascii_case(name))
    };
    find(parameter)
        .or_else(|| find(keyword))
        .map(|(_, _, extension, _)| *extension)
}

/// Whether a parameter follows the grammar. smtp-proto lets other parameters pass.
pub(super) fn is_well_formed(parameter: &str) -> bool {
    let (keyword, value) = keyword_and_value(parameter);
    let mut all = PARAMETERS.iter();
    let row = all.find(|(_, own, ..)| own.eq_ignore_ascii_case(keyword));
    match (row, value) {
        (Some((.., None)), None) => true,
        (Some((.., Some(fits))), Some(value)) => fits(value),
        _ => false,
    }
}

fn is_one_of(value: &str, of: &[&str]) -> bool {
    of.iter().any(|one| one.eq_ignore_ascii_case(value))
}

fn is_return(value: &str) -> bool {
    is_one_of(value, &["FULL", "HDRS"])
}

fn is_deliver_by(value: &str) -> bool {
    deliver_by(value).is_some()
}

fn is_mailbox(value: &str) -> bool {
    value == "<>" || xtext(value).is_some()
}

fn is_envelope_id(value: &str) -> bool {
    let printable = |text: Vec<u8>| text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    value.len() <= 100 && xtext(value).is_some_and(printable)
}

fn is_notify(value: &str) -> bool {
    let event = |event: &str| is_one_of(event, &["SUCCESS", "FAILURE", "DELAY"]);
    is_one_of(value, &["NEVER"]) || value.split(',').all(event)
}

fn is_hold_time(value: &str) -> bool {
    is_number(value) && !value.starts_with('0')
}

fn is_hold_date(value: &str) -> bool {
    value.parse::<jiff::Timestamp>().is_ok()
}

fn is_priority(value: &str) -> bool {
    let digit = value.strip_prefix('-').unwrap_or(value);
    matches!(digit.as_bytes(), [b'0'..=b'9']) && value != "-0"
}

/// The seconds in `BY`, and whether the mail is to be returned when they are over (RFC 2852).
pub(super) fn deliver_by(value: &str) -> Option<(i64, bool)> {
    let (time, mode) = value.split_once(';')?;
    let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
    let seconds: i64 = is_number(digits).then(|| time.parse().ok())??;
    let returned = is_one_of(mode, &["R", "RT"]) && seconds > 0;
    (returned || is_one_of(mode, &["N", "NT"])).then_some((seconds, returned))
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
        Some((kind, address)) if kind.eq_ignore_ascii_case("rfc822") => {
            xtext(address).is_some_and(|address| address.contains(&b'@'))
        }
        _ => false,
    }
}

/// The octets of an xtext that is not empty (RFC 3461, section 4).
fn xtext(value: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        octets.push(match (first, tail) {
            (b'+', [high, low, tail @ ..]) => {
                rest = tail;
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
        let tail = rest.get(first.len_utf8()..)?;
        if first == '\\' {
            let (digits, tail) = tail.strip_prefix("x{")?.split_once('}')?;
            address.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = tail;
        } else if matches!(first, '!'..='~') && !matches!(first, '+' | '=') {
            address.push(first);
            rest = tail;
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
            assert_eq!(is_well_formed(parameter), fits, "{parameter}");
        }
    }
}
