//! The parameters of MAIL and RCPT (RFC 5321, section 4.1.1.11), read strictly.

use std::collections::HashSet;

use super::super::extensions::Keyword::{
    self, Auth, BinaryMime, DeliverBy, Dsn, EightBitMime, FutureRelease, MtPriority, RequireTls,
    Size, SmtpUtf8,
};
use super::super::extensions::Offer;
use super::super::session::{Flow, ServerSession};
use super::super::syntax::keyword_and_value;

/// The parameters of each command, and the extension that adds them.
const PARAMETERS: [(&str, &str, Keyword); 14] = [
    ("MAIL", "SIZE", Size),
    ("MAIL", "BODY", EightBitMime),
    ("MAIL", "BODY=BINARYMIME", BinaryMime),
    ("MAIL", "SMTPUTF8", SmtpUtf8),
    ("MAIL", "AUTH", Auth),
    ("MAIL", "RET", Dsn),
    ("MAIL", "ENVID", Dsn),
    ("RCPT", "NOTIFY", Dsn),
    ("RCPT", "ORCPT", Dsn),
    ("MAIL", "BY", DeliverBy),
    ("MAIL", "HOLDFOR", FutureRelease),
    ("MAIL", "HOLDUNTIL", FutureRelease),
    ("MAIL", "MT-PRIORITY", MtPriority),
    ("MAIL", "REQUIRETLS", RequireTls),
];

impl ServerSession {
    /// Checks that a command has only parameters that the server offers, each at most once, and
    /// within the server's limits.
    pub(super) fn check_parameters(&mut self, verb: &str, parameters: &[String]) -> Flow<()> {
        let mut seen = HashSet::new();
        for parameter in parameters {
            if !extension_of(verb, parameter).is_some_and(|extension| self.offers(extension)) {
                return Err(self.parameter_not_offered(parameter));
            }
            if !is_well_formed(parameter) {
                return Err(self.malformed(&format!("{verb} with a malformed {parameter}")));
            }
            let keyword = keyword_and_value(parameter).0.to_ascii_uppercase();
            // Only one of the two may be there (RFC 4865).
            if !seen.insert(keyword.replace("HOLDUNTIL", "HOLDFOR")) {
                return Err(self.malformed(&format!("{verb} with {keyword} twice")));
            }
        }
        match parameters.iter().find_map(|one| self.limit(one)) {
            Some(refusal) => Err(self.refuse(refusal)),
            None => Ok(()),
        }
    }

    /// The refusal of a parameter that is outside the server's limits.
    fn limit(&self, parameter: &str) -> Option<&'static str> {
        let (keyword, value) = parameter.split_once('=')?;
        let date = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let mut offers = self.shared.settings.offers.iter();
        let keyword = keyword.to_ascii_uppercase();
        offers.find_map(|offer| match (keyword.as_str(), offer) {
            ("BY", Offer::DeliverBy(least)) => {
                let (seconds, returned) = deliver_by(value)?;
                let soon = returned && seconds < i64::from(*least);
                soon.then_some("555 5.5.4 Cannot deliver as soon as that")
            }
            ("HOLDFOR", Offer::FutureRelease { longest, .. }) => {
                let seconds: u32 = value.parse().ok()?;
                (seconds > *longest).then_some("555 5.5.4 Cannot hold as long as that")
            }
            ("HOLDUNTIL", Offer::FutureRelease { latest, .. }) => {
                (date(value)? > date(latest)?).then_some("555 5.5.4 Cannot hold as long as that")
            }
            _ => None,
        })
    }
}

/// The extension that the client needs to send this parameter, if there is any.
fn extension_of(verb: &str, parameter: &str) -> Option<Keyword> {
    let (keyword, _) = keyword_and_value(parameter);
    let find = |name: &str| {
        let mut all = PARAMETERS.iter();
        all.find(|(own, parameter, _)| *own == verb && parameter.eq_ignore_ascii_case(name))
    };
    let (_, _, extension) = find(parameter).or_else(|| find(keyword))?;
    Some(*extension)
}

/// Whether a parameter follows the grammar.
fn is_well_formed(parameter: &str) -> bool {
    let (keyword, value) = keyword_and_value(parameter);
    let keyword = keyword.to_ascii_uppercase();
    let Some(value) = value else {
        return matches!(keyword.as_str(), "SMTPUTF8" | "REQUIRETLS");
    };
    match keyword.as_str() {
        // RFC 1870, section 3.
        "SIZE" => value.parse::<u64>().is_ok() && !value.starts_with('+'),
        // RFC 6152, section 2; RFC 3030, section 3.
        "BODY" => is_one_of(value, &["7BIT", "8BITMIME", "BINARYMIME"]),
        // RFC 4954, section 5.
        "AUTH" => value == "<>" || xtext(value).is_some(),
        // RFC 3461, sections 4.1 to 4.4.
        "RET" => is_one_of(value, &["FULL", "HDRS"]),
        "ENVID" => is_envelope_id(value),
        "NOTIFY" => is_notify(value),
        "ORCPT" => value.len() <= 500 && is_original_recipient(value),
        "BY" => deliver_by(value).is_some(),
        // RFC 4865.
        "HOLDFOR" => is_number(value) && !value.starts_with('0'),
        "HOLDUNTIL" => value.parse::<jiff::Timestamp>().is_ok(),
        // RFC 6710.
        "MT-PRIORITY" => is_priority(value),
        _ => false,
    }
}

fn is_one_of(value: &str, of: &[&str]) -> bool {
    of.iter().any(|one| one.eq_ignore_ascii_case(value))
}

fn is_envelope_id(value: &str) -> bool {
    let printable = |text: Vec<u8>| text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    value.len() <= 100 && xtext(value).is_some_and(printable)
}

fn is_notify(value: &str) -> bool {
    let event = |event: &str| is_one_of(event, &["SUCCESS", "FAILURE", "DELAY"]);
    is_one_of(value, &["NEVER"]) || value.split(',').all(event)
}

fn is_priority(value: &str) -> bool {
    let digit = value.strip_prefix('-').unwrap_or(value);
    matches!(digit.as_bytes(), [b'0'..=b'9']) && value != "-0"
}

/// The seconds in `BY`, and whether the mail is to be returned when they are over (RFC 2852).
fn deliver_by(value: &str) -> Option<(i64, bool)> {
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
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value)
        .ok()
        .filter(|_| !digit.is_ascii_lowercase())
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
            (&format!("ORCPT=rfc822;{}@c.example", "a".repeat(483)), true),
            (
                &format!("ORCPT=rfc822;{}@c.example", "a".repeat(484)),
                false,
            ),
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
            ("SIZE=0", true),
            ("SIZE=-1", false),
            ("SIZE=+1", false),
            ("SIZE=99999999999999999999", false),
            ("BODY=8bitmime", true),
            ("BODY=8BIT", false),
            ("RET", false),
            ("FOO=1", false),
        ] {
            assert_eq!(is_well_formed(parameter), fits, "{parameter}");
        }
    }
}
