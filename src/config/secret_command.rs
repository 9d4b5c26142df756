//! Secrets that a command prints.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::running_command::Running;
use super::secret_error::SecretError;
use super::secret_source::{SecretSource, room};
use super::shown_command::shown_command;

/// How long the pipes of a command are read after the command has ended.
const AFTER_EXIT: Duration = Duration::from_millis(250);

/// The most octets that a command may print after those that are kept.
const MAX_OUTPUT: usize = 1024 * 1024;

/// How much of the end of standard error is kept, in octets.
const MAX_WORDS: usize = 2048;

/// A command that says something and does not end within this time may be waiting for an answer.
const QUESTION: Duration = Duration::from_millis(400);

/// Runs a command by `sh -c` without input, and keeps the first `most` octets that it prints.
pub(super) async fn read(
    command: &str,
    what: &'static str,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let failed = |source| SecretError::CannotRun {
        what,
        command: shown_command(command),
        source,
    };
    let mut running = Running::start(command).map_err(failed)?;
    let (output, errors) = (running.child.stdout.take(), running.child.stderr.take());
    let mut octets = room(most);
    let mut words = Vec::new();
    let status = {
        let printed = async {
            match output {
                Some(output) => beginning(output, &mut octets, most).await,
                None => Ok(()),
            }
        };
        let said = async {
            if let Some(errors) = errors {
                listen(errors, &mut words).await;
            }
            Ok(())
        };
        let read = async { tokio::try_join!(printed, said) };
        let mut read = std::pin::pin!(read);
        let ended = tokio::select! {
            biased;
            read = &mut read => match read {
                Ok(_) => Ok(running.child.wait().await.map_err(failed)?),
                Err(error) => Err(error),
            },
            status = running.child.wait() => {
                let status = status.map_err(failed)?;
                // What the command has printed is in the pipes. A process that it left in the
                // background may keep them open for ever.
                match timeout(AFTER_EXIT, read).await {
                    Ok(Err(error)) => Err(error),
                    Ok(Ok(_)) | Err(_) => Ok(status),
                }
            }
        };
        ended.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                SecretSource::Command(command).too_long(what, MAX_OUTPUT)
            }
            _ => failed(error),
        })?
    };
    if status.success() {
        return Ok(octets);
    }
    Err(SecretError::CommandFailed {
        what,
        command: shown_command(command),
        status,
        words: last_line(&words),
    })
}

/// Reads to the end, so that a command is not broken off, and keeps the beginning. An end that does not
/// come within [`MAX_OUTPUT`] is an error.
async fn beginning(
    mut source: impl AsyncRead + Unpin,
    octets: &mut Vec<u8>,
    most: usize,
) -> io::Result<()> {
    (&mut source).take(most as u64).read_to_end(octets).await?;
    let mut rest = source.take(MAX_OUTPUT as u64);
    let more = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    if more < MAX_OUTPUT as u64 {
        Ok(())
    } else {
        Err(io::ErrorKind::FileTooLarge.into())
    }
}

/// Reads standard error to its end, and keeps the end of it. What may be a question is shown.
async fn listen(mut source: impl AsyncRead + Unpin, words: &mut Vec<u8>) {
    let mut shows = false;
    let mut block = [0; 1024];
    loop {
        let waits = !shows && !words.is_empty();
        let patience = if waits { QUESTION } else { Duration::MAX };
        let Ok(read) = timeout(patience, source.read(&mut block)).await else {
            let _ = io::stderr().write_all(words);
            shows = true;
            continue;
        };
        let octets = match read {
            Ok(length @ 1..) => block.get(..length).unwrap_or_default(),
            _ => return,
        };
        if shows {
            let _ = io::stderr().write_all(octets);
        }
        words.extend_from_slice(octets);
        let excess = words.len().saturating_sub(MAX_WORDS);
        words.drain(..excess);
    }
}

/// The last line that is not empty, with control characters escaped.
fn last_line(octets: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(octets);
    let mut lines = text.lines().rev().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let escaped = line.chars().flat_map(|character| {
        let is_plain = !character.is_control();
        let plain = is_plain.then_some(character);
        let escape = (!is_plain).then(|| character.escape_debug());
        plain.into_iter().chain(escape.into_iter().flatten())
    });
    escaped.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_short_and_plain() {
        for (text, expected) in [
            (&b""[..], ""),
            (b"gpg: a\ngpg: no pinentry\n\n", "gpg: no pinentry"),
            (b"\x1b[31mred\n", "\\u{1b}[31mred"),
            (b"\xff\n", "\u{fffd}"),
        ] {
            assert_eq!(last_line(text), expected);
        }
        assert_eq!(last_line(&[b'a'; 1000]).len(), 200);
    }

    #[tokio::test]
    async fn what_a_command_says_is_in_the_error() {
        let command = ">&2 printf 'first\\nno key\\a\\n'; exit 2";
        let said = read(command, "password", 100).await;
        let error = said.unwrap_err().to_string();
        assert_eq!(
            error,
            "the password command `…` ended with status 2: no key\\u{7}"
        );
    }
}
