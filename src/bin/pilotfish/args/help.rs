//! The help: one screen for what most people need, and all flags in an order of their own.

use clap::{Command, CommandFactory as _};
use pilotfish::config::Config;

use super::Arguments;
use crate::terminal::style::{BOLD, CYAN, painted};
use crate::terminal::wrap::wrapped;

/// The commands in groups, in the order of the screen.
const GROUPS: [(&str, &[&str]); 3] = [
    ("Send", &["send", "sendmail"]),
    ("Set up", &["account", "auth", "config"]),
    ("Find out", &["check", "explain", "demo"]),
];

/// Commands that need no line of their own.
const ALSO: [&str; 3] = ["completions", "man", "help"];

/// The first things to do, and what for.
const FIRST: [(&str, &str, &str); 3] = [
    (
        "account",
        "account add me@gmail.com",
        "set up an account, once",
    ),
    (
        "send",
        "send ann@example.org -s Hello < text",
        "send a mail",
    ),
    (
        "check",
        "check smtp.gmail.com",
        "test a server, send nothing",
    ),
];

/// Where the second column of the first screen begins, after the indentation.
const COLUMN: usize = 49;

/// The flags of `send` that at least one user in ten needs.
const SEND: &str = "\
Send one mail. Standard input is its text.

Usage: pilotfish send [OPTIONS] [RECIPIENT]...

