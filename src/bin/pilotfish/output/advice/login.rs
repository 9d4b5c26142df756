//! Advice for a login that is refused or missing.

use pilotfish::{ErrorKind, Stage};

use super::situation::LoginBy;
use super::{ANY, Hint, Situation};

/// For a login that is refused.
pub(super) const HINTS: &[Hint] = &[
    Hint {
        codes: &[535],
        statuses: &["X.7.8"],
        words: &["gsmtp"],
        when: sent_an_app_password,
        advice: "the password looks like an app password: check that it belongs to --user and has \
                 not been revoked (a new account password revokes all): \
                 https://myaccount.google.com/apppasswords",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        codes: &[535],
        statuses: &["X.7.8"],
        words: &["gsmtp"],
        when: |situation| situation.login == LoginBy::Password,
        advice: "Gmail takes no account password here: make an app password at \
                 https://myaccount.google.com/apppasswords (it has 16 letters) and use that",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        codes: &[534],
        statuses: &["X.7.9"],
        words: &["gsmtp", "google.com"],
        advice: "the password is right, but Gmail wants an app password: make one at \
                 https://myaccount.google.com/apppasswords",
        ..ANY
    },
    Hint {
        codes: &[534],
        statuses: &["X.7.14"],
        words: &["gsmtp", "google.com"],
        advice: "Google wants to see you first: log in with a browser from this network, then try \
                 again",
        ..ANY
    },
    Hint {
        codes: &[535, 550],
        statuses: &["X.7.139", "X.7.30"],
        when: |situation| situation.login == LoginBy::Password,
        advice: "Microsoft takes no password for this account: log in by an OAuth 2.0 token \
                 (--token-command), or have the administrator allow authenticated SMTP",
        ..ANY
    },
    Hint {
        codes: &[535],
        words: &["auth005"],
        advice: "Yahoo takes no account password here: make an app password in the security \
                 settings of the account and use that",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        stages: &[Stage::Auth],
        codes: &[535, 501],
        when: |situation| situation.login == LoginBy::Token,
        advice: "get a new access token, which mostly lasts for an hour, and check that it is for \
                 sending mail by SMTP and belongs to --user",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[535],
        when: |situation| situation.login == LoginBy::Certificate,
        advice: "the server does not let the certificate of --tls-cert log in: check which user it \
                 is for",
        ..ANY
    },
    Hint {
        codes: &[525],
        advice: "the account is disabled: ask the server's operator",
        ..ANY
    },
    Hint {
        codes: &[500],
        statuses: &["X.5.6"],
        advice: "the server takes no line as long as the login: use a shorter token or password, or \
                 another mechanism by --auth",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[500, 501, 502, 503, 504, 534, 538],
        when: |situation| situation.names_mechanisms,
        advice: "leave --auth out, so that every mechanism that the server offers is tried, or name \
                 another by it",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[500, 501, 502, 503, 504, 534, 538],
        when: |situation| situation.login == LoginBy::Password,
        advice: "the server takes this password by none of its mechanisms: ask its operator which \
                 login it wants, and name the mechanism by --auth",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        causes: &["(no-resources)"],
        advice: "the server cannot verify the password now: try again later",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[535],
        causes: &["also offers"],
        when: |situation| situation.login == LoginBy::Password,
        advice: "check the user name and the password; if they are right, log in by another \
                 mechanism: --auth plain,login",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[535],
        when: sent_an_app_password,
        advice: "check that the password belongs to --user and has not been revoked",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        codes: &[535],
        advice: "check the user name and the password; many services want an app password here",
        says_what_was_sent: true,
        ..ANY
    },
    Hint {
        codes: &[454],
        statuses: &["X.7.0"],
        words: &["login"],
        advice: "the password may well be right: too many logins in a short time. Wait an hour",
        ..ANY
    },
];

/// Words of servers that refuse a mail because the client has not logged in.
const LOG_IN_FIRST: &[&str] = &[
    "authentication required",
    "authentication is required",
    "requires authentication",
    "require authentication",
    "not authenticated",
    "authenticate first",
    "authentication first",
    "must authenticate",
    "log in first",
    "login required",
    "must log in",
    "need to log in",
    "auth required",
    "auth is required",
    "be authenticated",
    "please authenticate",
    "need to authenticate",
    "auth first",
    "auth command first",
];

/// Words of servers that look for proof that the mail comes from its domain.
const OF_THE_DOMAIN: &[&str] = &["spf", "dkim", "dmarc"];

/// A mail that is refused because the client has not logged in, whatever the situation. Once a
/// server has the message, such words are about the message.
const WANTS_LOGIN: Hint = Hint {
    stages: &[Stage::Mail, Stage::Rcpt, Stage::Data],
    codes: &[503, 535, 550, 551, 553, 554],
    words: LOG_IN_FIRST,
    except: OF_THE_DOMAIN,
    ..ANY
};

/// The same by the codes for it (RFC 4954 section 6): 530, and 535 where no login was asked for.
const WANTS_LOGIN_BY_CODE: Hint = Hint {
    stages: &[Stage::Mail, Stage::Rcpt, Stage::Data, Stage::EndOfData],
    codes: &[530, 535],
    ..ANY
};

const WITHOUT_TLS_NONE: &str = "the server wants a login: give --user and --password-file, and \
                                leave --tls none out";
const WITH_STARTTLS: &str = "the server wants a login: give --user and --password-file, and use \
                             --tls starttls";
const NO_LOGIN: &str = "the server wants a login: give --user and --password-file";

/// For a login that is missing.
pub(super) const WANTED: &[Hint] = &[
    Hint {
        when: is_in_clear_text_by_flag,
        advice: WITHOUT_TLS_NONE,
        ..WANTS_LOGIN
    },
    Hint {
        when: is_in_clear_text_by_flag,
        advice: WITHOUT_TLS_NONE,
        ..WANTS_LOGIN_BY_CODE
    },
    Hint {
        when: needs_tls,
        advice: WITH_STARTTLS,
        ..WANTS_LOGIN
    },
    Hint {
        when: needs_tls,
        advice: WITH_STARTTLS,
        ..WANTS_LOGIN_BY_CODE
    },
    Hint {
        when: |situation| !situation.logs_in(),
        advice: NO_LOGIN,
        ..WANTS_LOGIN
    },
    Hint {
        when: |situation| !situation.logs_in(),
        advice: NO_LOGIN,
        ..WANTS_LOGIN_BY_CODE
    },
];

/// Whether a login that is added would be refused, since it would go out in clear text.
fn needs_tls(situation: &Situation) -> bool {
    !situation.logs_in() && situation.is_in_clear_text() && !situation.takes_clear_login
}

/// The same, where `--tls none` is the only reason for it.
fn is_in_clear_text_by_flag(situation: &Situation) -> bool {
    needs_tls(situation) && situation.tls_none_flag
}

fn sent_an_app_password(situation: &Situation) -> bool {
    let secret = situation.secret.as_ref();
    secret.is_some_and(super::SecretShape::looks_like_app_password)
}
