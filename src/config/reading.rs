//! Reading the text of a file, and what its errors say.

use std::path::Path;

use super::{Config, ConfigError};

/// The name that people give to the key of a client's secret.
pub(super) const CLIENT_SECRET: &str = "client-secret";

/// Names that people give to the key of a password or a token, in the form of keys.
const SECRETS: &[&str] = &[
    "access-token",
    "api-key",
    "app-password",
    CLIENT_SECRET,
    "oauth-client-secret",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "proxy-password",
    "pw",
    "refresh-token",
    "secret",
    "token",
];

/// Names of other programs for a key, and what the key is here.
const MEANT: &[(&str, &str)] = &[
    (
        "host hostname smtp smtp-server url",
        "did you mean \"server\"?",
    ),
    ("port", "the port is a part of server = \"HOST:PORT\""),
    ("username user-name login userid", "did you mean \"user\"?"),
    (
        "ssl starttls tls-mode tls-starttls security",
        "did you mean \"tls\", which is implicit, starttls or none?",
    ),
    (
        "address email e-mail mail sender mail-from",
        "did you mean \"from\"?",
    ),
    ("key private-key", "did you mean \"key-file\"?"),
    (
        "name real-name realname",
        "the name is a part of from = \"NAME <ADDRESS>\"",
    ),
    (
        "proxy proxy-password-file source-ip family helo timeout",
        "it belongs to the table [account.NAME.network]",
    ),
    (
        "selector key-file key-command identity",
        "it belongs to the table [account.NAME.dkim]",
    ),
    (
        "oauth2 xoauth2 oauth-provider oauth-issuer provider issuer",
        "did you mean \"oauth\"?",
    ),
    ("tenant tenant-id", "did you mean \"oauth-tenant\"?"),
    ("scope scopes", "did you mean \"oauth-scope\"?"),
    ("grant grant-type", "did you mean \"oauth-grant\"?"),
    (
        "oauth-client-id application-id app-id",
        "did you mean \"client-id\"?",
    ),
    (
        "passwordcommand passwordeval",
        "did you mean \"password-command\"?",
    ),
];

/// Reads the text of `file`.
pub(super) fn parse(text: &str, file: Option<&Path>) -> Result<Config, ConfigError> {
    // Editors on Windows write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    toml::from_str(text).map_err(|error| explained(text, &error, file))
}

/// What the parser says, with the place and what was meant, and without the value: it may be a
/// password.
fn explained(text: &str, error: &toml::de::Error, file: Option<&Path>) -> ConfigError {
    let file = file.map(Path::to_owned);
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(line_start..).and_then(|rest| rest.lines().next());
    let line = line.unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let message = error.message();
    let unknown = message.strip_prefix("unknown field `");
    let unknown = unknown.and_then(|rest| rest.split_once('`'));
    let key = unknown.map_or_else(|| key_of(line), |(key, _)| key);
    if SECRETS.contains(&as_key(key).as_str()) {
        return ConfigError::SecretInFile {
            file,
            line: number,
            key: key.to_owned(),
            table: table_of(text, line_start),
        };
    }
    let reason = match unknown {
        Some((key, known)) => no_such_key(key, known, line),
        None if key.is_empty() => message.to_owned(),
        None => format!("{key}: {message}"),
    };
    ConfigError::Line {
        file,
        line: number,
        reason,
    }
}

/// What is before the `=` of a line, or before the `:` that other formats have there.
fn key_of(line: &str) -> &str {
    let key = line.split_once('=').or_else(|| line.split_once(':'));
    let key = key.map_or("", |(key, _)| key.trim());
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if key.chars().all(is_key) { key } else { "" }
}

