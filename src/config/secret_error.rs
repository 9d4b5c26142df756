//! Why no secret could be read.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

use super::paths::shown;
use super::secret_source::READ_TIMEOUT;

/// Why no secret could be read. `what` is the one that was wanted: the password, the DKIM key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The operating system did not let it be read.
    #[error("cannot read the {what} from {}: check that it exists and may be read", shown(.path))]
    Unreadable {
        /// The secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's mode lets group or others read it.
    #[error("others can read the {what} in {path}: chmod 600 {path}", path = shown(.path))]
    ReadableByOthers {
        /// The secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The first line is empty.
    #[error("{place} has no {what} on its first line: put it there")]
    Empty {
        /// The secret.
        what: &'static str,
        /// Where it was read from.
        place: String,
    },
    /// A source of a token has a JSON object that is not the answer of a token endpoint.
    #[error("{place} has JSON without \"access_token\": give the token alone")]
    NoAccessToken {
        /// Where it was read from.
        place: String,
    },
    /// There is more than such a thing has.
    #[error(
        "{place} has more than {most} octets, which is too long for the {what}: is it the right one?"
    )]
    TooLong {
        /// The secret.
        what: &'static str,
        /// Where it was read from.
        place: String,
        /// The most octets.
        most: usize,
    },
    /// It took over two minutes.
    #[error("{place} gave no {what} within {READ_TIMEOUT:?}")]
    TimedOut {
        /// The secret.
        what: &'static str,
        /// Where it was read from.
        place: String,
    },
    /// The command could not be started.
    #[error("cannot run the {what} command `{command}`")]
    CannotRun {
        /// The secret.
        what: &'static str,
        /// The command, without arguments that look like secrets.
        command: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The command ended with an error.
    #[error("the {what} command `{command}` {}", ended(*.status, .words))]
    CommandFailed {
        /// The secret.
        what: &'static str,
        /// The command, without arguments that look like secrets.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it wrote to standard error.
        words: String,
    },
    /// The environment has no such variable.
    #[error("the variable {} for the {what} is not set: export it", name.escape_debug())]
    NoVariable {
        /// The secret.
        what: &'static str,
        /// The variable.
        name: String,
    },
    /// The process is not a service of systemd that has credentials.
    #[error(
        "there is no credential {} for the {what}: add LoadCredential= to the service, which sets \
         CREDENTIALS_DIRECTORY",
        name.escape_debug()
    )]
    NoCredential {
        /// The secret.
        what: &'static str,
        /// The credential.
        name: String,
    },
    /// No keyring can be reached.
    #[error(
        "no keyring can be reached: it needs a D-Bus session with a Secret Service, which cron and ssh do not have"
    )]
    NoKeyring {
        /// What the keyring or the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The keyring is locked, and it was not unlocked.
    #[error("the keyring is locked: unlock it, as by logging in to the desktop")]
    KeyringLocked,
    /// The keyring has no such item.
    #[error("the keyring has no password named \"{}\" of the service pilotfish: store it", name.escape_debug())]
    NotInKeyring {
        /// The name.
        name: String,
    },
    /// The file has no password for the host and the user.
    #[error("{} has no password for {host} and this user: add a line \"machine {host}\"", shown(.path))]
    NotInNetrc {
        /// The file.
        path: PathBuf,
        /// The server.
        host: String,
    },
}

impl SecretError {
    #[cfg(not(feature = "keyring"))]
    pub(super) fn without_keyring() -> Self {
        Self::NoKeyring {
            source: "this program was built without the feature keyring".into(),
        }
    }
}

/// How a command ended, and what it said.
fn ended(status: ExitStatus, words: &str) -> String {
    let status = status.code().map_or_else(
        || format!("was ended by a signal ({status})"),
        |code| format!("ended with status {code}"),
    );
    match words {
        "" => format!("{status}: run it in a shell to see why"),
        words => format!("{status}: {words}"),
    }
}
