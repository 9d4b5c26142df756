//! Writing the message instead of sending it.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use pilotfish::Message;
use pilotfish::message::{BodyType, MessageReader};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::file::OutputFile;
use crate::exit;
use crate::failure::Failure;
use crate::input::blocking;

/// Writes exactly the octets that a server would be sent as the message, if it carried `most`.
///
/// `read` are the files that have been read for it, besides those that it sends.
pub(crate) async fn write(
    message: &Message,
    most: BodyType,
    output: &Path,
    read: &[PathBuf],
) -> Result<(), Failure> {
    let octets = message.rendition_with_smtputf8(most).into_octets();
    if output == Path::new("-") {
        return copy(octets, tokio::io::stdout(), "standard output").await;
    }
    let name = output.display().to_string();
    // Opening it would empty it.
    let written = identity(output);
    let mut parts = message.files().chain(read.iter().map(PathBuf::as_path));
    if written.is_some() && parts.any(|path| identity(path) == written) {
        let message = format!("{name} is a part of the mail: choose another place by --output");
        return Err(Failure::new(exit::CANNOT_CREATE, message));
    }
    let path = output.to_owned();
    let mut output = blocking(move || OutputFile::open(&path))
        .await
        .map_err(|error| cannot_write(&name, error))?;
    copy(octets, &mut output.file, &name).await?;
    output
        .finish()
        .await
        .map_err(|error| cannot_write(&name, error))
}

/// The device and inode of a regular file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    Some((metadata.dev(), metadata.ino()))
}

async fn copy(
    mut octets: MessageReader,
    mut output: impl AsyncWrite + Unpin,
    name: &str,
) -> Result<(), Failure> {
    let mut block = Vec::new();
    loop {
        block.clear();
        let more = octets
            .next_block(&mut block)
            .await
            .map_err(|error| Failure::of(exit::NO_INPUT, &error))?;
        let mut written = output.write_all(&block).await;
        if !more {
            written = written.and(output.flush().await);
        }
        match written {
            Ok(()) if more => {}
            Ok(()) => return Ok(()),
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(cannot_write(name, error)),
        }
    }
}

fn cannot_write(name: &str, error: std::io::Error) -> Failure {
    let message = format!("cannot write to {name}: choose another place by --output");
    Failure::io(exit::CANNOT_CREATE, message, error)
}
