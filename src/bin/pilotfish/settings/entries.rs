//! The settings of a file, each with its line.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use toml_edit::{Document, Item, TableLike, Value};

use super::{shown_command, shown_path};
use crate::exit;
use crate::failure::Failure;

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its names, from the outermost table.
    pub(crate) key: Vec<String>,
    /// Its value as the file has it, without comments. A command is as every screen shows it.
    pub(crate) value: String,
    /// The file and the line, as in `~/.config/pilotfish/config.toml:7`.
    pub(crate) place: String,
}

impl Entry {
    /// The name as it is written in TOML: `account.work.server`.
    pub(crate) fn name(&self) -> String {
        let parts = self.key.iter().map(|part| {
            let key = toml_edit::Key::new(part);
            key.display_repr().into_owned()
        });
        parts.collect::<Vec<_>>().join(".")
    }
}

/// Every setting of a file, in the order of the file.
pub(crate) fn entries(path: &Path) -> Result<Vec<Entry>, Failure> {
    let unreadable = |error| {
        let message = format!("cannot read the configuration {}", shown_path(path));
        Failure::io(exit::CONFIG, message, error)
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_fifo() || kind.is_socket() {
        let path = shown_path(path);
        let message = format!("{path} is a pipe, whose lines cannot be read again to show them");
        let help = "write it to a file, and name that by -C FILE";
        return Err(Failure::new(exit::CONFIG, message).with_help(help));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let document = Document::parse(text).map_err(|error| Failure::of(exit::CONFIG, &error))?;
    let mut entries = Vec::new();
    collect(
        &[],
        document.as_table(),
        text,
        &shown_path(path),
        &mut entries,
    );
    Ok(entries)
}

fn collect(
    prefix: &[String],
    table: &dyn TableLike,
    text: &str,
    path: &str,
    entries: &mut Vec<Entry>,
) {
    for (key, item) in table.iter() {
        let key: Vec<_> = prefix.iter().cloned().chain([key.to_owned()]).collect();
        match (item.as_table_like(), item) {
            (Some(table), _) => collect(&key, table, text, path, entries),
            (None, Item::Value(_)) => {
                let span = item.span().unwrap_or_default();
                let before = text.get(..span.start).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                let is_command = key.last().is_some_and(|key| key.ends_with("-command"));
                let value = match item.as_str().filter(|_| is_command) {
                    Some(command) => Value::from(shown_command(command)).to_string(),
                    None => text.get(span).unwrap_or_default().to_owned(),
                };
                entries.push(Entry {
                    key,
                    value,
                    place: format!("{path}:{line}"),
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let text = "default = 'a' # mine\n\n[account.a]\nserver = \"x\"\n\
                    [account.\"b c\"]\ndkim = { selector = 's' }\n[account.a.network]\nhelo = 'h'\n";
        std::fs::write(&path, text).unwrap();
        let found = entries(&path).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|entry| {
                let line = entry.place.rsplit(':').next().unwrap();
                format!("{line} {} {}", entry.name(), entry.value)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "1 default 'a'",
                "4 account.a.server \"x\"",
                "8 account.a.network.helo 'h'",
                "6 account.\"b c\".dkim.selector 's'",
            ]
        );
    }
}
