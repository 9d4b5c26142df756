//! The use of standard input: one part of the mail, or its text if no flag names any content.

use std::fs::Metadata;
use std::io::IsTerminal as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::args::{ContentArguments, MailArguments};
use crate::failure::Failure;
use crate::input::{InlineSpec, Input, TextSource};
use crate::output::report;

/// Decides what standard input is for. `is_taken` says that a password, a key or another file is
/// read from it.
///
/// Without a flag that names content, standard input is the text. Beside an attachment it is left
/// alone unless a flag names it: it may be the rest of the script that runs the command, or a pipe
/// that never ends.
pub(crate) fn assign(mail: &mut MailArguments, is_taken: bool) -> Result<(), Failure> {
    let readers = mail.inputs().filter(|input| **input == Input::Stdin);
    let readers = readers.count() + usize::from(is_taken);
    if readers > 1 {
        let message = "standard input is named twice and can be read once: put one into a file";
        return Err(Failure::usage(message));
    }
    if readers == 1 || mail.has_text() || mail.content.has_parts() {
        return Ok(());
    }
    if std::io::stdin().is_terminal() {
        report::notice("Type the text, then Ctrl-D on a line of its own.");
    }
    mail.content.text = Some(TextSource::Read(Input::Stdin));
    Ok(())
}

/// Whether a file is standard input under another name, as `/dev/stdin` is.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let named = std::fs::metadata(path).map(identity);
    let stdin = std::fs::metadata("/dev/stdin").map(identity);
    matches!((named, stdin), (Ok(named), Ok(stdin)) if named == stdin)
}

impl MailArguments {
    /// Whether a flag names the text, or a message that has one.
    fn has_text(&self) -> bool {
        let content = &self.content;
        content.text.is_some()
            || content.html.is_some()
            || content.markdown.is_some()
            || self.raw.raw.is_some()
    }

    /// All that is read.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        let content = &self.content;
        let texts = [&content.text, &content.html].into_iter().flatten();
        let inline = content.inline.iter().filter_map(|spec| match spec {
            InlineSpec::Part(_, file) => Some(&file.input),
            InlineSpec::Auto => None,
        });
        texts
            .filter_map(|source| source.input())
            .chain(&content.markdown)
            .chain(inline)
            .chain(content.attach.iter().map(|spec| &spec.input))
            .chain(&content.forward)
            .chain(&content.calendar)
            .chain(&self.raw.raw)
    }
}

impl ContentArguments {
    /// Whether there is something else in the mail than a text.
    pub(crate) fn has_parts(&self) -> bool {
        let is_part = |spec: &InlineSpec| matches!(spec, InlineSpec::Part(..));
        !self.attach.is_empty()
            || self.inline.iter().any(is_part)
            || !self.forward.is_empty()
            || self.calendar.is_some()
    }
}
