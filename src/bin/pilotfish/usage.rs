//! Errors of the command line, where clap's own words would mislead or show a secret.

mod fitting;
mod naming;

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use self::naming::{is_given, plain};
use crate::args::help::{first_screen, version};
use crate::args::page::{command, page};
use crate::args::{Arguments, GlobalArguments};
use crate::exit;
use crate::failure::Failure;
use crate::output::report;
use crate::suggestion::nearest;
use crate::terminal::pager;
pub(crate) use fitting::{check_output, fitting};

/// Rows of flags, separated by spaces, and what helps.
macro_rules! tips {
    ($($flags:literal => $tip:literal;)*) => { &[$(($flags, $tip)),*] };
}

/// Flags of other programs, and the flags of this command for the same.
const OF_OTHERS: &[(&str, &str)] = tips! {
    "--message --msg --body-text --body-file --text-file --content --data --stdin --input"
        => "the text is --text TEXT or --text @FILE, or comes from standard input";
    "--body-html --html-body --html-file" => "the HTML is --html HTML or --html @FILE";
    "--eml --mime" => "a finished message is --raw FILE";
    "--port -p -P --smtp-port --server-port" => "the port is a part of --server HOST:PORT";
    "--host --hostname --smtp --smtp-server --smtp-host --mailserver --url"
        => "the server is --server HOST[:PORT]";
    "--password --pass --passwd --pw --pwd --password-env --auth-password --auth-pass --smtp-password"
        => "a password on the command line can be read by others: use --password-file FILE or \
            --password-command CMD";
    "--ssl --smtps --use-ssl --ssl-reqd"
        => "TLS from the first octet is --tls implicit, or port 465";
    "--starttls --use-tls" => "STARTTLS is the default; --tls starttls names it";
    "--no-tls --notls --no-ssl --no-starttls --disable-tls --plain --plaintext"
        => "a server without TLS is --tls none";
    "-k --insecure --no-verify --no-check-certificate"
        => "--tls-fingerprint pins the certificate of the server; --tls-insecure accepts any";
    "--ca --cacert --ca-file --cafile" => "an authority of yours is --tls-ca FILE";
    "--cert --key" => "the certificate that logs in is --tls-cert FILE, and its key --tls-key FILE";
    "--attachment --attachments --attach-file --file" => "attach a file by -a FILE";
    "--username --login -u --auth-user --auth-username --smtp-user"
        => "the name for the login is --user NAME";
    "--title --subj --h-Subject" => "the subject is -s TEXT";
    "--recipient --rcpt --recipients --mail-rcpt" => "recipients are --to, --cc and --bcc";
    "--sender-address --mail-from -f -r" => "the sender is --from MAILBOX";
    "--name --from-name --sender-name"
        => "the name of the sender is a part of --from 'NAME <ADDRESS>'";
    "--receipt --read-receipt --mdn"
        => "a receipt is asked for by -H 'Disposition-Notification-To: ADDRESS'";
    "--retries" => "--retry 30m tries again for 30 minutes";
};

/// Flags that take one value, and what to do where several words follow.
const ONE_VALUE: &[(&str, &str)] = tips! {
    "-s --subject" => "quote the subject: -s 'Hello world'";
    "--text" => "quote the text: --text 'Hello world'";
    "--html" => "quote the HTML: --html '<p>Hello world'";
    "--to --cc --bcc" => "put commas between the addresses and quote the list, or repeat the flag";
    "--from" => "quote the mailbox: --from 'Me <me@example.org>'";
    "-H --header" => "quote the field: -H 'Name: value'";
    "--server" => "the port is a part of --server HOST:PORT";
    "--user" => "quote the name: --user 'NAME'";
    "--auth" => "put commas between the mechanisms: --auth plain,login";
    "--forward" => "repeat --forward for each mail";
    "--inline" => "repeat --inline for each picture";
    "--oauth" => "write the server without a blank: --oauth=SERVER";
};

/// The flags whose value may have a password in it by mistake.
const URLS: [&str; 2] = ["--server", "--proxy"];

