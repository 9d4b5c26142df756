//! A text that a person writes for this mail alone. It is in a file until every recipient has the mail.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;

use super::again::again;
use crate::exit;
use crate::failure::Failure;
use crate::output::report;
use crate::terminal::style::{CYAN, painted};

/// A text that a person writes. Dropping this removes the file.
pub(super) struct Draft {
    file: NamedTempFile,
    /// The text with which the editor began, which is not lost without the file.
    begin: String,
}

impl Draft {
    /// A file with this text, which only the user can read.
    pub(super) fn new(begin: String) -> Result<Self, Failure> {
        let cannot =
            |error| Failure::io(exit::CANNOT_CREATE, "cannot keep the text in a file", error);
        let made = directory().and_then(|directory| within(&directory));
        let mut file = made
            .or_else(|_| within(&std::env::temp_dir()))
            .map_err(cannot)?;
        file.write_all(begin.as_bytes()).map_err(cannot)?;
        Ok(Self { file, begin })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Adds what the person types to the end of standard input. What was typed before an
    /// interruption is in the file.
    pub(super) async fn typed(&mut self) -> Result<(), Failure> {
        const BLOCK: usize = 4096;
        let mut stdin = tokio::io::stdin();
        let mut block = vec![0; BLOCK];
        loop {
            let read = stdin.read(&mut block).await;
            let count = read.map_err(|error| {
                Failure::io(exit::NO_INPUT, "cannot read standard input", error)
            })?;
            let octets = block.get(..count).unwrap_or_default();
            if octets.is_empty() {
                return Ok(());
            }
            self.file.write_all(octets).map_err(|error| {
                Failure::io(exit::CANNOT_CREATE, "cannot keep the text in a file", error)
            })?;
        }
    }

    /// The command ends with this status. Unless every recipient has the mail, the text stays, and its
    /// place is printed. After a dry run, no recipient has it.
    pub(super) fn ends(self, status: u8, is_dry_run: bool) {
        let text = std::fs::read_to_string(self.path());
        let has_news = text.map_or(true, |text| text != self.begin && !text.trim().is_empty());
        if status == exit::OK && !is_dry_run || !has_news {
            return;
        }
        let Ok((_, path)) = self.file.keep() else {
            report::warning("cannot keep the text");
            return;
        };
        report::notice(&format!("Pilotfish keeps the text in {}", path.display()));
        // Others of the recipients have the mail then, or may have it.
        if ![exit::OK, exit::PARTIAL, exit::UNKNOWN].contains(&status) {
            let command = again(std::env::args_os().skip(1), &path);
            report::notice(&format!("next: {}", painted(CYAN, command)));
        }
    }
}

fn within(directory: &Path) -> io::Result<NamedTempFile> {
    // By default, only the user can read such a file.
    let mut builder = tempfile::Builder::new();
    builder.prefix("draft-").suffix(".txt");
    builder.tempfile_in(directory)
}

/// The directory for what stays after a command (XDG Base Directory Specification): it is made if it
/// does not exist.
fn directory() -> io::Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(std::env::home_dir()?.join(".local/state")));
    let state = state.ok_or(io::ErrorKind::NotFound)?.join("pilotfish");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&state)?;
    // Only a directory in which a file can be made is one.
    File::open(&state).map(|_| state)
}
