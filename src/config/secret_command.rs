//! Secrets that a command prints.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::secret_error::SecretError;
use super::secret_source::{SecretSource, room};

/// How long the pipes of a command are read after the command has ended.
const AFTER_EXIT: Duration = Duration::from_millis(250);

/// The most octets that a command may print after those that are kept.
const MAX_OUTPUT: usize = 1024 * 1024;

/// How much of the end of standard error is kept, in octets.
const MAX_WORDS: usize = 2048;

/// A command that says something and does not end within this time may be waiting for an answer.
const QUESTION: Duration = Duration::from_millis(400);

/// The most processes that are looked for when a command is stopped.
const MAX_PROCESSES: usize = 256;

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

/// A command that runs. Dropping this before its end stops it, with the processes that it has started.
struct Running {
    child: Child,
    /// Whether the command is the first of a process group of its own.
    has_group: bool,
}

impl Running {
    fn start(command: &str) -> io::Result<Self> {
        // On a terminal, a program outside of the foreground group cannot ask for a passphrase.
        let has_group = std::fs::File::open("/dev/tty").is_err();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if has_group {
            shell.process_group(0);
        }
        let child = shell.spawn()?;
        Ok(Self { child, has_group })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A command that has ended has no number any more, and what it left running goes on.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(shell) = id.and_then(Pid::from_raw) else {
            return;
        };
        if self.has_group {
            let _ = kill_process_group(shell, Signal::KILL);
            return;
        }
        // Programs that have changed the terminal restore it.
        for process in descendants(shell) {
            let _ = kill_process(process, Signal::TERM);
        }
    }
}

/// The processes that a process has started, and those that they have, as far as the system says it
/// (Linux).
fn descendants(process: Pid) -> Vec<Pid> {
    let mut all = Vec::new();
    let mut open = vec![process];
    while let Some(parent) = open.pop().filter(|_| all.len() < MAX_PROCESSES) {
        let id = parent.as_raw_nonzero();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        let children: Vec<_> = children.filter_map(Pid::from_raw).collect();
        open.extend(&children);
        all.extend(children);
    }
    all
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

/// A command as errors and lists show it, in one line. An argument that looks like a secret is left out:
/// that of `echo` and `printf`, the password in a URL, and the value of a password or a token.
pub(super) fn shown_command(command: &str) -> String {
    const HIDDEN: &str = "…";
    const NAMES: [&str; 4] = ["password", "passwd", "token", "secret"];
    let is_printing =
        command.trim_start().starts_with("echo ") || command.trim_start().starts_with("printf ");
    let mut hides_next = false;
    let words = command.split(' ').enumerate().map(|(index, word)| {
        let lower = word.to_ascii_lowercase();
        let is_name = |text: &str| {
            let name = text.trim_start_matches('-');
            NAMES.iter().any(|own| name.ends_with(own))
        };
        let is_hidden =
            std::mem::replace(&mut hides_next, lower.starts_with("--") && is_name(&lower));
        if word.is_empty() || (is_printing && index == 0) {
            return word.to_owned();
        }
        if is_printing || is_hidden {
            return HIDDEN.to_owned();
        }
        match (word.split_once('='), word.split_once("://")) {
            (Some((name, _)), _) if is_name(&name.to_ascii_lowercase()) => {
                format!("{name}={HIDDEN}")
            }
            (_, Some((scheme, rest))) => match rest.rsplit_once('@') {
                Some((login, host)) => {
                    let user = login.split_once(':').map_or(login, |(user, _)| user);
                    format!("{scheme}://{user}:{HIDDEN}@{host}")
                }
                None => word.to_owned(),
            },
            _ => word.to_owned(),
        }
    });
    let words: Vec<_> = words.collect();
    words
        .join(" ")
        .escape_debug()
        .to_string()
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_without_secrets() {
        for (command, expected) in [
            ("pass show mail/work", "pass show mail/work"),
            ("sh -c 'cat \"x\"'", "sh -c 'cat \"x\"'"),
            ("echo hunter2", "echo …"),
            ("printf %s hunter2", "printf … …"),
            (
                "curl https://me:hunter2@vault.test/x",
                "curl https://me:…@vault.test/x",
            ),
            ("curl https://vault.test/x", "curl https://vault.test/x"),
            ("vault --token hunter2 read", "vault --token … read"),
            ("vault --token=hunter2 read", "vault --token=… read"),
            ("VAULT_TOKEN=hunter2 vault read", "VAULT_TOKEN=… vault read"),
            ("get --password-file x", "get --password-file x"),
            ("a\nb\u{1b}", "a\\nb\\u{1b}"),
        ] {
            assert_eq!(shown_command(command), expected);
        }
    }

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
            "the password command `>&2 printf 'first\\\\nno key\\\\a\\\\n'; exit 2` ended with status 2: \
             no key\\u{7}"
        );
    }

    /// A command that is given up ends with what it has started.
    #[tokio::test]
    async fn no_process_stays_after_a_command_that_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let command = format!(
            "sh -c 'echo $$ >{0}; mv {0} {0}.done; sleep 600; true'; true",
            file.display()
        );
        let done = directory.path().join("pid.done");
        {
            let mut read = std::pin::pin!(read(&command, "password", 100));
            while !done.exists() {
                let begun = timeout(Duration::from_millis(5), &mut read).await;
                assert!(begun.is_err(), "{begun:?}");
            }
        }
        let id: i32 = std::fs::read_to_string(done)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let id = Pid::from_raw(id).unwrap();
        // It ends soon: an orphan that has ended is gone when its new parent has seen it.
        while is_running(id) {
            tokio::task::yield_now().await;
        }
    }

    fn is_running(process: Pid) -> bool {
        let id = process.as_raw_nonzero();
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let state = state
            .rsplit_once(") ")
            .map(|(_, rest)| rest.as_bytes().first().copied());
        state.flatten().is_some_and(|state| state != b'Z')
    }
}
