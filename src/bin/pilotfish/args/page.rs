//! One help page: what the parser knows of the flags, in our order, and what follows them.

use std::io;

use clap::{Command, CommandFactory as _};

use super::Arguments;
use super::endings::{self, Ending, FILES, VARIABLES};
use super::help::{overview, send_screen};
use crate::terminal::style::{BOLD, CYAN, painted};
use crate::terminal::wrap::{columns, width, wrapped};

/// The headings of flags, in their order.
const HEADINGS: [&str; 14] = [
    "Arguments",
    "Options",
    "Mail",
    "Content",
    "Account",
    "Password",
    "Delivery",
    "Output",
    "Finished message",
    "Signature (DKIM)",
    "Server and TLS",
    "Network",
    "Notifications (DSN)",
    "Protocol",
];

/// The place of a heading among all, in whichever case it is written.
pub(crate) fn place(heading: &str) -> Option<usize> {
    let mut headings = HEADINGS.iter();
    headings.position(|other| other.eq_ignore_ascii_case(heading))
}

/// A command with what the parser adds to it, by the words that it is called by.
pub(crate) fn command<'a>(path: impl IntoIterator<Item = &'a str>) -> Option<Command> {
    let mut all = Arguments::command();
    all.build();
    let mut command = &all;
    for word in path {
        command = command.find_subcommand(word)?;
    }
    Some(command.clone())
}

/// The commands that this one consists of, without `help`.
pub(crate) fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|subcommand| subcommand.get_name() != "help")
}

/// The page of a command: one screen, or all that there is to say.
pub(crate) fn page(path: &[&str], is_long: bool) -> String {
    let Some(command) = command(path.iter().copied()) else {
        return overview();
    };
    match path {
        [] => overview(),
        ["sendmail"] => crate::sendmail::help(),
        ["send"] if !is_long => send_screen(),
        _ if subcommands(&command).next().is_some() => group(&command, path),
        _ => flags(command, path, is_long),
    }
}

/// The commands of a group, with an example of each.
fn group(command: &Command, path: &[&str]) -> String {
    const INDENT: usize = 11;
    let mut lines = vec![
        about(command),
        String::new(),
        format!("Usage: pilotfish {} <COMMAND>", path.join(" ")),
        String::new(),
        painted(BOLD, "Commands"),
    ];
    for subcommand in subcommands(command) {
        let name = subcommand.get_name();
        let about = wrapped(&about(subcommand), INDENT, width(io::stdout()));
        lines.push(format!("{:<INDENT$}{about}", format!("  {name}")));
        let ending = endings::of(&[path, &[name]].concat().join(" "));
        let example = ending.and_then(|ending| ending.examples.first());
        lines.extend(example.map(|example| format!("{:INDENT$}{}", "", painted(CYAN, example))));
    }
    lines.push(String::new());
    lines.push(format!(
        "The flags of a command: pilotfish {} COMMAND -h",
        path.join(" ")
    ));
    lines.join("\n")
}

