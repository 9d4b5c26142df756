//! Flags and values by the names that the parser has for them.

use clap::CommandFactory as _;

use crate::args::Arguments;

/// The name without the values of flags: the parser says `--verbose...`, `--dkim-selector <NAME>`,
/// `<--dkim-key <FILE>|--dkim-key-command <CMD>>` and `<ADDRESS>...`.
pub(super) fn plain(named: &str) -> String {
    let word = |flag: &str| {
        let word = flag.split([' ', '=', '[', '>']).next().unwrap_or_default();
        word.trim_end_matches("...").to_owned()
    };
    let plain = match named.strip_prefix('<') {
        None => word(named),
        Some(flags) if flags.starts_with('-') => {
            let flags = flags.split('|').filter(|flag| flag.starts_with('-'));
            flags.map(word).collect::<Vec<_>>().join(" or ")
        }
        Some(value) => format!("the {}", word(value).to_lowercase()),
    };
    plain.escape_debug().to_string()
}

/// Whether a flag, which the parser names with its value, is on the command line.
pub(super) fn is_given(flag: &str, typed: &[String]) -> bool {
    let end = |c: char| c.is_whitespace() || matches!(c, '=' | '[');
    let flag = flag.split(end).next().unwrap_or_default();
    let all = Arguments::command();
    let flags = all
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .filter(|other| {
            (other.get_long()).is_some_and(|long| flag.strip_prefix("--") == Some(long))
        });
    let letters: Vec<_> = flags.filter_map(clap::Arg::get_short).collect();
    typed.iter().any(|word| {
        let is_long = word.split('=').next() == Some(flag);
        let letter = word.strip_prefix('-').and_then(|rest| rest.chars().next());
        is_long || letter.is_some_and(|letter| letters.contains(&letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_values() {
        for (named, expected) in [
            ("--quiet", "--quiet"),
            ("--verbose...", "--verbose"),
            ("--raw <FILE|->", "--raw"),
            ("--inline[=<AUTO>]", "--inline"),
            ("--dkim-selector <NAME>", "--dkim-selector"),
            (
                "<--dkim-key <FILE>|--dkim-key-command <CMD>>",
                "--dkim-key or --dkim-key-command",
            ),
            ("<REPLY>...", "the reply"),
            ("<ADDRESS>", "the address"),
        ] {
            assert_eq!(plain(named), expected);
        }
    }
}
