//! The text of a mail from an editor.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::exit;
use crate::failure::Failure;

/// Where the user names an editor, the most specific first.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

/// The terminal for an editor, which has to be there before anything is written.
pub(super) fn terminal(no_input: bool) -> Result<File, Failure> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    match terminal {
        Ok(terminal) if !no_input => Ok(terminal),
        _ => {
            let message = "--edit needs a terminal for the editor";
            Err(Failure::usage(message).with_help("give the text by --text, or pipe it in"))
        }
    }
}

/// Lets the user edit a file.
pub(super) async fn edit(file: &Path, terminal: &File) -> Result<(), Failure> {
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
            .arg(file)
            .stdin(stream(io::stdin().is_terminal())?)
            .stdout(stream(io::stdout().is_terminal())?)
            .status()
            .await
    };
    match status.await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("the editor failed: {editor} ({status})");
            Err(Failure::new(exit::NO_INPUT, message))
        }
        Err(error) => {
            let message = format!("cannot start the editor {editor}");
            Err(Failure::io(exit::NO_INPUT, message, error))
        }
    }
}
