//! Advice for a login that is refused or missing.

use pilotfish::Kind;

use super::situation::LoginBy;
use super::{ANY, Hint};

pub(super) const HINTS: &[Hint] = &[
    Hint {
        codes: &[535],
        statuses: &["X.7.8"],
        words: &["gsmtp"],
        advice: "Gmail takes no account password here: make an app password at \
                 https://myaccount.google.com/apppasswords (it has 16 letters) and use that",
        ..ANY
    },
    Hint {
        codes: &[534],
        statuses: &["X.7.9"],
        words: &["gsmtp"],
        advice: "the password is right, but Gmail wants an app password: make one at \
                 https://myaccount.google.com/apppasswords",
        ..ANY
    },
    Hint {
        codes: &[534],
        statuses: &["X.7.14"],
        words: &["gsmtp", "google"],
        advice: "Google wants to see you first: log in with a browser from this network, then try \
                 again",
        ..ANY
    },
    Hint {
        codes: &[535],
        statuses: &["X.7.139"],
        advice: "Microsoft takes no password for this account: its administrator has to allow \
                 authenticated SMTP, or it needs OAuth 2.0",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[535],
        when: |situation| situation.login == LoginBy::Token,
        advice: "access tokens are valid for about an hour and for one service: get a new one, for \
                 sending mail",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[535],
        when: |situation| situation.login == LoginBy::Certificate,
        advice: "the server does not let the certificate of --tls-cert log in: check which user it \
                 is for",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[535],
        causes: &["also offers"],
        when: |situation| situation.login == LoginBy::Password,
        advice: "check the user name and the password; if they are right, log in by another \
                 mechanism: --auth plain,login",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[535],
        advice: "check the user name and the password; many services want an app password here",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[500, 501, 502, 503, 504, 534, 538],
        when: |situation| situation.names_mechanisms,
        advice: "leave --auth out, so that every mechanism that the server offers is tried, or name \
                 another by it",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Auth],
        codes: &[500, 501, 502, 503, 504, 534, 538],
        when: |situation| situation.login == LoginBy::Password,
        advice: "the server takes this password by none of its mechanisms: ask its operator which \
                 login it wants, and name the mechanism by --auth",
        ..ANY
    },
    Hint {
        codes: &[454],
        statuses: &["X.7.0"],
        words: &["login"],
        advice: "the password may well be right: too many logins in a short time. Wait an hour",
        ..ANY
    },
    Hint {
        codes: &[530, 535],
        when: |situation| !situation.logs_in() && situation.tls_none_flag,
        advice: "the server wants a login: give --user and --password-file, and leave --tls none \
                 out",
        ..ANY
    },
    Hint {
        codes: &[530, 535],
        when: |situation| !situation.logs_in(),
        advice: "the server wants a login: give --user and --password-file",
        ..ANY
    },
];
