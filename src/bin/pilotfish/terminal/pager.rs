//! Long texts in the pager of the person.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::style::Stream;

/// The pager where the person has chosen none: it ends at once if the text fits the screen.
const PAGER: &str = "less -FIRX";

/// The status of a shell that does not find the program.
const NOT_FOUND: i32 = 127;

/// Shows a text in the pager, if standard output is a terminal. Returns whether the text was shown:
/// it was not off a terminal, without a pager, and where the pager cannot be started.
pub(crate) fn show(text: &str) -> bool {
    if !io::stdout().is_terminal() {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| PAGER.to_owned());
    if pager.trim().is_empty() {
        return false;
    }
    // Ctrl-C is for the pager. Both are in the foreground, and this process waits for the other.
    let interrupted = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted);
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // A `less` that is set by PAGER shows colours, too.
        command.env("LESS", "FIRX");
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that closes early has shown enough.
        let text = Stream::stdout().shown(format!("{text}\n"));
        let _ = stdin.write_all(text.as_bytes());
    }
    child
        .wait()
        .is_ok_and(|status| status.code() != Some(NOT_FOUND))
}
