//! What standard input is for.

use std::fs::Metadata;
use std::io::{IsTerminal as _, stdin};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat, tell};
use rustix::io::ioctl_fionread;

use super::{Input, TextSource, blocking};
use crate::args::{GlobalArguments, MailArguments};
use crate::failure::Failure;
use crate::output::report;

/// How long a pipe may be silent before the command goes on without it.
const PATIENCE: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Who writes the text that is on standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A file or a program, or standard input is not the text.
    Program,
    /// A person at the terminal.
    Person,
}

/// Decides what standard input is for. `is_taken` says that a password, a key or another file is
/// read from it.
///
/// Without a flag that names content, standard input is the text. Beside an attachment that is so for
/// a file from its beginning, as after `<`, and for a pipe that this command alone reads from. From any
/// other pipe the calling script reads too, and may need all of it.
pub(crate) async fn assign(
    mail: &mut MailArguments,
    is_taken: bool,
    global: &GlobalArguments,
) -> Result<Writer, Failure> {
    let readers = mail.inputs().filter(|input| **input == Input::Stdin);
    let readers = readers.count() + usize::from(is_taken);
    if readers > 1 {
        let message = "standard input is named twice and can be read once: put one into a file";
        return Err(Failure::usage(message));
    }
    if readers == 1 || mail.has_text() {
        return Ok(Writer::Program);
    }
    if mail.content.has_parts() {
        let found = blocking(beside_content).await;
        if found != Beside::Text {
            let warning = found.warning().filter(|_| !global.quiet);
            if let Some(warning) = warning {
                report::warning(warning);
            }
            return Ok(Writer::Program);
        }
    }
    mail.content.text = Some(TextSource::Read(Input::Stdin));
    Ok(if stdin().is_terminal() {
        Writer::Person
    } else {
        Writer::Program
    })
}

/// What standard input is beside an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// The text: a file, or a pipe of this command alone.
    Text,
    /// It has ended, or it is a terminal or another device.
    Nothing,
    /// An open pipe that gives nothing.
    Silent,
    /// A pipe that has something, and that the calling program may read too.
    Shared,
}

impl Beside {
    /// What to say where the text may be on standard input, and is not read.
    fn warning(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Nothing => None,
            Self::Silent => Some(
                "Pilotfish did not wait for standard input, a pipe that gave nothing within 1 s: add \
                 --text - if it has the text, or < /dev/null if not",
            ),
            Self::Shared => Some(
                "Pilotfish did not read standard input, from which the calling script reads too: add \
                 --text - if it has the text, or < /dev/null if not",
            ),
        }
    }
}

/// Looks at standard input, and reads nothing. Waits for a pipe, but not for ever.
fn beside_content() -> Beside {
    let stdin = stdin();
    let kind = fstat(&stdin).map(|status| FileType::from_raw_mode(status.st_mode));
    match kind {
        Ok(FileType::RegularFile) if tell(&stdin) == Ok(0) => return Beside::Text,
        Ok(FileType::Fifo | FileType::Socket) => {}
        _ => return Beside::Nothing,
    }
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let is_ready = poll(&mut fds, Some(&PATIENCE)).is_ok_and(|count| count > 0);
    match ioctl_fionread(&stdin) {
        Ok(0) if is_ready => Beside::Nothing,
        _ if !is_ready => Beside::Silent,
        _ if is_shared_with_caller() => Beside::Shared,
        _ => Beside::Text,
    }
}

/// Whether standard input is that of the program that runs this command, too, as in a loop of a shell
/// that reads from a pipe. Where the system does not say it (outside Linux), it may be.
fn is_shared_with_caller() -> bool {
    let caller = rustix::process::getppid();
    let callers = caller.map(|id| format!("/proc/{}/fd/0", id.as_raw_nonzero()));
    let callers = callers.and_then(|path| std::fs::metadata(path).ok());
    let own = std::fs::metadata("/dev/stdin").ok();
    match (callers, own) {
        (Some(callers), Some(own)) => identity(&callers) == identity(&own),
        _ => true,
    }
}

/// Whether a file is standard input under another name, as `/dev/stdin` is.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    let named = std::fs::metadata(path);
    let stdin = std::fs::metadata("/dev/stdin");
    matches!((named, stdin), (Ok(named), Ok(stdin)) if identity(&named) == identity(&stdin))
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
