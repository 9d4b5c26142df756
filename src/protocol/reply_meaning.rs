//! What replies mean that their class does not say.

use super::reply::{Reply, ReplyClass};

/// How servers say that a transaction has enough recipients.
const TOO_MANY_RECIPIENTS: [&str; 4] = [
    "too many recipients",
    "too many rcpt",
    "recipient limit",
    "number of recipients",
];

/// How servers say that a session has had enough mails: one of each.
const OF_THE_SESSION: [&str; 2] = ["session", "connection"];
const TOO_MANY_MAILS: [&str; 5] = [
    "too many messages",
    "too many mails",
    "message per",
    "messages per",
    "mails per",
];

/// How servers say without the word STARTTLS that they want TLS first.
const TLS_FIRST: [&str; 5] = [
    "tls required",
    "tls is required",
    "tls first",
    "requires tls",
    "must use tls",
];

impl Reply {
    /// Whether a mail was one too many for the session, as a reply to MAIL after other mails: 421 or
    /// 450 to 452, with the enhanced status code X.5.3 or with words that say so. Another session
    /// may take the mail at once.
    #[must_use]
    pub fn is_too_many_mails(&self) -> bool {
        let status = self
            .enhanced_status()
            .map(|status| (status.subject, status.detail));
        matches!(self.code().number(), 421 | 450..=452)
            && (status == Some((5, 3)) || self.says(&OF_THE_SESSION) && self.says(&TOO_MANY_MAILS))
    }

    /// Whether a recipient was one too many for the transaction, as a reply to RCPT: by the
    /// enhanced status code X.5.3 (RFC 3463 section 3.6), by the words of a 4yz, or by 452 and 552
    /// without either (RFC 5321 section 4.5.3.1.10). Another transaction may accept it.
    #[must_use]
    pub fn is_too_many_recipients(&self) -> bool {
        self.names_too_many_recipients()
            || matches!(self.code().number(), 452 | 552) && self.enhanced_status().is_none()
    }

    /// The same where the status code or the words leave no doubt, so that a number can be learnt
    /// from it.
    pub(crate) fn names_too_many_recipients(&self) -> bool {
        let status = self
            .enhanced_status()
            .map(|status| (status.subject, status.detail));
        // X.1.* and X.2.* are about one address and its mailbox.
        let may_say = !matches!(status, Some((1 | 2, _)));
        match self.code().class() {
            _ if self.code().number() < 400 => false,
            _ if status == Some((5, 3)) => true,
            ReplyClass::TransientNegative => may_say && self.says(&TOO_MANY_RECIPIENTS),
            _ => false,
        }
    }

    /// Whether the message is too large, as a reply to MAIL or to the message: by the enhanced
    /// status codes X.2.3 and X.3.4 (RFC 3463), by the words, or by 552 without a status code
    /// (RFC 1870 section 6.1).
    #[must_use]
    pub fn is_message_too_large(&self) -> bool {
        let status = self
            .enhanced_status()
            .map(|status| (status.subject, status.detail));
        let exceeds = self.says(&["size"]) && self.says(&["exceed", "maximum", "limit"]);
        self.code().class() == ReplyClass::PermanentNegative
            && match status {
                Some((2, 3) | (3, 4)) => true,
                None if self.code().number() == 552 => true,
                // The mailbox is full.
                Some((2, _)) => false,
                _ => exceeds || self.says(&["too big", "too large"]),
            }
    }

