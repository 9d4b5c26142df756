//! Writing the message instead of sending it.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use pilotfish::Message;
use pilotfish::message::Block;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::args::MailArguments;
use crate::exit;
use crate::failure::Failure;
use crate::text_source::TextSource;

/// Refuses an output that the mail is made from: opening it would empty it.
pub(crate) fn check_output(output: &Path, mail: &MailArguments) -> Result<(), Failure> {
    let identity = |path: &Path| {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some((metadata.dev(), metadata.ino()))
    };
    let text = match &mail.text {
        Some(TextSource::File(path)) => Some(path),
        _ => None,
    };
    let mut inputs = mail.attach.iter().map(|spec| &spec.path).chain(text);
    let written = identity(output);
    if written.is_some() && inputs.any(|path| identity(path) == written) {
        let message = format!(
            "{} is a part of the mail: choose another place by --output",
            output.display()
        );
        return Err(Failure::new(exit::CANNOT_CREATE, message));
    }
    Ok(())
}

/// Writes exactly the octets that a server would be sent as the message.
pub(crate) async fn write(message: Message, output: &Path) -> Result<(), Failure> {
    if output == Path::new("-") {
        return copy(message, tokio::io::stdout(), "standard output").await;
    }
    let name = output.display().to_string();
    let file = tokio::fs::File::create(output)
        .await
        .map_err(|error| cannot_write(&name, &error))?;
    copy(message, file, &name).await
}

async fn copy(
    message: Message,
    mut output: impl AsyncWrite + Unpin,
    name: &str,
) -> Result<(), Failure> {
    let mut octets = message.into_octets();
    let mut block = Vec::new();
    loop {
        block.clear();
        let position = octets
            .next_block(&mut block)
            .await
            .map_err(|error| Failure::of(exit::NO_INPUT, &error))?;
        let mut written = output.write_all(&block).await;
        if position == Block::Last {
            written = written.and(output.flush().await);
        }
        match written {
            Ok(()) if position == Block::More => {}
            Ok(()) => return Ok(()),
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(cannot_write(name, &error)),
        }
    }
}

fn cannot_write(name: &str, error: &std::io::Error) -> Failure {
    let message = format!("cannot write to {name}: choose another place by --output");
    Failure {
        causes: vec![error.to_string()],
        ..Failure::new(exit::CANNOT_CREATE, message)
    }
}
