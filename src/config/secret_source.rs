//! Where secrets are read from, and how.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::secret::open_private;

/// How long a source may take. A user may have to unlock a key ring.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// How long the pipe of a command is read after the command has ended.
const AFTER_EXIT: Duration = Duration::from_millis(250);

/// A place that a secret is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretSource<'a> {
    /// A file that only its owner can read. `~/` is the home directory.
    File(&'a Path),
    /// A file that belongs to a secret and may be read by anybody. `~/` is the home directory.
    PublicFile(&'a Path),
    /// A file descriptor that the process was started with.
    Fd(u32),
    /// What a command prints, run by `sh -c` without input.
    Command(&'a str),
}

impl<'a> SecretSource<'a> {
    /// The source that the keys of an account name: one of them at most.
    pub(super) fn of(
        file: Option<&'a Path>,
        fd: Option<u32>,
        command: Option<&'a str>,
    ) -> Option<Self> {
        let file = file.map(Self::File);
        file.or(fd.map(Self::Fd)).or(command.map(Self::Command))
    }

    /// Reads the first `most` octets; `what` names the secret in errors. A byte order mark at the
    /// beginning is left out.
    pub(super) async fn read(
        self,
        what: &'static str,
        most: usize,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let read = async {
            match self {
                Self::File(path) => {
                    let path = at_home(path);
                    read_file(open_private(&path).await, path, what, most).await
                }
                Self::PublicFile(path) => {
                    let path = at_home(path);
                    read_file(File::open(&path).await.map(Some), path, what, most).await
                }
                Self::Fd(number) => {
                    let path = PathBuf::from(format!("/dev/fd/{number}"));
                    read_file(File::open(&path).await.map(Some), path, what, most).await
                }
                Self::Command(command) => read_command(command, what, most).await,
            }
        };
        let octets = timeout(READ_TIMEOUT, read)
            .await
            .map_err(|_| SecretError::TimedOut { what })??;
        Ok(without_byte_order_mark(octets))
    }

    /// Reads all octets, if there are at most `most`.
    pub(super) async fn read_whole(
        self,
        what: &'static str,
        most: usize,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let octets = self.read(what, most + 1).await?;
        if octets.len() > most {
            return Err(SecretError::TooLong { what, most });
        }
        Ok(octets)
    }
}

/// Leaves the mark out that editors on Windows write at the beginning of a text in UTF-8.
fn without_byte_order_mark(mut octets: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if octets.starts_with(MARK) {
        octets.drain(..MARK.len());
    }
    octets
}

pub(super) fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Reads a file that has been opened; `None` if others can read it.
async fn read_file(
    file: io::Result<Option<File>>,
    path: PathBuf,
    what: &'static str,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let unreadable = |source| {
        let path = path.clone();
        SecretError::Unreadable { what, path, source }
    };
    let Some(file) = file.map_err(unreadable)? else {
        return Err(SecretError::ReadableByOthers { what, path });
    };
    let mut octets = room(most);
    let read = beginning(file, &mut octets, most).await;
    read.map_err(unreadable)?;
    Ok(octets)
}

async fn read_command(
    command: &str,
    what: &'static str,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let failed = |source| SecretError::CannotRun {
        what,
        command: command.to_owned(),
        source,
    };
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let output = child.stdout.take();
    let mut octets = room(most);
    let status = {
        let read = async {
            match output {
                Some(output) => beginning(output, &mut octets, most).await,
                None => Ok(()),
            }
        };
        let mut read = std::pin::pin!(read);
        tokio::select! {
            biased;
            read = &mut read => {
                read.map_err(failed)?;
                child.wait().await.map_err(failed)?
            }
            status = child.wait() => {
                // What the command has printed is in the pipe. A process that it left in the
                // background may keep the pipe open for ever.
                if let Ok(read) = timeout(AFTER_EXIT, read).await {
                    read.map_err(failed)?;
                }
                status.map_err(failed)?
            }
        }
    };
    if status.success() {
        Ok(octets)
    } else {
        let command = command.to_owned();
        Err(SecretError::CommandFailed {
            what,
            command,
            status,
        })
    }
}

/// Room for all that is kept, as octets that were moved could not be overwritten.
fn room(most: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(most + 1))
}

/// Reads to the end, so that a command is not broken off, and keeps the beginning.
async fn beginning(
    mut source: impl AsyncRead + Unpin,
    octets: &mut Vec<u8>,
    most: usize,
) -> io::Result<()> {
    (&mut source).take(most as u64).read_to_end(octets).await?;
    tokio::io::copy(&mut source, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Why no secret could be read. `what` is the one that was wanted: the password, the DKIM key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The operating system did not let it be read.
    #[error("cannot read the {what} from {}: check that it exists and may be read", path.display())]
    Unreadable {
        /// The secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's mode lets group or others read it.
    #[error("others can read the {what} in {path}: chmod 600 {path}", path = path.display())]
    ReadableByOthers {
        /// The secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The first line is empty.
    #[error("the source of the {what} has nothing on its first line: put the {what} there")]
    Empty {
        /// The secret.
        what: &'static str,
    },
    /// A source of a token has a JSON object that is not the answer of a token endpoint.
    #[error("the source of the token has JSON without \"access_token\": give the token alone")]
    NoAccessToken,
    /// There is more than such a thing has.
    #[error("the {what} has more than {most} octets: is it the right file?")]
    TooLong {
        /// The secret.
        what: &'static str,
        /// The most octets.
        most: usize,
    },
    /// It took over two minutes.
    #[error("the source of the {what} gave none within {READ_TIMEOUT:?}")]
    TimedOut {
        /// The secret.
        what: &'static str,
    },
    /// The command could not be started.
    #[error("cannot run the {what} command \"{}\"", command.escape_debug())]
    CannotRun {
        /// The secret.
        what: &'static str,
        /// The command.
        command: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The command ended with an error.
    #[error("the {what} command \"{}\" failed ({status}): try it in a shell", command.escape_debug())]
    CommandFailed {
        /// The secret.
        what: &'static str,
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
}
