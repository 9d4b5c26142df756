//! Exit statuses: those of sysexits.h, and three of our own.

use std::panic::{UnwindSafe, catch_unwind};
use std::process::ExitCode;

use pilotfish::protocol::ReplyMeaning;
use pilotfish::session::MailOutcome;
use pilotfish::{Error, ErrorKind, Stage};

use crate::output::report;

pub(crate) const OK: u8 = 0;
pub(crate) const USAGE: u8 = 64;
pub(crate) const DATA: u8 = 65;
pub(crate) const NO_INPUT: u8 = 66;
pub(crate) const NO_HOST: u8 = 68;
pub(crate) const UNAVAILABLE: u8 = 69;
pub(crate) const BUG: u8 = 70;
pub(crate) const OS_ERROR: u8 = 71;
pub(crate) const CANNOT_CREATE: u8 = 73;
pub(crate) const IO_ERROR: u8 = 74;
pub(crate) const TEMPORARY: u8 = 75;
pub(crate) const PROTOCOL: u8 = 76;
pub(crate) const NO_PERMISSION: u8 = 77;
pub(crate) const CONFIG: u8 = 78;
pub(crate) const PARTIAL: u8 = 80;
pub(crate) const UNKNOWN: u8 = 81;
pub(crate) const HUNG_UP: u8 = 129;
pub(crate) const INTERRUPTED: u8 = 130;
pub(crate) const TERMINATED: u8 = 143;

/// The signal that ends a process with this id in place of a status, as shells expect it.
///
/// The first process of a container has the id 1. The kernel ignores a signal that this process
/// sends to itself, so the process ends with the status.
pub(crate) fn signal(status: u8, process_id: u32) -> Option<i32> {
    match status {
        _ if process_id == 1 => None,
        HUNG_UP | INTERRUPTED | TERMINATED => Some(i32::from(status) - 128),
        _ => None,
    }
}

/// What the command returns, or [`BUG`] if it panics. The message of the panic is on standard error then.
pub(crate) fn unless_panicked(command: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    catch_unwind(command).unwrap_or_else(|_| {
        report::notice(
            "error: this is a bug in Pilotfish, please report it with the lines above\n  \
             help: a mail may have been sent: ask its recipients before you send it again",
        );
        ExitCode::from(BUG)
    })
}

/// The status for a mail that was not accepted for all of its recipients.
///
/// Whatever the cause: 81 if the fate is unknown, 80 if some recipients have the mail, and 75 if it
/// may succeed later.
pub(crate) fn status(error: &Error) -> u8 {
    match MailOutcome::of(Err(error)) {
        MailOutcome::Unknown => return UNKNOWN,
        MailOutcome::Partial => return PARTIAL,
        MailOutcome::Deferred => return TEMPORARY,
        _ => {}
    }
    match error.kind() {
        ErrorKind::Config => CONFIG,
        ErrorKind::Connect => NO_HOST,
        ErrorKind::Tls | ErrorKind::Protocol => PROTOCOL,
        ErrorKind::Auth => NO_PERMISSION,
        ErrorKind::Unsupported => UNAVAILABLE,
        ErrorKind::Rejected if error.means(ReplyMeaning::LoginRequired) => NO_PERMISSION,
        // A server that does not talk to us at all has not looked at the mail.
        ErrorKind::Rejected
            if matches!(
                error.stage(),
                Some(Stage::Connect | Stage::Greeting | Stage::Hello)
            ) =>
        {
            UNAVAILABLE
        }
        ErrorKind::InvalidInput | ErrorKind::Rejected => DATA,
        ErrorKind::Body => NO_INPUT,
        ErrorKind::Timeout | ErrorKind::Io | ErrorKind::Closed => TEMPORARY,
        _ => BUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug() {
        let status = |command: fn() -> ExitCode| format!("{:?}", unless_panicked(command));
        assert_eq!(
            status(|| panic!("a bug")),
            format!("{:?}", ExitCode::from(70))
        );
        assert_eq!(
            status(|| ExitCode::from(75)),
            format!("{:?}", ExitCode::from(75))
        );
    }

    #[test]
    fn a_signal_ends_every_process_but_the_first_of_a_container() {
        for (status, process_id, expected) in [
            (INTERRUPTED, 4711, Some(2)),
            (TERMINATED, 4711, Some(15)),
            (HUNG_UP, 4711, Some(1)),
            (INTERRUPTED, 1, None),
            (TERMINATED, 1, None),
            (HUNG_UP, 1, None),
            (TEMPORARY, 4711, None),
        ] {
            assert_eq!(
                signal(status, process_id),
                expected,
                "{status} {process_id}"
            );
        }
    }
}
