//! Advice for what goes wrong before a mail: the network, the greeting, EHLO and TLS.

use pilotfish::protocol::ReplyMeaning;
use pilotfish::session::Security;
use pilotfish::{ErrorKind, Stage};

use super::{ANY, Hint, Situation};

pub(super) const HINTS: &[Hint] = &[
    Hint {
        statuses: &["X.7.66"],
        advice: "the server wants TLS 1.2 or later, and something on the way, such as a proxy or \
                 a virus scanner, uses an older version: connect without it",
        ..ANY
    },
    Hint {
        stages: BEFORE_THE_MESSAGE,
        means: Some(ReplyMeaning::TlsRequired),
        when: |situation| situation.tls_none_flag,
        advice: "the server wants TLS: leave --tls none out",
        ..ANY
    },
    Hint {
        stages: BEFORE_THE_MESSAGE,
        means: Some(ReplyMeaning::TlsRequired),
        when: Situation::is_in_clear_text,
        advice: "the server wants TLS: use --tls starttls",
        ..ANY
    },
    Hint {
        stages: NAMED,
        codes: &[421],
        words: NAME,
        when: |situation| !situation.names_helo,
        advice: "the server may not like the name of this machine: give its full host name by \
                 --helo, or try again later",
        ..ANY
    },
    Hint {
        stages: NAMED,
        codes: &[450, 451, 501, 504, 521, 550, 553, 554],
        words: NAME,
        when: |situation| !situation.names_helo,
        advice: "the server does not like the name of this machine: give its full host name by \
                 --helo",
        ..ANY
    },
    // No port is customary for LMTP, and lmtp:// has no TLS unless --tls says so.
    Hint {
        stages: &[Stage::StartTls],
        causes: &["does not offer starttls"],
        when: |situation| situation.is_lmtp,
        advice: "use --tls implicit if the port begins with TLS, or --tls none for a server \
                 without a login on a network that you trust",
        ..ANY
    },
    Hint {
        stages: &[Stage::StartTls],
        causes: &["does not offer starttls"],
        when: |situation| !situation.logs_in() && situation.is_local(),
        advice: "for a server on this machine that takes mail without a login, add --tls none",
        ..ANY
    },
    Hint {
        stages: &[Stage::StartTls],
        causes: &["does not offer starttls"],
        when: |situation| !situation.logs_in(),
        advice: "add --tls implicit if the port begins with TLS, or --tls none for a relay without \
                 a login on a network that you trust",
        ..ANY
    },
    Hint {
        stages: &[Stage::StartTls],
        causes: &["does not offer starttls"],
        advice: "add --tls implicit, which is on port 465",
        ..ANY
    },
    Hint {
        causes: &["use implicit tls"],
        when: |situation| situation.security != Security::ImplicitTls,
        advice: "add --tls implicit",
        ..ANY
    },
    Hint {
        causes: &["use starttls"],
        when: |situation| situation.security == Security::ImplicitTls,
        advice: "add --tls starttls, or --tls none for a server without TLS and without a login",
        ..ANY
    },
    Hint {
        causes: &["use lmtp"],
        advice: "for LMTP, write --server lmtp://HOST:PORT",
        ..ANY
    },
    Hint {
        causes: &["does not speak lmtp"],
        advice: "for SMTP, write --server HOST:PORT",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Rejected],
        stages: &[Stage::Hello],
        when: |situation| !situation.names_helo,
        advice: "servers may want the full host name of this machine: give it by --helo",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Rejected],
        stages: &[Stage::Hello],
        causes: &["refused the name"],
        advice: "give another name by --helo, or leave --helo out",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Config],
        causes: &["password would be sent in clear text"],
        advice: "encrypt the connection by --tls starttls or --tls implicit; \
                 --danger-cleartext-auth sends the password for everybody on the way to read",
        ..ANY
    },
    Hint {
        causes: &["ca file", "ca_file"],
        advice: "--tls-ca FILE trusts an authority of yours; --tls-fingerprint sha256:HEX pins a \
                 certificate",
        ..ANY
    },
    Hint {
        causes: &["is not for "],
        stages: &[Stage::Connect, Stage::StartTls],
        advice: "give --server the name in the certificate, or that name by --tls-name",
        ..ANY
    },
    Hint {
        causes: &["pin sha256:", "is not the pinned one"],
        advice: "--tls-fingerprint sha256:HEX pins a certificate",
        ..ANY
    },
    Hint {
        causes: &["wants a client certificate"],
        advice: "give the certificate and its key by --tls-cert FILE and --tls-key FILE",
        ..ANY
    },
    Hint {
        causes: &["no address of the family"],
        advice: "leave -4, -6 and --source-ip out",
        ..ANY
    },
    Hint {
        causes: &["source address has to be"],
        advice: "give --source-ip an address of this machine, or leave it out",
        ..ANY
    },
    Hint {
        causes: &["proxy has a user and no password"],
        advice: "give the proxy's password by --proxy-password-file",
        ..ANY
    },
    Hint {
        kinds: &[ErrorKind::Auth],
        stages: &[Stage::Connect],
        advice: "the user of a proxy stands in --proxy, as in http://USER@HOST:PORT, and the \
                 password in the file of --proxy-password-file",
        ..ANY
    },
];

/// Where a server can want TLS first. A refusal of the message may speak of encryption in it.
const BEFORE_THE_MESSAGE: &[Stage] = &[
    Stage::Greeting,
    Stage::Hello,
    Stage::Auth,
    Stage::Mail,
    Stage::Rcpt,
    Stage::Data,
];

/// Where a server refuses the name in EHLO. It may wait for a recipient with that.
const NAMED: &[Stage] = &[Stage::Greeting, Stage::Hello, Stage::Mail, Stage::Rcpt];

/// How servers speak of the name in EHLO.
const NAME: &[&str] = &["helo", "ehlo", "hello name"];
