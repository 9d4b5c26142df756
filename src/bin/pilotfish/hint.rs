//! What to do next, where the server's words do not say it.

use pilotfish::{Error, Fate, Kind};

/// A reply that many stumble on. All that is given has to match.
struct Hint {
    code: u16,
    enhanced: &'static str,
    /// A word of the text.
    text: &'static str,
    advice: &'static str,
}

const HINTS: &[Hint] = &[
    Hint {
        code: 535,
        enhanced: "5.7.8",
        text: "gsmtp",
        advice: "Gmail takes no account password here: make an app password at \
                 https://myaccount.google.com/apppasswords (it has 16 letters) and use that",
    },
    Hint {
        code: 534,
        enhanced: "5.7.9",
        text: "",
        advice: "the password is right, but Gmail wants an app password: make one at \
                 https://myaccount.google.com/apppasswords",
    },
    Hint {
        code: 534,
        enhanced: "5.7.14",
        text: "",
        advice: "Google wants to see you first: log in with a browser from this network, then try \
                 again",
    },
    Hint {
        code: 535,
        enhanced: "5.7.139",
        text: "",
        advice: "Microsoft takes no password for this account: its administrator has to allow \
                 authenticated SMTP, or it needs OAuth 2.0",
    },
    Hint {
        code: 535,
        enhanced: "",
        text: "",
        advice: "check the user name and the password; many services want an app password here",
    },
    Hint {
        code: 454,
        enhanced: "4.7.0",
        text: "login",
        advice: "the password may well be right: too many logins in a short time. Wait an hour",
    },
    Hint {
        code: 550,
        enhanced: "5.4.5",
        text: "",
        advice: "a sending limit for 24 hours is used up: try again tomorrow",
    },
    Hint {
        code: 530,
        enhanced: "",
        text: "starttls",
        advice: "the server wants TLS first: leave --tls none out",
    },
    Hint {
        code: 530,
        enhanced: "",
        text: "",
        advice: "the server wants a login: give --user and a password",
    },
    Hint {
        code: 554,
        enhanced: "5.7.1",
        text: "access denied",
        advice: "most servers take mail only from those who log in: give --user and a password, \
                 and the --from that is yours",
    },
    Hint {
        code: 421,
        enhanced: "",
        text: "too many errors",
        advice: "the server gave up over the recipients that it refused: leave them out",
    },
    Hint {
        code: 552,
        enhanced: "5.2.2",
        text: "",
        advice: "the recipient's mailbox is full",
    },
    Hint {
        code: 552,
        enhanced: "",
        text: "size",
        advice: "send the files in several mails, or by a link; attachments grow by 37 % on their \
                 way",
    },
];

/// The advice for an error, if there is any that the error itself does not give.
pub(crate) fn hint(error: &Error) -> Option<&'static str> {
    if error.fate() == Fate::Unknown {
        return Some(
            "the mail may have been delivered: look for it at the recipient or among the sent \
             mails before you send it again",
        );
    }
    let to_recipient = || error.refused().first().map(|(_, reply)| reply);
    let reply = error.reply().or_else(to_recipient)?;
    let enhanced = reply
        .enhanced_status()
        .map(|status| status.to_string())
        .unwrap_or_default();
    let text = reply.text().to_lowercase();
    HINTS
        .iter()
        .find(|hint| {
            hint.code == reply.code().number()
                && (hint.enhanced.is_empty() || hint.enhanced == enhanced)
                && text.contains(hint.text)
        })
        .map(|hint| hint.advice)
        .or_else(|| (error.kind() == Kind::Closed).then_some("the server is busy: try again later"))
}
