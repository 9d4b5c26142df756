//! Errors about too many open files and sockets.

use std::io;

/// The next step if the process, or the system, has no descriptor left for another file or socket;
/// `None` for other errors.
pub(crate) fn hint(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        OF_THE_PROCESS => {
            Some("this process has too many files open: raise the limit with `ulimit -n`")
        }
        OF_THE_SYSTEM => Some("the system has too many files open: close some, or raise its limit"),
        _ => None,
    }
}

/// EMFILE, which is the same on all systems of this kind.
#[cfg(unix)]
const OF_THE_PROCESS: i32 = 24;

/// ENFILE, likewise.
#[cfg(unix)]
const OF_THE_SYSTEM: i32 = 23;

/// `ERROR_TOO_MANY_OPEN_FILES`.
#[cfg(not(unix))]
const OF_THE_PROCESS: i32 = 4;

/// `WSAEMFILE`, of sockets.
#[cfg(not(unix))]
const OF_THE_SYSTEM: i32 = 10_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn only_the_lack_of_descriptors_has_a_hint() {
        for (code, expected) in [(24, Some("ulimit -n")), (23, Some("system")), (13, None)] {
            let hint = hint(&io::Error::from_raw_os_error(code));
            assert_eq!(hint.is_some(), expected.is_some(), "{code}");
            assert!(
                hint.unwrap_or_default()
                    .contains(expected.unwrap_or_default())
            );
        }
        assert_eq!(hint(&io::Error::other("no")), None);
    }
}
