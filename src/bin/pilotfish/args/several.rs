//! `-a` with several files.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The arguments of a command line with `-a` before each file that follows the first one, as the
/// parser expects it. A word with an `@` that names no file is a recipient, so that
/// `-a shark.png ann@example.org` does what it says.
pub(crate) fn with_each_file(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut expanded = Vec::new();
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        let is_end = argument == "--";
        let takes_next = argument == "-a" || argument == "--attach";
        let has_value = is_glued(&argument);
        expanded.push(argument);
        if is_end {
            break;
        }
        if takes_next {
            expanded.extend(arguments.next());
        }
        if takes_next || has_value {
            while let Some(file) = arguments.next_if(|next| is_file(next)) {
                expanded.extend([OsString::from("-a"), file]);
            }
        }
    }
    expanded.extend(arguments);
    expanded
}

/// Whether this is `-aFILE` or `--attach=FILE`.
fn is_glued(argument: &OsStr) -> bool {
    let octets = argument.as_encoded_bytes();
    octets.starts_with(b"--attach=") || octets.starts_with(b"-a") && octets.len() > 2
}

/// Whether a word after `-a FILE` is another file: neither a flag nor a recipient. `-` is standard
/// input, which may have parameters.
fn is_file(word: &OsStr) -> bool {
    let octets = word.as_encoded_bytes();
    let is_flag = octets.starts_with(b"-") && octets != b"-" && !octets.starts_with(b"-;");
    !is_flag && (!octets.contains(&b'@') || Path::new(word).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_gets_its_flag() {
        for (typed, expected) in [
            ("send -a a b -s x", "send -a a -a b -s x"),
            ("send -a a b ann@x.test", "send -a a -a b ann@x.test"),
            ("send -a a ann@x.test b", "send -a a ann@x.test b"),
            ("send -aa b", "send -aa -a b"),
            ("send --attach=a b c", "send --attach=a -a b -a c"),
            (
                "send --attach a -;name=x -",
                "send --attach a -a -;name=x -a -",
            ),
            ("send -a -;name=x b", "send -a -;name=x -a b"),
            ("send -a ann@x.test", "send -a ann@x.test"),
            ("send -- -a a b", "send -- -a a b"),
            ("send -a a -- b", "send -a a -- b"),
            ("send -a", "send -a"),
            ("send ann@x.test a", "send ann@x.test a"),
        ] {
            let words = typed.split(' ').map(OsString::from);
            let found = with_each_file(words).join(OsStr::new(" "));
            assert_eq!(found, expected, "{typed}");
        }
    }
}