    /// Whether one of these is in the text, in upper or lower case.
    fn says(&self, words: &[&str]) -> bool {
        let text = self.text().to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// Whether a refusal says that the session has to be protected by TLS first: by the codes and
    /// enhanced status codes for that (523 and X.7.10; 538 and X.7.11, RFC 4954 section 6), or in
    /// words with any code, also of the class 4yz. In clear text the same is refused again, whenever
    /// it is sent. In a session with TLS the words are about something else.
    #[must_use]
    pub fn wants_tls(&self) -> bool {
        let status = self
            .enhanced_status()
            .map(|status| (status.subject, status.detail));
        let by_code = matches!(self.code().number(), 523 | 538);
        let by_status = matches!(status, Some((7, 10 | 11)));
        // X.7.4 and X.7.5 are about the server's own way to the next one; X.1, X.2 and X.4 about an
        // address, its mailbox and the network.
        let is_onward = matches!(status, Some((7, 4 | 5) | (1 | 2 | 4, _)));
        let by_words = || {
            self.says(&["starttls", "encrypt"])
                && self.says(&["must", "requir", "need", "first", "issue", "use starttls"])
                || self.says(&TLS_FIRST)
        };
        self.code().number() >= 400 && (by_code || by_status || !is_onward && by_words())
    }

    /// Whether the same may well be accepted later: a 4yz, or one of the permanent codes that
    /// services send for what passes. Of a 4yz that [wants TLS](Self::wants_tls), an
    /// [error](crate::Error::is_transient) in clear text says otherwise.
    ///
    /// Those are `550 5.4.5`, a daily limit, and a 552 that means "too many recipients"
    /// (RFC 5321 section 4.5.3.1.10).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let status = self
            .enhanced_status()
            .map(|status| (status.subject, status.detail));
        match self.code().class() {
            ReplyClass::TransientNegative => true,
            ReplyClass::PermanentNegative => matches!(
                (self.code().number(), status),
                (550, Some((4, 5))) | (552, Some((5, 3)))
            ),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReplyCode;
    use super::*;

    fn reply(code: u16, line: &str) -> Reply {
        Reply::new(ReplyCode::new(code).unwrap(), vec![line.to_owned()])
    }

    #[test]
    fn what_passes_is_transient() {
        for (code, line, transient) in [
            (454, "4.7.0 Too many login attempts", true),
            (599, "no", false),
            (550, "5.4.5 Daily user sending limit exceeded", true),
            (550, "5.1.1 no such user", false),
            (552, "5.5.3 too many recipients", true),
            (552, "5.2.3 too big", false),
            (250, "fine", false),
        ] {
            assert_eq!(reply(code, line).is_transient(), transient, "{code} {line}");
        }
    }

    #[test]
    fn who_wants_tls_first() {
        let not_now = "4.7.0 TLS not available due to temporary reason";
        let onward = "4.7.4 TLS is required, but was not offered by host mx.test";
        let unverified =
            "4.1.1 unverified address: TLS is required, but was not offered by mx.test";
        let broken = "4.7.5 TLS is required, but our TLS engine is unavailable";
        for (code, line, expected) in [
            (451, "5.7.3 STARTTLS is required to send mail", true),
            (451, "4.7.0 Must issue a STARTTLS command first", true),
            (454, "5.7.3 Must use encryption", true),
            (502, "5.7.0 Please issue STARTTLS", true),
            (523, "no", true),
            (523, "5.7.10 Encryption Needed", true),
            (538, "no", true),
            (538, "5.7.11 Encryption required", true),
            (450, "4.7.10 no", true),
            (454, "4.7.11 no", true),
            (530, "5.7.0 Must issue a STARTTLS command first", true),
            (550, "5.7.1 Encryption required for relaying", true),
            (503, "use STARTTLS", true),
            (550, "5.7.1 TLS required", true),
            (451, "4.7.1 this server requires TLS", true),
            (550, "encrypted attachments are not accepted", false),
            (250, "STARTTLS is required", false),
            (451, "4.7.1 Greylisted", false),
            (454, not_now, false),
            (454, "4.3.0 STARTTLS is not available now", false),
            (451, onward, false),
            (450, unverified, false),
            (450, "4.1.1 STARTTLS is required by mx.test", false),
            (454, broken, false),
            (450, "4.7.1 try again later, it must wait", false),
        ] {
            let reply = reply(code, line);
            assert_eq!(reply.wants_tls(), expected, "{code} {line}");
            let transient = (400..500).contains(&code);
            assert_eq!(reply.is_transient(), transient, "{code} {line}");
        }
    }

    /// As Postfix, `OpenSMTPD`, Courier and Exim say it, and RFC 5321 itself.
    #[test]
    fn a_recipient_too_many_is_known_by_code_status_or_words() {
        for (code, line, too_many, learnt) in [
            (452, "4.5.3 Error: too many recipients", true, true),
            (451, "4.5.3 Too many recipients", true, true),
            (431, "Too many recipients.", true, true),
            (431, "4.7.0 Too many RCPTs", true, true),
            (452, "too many recipients", true, true),
            (550, "5.5.3 too many recipients", true, true),
            (552, "5.5.3 Too many", true, true),
            (552, "later", true, false),
            (452, "later", true, false),
            (452, "4.2.2 over quota", false, false),
            (452, "4.3.1 disk full", false, false),
            (
                450,
                "4.2.1 the recipient limit of this mailbox",
                false,
                false,
            ),
            (450, "4.7.1 Greylisted", false, false),
            (550, "5.1.1 too many recipients of that name", false, false),
            (250, "2.5.3 the number of recipients is 7", false, false),
        ] {
            let reply = reply(code, line);
            let found = (
                reply.is_too_many_recipients(),
                reply.names_too_many_recipients(),
            );
            assert_eq!(found, (too_many, learnt), "{code} {line}");
        }
    }

    #[test]
    fn a_message_too_large_is_known_by_code_status_or_words() {
        for (code, line, too_large) in [
            (534, "SIZE=Message too big", true),
            (552, "5.3.4 Message size exceeds fixed limit", true),
            (552, "5.2.3 Your message exceeded our limits", true),
            (552, "no", true),
            (550, "Maximum message size exceeded", true),
            (554, "5.7.1 message is too large for your account", true),
            (552, "5.2.2 mailbox over quota", false),
            (501, "5.5.4 bad SIZE parameter", false),
            (553, "5.1.7 no such sender", false),
            (452, "4.3.1 too big for now", false),
            (534, "5.7.9 application-specific password required", false),
        ] {
            assert_eq!(
                reply(code, line).is_message_too_large(),
                too_large,
                "{code} {line}"
            );
        }
    }
}
