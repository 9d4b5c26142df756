//! Where a password is kept.

use std::path::PathBuf;

use pilotfish::Secret;
use pilotfish::config::Keyring;

use crate::exit;
use crate::failure::Failure;
use crate::settings::{ConfigFile, shown_path, write_private};
use crate::terminal::question::Questions;
use crate::terminal::style::Mark;

/// Where a password is kept.
pub(crate) enum Store {
    /// In the keyring of the desktop.
    Keyring(Keyring),
    /// In this file.
    File(PathBuf),
}

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Keyring,
    File,
}

impl Store {
    /// A place of this kind.
    pub(crate) async fn open(kind: Kind, file: PathBuf) -> Result<Self, Failure> {
        match kind {
            Kind::Keyring => {
                let keyring = Keyring::open().await;
                let keyring = keyring.map_err(|error| Failure::of(exit::CONFIG, &error))?;
                Ok(Self::Keyring(keyring))
            }
            Kind::File => Ok(Self::File(file)),
        }
    }

    /// Asks where to keep a password or a login; without a keyring, whether to keep it in the file.
    pub(crate) async fn ask(
        questions: &Questions,
        what: &str,
        file: PathBuf,
    ) -> Result<Self, Failure> {
        if let Ok(keyring) = Keyring::open().await {
            let question = format!("Store the {what}: [k]eyring, [f]ile? [k]");
            let letter = questions.letter(&question, &['k', 'f'], Some('k')).await;
            return match letter.map_err(Failure::terminal)? {
                Some('k') => Ok(Self::Keyring(keyring)),
                Some(_) => Ok(Self::File(file)),
                None => Err(Failure::nothing_stored()),
            };
        }
        let line = "no keyring can be reached: no D-Bus session (cron or ssh?)";
        let line = questions.stream().marked(Mark::Look, line);
        questions.say(&line).map_err(Failure::terminal)?;
        let question = format!(
            "Store the {what} in {}, readable only by you\nand not encrypted?",
            shown_path(&file)
        );
        if questions
            .yes_or_no(&question, true)
            .await
            .map_err(Failure::terminal)?
        {
            Ok(Self::File(file))
        } else {
            Err(declined(what))
        }
    }

    /// The key of an account beside its file that says where the password is.
    pub(crate) fn key(&self, account: &str) -> (&'static str, String) {
        match self {
            Self::Keyring(_) => ("password-keyring", account.to_owned()),
            Self::File(path) => {
                let name = path.file_name().unwrap_or_default();
                ("password-file", name.to_string_lossy().into_owned())
            }
        }
    }

    /// Keeps the password of an account that is being written to this configuration, and says where. A
    /// file for it must not be there. [`ConfigFile::undo`] undoes it unless the configuration is saved.
    pub(crate) async fn keep_new(
        &self,
        file: &mut ConfigFile,
        name: &str,
        secret: &Secret,
    ) -> Result<String, Failure> {
        match self {
            Self::Keyring(keyring) => {
                file.add_item(keyring, name, secret).await?;
                Ok(in_keyring(name))
            }
            Self::File(path) => {
                file.add_secret(path, secret.expose())?;
                Ok(shown_path(path))
            }
        }
    }

    /// Keeps the password, in place of an earlier one, and says where.
    pub(crate) async fn keep(&self, name: &str, secret: &Secret) -> Result<String, Failure> {
        match self {
            Self::Keyring(keyring) => {
                let kept = keyring.set_password(name, secret).await;
                kept.map_err(|error| Failure::of(exit::CONFIG, &error))?;
                Ok(in_keyring(name))
            }
            Self::File(path) => {
                write_private(path, secret.expose())?;
                Ok(shown_path(path))
            }
        }
    }
}

fn in_keyring(name: &str) -> String {
    format!("the keyring (Secret Service, \"pilotfish {name}\")")
}

/// The person does not want the password or the login to be stored in a file.
fn declined(what: &str) -> Failure {
    let failure = Failure::new(exit::INTERRUPTED, "nothing was stored");
    failure.with_help(if what == "login" {
        "a login has to be stored to be used; in a desktop session, --store keyring keeps it encrypted"
    } else {
        "--password-command CMD uses a password manager of yours"
    })
}
