//! What fits a command: the advice for its errors, and how it prints.

use clap::CommandFactory as _;

use crate::args::{Arguments, GlobalArguments};
use crate::failure::Failure;

/// The commands that print no JSON.
const WITHOUT_JSON: &[&str] = &["completions", "man"];

/// The commands that have a result, and print nothing else.
const WITHOUT_QUIET: &[&str] = &[
    "account list",
    "account show",
    "completions",
    "config path",
    "config show",
    "demo",
    "explain",
    "man",
];

/// Refuses `--json` and `--quiet` where they would have no effect.
pub(crate) fn check_output(global: &GlobalArguments) -> Result<(), Failure> {
    let command = global.command.as_str();
    let refused = if global.json && WITHOUT_JSON.contains(&command) {
        Some(("--json", "prints no JSON"))
    } else if global.quiet && WITHOUT_QUIET.contains(&command) {
        Some(("--quiet", "has a result to print"))
    } else {
        None
    };
    match refused {
        Some((flag, why)) => {
            let message = format!("{flag} has no effect here: {command} {why}");
            Err(Failure::usage(message).with_help(format!("leave {flag} out")))
        }
        None => Ok(()),
    }
}

/// The advice that names no flag that the command lacks. The flags of a whole command in the advice are
/// those of that command.
pub(crate) fn fitting(help: &[String], global: &GlobalArguments) -> Vec<String> {
    let flags = flags(&global.command);
    let fits = |help: &&String| {
        let own = help.split("pilotfish ").next().unwrap_or_default();
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        let mut words = own.split(is_end).filter(|word| word.starts_with("--"));
        words.all(|word| word == "--" || flags.iter().any(|flag| flag == word))
    };
    match &flags[..] {
        [] => help.to_vec(),
        _ => help.iter().filter(fits).cloned().collect(),
    }
}

/// The long flags of a command; none if there is no such command.
fn flags(command: &str) -> Vec<String> {
    let all = Arguments::command();
    let mut found = Some(&all);
    for name in command.split(' ').filter(|name| !name.is_empty()) {
        found = found.and_then(|group| group.find_subcommand(name));
    }
    let Some(found) = found.filter(|_| !command.is_empty()) else {
        return Vec::new();
    };
    // The flags of sendmail(1) are letters, and the options of all commands come before its name.
    if command == "sendmail" {
        return vec!["--help".to_owned()];
    }
    let flags = found.get_arguments().chain(all.get_arguments());
    let longs = flags.filter_map(clap::Arg::get_long);
    longs.map(|long| format!("--{long}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> GlobalArguments {
        GlobalArguments {
            command: command.to_owned(),
            ..GlobalArguments::default()
        }
    }

    #[test]
    fn no_advice_names_a_flag_that_the_command_lacks() {
        let help = [
            "add --tls starttls, or --server HOST:465",
            "let Pilotfish try: --retry 30m",
            "pilotfish account add me@example.org --no-test",
            "store it again: pilotfish auth set work",
            "write -- before it",
        ]
        .map(str::to_owned);
        for (command, expected) in [
            ("", &[0, 1, 2, 3, 4][..]),
            ("send", &[0, 1, 2, 3, 4]),
            ("check", &[0, 2, 3, 4]),
            ("account add", &[0, 2, 3, 4]),
            ("sendmail", &[2, 3, 4]),
            ("explain", &[2, 3, 4]),
        ] {
            let expected: Vec<_> = expected.iter().map(|index| help[*index].clone()).collect();
            assert_eq!(fitting(&help, &of(command)), expected, "{command}");
        }
    }

    #[test]
    fn the_commands_in_the_tables_exist() {
        let all = Arguments::command();
        for command in WITHOUT_JSON.iter().chain(WITHOUT_QUIET) {
            let mut found = Some(&all);
            for name in command.split(' ') {
                found = found.and_then(|group| group.find_subcommand(name));
            }
            assert!(found.is_some(), "{command}");
        }
    }
}
