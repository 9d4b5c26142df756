//! Where secrets are read from, and how.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::netrc;
use super::paths::{at_home, shown};
use super::secret_command;
use super::secret_error::SecretError;
use super::shown_command::shown_command;
use crate::secret::open_private;
use crate::transport::Host;

/// How long a source may take. A user may have to unlock a key ring.
pub(super) const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The most octets of a file in the format of netrc(5) that are read.
const MAX_NETRC: usize = 64 * 1024;

/// A place that a secret is read from. `~/` in a path is the home directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretSource<'a> {
    /// A file that only its owner can read.
    File(&'a Path),
    /// A file that belongs to a secret and may be read by anybody.
    PublicFile(&'a Path),
    /// A file descriptor that the process was started with.
    Fd(u32),
    /// What a command prints, run by `sh -c` without input.
    Command(&'a str),
    /// An environment variable.
    Variable(&'a str),
    /// A credential of systemd: a file of this name in the directory that it makes for a service.
    Credential(&'a str),
    /// An item of the keyring of the desktop.
    Keyring(&'a str),
    /// A file in the format of netrc(5) that only its owner can read, and what to look for in it.
    Netrc {
        path: &'a Path,
        host: Option<&'a Host>,
        user: Option<&'a str>,
    },
}

impl SecretSource<'_> {
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
                Self::Command(command) => secret_command::read(command, what, most).await,
                Self::Variable(name) => read_variable(name, what),
                Self::Credential(name) => {
                    let path = credential(name, what)?;
                    // The directory is for the service alone, whatever the mode of the file: systemd
                    // may grant access by an access control list, and then the mode shows a group.
                    read_file(File::open(&path).await.map(Some), path, what, most).await
                }
                Self::Keyring(name) => read_keyring(name).await,
                Self::Netrc { path, host, user } => {
                    let path = at_home(path);
                    let file = open_private(&path).await;
                    let text = read_file(file, path.clone(), what, MAX_NETRC).await?;
                    let host = host.map(ToString::to_string).unwrap_or_default();
                    let found = netrc::password(&text, &host, user);
                    found.ok_or(SecretError::NotInNetrc { path, host })
                }
            }
        };
        let octets = timeout(READ_TIMEOUT, read)
            .await
            .map_err(|_| SecretError::TimedOut {
                what,
                place: self.to_string(),
            })??;
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
            return Err(self.too_long(what, most));
        }
        Ok(octets)
    }

    /// The error that the source has more than a secret has.
    pub(super) fn too_long(self, what: &'static str, most: usize) -> SecretError {
        SecretError::TooLong {
            what,
            place: self.to_string(),
            most,
        }
    }
}

/// The place as errors name it.
impl fmt::Display for SecretSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::PublicFile(path) | Self::Netrc { path, .. } => {
                f.write_str(&shown(path))
            }
            Self::Fd(number) => write!(f, "the descriptor {number}"),
            Self::Command(command) => write!(f, "the command `{}`", shown_command(command)),
            Self::Variable(name) => write!(f, "the variable {}", name.escape_debug()),
            Self::Keyring(name) => write!(f, "the item {} of the keyring", name.escape_debug()),
            Self::Credential(name) => write!(f, "the credential {}", name.escape_debug()),
        }
    }
}

#[cfg(feature = "keyring")]
async fn read_keyring(name: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    super::keyring::Keyring::open().await?.read(name).await
}

#[cfg(not(feature = "keyring"))]
#[expect(clippy::unused_async, reason = "as the function with the feature")]
async fn read_keyring(_name: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    Err(SecretError::without_keyring())
}

/// The value of an environment variable.
fn read_variable(name: &str, what: &'static str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let value = std::env::var_os(name).ok_or_else(|| SecretError::NoVariable {
        what,
        name: name.to_owned(),
    })?;
    Ok(Zeroizing::new(value.into_encoded_bytes()))
}

/// The file of a credential.
fn credential(name: &str, what: &'static str) -> Result<PathBuf, SecretError> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|_| !name.contains('/'));
    let directory = directory.ok_or_else(|| SecretError::NoCredential {
        what,
        name: name.to_owned(),
    })?;
    Ok(Path::new(&directory).join(name))
}

/// Leaves the mark out that editors on Windows write at the beginning of a text in UTF-8.
fn without_byte_order_mark(mut octets: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if octets.starts_with(MARK) {
        octets.drain(..MARK.len());
    }
    octets
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
    // A device may have no end.
    let read = file.take(most as u64).read_to_end(&mut octets).await;
    read.map_err(unreadable)?;
    Ok(octets)
}

/// Room for all that is kept, as octets that were moved could not be overwritten.
pub(super) fn room(most: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(most + 1))
}
