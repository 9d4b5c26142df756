//! Advice for what goes wrong before a mail: the network, the greeting, EHLO and TLS.

use pilotfish::protocol::ReplyMeaning::{CommandUnknown, TlsRequired};
use pilotfish::session::Security;
use pilotfish::{ErrorKind, Problem, Stage};

use super::{ANY, Advice, rows};
use crate::connection::Connection;

pub(super) const ROWS: &[Advice] = rows! {
    statuses: &["X.7.66"]
        => "the server wants TLS 1.2 or later, and something on the way, such as a proxy or a virus \
            scanner, uses an older version: connect without it";
    stages: BEFORE_THE_MESSAGE, means: Some(TlsRequired), when: |connection| connection.tls_none_flag
        => "the server wants TLS: leave --tls none out";
    stages: BEFORE_THE_MESSAGE, means: Some(TlsRequired), when: Connection::is_in_clear_text
        => "the server wants TLS: use --tls starttls";
    stages: NAMED, codes: &[421], words: NAME, when: |connection| !connection.names_helo()
        => "the server may not like the name of this machine: give its full host name by --helo, or \
            try again later";
    stages: NAMED, codes: &[450, 451, 501, 504, 521, 550, 553, 554], words: NAME, when: |connection| !connection.names_helo()
        => "the server does not like the name of this machine: give its full host name by --helo";
    // No port is customary for LMTP, and lmtp:// has no TLS unless --tls says so.
    problems: &[Problem::NoStartTls], when: |connection| connection.account.is_lmtp()
        => "use --tls implicit if the port begins with TLS, or --tls none for a server without a \
            login on a network that you trust";
    problems: &[Problem::NoStartTls], when: |connection| !connection.account.logs_in() && connection.is_local()
        => "for a server on this machine that takes mail without a login, add --tls none";
    problems: &[Problem::NoStartTls], when: |connection| !connection.account.logs_in()
        => "add --tls implicit if the port begins with TLS, or --tls none for a relay without a \
            login on a network that you trust";
    problems: &[Problem::NoStartTls]
        => "add --tls implicit, which is on port 465";
    problems: &[Problem::BeginsWithTls], when: |connection| connection.account.security() != Security::ImplicitTls
        => "add --tls implicit";
    problems: &[Problem::BeginsInClearText], when: |connection| connection.account.security() == Security::ImplicitTls
        => "add --tls starttls, or --tls none for a server without TLS and without a login";
    problems: &[Problem::MaybeLmtp]
        => "for LMTP, write --server lmtp://HOST:PORT";
    stages: &[Stage::Hello], means: Some(CommandUnknown), when: |connection| connection.account.is_lmtp()
        => "for SMTP, write --server HOST:PORT";
    kinds: &[ErrorKind::Rejected], stages: &[Stage::Hello], when: |connection| !connection.names_helo()
        => "servers may want the full host name of this machine: give it by --helo";
    kinds: &[ErrorKind::Rejected], stages: &[Stage::Hello]
        => "give another name by --helo, or leave --helo out";
    problems: &[Problem::PasswordInClearText]
        => "encrypt the connection by --tls starttls or --tls implicit; --danger-cleartext-auth \
            sends the password where anyone on the network can read it";
    problems: &[Problem::OtherName]
        => "give --server the name in the certificate, or that name by --tls-name";
    problems: &[Problem::ClientCertificate]
        => "give the certificate and its key by --tls-cert FILE and --tls-key FILE";
    problems: &[Problem::NoAddressOfFamily]
        => "leave -4, -6 and --source-ip out";
    problems: &[Problem::ForeignSourceAddress]
        => "give --source-ip an address of this machine, or leave it out";
    problems: &[Problem::NoProxyPassword]
        => "give the proxy's password by --proxy-password-file";
    kinds: &[ErrorKind::Auth], stages: &[Stage::Connect]
        => "the user of a proxy is a part of --proxy, as in http://USER@HOST:PORT, and the password is in \
            the file of --proxy-password-file";
};

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