/// The flags whose value may be a password by mistake.
const DESCRIPTORS: [&str; 2] = ["--password-fd", "--token-fd"];

const NO_PASSWORD: &str = "give the password by --password-file FILE or --password-command CMD";

/// The error in the layout of all errors, with tips that help and without secrets.
pub(crate) fn explained(error: &Error) -> Failure {
    let arguments: Vec<_> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let wrong = Wrong::of(error);
    let failure = Failure::usage(message(error, &wrong));
    match help(error, &wrong, &arguments) {
        Some(help) => failure.with_help(help),
        None if error.kind() == ErrorKind::MissingSubcommand => {
            failure.with_help("all commands: pilotfish -h")
        }
        None => failure,
    }
}

/// Prints the help that the command line asks for, on a terminal a long one in the pager, and returns the exit
/// status.
pub(crate) fn answer(answer: &Error) -> u8 {
    if answer.kind() == ErrorKind::DisplayVersion {
        return report::page(&version());
    }
    let is_long = std::env::args_os().any(|word| word == "--help" || word == "help");
    let path = path(answer);
    let page = page(
        &path.iter().map(String::as_str).collect::<Vec<_>>(),
        is_long,
    );
    if is_long && pager::show(&page) {
        return exit::OK;
    }
    report::page(&page)
}

/// What a person who has typed the beginning of a command needs.
pub(crate) fn beginning(error: &Error) -> String {
    let path = path(error);
    match path
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => first_screen(),
        path => page(path, false),
    }
}

/// The command that the parser speaks of.
fn path(error: &Error) -> Vec<String> {
    const USAGE: &str = "Usage: pilotfish ";
    let text = error.render().to_string();
    let usage = text.lines().find_map(|line| line.strip_prefix(USAGE));
    let words = usage.unwrap_or_default().split(' ');
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    words.take_while(is_name).map(str::to_owned).collect()
}

/// How the error is to be printed, as far as a command line with an error says it.
pub(crate) fn wishes(error: &Error) -> GlobalArguments {
    let mut flags = std::env::args_os().take_while(|argument| argument != "--");
    GlobalArguments {
        json: flags.any(|argument| argument == "--json"),
        command: path(error).join(" "),
        ..GlobalArguments::default()
    }
}

/// What is wrong on the command line, as the parser says.
struct Wrong {
    /// The flag with the name of its value, or the word that has no place.
    argument: String,
    value: String,
}

impl Wrong {
    fn of(error: &Error) -> Self {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            _ => String::new(),
        };
        Self {
            argument: text(ContextKind::InvalidArg),
            value: text(ContextKind::InvalidValue),
        }
    }

    /// The flag without the name of its value.
    fn flag(&self) -> &str {
        let end = |c: char| c.is_whitespace() || matches!(c, '=' | '[');
        self.argument.split(end).next().unwrap_or_default()
    }

    fn is_of(&self, flags: &[&str]) -> bool {
        flags.contains(&self.flag())
    }

    /// The value as it may be shown: neither a password, nor what may be one.
    fn shown_value(&self) -> String {
        // Where the host is forgotten, the password is in the place of the port.
        let may_be_secret = self.value.contains('@') || after_scheme(&self.value).contains(':');
        let is_url = self.is_of(&URLS);
        if self.is_of(&DESCRIPTORS) || is_url && may_be_secret && !is_port(&self.value) {
            "..".to_owned()
        } else {
            let shown = hidden(&self.value).unwrap_or_else(|| self.value.clone());
            shown.escape_debug().to_string()
        }
    }

    /// Whether the value has a user with a password.
    fn has_password(&self) -> bool {
        let login = self.value.rsplit_once('@');
        login.is_some_and(|(login, _)| after_scheme(login).contains(':'))
    }

    /// Whether the parser's own words quote the value, which must not be shown.
    fn is_quoted(&self) -> bool {
        self.is_of(&DESCRIPTORS) || !self.is_of(&URLS) && hidden(&self.value).is_some()
    }
}