Mail
      --to, --cc, --bcc <LIST>   Recipients; bcc: the others do not see them
  -s, --subject <TEXT>           The subject
      --from <MAILBOX>           The sender [default: the account's]
      --reply-to <LIST>          Where answers go
Content
  -m, --text <TEXT|@FILE|->      The text, in place of standard input
      --html <HTML|@FILE|->      The HTML that most readers show instead
      --markdown <FILE|->        Make text and HTML from a Markdown file
      --inline <LABEL=FILE|auto> A picture in the HTML; auto: all it refers to
  -a, --attach <FILE>...         Attach files
  -e, --edit                     Write the text in $EDITOR
      --raw <FILE|->             Send a finished message (RFC 5322)
Account
  -A, --account <NAME>           [default: the one of --from, else the default]
      --server <HOST[:PORT]>     A server without an account
      --user <NAME>              Log in as this user
      --password-file <FILE>     Where the password is
Delivery
      --retry <TIME>             Try again for this long, such as 30m
      --timeout <TIME>           Stop after this time in all, such as 2m
Output
  -n, --dry-run                  Write the mail instead of sending it
      --json                     Print the outcome as JSON
  -v, -vv, -q                    Each step; the whole dialogue; errors only
Examples
  pilotfish send ann@example.org -s 'A shark' -a shark.png < letter.txt
  pilotfish send ann@example.org bob@example.net -s News --markdown news.md
  df -h | pilotfish send me@example.org -s 'Disks of web1'

Exit status: 0 accepted, 65 rejected, 75 try again later, 76 TLS, 77 login,
80 accepted for some, 81 unknown. All flags and statuses: --help
";

/// The features of the build, in the order of their names.
const FEATURES: [(&str, bool); 21] = [
    ("aws-lc-rs", cfg!(feature = "aws-lc-rs")),
    ("charsets", cfg!(feature = "charsets")),
    ("config", cfg!(feature = "config")),
    ("cram-md5", cfg!(feature = "cram-md5")),
    ("dkim", cfg!(feature = "dkim")),
    ("html", cfg!(feature = "html")),
    ("keyring", cfg!(feature = "keyring")),
    ("merge", cfg!(feature = "merge")),
    ("metrics", cfg!(feature = "metrics")),
    ("oauth", cfg!(feature = "oauth")),
    ("post-quantum", cfg!(feature = "post-quantum")),
    ("proxy", cfg!(feature = "proxy")),
    ("report", cfg!(feature = "report")),
    ("ring", cfg!(feature = "ring")),
    ("saslprep", cfg!(feature = "saslprep")),
    ("spool", cfg!(feature = "spool")),
    ("spreadsheet", cfg!(feature = "spreadsheet")),
    ("sqlite", cfg!(feature = "sqlite")),
    ("system-roots", cfg!(feature = "system-roots")),
    ("testing", cfg!(feature = "testing")),
    ("tower", cfg!(feature = "tower")),
];

/// The version, and what it was built with.
pub(crate) fn version() -> String {
    // As the library chooses.
    let cryptography = if cfg!(feature = "aws-lc-rs") {
        "aws-lc-rs"
    } else {
        "ring"
    };
    let post_quantum = cfg!(any(feature = "aws-lc-rs", feature = "post-quantum"));
    let exchange = if post_quantum {
        ", key exchange X25519MLKEM768"
    } else {
        ""
    };
    let features = FEATURES.iter().filter(|(_, is_on)| *is_on);
    let features: Vec<_> = features.map(|(name, _)| *name).collect();
    let indent = "features  ".len();
    format!(
        "pilotfish {}\nsystem    {} {}\nTLS       rustls with {cryptography}: TLS 1.3 and 1.2{exchange}\n\
         roots     Mozilla's, built in; the system's by --tls-roots system\nfeatures  {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        wrapped(&features.join(" "), indent, 80),
    )
}

/// What a person who types nothing but the name of the program needs.
pub(crate) fn first_screen() -> String {
    let all = Arguments::command();
    let mut lines = vec![
        "Pilotfish sends mail: text, pictures and attachments of any size.".to_owned(),
        String::new(),
    ];
    for (_, words, what) in first(&all) {
        let command = format!("pilotfish {words}");
        let blanks = COLUMN.saturating_sub(command.len());
        lines.push(format!("  {}{:blanks$}{what}", painted(CYAN, &command), ""));
    }
    lines.push(String::new());
    lines.extend(state(&all));
    lines.push(format!("All commands: {}", painted(CYAN, "pilotfish -h")));
    lines.join("\n")
}

fn first(all: &Command) -> impl Iterator<Item = &(&str, &str, &str)> {
    FIRST
        .iter()
        .filter(|(name, ..)| all.find_subcommand(name).is_some())
}

/// The account that is used, or what to do without one.
fn state(all: &Command) -> Option<String> {
    // An error in a file is shown by the command that needs it.
    let config = Config::find().ok()?;
    let names: Vec<_> = config.accounts.keys().map(String::as_str).collect();
    let name = config.default.as_deref().or(match names.as_slice() {
        [only] => Some(*only),
        _ => None,
    });
    match name {
        Some(name) => Some(format!("Account: {}", name.escape_debug())),
        None if names.is_empty() && all.find_subcommand("account").is_some() => {
            Some("No account is set up yet: begin with the first line.".to_owned())
        }
        None if names.is_empty() => None,
        None => Some(format!("Accounts: {}", names.join(", ").escape_debug())),
    }
}

/// All commands on one screen.
pub(crate) fn overview() -> String {
    let all = Arguments::command();
    let heading = |name: &str| painted(BOLD, name);
    let mut lines = vec![
        "Send mail: text, pictures and attachments of any size, over verified TLS".to_owned(),
        String::new(),
        "Usage: pilotfish <COMMAND>".to_owned(),
        String::new(),
    ];
    for (group, names) in GROUPS {
        let commands = names.iter().filter_map(|name| all.find_subcommand(name));
        let commands: Vec<_> = commands
            .map(|command| {
                let about = command.get_about().map(ToString::to_string);
                format!("  {:<10} {}", command.get_name(), about.unwrap_or_default())
            })
            .collect();
        if !commands.is_empty() {
            lines.push(heading(group));
            lines.extend(commands);
        }
    }
    let also = ALSO
        .iter()
        .filter(|name| **name == "help" || all.find_subcommand(name).is_some());
    lines.push(format!(
        "Also: {}",
        also.copied().collect::<Vec<_>>().join(", ")
    ));
    lines.push(String::new());
    lines.push(heading("Options of all commands"));
    lines.push(
        "  -A, --account <NAME>  Use this account     -v, --verbose  Print each step".to_owned(),
    );
    lines.push(
        "  -C, --config <FILE>   Read this file       -q, --quiet    Print errors only".to_owned(),
    );
    lines.push("      --json            Print JSON               --no-input Never ask".to_owned());
    lines.push(String::new());
    lines.push(heading("Examples"));
    lines.extend(
        first(&all)
            .take(2)
            .map(|(_, words, _)| format!("  pilotfish {words}")),
    );
    lines.join("\n")
}

/// The help of `send` on one screen.
pub(crate) fn send_screen() -> String {
    let line = |line: &str| {
        let is_heading = line.starts_with(|c: char| c.is_ascii_uppercase()) && !line.contains(' ');
        if is_heading {
            painted(BOLD, line)
        } else {
            line.to_owned()
        }
    };
    SEND.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command that the screen does not name is not found.
    #[test]
    fn the_overview_names_each_command() {
        let overview = anstream::adapter::strip_str(&overview()).to_string();
        for command in Arguments::command().get_subcommands() {
            let name = command.get_name();
            let is_listed = overview.contains(&format!("\n  {name} "));
            assert!(is_listed || ALSO.contains(&name), "{name}: {overview}");
        }
        assert!(
            overview.lines().count() <= 50 && overview.lines().all(|line| line.len() <= 80),
            "{overview}"
        );
    }

    /// What the screen of `send` says exists.
    #[test]
    fn the_screen_of_send_names_real_flags() {
        let all = Arguments::command();
        let send = all.find_subcommand("send").unwrap();
        let is_flag = |word: &str| {
            let mut flags = send.get_arguments().chain(all.get_arguments());
            match word.strip_prefix("--") {
                Some(long) => flags.any(|flag| flag.get_long() == Some(long)),
                None => flags.any(|flag| flag.get_short() == word.chars().nth(1)),
            }
        };
        let screen = anstream::adapter::strip_str(&send_screen()).to_string();
        assert!(screen.lines().count() <= 50 && screen.lines().all(|line| line.len() <= 80));
        let mut count = 0;
        for word in screen
            .split([' ', ',', '\n', '[', ']'])
            .filter(|word| word.starts_with('-'))
        {
            let is_real = is_flag(word) || ["-h", "-vv", "--help"].contains(&word);
            assert!(is_real, "{word}");
            count += 1;
        }
        assert!(count > 30, "{count}");
    }
}
