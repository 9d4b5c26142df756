//! Where a password comes from: never from a flag's value, which everybody on the machine can
//! read.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// How much is read of a source, in octets.
const MAX_SOURCE: usize = 8_192;

/// How long a source may take. Somebody may have to unlock a key ring.
const LIMIT: Duration = Duration::from_mins(2);

/// A place that a password is read from. Its first line counts, without the line end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordSource {
    /// A file that only its owner can read. `~/` is the home directory.
    File(PathBuf),
    /// A file descriptor that the process was started with.
    Fd(u32),
    /// What a command prints, run by `sh -c` without input.
    Command(String),
}

impl PasswordSource {
    /// Reads the password, in at most two minutes.
    ///
    /// # Errors
    ///
    /// The source cannot be read, has nothing in it, or is a file that others can read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a command; what was read of a descriptor is lost.
    pub async fn read(&self) -> Result<Secret, PasswordError> {
        let read = async {
            match self {
                Self::File(path) => read_file(&at_home(path)).await,
                Self::Fd(number) => {
                    let path = PathBuf::from(format!("/dev/fd/{number}"));
                    let unreadable = |error| PasswordError::Unreadable(path.clone(), error);
                    let file = File::open(&path).await.map_err(unreadable)?;
                    first_line(file).await.map_err(unreadable)
                }
                Self::Command(command) => read_command(command).await,
            }
        };
        let secret = timeout(LIMIT, read)
            .await
            .map_err(|_| PasswordError::TimedOut)??;
        if secret.is_empty() {
            Err(PasswordError::Empty)
        } else {
            Ok(secret)
        }
    }
}

fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

async fn read_file(path: &Path) -> Result<Secret, PasswordError> {
    let unreadable = |error| PasswordError::Unreadable(path.to_owned(), error);
    let file = File::open(path).await.map_err(unreadable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata().await.map_err(unreadable)?;
        // A pipe belongs to the two who hold its ends.
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            return Err(PasswordError::ReadableByOthers(path.to_owned()));
        }
    }
    first_line(file).await.map_err(unreadable)
}

async fn read_command(command: &str) -> Result<Secret, PasswordError> {
    let failed = |error| PasswordError::CannotRun(command.to_owned(), error);
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let secret = match child.stdout.take() {
        Some(output) => first_line(output).await.map_err(failed)?,
        None => Secret::from(""),
    };
    let status = child.wait().await.map_err(failed)?;
    if status.success() {
        Ok(secret)
    } else {
        Err(PasswordError::CommandFailed(command.to_owned(), status))
    }
}

/// Reads to the end, so that a command is not broken off, and keeps the first line.
async fn first_line(mut source: impl AsyncRead + Unpin) -> std::io::Result<Secret> {
    let mut octets = Zeroizing::new(Vec::with_capacity(MAX_SOURCE + 1));
    (&mut source)
        .take(MAX_SOURCE as u64)
        .read_to_end(&mut octets)
        .await?;
    tokio::io::copy(&mut source, &mut tokio::io::sink()).await?;
    let line = octets
        .split(|octet| *octet == b'\n')
        .next()
        .unwrap_or_default();
    Ok(Secret::new(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// Why no password could be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The operating system's reason.
    #[error("cannot read the password from {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file's mode lets group or others read it.
    #[error("others can read the password in {path}: chmod 600 {path}", path = .0.display())]
    ReadableByOthers(PathBuf),
    /// The first line is empty.
    #[error("the source of the password has nothing on its first line")]
    Empty,
    /// It took over two minutes.
    #[error("the source of the password gave none within {LIMIT:?}")]
    TimedOut,
    /// The command could not be started.
    #[error("cannot run the password command \"{}\"", .0.escape_debug())]
    CannotRun(String, #[source] std::io::Error),
    /// The command ended with an error.
    #[error("the password command \"{command}\" failed ({status}): try it in a shell",
        command = .0.escape_debug(), status = .1)]
    CommandFailed(String, std::process::ExitStatus),
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(content: &str, mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file.as_file()
            .set_permissions(PermissionsExt::from_mode(mode))
            .unwrap();
        file
    }

    #[tokio::test]
    async fn the_first_line_of_a_file() {
        for (content, expected) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("pass word \nuser: me\n", "pass word "),
        ] {
            let file = file(content, 0o600);
            let secret = PasswordSource::File(file.path().to_owned())
                .read()
                .await
                .unwrap();
            assert_eq!(secret.expose(), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn an_empty_file_has_no_password() {
        for content in ["", "\n", "\nx"] {
            let file = file(content, 0o600);
            let result = PasswordSource::File(file.path().to_owned()).read().await;
            assert!(matches!(result, Err(PasswordError::Empty)), "{content:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused() {
        for mode in [0o640, 0o604, 0o644, 0o620] {
            let file = file("hunter2", mode);
            let error = PasswordSource::File(file.path().to_owned())
                .read()
                .await
                .unwrap_err();
            assert!(
                matches!(error, PasswordError::ReadableByOthers(_)),
                "{mode:o}"
            );
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[tokio::test]
    async fn a_file_descriptor() {
        let file = file("hunter2\n", 0o600);
        let number = u32::try_from(file.as_file().as_raw_fd()).unwrap();
        assert_eq!(
            PasswordSource::Fd(number).read().await.unwrap().expose(),
            b"hunter2"
        );
        assert!(PasswordSource::Fd(9_999).read().await.is_err());
    }

    #[tokio::test]
    async fn a_command() {
        let read = async |command: &str| PasswordSource::Command(command.to_owned()).read().await;
        assert_eq!(read("echo hunter2").await.unwrap().expose(), b"hunter2");
        assert_eq!(read("seq 100000").await.unwrap().expose(), b"1");
        assert!(matches!(
            read("exit 3").await,
            Err(PasswordError::CommandFailed(..))
        ));
        assert!(matches!(read("true").await, Err(PasswordError::Empty)));
        assert!(matches!(
            read("echo x; exit 1").await,
            Err(PasswordError::CommandFailed(..))
        ));
    }
}