/// What is wrong, in a sentence.
fn message(error: &Error, wrong: &Wrong) -> String {
    let (flag, value) = (wrong.flag(), wrong.shown_value());
    let argument = hidden(&wrong.argument).unwrap_or_else(|| wrong.argument.clone());
    let argument = argument.escape_debug();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = match error.get(ContextKind::InvalidSubcommand) {
                Some(ContextValue::String(word)) => word.as_str(),
                _ => "",
            };
            let word = hidden(word).unwrap_or_else(|| word.to_owned());
            format!("there is no command '{}'", word.escape_debug())
        }
        ErrorKind::UnknownArgument if wrong.argument.starts_with('-') => {
            format!("there is no flag {argument}")
        }
        ErrorKind::UnknownArgument => format!("'{argument}' is one word too many"),
        ErrorKind::InvalidValue if wrong.value.is_empty() => {
            format!("{flag} needs a value: {argument}")
        }
        ErrorKind::InvalidValue => format!("{flag} cannot be '{value}'"),
        ErrorKind::ValueValidation if wrong.is_quoted() => format!("{flag} cannot be '{value}'"),
        ErrorKind::ValueValidation => match error.source() {
            Some(source) => format!("{flag} '{value}': {source}"),
            None => format!("{flag} cannot be '{value}'"),
        },
        ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(missing)) => {
                let names: Vec<_> = missing.iter().map(|name| plain(name)).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                format!("{} {verb} missing", names.join(" and "))
            }
            _ => "a flag is missing".to_owned(),
        },
        ErrorKind::ArgumentConflict => match error.get(ContextKind::PriorArg) {
            Some(ContextValue::String(prior)) if *prior == wrong.argument => {
                format!("{flag} can be given once")
            }
            Some(ContextValue::String(prior)) => {
                format!(
                    "{} cannot be used with {}",
                    plain(&wrong.argument),
                    plain(prior)
                )
            }
            Some(ContextValue::Strings(others)) => {
                let typed = std::env::args().skip(1).collect::<Vec<_>>();
                let given = others.iter().find(|other| is_given(other, &typed));
                let given = given.map_or("other flags here", String::as_str);
                format!(
                    "{} cannot be used with {}",
                    plain(&wrong.argument),
                    plain(given)
                )
            }
            _ => format!(
                "{} cannot be used with other flags here",
                plain(&wrong.argument)
            ),
        },
        ErrorKind::TooManyValues => format!("{flag} has no value, and '{value}' is one"),
        ErrorKind::InvalidUtf8 => "an argument is not in UTF-8".to_owned(),
        ErrorKind::MissingSubcommand => "there is no command".to_owned(),
        _ => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            let first = first.trim_start_matches("error: ");
            first.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// What to do about it.
