//! The command that sends a text that was written for another one.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use crate::args::{Arguments, with_each_file};
use crate::settings::in_shell;

/// The command that sends the text in this file, by the arguments of this command. `--edit` and
/// `--text` are left out.
pub(super) fn again(arguments: impl IntoIterator<Item = OsString>, path: &Path) -> String {
    let flags = Flags::of_send();
    let mut words = vec!["pilotfish".to_owned()];
    let arguments = with_each_file(arguments).into_iter();
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let text = ["--text".to_owned(), format!("@{}", path.display())];
    let mut recipients = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            recipients.push(argument);
            recipients.extend(arguments.by_ref());
            break;
        }
        let (kept, next) = flags.kept(&argument);
        words.extend(kept);
        match next {
            Next::Argument => {}
            Next::Value => words.extend(arguments.next()),
            Next::Text => drop(arguments.next()),
        }
    }
    words.extend(text);
    words.extend(recipients);
    let words: Vec<_> = words.iter().map(|word| in_shell(word)).collect();
    words.join(" ")
}

/// What follows an argument.
enum Next {
    Argument,
    /// The value of a flag that stays.
    Value,
    /// The value of `--text`.
    Text,
}

/// The flags of `pilotfish send`.
struct Flags(Command);

impl Flags {
    fn of_send() -> Self {
        let mut command = Arguments::command();
        // Gives the global flags to each command.
        command.build();
        let send = command.find_subcommand("send").cloned();
        Self(send.unwrap_or(command))
    }

    /// What stays of an argument, and what follows it.
    fn kept(&self, argument: &str) -> (Option<String>, Next) {
        let whole = Some(argument.to_owned());
        if let Some(long) = argument.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            let flag = self.0.get_arguments().find(|flag| is_long(flag, name));
            let has_next = !long.contains('=') && flag.is_some_and(takes_value);
            return match name {
                "text" if has_next => (None, Next::Text),
                "edit" | "text" => (None, Next::Argument),
                _ if has_next => (whole, Next::Value),
                _ => (whole, Next::Argument),
            };
        }
        let letters = argument.strip_prefix('-').unwrap_or_default();
        if letters.is_empty() {
            return (whole, Next::Argument);
        }
        let mut kept = "-".to_owned();
        let mut next = Next::Argument;
        for (place, letter) in letters.char_indices() {
            let is_this = |flag: &&Arg| flag.get_short() == Some(letter);
            let flag = self.0.get_arguments().find(is_this);
            if flag.is_some_and(takes_value) {
                let rest = letters.get(place..).unwrap_or_default();
                let has_next = rest.len() == letter.len_utf8();
                let is_text = letter == 'm';
                kept.push_str(if is_text { "" } else { rest });
                next = match (has_next, is_text) {
                    (true, true) => Next::Text,
                    (true, false) => Next::Value,
                    (false, _) => Next::Argument,
                };
                break;
            }
            if letter != 'e' {
                kept.push(letter);
            }
        }
        (Some(kept).filter(|kept| kept != "-"), next)
    }
}

fn is_long(flag: &Arg, name: &str) -> bool {
    let aliases = flag.get_all_aliases().unwrap_or_default();
    flag.get_long() == Some(name) || aliases.contains(&name)
}

/// Whether the next argument may be the value of a flag.
fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values() && !flag.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_sends_a_text() {
        for (typed, expected) in [
            (
                "send|ann@x.test|-s|It's me|-e",
                r"send ann@x.test -s 'It'\''s me' --text @/d.txt",
            ),
            (
                "send|--edit|--text|Begin: |-y|ann@x.test",
                "send -y ann@x.test --text @/d.txt",
            ),
            (
                "send|-mBegin|--text=x|-e|--|ann@x.test|-e",
                "send --text @/d.txt -- ann@x.test -e",
            ),
            (
                "-A|work|send|Ann <ann@x.test>|-s|",
                "-A work send 'Ann <ann@x.test>' -s '' --text @/d.txt",
            ),
            // Short flags together.
            (
                "send|-yem|Begin|a@x.test",
                "send -y a@x.test --text @/d.txt",
            ),
            ("send|-em|Begin|a@x.test", "send a@x.test --text @/d.txt"),
            ("send|-yemBegin|a@x.test", "send -y a@x.test --text @/d.txt"),
            ("send|-ey|a@x.test", "send -y a@x.test --text @/d.txt"),
            (
                "send|-es|Hem|a@x.test",
                "send -s Hem a@x.test --text @/d.txt",
            ),
            ("send|-esHem|a@x.test", "send -sHem a@x.test --text @/d.txt"),
            // A value that looks like a flag.
            (
                "send|-s|-e|-e|a@x.test",
                "send -s -e a@x.test --text @/d.txt",
            ),
            ("send|-m|-e|-e|a@x.test", "send a@x.test --text @/d.txt"),
            (
                "send|--subject|-m|--html|--text|-e",
                "send --subject -m --html --text --text @/d.txt",
            ),
            (
                "send|-e|--to|a@x.test|--body|7bit|--timeout|1m",
                "send --to a@x.test --body 7bit --timeout 1m --text @/d.txt",
            ),
            (
                "send|-a|a.png|b.png|-e|a@x.test",
                "send -a a.png -a b.png a@x.test --text @/d.txt",
            ),
        ] {
            let typed = typed.split('|').map(OsString::from);
            let expected = format!("pilotfish {expected}");
            assert_eq!(again(typed, Path::new("/d.txt")), expected);
        }
    }
}
