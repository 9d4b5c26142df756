//! Errors of the command line, where clap's own words would mislead or show a secret.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use crate::args::Arguments;

/// Rows of flags, separated by spaces, and what helps.
macro_rules! tips {
    ($($flags:literal => $tip:literal;)*) => { &[$(($flags, $tip)),*] };
}

/// Flags of other programs, and the flags of this command for the same.
const OF_OTHERS: &[(&str, &str)] = tips! {
    "-m --message --msg --body-text --body-file --text-file --content --data --stdin --input"
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
    "--username --login -u -x --auth-user --auth-username --smtp-user"
        => "the name for the login is --user NAME";
    "--title --subj --h-Subject" => "the subject is -s TEXT";
    "--recipient --rcpt --recipients --mail-rcpt" => "recipients are --to, --cc and --bcc";
    "--sender-address --mail-from -f -r" => "the sender is --from MAILBOX";
    "--name --from-name --sender-name"
        => "the name of the sender is a part of --from 'NAME <ADDRESS>'";
    "--receipt --read-receipt --mdn"
        => "a receipt is asked for by -H 'Disposition-Notification-To: ADDRESS'";
    "--retry --retries" => "the command tries once: run it again when the exit status is 75";
};

/// Flags that take one value, and what to do where several words follow.
const ONE_VALUE: &[(&str, &str)] = tips! {
    "-a --attach" => "repeat -a for each file: -a a.png -a b.png";
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
};

/// The flags whose value may have a password in it by mistake.
const URLS: [&str; 2] = ["--server", "--proxy"];

/// The flags whose value may be a password by mistake.
const DESCRIPTORS: [&str; 2] = ["--password-fd", "--token-fd"];

const NO_PASSWORD: &str = "give the password by --password-file FILE or --password-command CMD";

/// What clap quotes of the command line.
const QUOTED: [ContextKind; 6] = [
    ContextKind::InvalidArg,
    ContextKind::InvalidValue,
    ContextKind::InvalidSubcommand,
    ContextKind::TrailingArg,
    ContextKind::SuggestedArg,
    ContextKind::PriorArg,
];

/// The same error with tips that help, and without secrets.
pub(crate) fn explained(mut error: Error) -> Error {
    let arguments: Vec<_> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let text = |error: &Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let argument = text(&error, ContextKind::InvalidArg);
    let value = text(&error, ContextKind::InvalidValue);
    let is_url = URLS.iter().any(|flag| argument.starts_with(flag));
    let is_descriptor = DESCRIPTORS.iter().any(|flag| argument.starts_with(flag));
    let has_password = value
        .rsplit_once('@')
        .is_some_and(|(login, _)| after_scheme(login).contains(':'));
    // Where the host is forgotten, the password is in the place of the port.
    let may_have_password = value.contains('@') || after_scheme(&value).contains(':');
    if is_descriptor || is_url && may_have_password {
        let hidden = ContextValue::String("..".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    let is_quoted = is_descriptor || !is_url && hidden(&value).is_some();
    if error.kind() == ErrorKind::ValueValidation && is_quoted {
        error = without_source(&error);
    }
    for kind in QUOTED {
        if let Some(hidden) = error.get(kind).and_then(without_login) {
            error.insert(kind, hidden);
        }
    }
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => unknown(&argument, &arguments),
        ErrorKind::ValueValidation if has_password && argument.starts_with("--server") => {
            Some(NO_PASSWORD)
        }
        ErrorKind::ValueValidation if argument.starts_with("--token-fd") => {
            Some("give the token by --token-file FILE or --token-command CMD")
        }
        ErrorKind::ValueValidation if is_descriptor => Some(NO_PASSWORD),
        ErrorKind::ValueValidation if has_password && argument.starts_with("--proxy") => {
            Some("give the password by --proxy-password-file FILE")
        }
        ErrorKind::MissingRequiredArgument if lacks_recipient(&error) => {
            let is_raw = |argument: &String| argument.split('=').next() == Some("--raw");
            let tip = "-t takes the recipients from the fields of the finished message";
            arguments.iter().any(is_raw).then_some(tip)
        }
        ErrorKind::InvalidValue if argument.starts_with("--body") => {
            Some("--body chooses the encoding; the text is --text TEXT")
        }
        _ => None,
    };
    if let Some(tip) = tip {
        for kind in [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedValue,
            ContextKind::SuggestedSubcommand,
            ContextKind::TrailingArg,
            // It shows the flag that clap would have suggested.
            ContextKind::Usage,
        ] {
            error.remove(kind);
        }
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

/// A URL without its scheme.
fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// Whether it is the recipient that is missing.
fn lacks_recipient(error: &Error) -> bool {
    let is_to = |missing: &String| missing.starts_with("--to ");
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.iter().any(is_to),
        _ => false,
    }
}

/// What clap quotes without the password of a URL, if there may be one.
fn without_login(quoted: &ContextValue) -> Option<ContextValue> {
    match quoted {
        ContextValue::String(text) => hidden(text).map(ContextValue::String),
        ContextValue::Strings(texts) if texts.iter().any(|text| hidden(text).is_some()) => {
            let texts = texts.iter();
            let texts = texts.map(|text| hidden(text).unwrap_or_else(|| text.clone()));
            Some(ContextValue::Strings(texts.collect()))
        }
        _ => None,
    }
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

/// The same error without the words of the parser, which quote the value.
fn without_source(error: &Error) -> Error {
    let mut bare = Error::new(error.kind()).with_cmd(&Arguments::command());
    for (kind, value) in error.context() {
        bare.insert(kind, value.clone());
    }
    bare
}

/// The tip for an argument that is not known.
fn unknown(argument: &str, arguments: &[String]) -> Option<&'static str> {
    if argument.starts_with('-') {
        return tip(OF_OTHERS, argument);
    }
    if argument.contains("://") {
        return Some(
            "the server is --server HOST[:PORT], and the login --user NAME and --password-file \
             FILE",
        );
    }
    // A word too many belongs to the flag before it.
    let at = arguments.iter().position(|other| other == argument)?;
    let before = arguments.get(..at)?;
    let flag = before.iter().rev().find(|other| other.starts_with('-'));
    let flag = flag.map(|flag| flag.split('=').next().unwrap_or_default());
    flag.and_then(|flag| tip(ONE_VALUE, flag)).or_else(|| {
        argument
            .contains('@')
            .then_some("recipients are --to, --cc and --bcc")
    })
}

fn tip(table: &[(&str, &'static str)], flag: &str) -> Option<&'static str> {
    let row = table
        .iter()
        .find(|(flags, _)| flags.split(' ').any(|other| other == flag));
    row.map(|(_, tip)| *tip)
}
