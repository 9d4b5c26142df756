//! The text of a mail from an editor.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::Stdio;

use tokio::process::Command;

use crate::exit;
use crate::failure::Failure;

/// Where the user names an editor, the most specific first.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// The text after the user has edited `text`. The file is in the directory for temporary files, only
/// the user can read it, and it is removed afterwards.
pub(super) async fn edited(text: &str, no_input: bool) -> Result<String, Failure> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let (false, Ok(terminal)) = (no_input, terminal) else {
        let message = "--edit needs a terminal for the editor";
        return Err(Failure::usage(message).with_help("give the text by --text, or pipe it in"));
    };
    let cannot = |error| {
        Failure::io(
            exit::CANNOT_CREATE,
            "cannot write the text for the editor",
            error,
        )
    };
    let mut file = tempfile::Builder::new()
        .prefix("pilotfish-")
        .suffix(".txt")
        .tempfile()
        .map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)?;
    let editor = VARIABLES.iter().find_map(|name| std::env::var(name).ok());
    let editor = editor.filter(|editor| !editor.trim().is_empty());
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let stream = |is_terminal| -> io::Result<Stdio> {
        if is_terminal {
            Ok(Stdio::inherit())
        } else {
            terminal.try_clone().map(Stdio::from)
        }
    };
    let status = async {
        // The value may have arguments, as in "code --wait".
        Command::new("sh")
            .args(["-c", &format!("exec {editor} \"$1\""), "sh"])
            .arg(file.path())
            .stdin(stream(io::stdin().is_terminal())?)
            .stdout(stream(io::stdout().is_terminal())?)
            .status()
            .await
    };
    let shown = editor.escape_debug();
    match status.await {
        Ok(status) if status.success() => {}
        Ok(status) => {
            let message = format!("the editor failed: {shown} ({status})");
            return Err(Failure::new(exit::NO_INPUT, message));
        }
        Err(error) => {
            let message = format!("cannot start the editor {shown}");
            return Err(Failure::io(exit::NO_INPUT, message, error));
        }
    }
    std::fs::read_to_string(file.path())
        .map_err(|error| Failure::io(exit::NO_INPUT, "cannot read the text of the editor", error))
}