fn help(error: &Error, wrong: &Wrong, arguments: &[String]) -> Option<String> {
    let known = match error.kind() {
        ErrorKind::UnknownArgument => unknown(&wrong.argument, arguments),
        ErrorKind::ValueValidation if wrong.has_password() && wrong.is_of(&["--server"]) => {
            Some(NO_PASSWORD)
        }
        ErrorKind::ValueValidation if wrong.is_of(&["--token-fd"]) => {
            Some("give the token by --token-file FILE or --token-command CMD")
        }
        ErrorKind::ValueValidation if wrong.is_of(&DESCRIPTORS) => Some(NO_PASSWORD),
        ErrorKind::ValueValidation if wrong.has_password() && wrong.is_of(&["--proxy"]) => {
            Some("give the password by --proxy-password-file FILE")
        }
        ErrorKind::MissingRequiredArgument => {
            let is_raw = |argument: &String| argument.split('=').next() == Some("--raw");
            let tip = "-t takes the recipients from the fields of the finished message";
            arguments.iter().any(is_raw).then_some(tip)
        }
        ErrorKind::InvalidValue if wrong.is_of(&["--body-type"]) => {
            Some("--body-type chooses the encoding; the text is --text TEXT")
        }
        _ => None,
    };
    if let Some(known) = known {
        return Some(known.to_owned());
    }
    match error.kind() {
        ErrorKind::UnknownArgument if wrong.argument.starts_with('-') => {
            let flag = nearest_flag(wrong.flag(), arguments)?;
            Some(format!("did you mean {flag}?"))
        }
        ErrorKind::InvalidSubcommand => {
            let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
                return None;
            };
            let path = path(error);
            let group = command(path.iter().map(String::as_str))?;
            let names = group.get_subcommands().map(clap::Command::get_name);
            let begin = ["pilotfish"]
                .into_iter()
                .chain(path.iter().map(String::as_str));
            let begin = begin.collect::<Vec<_>>().join(" ");
            Some(match nearest(word, names) {
                Some(command) => format!("did you mean: {begin} {command}"),
                None => format!("all commands: {begin} -h"),
            })
        }
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(values)) if !values.is_empty() => {
                Some(format!("it is one of {}", values.join(", ")))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The flag of the command that looks most like this word.
fn nearest_flag(word: &str, arguments: &[String]) -> Option<String> {
    let all = Arguments::command();
    let name = arguments.iter().skip(1).find(|word| !word.starts_with('-'));
    let command = name
        .and_then(|name| all.find_subcommand(name))
        .unwrap_or(&all);
    let flags = command.get_arguments().chain(all.get_arguments());
    let flags: Vec<_> = flags
        .filter_map(|flag| flag.get_long().map(|long| format!("--{long}")))
        .collect();
    nearest(word, flags.iter().map(String::as_str)).map(str::to_owned)
}

/// Whether this is a host and a number that is meant as its port.
fn is_port(text: &str) -> bool {
    let port = text.rsplit_once(':');
    let port = port.filter(|(host, _)| host.contains('.') && !host.contains(':'));
    let port = port.map(|(_, port)| port);
    let is_number =
        |port: &str| port.len() <= 6 && port.bytes().all(|digit| digit.is_ascii_digit());
    !text.contains('@') && port.is_some_and(is_number)
}

/// A URL without its scheme.
fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// A URL with a user, or `USER:PASSWORD@HOST`, with `..` in place of what is before `@`.
fn hidden(text: &str) -> Option<String> {
    let (login, place) = text.rsplit_once('@')?;
    let begin = match login.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://"),
        None if login.contains(':') && !login.contains(char::is_whitespace) => String::new(),
        None => return None,
    };
    Some(format!("{begin}..@{place}"))
}

/// The tip for an argument that is not known.
fn unknown(argument: &str, arguments: &[String]) -> Option<&'static str> {
    if argument.starts_with('-') {
        return tip(OF_OTHERS, argument);
    }
    word_too_many(argument, arguments)
}

/// The tip for a word that is no recipient: it belongs to the flag before it.
pub(crate) fn split_word(word: &str) -> Option<&'static str> {
    let arguments: Vec<_> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    word_too_many(word, &arguments)
}

fn word_too_many(word: &str, arguments: &[String]) -> Option<&'static str> {
    let at = arguments.iter().position(|other| other == word)?;
    let before = arguments.get(..at)?;
    let flag = before.iter().rev().find(|other| other.starts_with('-'));
    let flag = flag.map(|flag| flag.split('=').next().unwrap_or_default());
    flag.and_then(|flag| tip(ONE_VALUE, flag))
}

/// Whether a word is the URL of a server, or has a password as one may.
pub(crate) fn is_url(word: &str) -> bool {
    word.contains("://") || !word.ends_with(';') && hidden(word).is_some()
}

/// A word of the command line as it may be shown: without a password.
pub(crate) fn shown(word: &str) -> String {
    let shown = hidden(word).unwrap_or_else(|| word.to_owned());
    shown.escape_debug().to_string()
}

fn tip(table: &[(&str, &'static str)], flag: &str) -> Option<&'static str> {
    let row = table
        .iter()
        .find(|(flags, _)| flags.split(' ').any(|other| other == flag));
    row.map(|(_, tip)| *tip)
}
