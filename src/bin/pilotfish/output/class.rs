//! The class of a failure, for scripts.

use pilotfish::protocol::ReplyMeaning;
use pilotfish::{Error, ErrorKind, Fate, Problem, Stage};

/// One word for why a mail was not accepted. Scripts decide by it what to do.
pub(super) fn class(error: &Error) -> Option<&'static str> {
    use ErrorKind::{
        Auth, Body, Closed, Connect, InvalidInput, Io, Protocol, Rejected, Timeout, Tls,
    };
    let means = |meaning| error.means(meaning);
    let at = |stages: &[Stage]| error.stage().is_some_and(|stage| stages.contains(&stage));
    Some(match error.kind() {
        _ if error.fate() == Fate::Unknown => "unknown",
        Auth if error.is_transient() => "auth-later",
        Auth => "auth-refused",
        Rejected | Closed if at(&[Stage::Auth]) && error.reply().is_some() => "auth-later",
        Rejected | Closed if means(ReplyMeaning::QuotaExceeded) => "quota",
        Rejected | InvalidInput if means(ReplyMeaning::MessageTooLarge) => "too-big",
        Rejected | Closed if means(ReplyMeaning::TlsRequired) => "tls",
        Rejected | Closed if means(ReplyMeaning::LoginRequired) => "auth-refused",
        Rejected | Closed if means(ReplyMeaning::Greylisted) => "greylist",
        Rejected | Closed if means(ReplyMeaning::Throttled) => "throttle",
        Rejected if at(&[Stage::Mail]) => "sender",
        Rejected if at(&[Stage::Rcpt]) => "recipient",
        Rejected if at(&[Stage::Data, Stage::Transfer, Stage::EndOfData]) => "content",
        InvalidInput if matches!(error.problem(), Some(Problem::MessageTooLarge { .. })) => {
            "too-big"
        }
        Tls => "tls",
        Closed | Connect | Io | Protocol | Rejected | Timeout => "network",
        InvalidInput | Body => "content",
        _ => return None,
    })
}
