//! A copy of what was accepted: in a file, or in a Maildir as a mail that was read.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pilotfish::Message;
use pilotfish::address::Address;
use pilotfish::message::BodyType;

use crate::exit;
use crate::failure::Failure;
use crate::output::dry_run::{self, Output};

/// Where a copy is kept.
#[derive(Debug)]
pub(crate) struct CopyPlace {
    path: PathBuf,
    is_maildir: bool,
    /// The field Bcc, with its line end: nothing else says who got a blind copy.
    bcc: String,
}

impl CopyPlace {
    /// Checks before anything is sent whether there can be a copy.
    pub(super) fn at(path: PathBuf, bcc: &[Address]) -> Result<Self, Failure> {
        let has = |name: &str| path.join(name).is_dir();
        let cannot = |why: &str| {
            let shown = path.display();
            let message = format!("cannot keep a copy in {shown}: {why}");
            Failure::new(exit::CANNOT_CREATE, message)
        };
        // It may be the copy of another mail.
        if path.is_file() {
            return Err(cannot(
                "the file exists: name a new file, or a Maildir for many",
            ));
        }
        if !path.is_dir() {
            let parent = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            if parent.is_some_and(|parent| !parent.is_dir()) {
                return Err(cannot("there is no such directory"));
            }
        } else if !(has("cur") && has("new") && has("tmp")) {
            return Err(cannot(
                "it is a directory without cur, new and tmp, so it is not a Maildir",
            ));
        }
        Ok(Self {
            is_maildir: path.is_dir(),
            path,
            bcc: field(bcc),
        })
    }

    /// Keeps a copy, which only the user can read. A file gets its name when all of it is written.
    pub(super) async fn keep(&self, message: &Message) -> Result<(), Failure> {
        if !self.is_maildir {
            return self.write(message, &self.path).await;
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let id = std::process::id();
        let name = format!("{}.M{}P{id}.pilotfish", now.as_secs(), now.subsec_micros());
        let temporary = self.path.join("tmp").join(&name);
        self.write(message, &temporary).await?;
        // The flag S: it was seen.
        let place = self.path.join("cur").join(format!("{name}:2,S"));
        std::fs::rename(&temporary, &place).map_err(|error| {
            let message = format!("cannot keep a copy in {}", self.path.display());
            Failure::io(exit::CANNOT_CREATE, message, error)
        })
    }

    async fn write(&self, message: &Message, path: &Path) -> Result<(), Failure> {
        let output = Output {
            path,
            mode: 0o600,
            // It may be the copy of another mail.
            replaces: false,
            begin: &self.bcc,
            flag: "--save-copy",
        };
        dry_run::write(message, BodyType::EightBit, &output, &[]).await
    }
}

/// The field with these addresses, one on each line.
fn field(bcc: &[Address]) -> String {
    let mailboxes = bcc.iter().flat_map(Address::mailboxes);
    let addresses: Vec<_> = mailboxes
        .map(|mailbox| mailbox.addr_spec().to_string())
        .collect();
    if addresses.is_empty() {
        return String::new();
    }
    format!("Bcc: {}\r\n", addresses.join(",\r\n "))
}