/// A name in the form of keys.
pub(super) fn as_key(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

/// The header of the table that a line is in.
fn table_of(text: &str, line_start: usize) -> Option<String> {
    let before = text.get(..line_start)?;
    let header = before.lines().rev().find(|line| line.starts_with('['))?;
    Some(header.split('#').next()?.trim().to_owned())
}

/// That there is no such key, and which one was meant. `known` is the parser's list.
fn no_such_key(key: &str, known: &str, line: &str) -> String {
    let known: Vec<_> = known.split('`').skip(1).step_by(2).collect();
    let name = as_key(key);
    let near = known.iter().filter_map(|known| {
        let distance = strsim::osa_distance(&name, known);
        (distance <= 2).then_some((distance, *known))
    });
    let near = near.min_by_key(|(distance, _)| *distance);
    let key = key.escape_debug();
    if line.trim_start().starts_with('[') {
        let shown = near.map_or_else(String::new, |(_, near)| {
            let meant = line.trim().replacen(&*key.to_string(), near, 1);
            format!(": did you mean {}?", meant.escape_debug())
        });
        let header = line.trim().escape_debug();
        return format!("there is no table {header}{shown}");
    }
    if let Some((_, near)) = near {
        return format!("there is no key \"{key}\": did you mean \"{near}\"?");
    }
    let mut meant = MEANT.iter();
    match meant.find(|(names, _)| names.split(' ').any(|other| other == name)) {
        Some((_, help)) => format!("there is no key \"{key}\": {help}"),
        None => format!(
            "there is no key \"{key}\" here: there are {}",
            known.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> ConfigError {
        parse(text, Some(Path::new("mail.toml"))).unwrap_err()
    }

    #[test]
    fn errors_name_the_line_and_what_was_meant() {
        const ACCOUNT: &str = "[account.a]\nserver = 'x'\n";
        for (text, expected) in [
            (
                "[accounts.work]\nserver = 'x'",
                "mail.toml:1: there is no table [accounts.work]: did you mean [account.work]?",
            ),
            (
                &format!("{ACCOUNT}password_file = 'p'"),
                "mail.toml:3: there is no key \"password_file\": did you mean \"password-file\"?",
            ),
            (
                &format!("{ACCOUNT}frm = 'me@example.org'"),
                "mail.toml:3: there is no key \"frm\": did you mean \"from\"?",
            ),
            (
                &format!("{ACCOUNT}hostname = 'x'"),
                "mail.toml:3: there is no key \"hostname\": did you mean \"server\"?",
            ),
            (
                &format!("{ACCOUNT}port = 25"),
                "mail.toml:3: there is no key \"port\": the port is a part of server = \"HOST:PORT\"",
            ),
            (
                &format!("{ACCOUNT}timeout = '1m'"),
                "mail.toml:3: there is no key \"timeout\": it belongs to the table \
                 [account.NAME.network]",
            ),
            (
                &format!("{ACCOUNT}client_id = 'i'"),
                "mail.toml:3: there is no key \"client_id\": did you mean \"client-id\"?",
            ),
            (
                &format!("{ACCOUNT}tenant = 'common'"),
                "mail.toml:3: there is no key \"tenant\": did you mean \"oauth-tenant\"?",
            ),
            (
                &format!("{ACCOUNT}[account.a.network]\nprxy = 'x'"),
                "mail.toml:4: there is no key \"prxy\": did you mean \"proxy\"?",
            ),
            (
                &format!("{ACCOUNT}[account.a.network]\ncolour = 'x'"),
                "mail.toml:4: there is no key \"colour\" here: there are proxy, \
                 proxy-password-file, source-ip, family, helo, timeout",
            ),
            (
                &format!("{ACCOUNT}tls = 'maybe'"),
                "mail.toml:3: tls: no such mode of TLS: there are implicit, starttls and none",
            ),
            (
                "account = [",
                "mail.toml:1: account: unclosed array, expected `]`",
            ),
        ] {
            assert_eq!(error(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_does_not_belong_there_and_is_not_shown() {
        for line in [
            "password = \"hunter2\"",
            "Password = \"hunter2\"",
            "access_token = \"hunter2\"",
            "password = hunter2",
            "password: hunter2",
            "password = \"hunter2",
        ] {
            let text = format!("[account.work] # mine\nserver = \"x\"\n{line}\n");
            let error = error(&text);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter"), "{shown}");
            let ConfigError::SecretInFile { line, table, .. } = error else {
                panic!("{shown}");
            };
            assert_eq!((line, table.as_deref()), (3, Some("[account.work]")));
        }
        assert_eq!(
            error("client_secret = 'hunter2'").to_string(),
            "mail.toml:1: a client secret does not belong here: use client-secret-file or \
             client-secret-command"
        );
        let text = "[account.a]\nserver = \"x\"\npassword-file = \"f\npassword = \"hunter2\"\n";
        let shown = format!("{0} {0:?}", error(text));
        assert!(
            shown.contains(":3: ") && !shown.contains("hunter"),
            "{shown}"
        );
    }
}
