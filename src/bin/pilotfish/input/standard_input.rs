//! What standard input is for.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{IsTerminal as _, stdin};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat, tell};
use rustix::io::{ioctl_fionread, retry_on_intr};
use rustix::process::getppid;

use super::{Input, TextSource, blocking};
use crate::args::MailArguments;
use crate::failure::Failure;

/// How long a pipe may be silent where it is not sure that it is the text.
const PATIENCE: Duration = Duration::from_secs(3);

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
/// Without a flag that names content, standard input is the text. Beside other content that is so for
/// a file from its beginning, as after `<`, and for a pipe that this command alone reads from. Any other
/// open pipe may be the text as well, or belong to the calling script. A guess would send the wrong mail,
/// so the user has to say which.
pub(crate) async fn assign(mail: &mut MailArguments, is_taken: bool) -> Result<Writer, Failure> {
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
        if !blocking(is_text_beside_content).await? {
            return Ok(Writer::Program);
        }
    } else if is_begun_file() {
        // A list that a loop reads would be sent to the first of its recipients.
        let message = "standard input is a file that something else has begun to read";
        let help = "add --text - if the rest is the text, or name the text by --text";
        return Err(Failure::usage(message).with_help(help));
    }
    mail.content.text = Some(TextSource::Read(Input::Stdin));
    Ok(if stdin().is_terminal() {
        Writer::Person
    } else {
        Writer::Program
    })
}

/// Whether standard input is a regular file from which something has been read.
fn is_begun_file() -> bool {
    let stdin = stdin();
    let kind = fstat(&stdin).map(|status| FileType::from_raw_mode(status.st_mode));
    kind == Ok(FileType::RegularFile) && tell(&stdin).is_ok_and(|offset| offset > 0)
}

/// Whether standard input is the text beside other content, or has nothing. Looks at it, and reads
/// nothing.
///
/// Fails for a pipe or socket of which that is not sure.
fn is_text_beside_content() -> Result<bool, Failure> {
    let unsure = |message: &str| {
        let help = "add --text - if standard input is the text, or < /dev/null if it is not";
        Err(Failure::usage(message).with_help(help))
    };
    let stdin = stdin();
    let kind = fstat(&stdin).map(|status| FileType::from_raw_mode(status.st_mode));
    match kind {
        Ok(FileType::RegularFile) => return Ok(tell(&stdin) == Ok(0)),
        Ok(FileType::Fifo | FileType::Socket) => {}
        _ => return Ok(false),
    }
    let patience = Timespec::try_from(PATIENCE).ok();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let ready = retry_on_intr(|| poll(&mut fds, patience.as_ref()));
    if !ready.is_ok_and(|count| count > 0) {
        let seconds = PATIENCE.as_secs();
        return unsure(&format!(
            "standard input is a pipe that gave nothing within {seconds} s: it may still give the text"
        ));
    }
    if ioctl_fionread(&stdin) == Ok(0) {
        return Ok(false);
    }
    if !is_read_by_this_command_alone() {
        return unsure("standard input has data, and other programs may read from it too");
    }
    Ok(true)
}

/// Whether no other process is seen that reads from standard input, as a shell does in a loop. Where
/// the program that runs this command cannot be looked at, as under sudo or outside Linux, it may.
fn is_read_by_this_command_alone() -> bool {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
    let caller = getppid().map(|id| format!("/proc/{}/fd", id.as_raw_nonzero()));
    let is_seen = caller.is_some_and(|descriptors| std::fs::read_dir(descriptors).is_ok());
    let own = std::fs::metadata("/dev/stdin");
    let Some(own) = own.ok().filter(|_| is_seen) else {
        return false;
    };
    let end = Instant::now() + PATIENCE;
    loop {
        let others = descriptors_of_others(identity(&own));
        // A shell that has made a pipe closes its own end soon after it starts the command. That end
        // is not its standard input.
        let lasts = others.iter().any(|name| name == "0") || Instant::now() > end;
        if others.is_empty() || lasts {
            return others.is_empty();
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// The numbers of the descriptors by which other processes can read from this file. Processes of other
/// users are not seen.
fn descriptors_of_others(file: (u64, u64)) -> Vec<OsString> {
    const OWNER_READS: u32 = 0o400;
    let own = std::process::id().to_string();
    let entries = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten();
    let is_process = |name: &OsString| {
        let name = name.to_string_lossy();
        name.bytes().all(|octet| octet.is_ascii_digit()) && name != own
    };
    let processes = entries("/proc".into()).filter(|entry| is_process(&entry.file_name()));
    let descriptors = processes.flat_map(|process| entries(process.path().join("fd")));
    let others = descriptors.filter(|descriptor| {
        let is_this = |target: Metadata| identity(&target) == file;
        // The permissions of the link are those of the descriptor: both ends of a pipe are one file.
        let reads = |link: Metadata| link.mode() & OWNER_READS != 0;
        std::fs::metadata(descriptor.path()).is_ok_and(is_this)
            && descriptor.metadata().is_ok_and(reads)
    });
    others.map(|descriptor| descriptor.file_name()).collect()
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
