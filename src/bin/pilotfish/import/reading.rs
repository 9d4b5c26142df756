//! Reading a file of another program.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::args::ImportFrom;
use crate::exit;
use crate::failure::Failure;
use crate::settings::shown_path;

/// The largest file that is read, in octets.
const MAX_OCTETS: usize = 1 << 20;

/// The text of a file, which may have passwords.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::io(
            exit::NO_INPUT,
            format!("cannot read {}", shown_path(path)),
            error,
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut octets = Zeroizing::new(Vec::with_capacity(MAX_OCTETS + 1));
    // A device or a pipe says nothing about its size.
    let read = file.take(MAX_OCTETS as u64 + 1).read_to_end(&mut octets);
    read.map_err(unreadable)?;
    if octets.len() > MAX_OCTETS {
        let message = format!("{} is too large for a file of settings", shown_path(path));
        return Err(Failure::new(exit::NO_INPUT, message));
    }
    match std::str::from_utf8(&octets) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => Err(unreadable(io::Error::new(
            io::ErrorKind::InvalidData,
            error,
        ))),
    }
}

/// Whose file it is, by its name, or else by what is in it.
pub(super) fn kind(path: &Path, text: &str) -> Option<ImportFrom> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has = |begin: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(begin))
    };
    if name.contains("msmtprc") {
        Some(ImportFrom::Msmtp)
    } else if name.contains("muttrc") {
        Some(ImportFrom::Mutt)
    } else if name.contains("gitconfig") || has("[sendemail") {
        Some(ImportFrom::Git)
    } else if text.contains("smtp_url") {
        Some(ImportFrom::Mutt)
    } else if has("account ") || has("host ") {
        Some(ImportFrom::Msmtp)
    } else {
        None
    }
}
