//! The id that a server gives to a mail in its queue, found in the reply to the message.

use crate::protocol::Reply;

/// Finds the id in the forms of Postfix, iCloud, `SendGrid` (`queued as ID`), Exim (`id=ID`), Exchange
/// (`InternalId=ID`), Sendmail and `OpenSMTPD` (`ID Message accepted for delivery`), Gmail
/// (`ID - gsmtp`), Dovecot (`ID Saved`), qmail (`qp ID`) and Amazon SES (`Ok ID`).
pub(super) fn queue_id(reply: &Reply) -> Option<&str> {
    let status = reply.enhanced_status().map(|status| status.to_string());
    let words = reply.lines().last()?.split_whitespace();
    let words: Vec<&str> = words
        .filter(|word| Some(*word) != status.as_deref())
        .collect();
    let before = |end: &[&str]| {
        let id = words.len().checked_sub(end.len() + 1)?;
        let is_end = words
            .iter()
            .skip(id + 1)
            .zip(end)
            .all(|(word, end)| word == end);
        words.get(id).filter(|_| is_end).copied()
    };
    let after = |begin: &[&str]| {
        let is_begin = |found: &[&str]| {
            let mut both = found.iter().zip(begin);
            both.all(|(word, begin)| word.eq_ignore_ascii_case(begin))
        };
        let begins = words.windows(begin.len()).position(is_begin)?;
        words.get(begins + begin.len()).copied()
    };
    let named = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
    // SES sends one long word, which no greeting or courtesy looks like.
    let alone = || match *words.as_slice() {
        ["Ok", id] if id.len() >= 20 => Some(id),
        _ => None,
    };
    let id = after(&["queued", "as"])
        .or_else(|| named("id="))
        .or_else(|| named("[InternalId="))
        .or_else(|| before(&["Message", "accepted", "for", "delivery"]))
        .or_else(|| before(&["-", "gsmtp"]))
        .or_else(|| before(&["Saved"]))
        .or_else(|| after(&["qp"]))
        .or_else(alone)?;
    let id = id.trim_matches([',', '.', ';', ']', '<', '>', '(', ')', ':']);
    let has_digit = id.chars().any(|c| c.is_ascii_digit());
    let is_id = !id.contains('@') && (id.len() >= 10 || id.len() >= 4 && has_digit);
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_well_known_servers() {
        for (reply, id) in [
            ("250 2.0.0 Ok: queued as 9315A18002C5", Some("9315A18002C5")),
            (
                "250 Ok: queued as Aq1zhMM3QYeEprixUiFYNg",
                Some("Aq1zhMM3QYeEprixUiFYNg"),
            ),
            (
                "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4BC1",
                Some("4BC1"),
            ),
            ("250 OK id=1rZoQ4-000abC-2d", Some("1rZoQ4-000abC-2d")),
            (
                "250 2.6.0 <id@host> [InternalId=95992519094146, Hostname=HE1.outlook.com] 13478 bytes \
              in 0.277, 47.373 KB/sec Queued mail for delivery",
                Some("95992519094146"),
            ),
            (
                "250 2.0.0 46FBxyz012345 Message accepted for delivery",
                Some("46FBxyz012345"),
            ),
            (
                "250 2.0.0: 1a2b3c4d Message accepted for delivery",
                Some("1a2b3c4d"),
            ),
            (
                "250 2.0.0 OK  1781920757 a1-20020ac8sm123qkk.12 - gsmtp",
                Some("a1-20020ac8sm123qkk.12"),
            ),
            (
                "250 2.0.0 <ann@example.org> kDwvH3lGdGUqAwAA Saved",
                Some("kDwvH3lGdGUqAwAA"),
            ),
            ("250 ok 1700000000 qp 12345", Some("12345")),
            (
                "250 Ok 0102018f2a3b4c5d-6e7f-000000",
                Some("0102018f2a3b4c5d-6e7f-000000"),
            ),
            (
                "250 2.0.0 OK <SY5P282MB.PROD.OUTLOOK.COM> [Hostname=SY5P282MB.PROD.OUTLOOK.COM]",
                None,
            ),
            ("250 OK , completed", None),
            ("250 Ok", None),
            ("250 2.0.0 queued as", None),
            ("250 Message accepted for delivery", None),
            ("250 2.0.0 Saved", None),
            ("250 2.0.0 Message accepted for delivery", None),
            ("250 2.0.0 <ann@example.org> Saved", None),
            ("250 Queued (0.008 seconds)", None),
            ("250 2.0.0 OK", None),
        ] {
            assert_eq!(
                queue_id(&crate::session::recipient::tests::reply(reply)),
                id,
                "{reply}"
            );
        }
    }
}