fn about(command: &Command) -> String {
    command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The flags of a command, and what follows them.
fn flags(command: Command, path: &[&str], is_long: bool) -> String {
    let width = width(io::stdout());
    let mut command = command.term_width(width);
    let rendered = if is_long {
        command.render_long_help()
    } else {
        command.render_help()
    };
    let mut parts = vec![ordered(&rendered.ansi().to_string())];
    if let Some(ending) = endings::of(&path.join(" ")) {
        parts.push(examples(ending));
        if is_long {
            parts.push(statuses(ending, width));
        }
        if is_long && ending.is_configured() {
            parts.push(described("Files", FILES, width));
            parts.push(described("Environment", VARIABLES, width));
        }
        if !is_long {
            parts.push("All flags and statuses: --help".to_owned());
        }
    }
    parts.join("\n\n")
}

fn examples(ending: &Ending) -> String {
    let lines = ending.examples.iter();
    let lines = lines.map(|example| format!("  {example}"));
    let heading = painted(BOLD, "Examples");
    [heading]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What each exit status says, and what that means for the mail.
fn statuses(ending: &Ending, width: usize) -> String {
    const LAST: usize = 20;
    let last = if ending.sends() { LAST } else { 0 };
    let room = width.saturating_sub(7 + last);
    let gap = if ending.sends() { 2 } else { 0 };
    let mut lines = vec![if ending.sends() {
        let blanks = room.saturating_sub(4);
        painted(BOLD, format!("Exit status{:blanks$}Send again?", ""))
    } else {
        painted(BOLD, "Exit status")
    }];
    for (code, meaning, again) in ending.statuses() {
        let meaning = wrapped(meaning, 0, room - gap);
        for (index, line) in meaning.lines().enumerate() {
            lines.push(match index {
                0 if ending.sends() => {
                    let blanks = room.saturating_sub(columns(line));
                    format!("  {code:>3}  {line}{:blanks$}{again}", "")
                }
                0 => format!("  {code:>3}  {line}"),
                _ => format!("       {line}"),
            });
        }
    }
    lines.join("\n")
}

/// Names, and what each is for.
fn described(heading: &str, rows: &[(&str, &str)], width: usize) -> String {
    let indent = 2
        + rows
            .iter()
            .map(|(name, _)| columns(name))
            .max()
            .unwrap_or(0)
        + 2;
    let mut lines = vec![painted(BOLD, heading)];
    for (name, what) in rows {
        let what = wrapped(what, indent, width);
        lines.push(format!("{:<indent$}{what}", format!("  {name}")));
    }
    lines.join("\n")
}

/// The help of the parser with its sections in our order.
fn ordered(help: &str) -> String {
    let mut sections: Vec<(Option<usize>, Vec<String>)> = vec![(None, Vec::new())];
    for line in help.lines() {
        let plain = anstream::adapter::strip_str(line).to_string();
        let heading = plain.strip_suffix(':');
        match heading.and_then(|name| Some((name, place(name)?))) {
            Some((name, place)) => sections.push((Some(place), vec![painted(BOLD, name)])),
            None => {
                if let Some((_, lines)) = sections.last_mut() {
                    lines.push(line.trim_end().to_owned());
                }
            }
        }
    }
    sections.sort_by_key(|(place, _)| *place);
    let sections = sections
        .into_iter()
        .map(|(_, lines)| lines.join("\n").trim_end().to_owned());
    sections.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_our_order() {
        let help =
            "Send one mail.\n\nUsage: x\n\nNetwork:\n  a\n\nMail:\n  b\n\nOptions:\n  c\nMail: e\n";
        let ordered = ordered(help);
        assert_eq!(
            anstream::adapter::strip_str(&ordered).to_string(),
            "Send one mail.\n\nUsage: x\n\nOptions\n  c\nMail: e\n\nMail\n  b\n\nNetwork\n  a"
        );
    }

    /// A flag under another heading would stand at the end of the heading before it.
    #[test]
    fn each_heading_has_a_place() {
        fn headings(command: &Command, found: &mut Vec<String>) {
            let flags = command.get_arguments();
            found.extend(
                flags
                    .filter_map(|flag| flag.get_help_heading())
                    .map(str::to_owned),
            );
            for subcommand in command.get_subcommands() {
                headings(subcommand, found);
            }
        }
        let mut found = Vec::new();
        headings(&command([]).unwrap(), &mut found);
        assert!(found.len() > 50);
        for heading in found {
            assert!(place(&heading).is_some(), "{heading}");
        }
    }

    /// A command without an example is one that a person has to guess.
    #[test]
    fn each_command_has_an_example_and_statuses() {
        fn check(command: &Command, path: &str) {
            let mut subcommands = subcommands(command).peekable();
            if subcommands.peek().is_none() {
                let ending = endings::of(path).unwrap_or_else(|| panic!("{path}"));
                assert!(
                    !ending.examples.is_empty() && ending.statuses().count() > 1,
                    "{path}"
                );
            }
            for subcommand in subcommands {
                check(
                    subcommand,
                    format!("{path} {}", subcommand.get_name()).trim(),
                );
            }
        }
        check(&command([]).unwrap(), "");
    }
}
