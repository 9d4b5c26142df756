//! A copy of what was accepted: in a file, or in a Maildir as a mail that was read.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pilotfish::Message;
use pilotfish::message::BodyType;

use crate::exit;
use crate::failure::Failure;
use crate::output::dry_run;

/// Where a copy is kept.
#[derive(Debug)]
pub(crate) enum CopyPlace {
    File(PathBuf),
    Maildir(PathBuf),
}

impl CopyPlace {
    /// Checks before anything is sent whether there can be a copy.
    pub(super) fn at(path: PathBuf) -> Result<Self, Failure> {
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
            return if parent.is_none_or(Path::is_dir) {
                Ok(Self::File(path))
            } else {
                Err(cannot("there is no such directory"))
            };
        }
        if has("cur") && has("new") && has("tmp") {
            Ok(Self::Maildir(path))
        } else {
            Err(cannot(
                "it is a directory without cur, new and tmp, so it is not a Maildir",
            ))
        }
    }

    /// Keeps a copy. A file gets its name when all of it is written.
    pub(super) async fn keep(&self, message: &Message) -> Result<(), Failure> {
        const MOST: BodyType = BodyType::EightBit;
        match self {
            Self::File(path) => dry_run::write(message, MOST, path, &[]).await,
            Self::Maildir(path) => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                let id = std::process::id();
                let name = format!("{}.M{}P{id}.pilotfish", now.as_secs(), now.subsec_micros());
                let temporary = path.join("tmp").join(&name);
                dry_run::write(message, MOST, &temporary, &[]).await?;
                // The flag S: it was seen.
                let place = path.join("cur").join(format!("{name}:2,S"));
                std::fs::rename(&temporary, &place).map_err(|error| {
                    let message = format!("cannot keep a copy in {}", path.display());
                    Failure::io(exit::CANNOT_CREATE, message, error)
                })
            }
        }
    }
}
