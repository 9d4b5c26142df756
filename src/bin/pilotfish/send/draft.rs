//! A text that a person writes for this mail alone. It is in a file until every recipient has the mail.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;

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
    /// place is printed.
    pub(super) fn ends(self, status: u8) {
        let text = std::fs::read_to_string(self.path());
        let has_news = text.map_or(true, |text| text != self.begin && !text.trim().is_empty());
        if status == exit::OK || !has_news {
            return;
        }
        let Ok((_, path)) = self.file.keep() else {
            report::warning("cannot keep the text");
            return;
        };
        report::notice(&format!("Pilotfish keeps the text in {}", path.display()));
        // Others of the recipients have the mail then, or may have it.
        if ![exit::PARTIAL, exit::UNKNOWN].contains(&status) {
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

/// The command that sends the text in this file, by the arguments of this one.
fn again(arguments: impl IntoIterator<Item = OsString>, path: &Path) -> String {
    let mut words = vec!["pilotfish".to_owned()];
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        match argument.as_ref() {
            "--" => {
                words.push("--".to_owned());
                words.extend(
                    arguments
                        .by_ref()
                        .map(|rest| quoted(&rest.to_string_lossy())),
                );
            }
            "-e" | "--edit" => {}
            "-m" | "--text" => {
                arguments.next();
            }
            glued if glued.starts_with("-m") || glued.starts_with("--text=") => {}
            other => words.push(quoted(other)),
        }
    }
    let text = ["--text".to_owned(), quoted(&format!("@{}", path.display()))];
    // What comes after -- is a recipient.
    let end = words.iter().position(|word| word == "--");
    let end = end.unwrap_or(words.len());
    words.splice(end..end, text);
    words.join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_sends_a_text() {
        for (typed, expected) in [
            (
                "send|ann@x.test|-s|It's me|-e",
                r"pilotfish send ann@x.test -s 'It'\''s me' --text @/d.txt",
            ),
            (
                "send|--edit|--text|Begin: |-y|ann@x.test",
                "pilotfish send -y ann@x.test --text @/d.txt",
            ),
            (
                "send|-mBegin|--text=x|-e|--|ann@x.test",
                "pilotfish send --text @/d.txt -- ann@x.test",
            ),
            (
                "-A|work|send|Ann <ann@x.test>|-s|",
                "pilotfish -A work send 'Ann <ann@x.test>' -s '' --text @/d.txt",
            ),
        ] {
            let typed = typed.split('|').map(OsString::from);
            assert_eq!(again(typed, Path::new("/d.txt")), expected);
        }
    }
}
