//! Advice for what goes wrong before a mail: the network, the greeting, EHLO and TLS.

use pilotfish::{Kind, Stage};

use super::{ANY, Hint, Situation};

pub(super) const HINTS: &[Hint] = &[
    Hint {
        statuses: &["X.7.66"],
        advice: "the server wants TLS 1.2 or later, and something on the way, such as a proxy or \
                 a virus scanner, uses an older version: connect without it",
        ..ANY
    },
    Hint {
        codes: &[530],
        words: &["starttls"],
        when: |situation| situation.tls_none_flag,
        advice: "the server wants TLS: leave --tls none out",
        ..ANY
    },
    Hint {
        codes: &[530],
        words: &["starttls"],
        when: Situation::is_in_clear_text,
        advice: "the server wants TLS: add --tls starttls",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Unsupported],
        stages: &[Stage::StartTls],
        when: |situation| !situation.logs_in() && situation.is_local(),
        advice: "for a server on this machine that takes mail without a login, add --tls none",
        ..ANY
    },
    Hint {
        kinds: &[Kind::Rejected],
        stages: &[Stage::Hello],
        when: |situation| !situation.names_helo,
        advice: "servers may want the full host name of this machine: give it by --helo",
        ..ANY
    },
];
