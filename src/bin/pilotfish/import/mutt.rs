//! Files of Mutt (muttrc(5)): `smtp_url` and what belongs to it.

use std::collections::BTreeMap;

use pilotfish::{Secret, Security};

use super::foreign::{Foreign, ForeignAccount};

/// The variables that are about sending.
const TAKEN: [&str; 13] = [
    "smtp_url",
    "smtp_pass",
    "smtp_authenticators",
    "smtp_oauth_refresh_command",
    "from",
    "realname",
    "envelope_from_address",
    "ssl_starttls",
    "ssl_ca_certificates_file",
    "ssl_client_cert",
    "certificate_file",
    "hostname",
    "dsn_notify",
];

/// A value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Text(String),
    /// Between backquotes: what a command prints.
    Command(String),
}

/// Reads a file.
pub(super) fn read(text: &str) -> Foreign {
    let mut foreign = Foreign::default();
    let mut values = BTreeMap::<String, (usize, Word)>::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match command {
            "set" => {
                for (name, word) in assignments(rest, &values) {
                    values.insert(name, (number, word));
                }
            }
            "unset" => {
                for name in rest.split_whitespace() {
                    values.insert(name.to_owned(), (number, Word::Text("no".to_owned())));
                }
            }
            "source" => foreign.leave(number, "source: another file is not read: import it too"),
            command if command.ends_with("-hook") && rest.contains("smtp_") => {
                foreign.leave(number, format!("{command}: an account has one server"));
            }
            _ => {}
        }
    }
    account(&values, &mut foreign);
    foreign
}

/// The account that the variables make.
fn account(values: &BTreeMap<String, (usize, Word)>, foreign: &mut Foreign) {
    let text = |name: &str| match values.get(name) {
        Some((_, Word::Text(text))) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let (Some(url), Some((line, _))) = (text("smtp_url"), values.get("smtp_url")) else {
        return;
    };
    let mut account = ForeignAccount {
        name: "mutt".to_owned(),
        line: *line,
        ..ForeignAccount::default()
    };
    let settings = &mut account.settings;
    let (scheme, rest) = url.split_once("://").unwrap_or(("smtp", &url));
    let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let place = place.split('/').next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (place, None),
    };
    settings.host = Some(host.trim_matches(['[', ']']).to_owned());
    settings.port = port;
    settings.security = Some(match (scheme, text("ssl_starttls").as_deref()) {
        ("smtps", _) => Security::ImplicitTls,
        (_, Some("no")) => Security::Cleartext,
        _ => Security::StartTls,
    });
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    settings.logs_in = !user.is_empty();
    settings.user = settings.logs_in.then(|| decoded(user));
    if !password.is_empty() {
        settings.secret = Some(Secret::from(decoded(password)));
    }
    match values.get("smtp_pass") {
        Some((_, Word::Text(text))) if !text.is_empty() => {
            settings.secret = Some(Secret::from(text.clone()));
        }
        Some((_, Word::Command(command))) => settings.command = Some(command.clone()),
        _ => {}
    }
    if let Some(command) = text("smtp_oauth_refresh_command") {
        settings.command = Some(command);
        settings.mechanism = Some("xoauth2,oauthbearer".to_owned());
    }
    let name = text("realname");
    settings.from = text("from").map(|from| match name {
        Some(name) if !from.contains('<') => format!("{} <{from}>", quoted(&name)),
        _ => from,
    });
    settings.envelope_from = text("envelope_from_address");
    settings.helo = text("hostname");
    settings.dsn = text("dsn_notify");
    for (name, why) in [
        (
            "smtp_authenticators",
            "Pilotfish chooses the mechanism: the key auth names others",
        ),
        (
            "certificate_file",
            "certificates that were accepted once: use tls-fingerprint",
        ),
        (
            "ssl_ca_certificates_file",
            "use tls-ca, if the server has an authority of your own",
        ),
        ("ssl_client_cert", "use tls-cert and tls-key"),
    ] {
        if let Some((line, _)) = values.get(name) {
            foreign.leave(*line, format!("{name}: {why}"));
        }
    }
    if values
        .values()
        .any(|(_, word)| matches!(word, Word::Command(_)))
        && settings.command.is_none()
        && settings.secret.is_none()
        && settings.logs_in
    {
        foreign.leave(
            *line,
            "smtp_url: a value that a command prints is taken for smtp_pass alone",
        );
    }
    foreign.accounts.push(account);
}

/// The assignments of a line, as in `a=b c = "d e"`, of the variables that matter.
fn assignments(rest: &str, known: &BTreeMap<String, (usize, Word)>) -> Vec<(String, Word)> {
    let mut found = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() && !rest.starts_with(['#', ';']) {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let (name, word, after) = if let Some(value) = after.strip_prefix('=') {
            let (word, after) = value_of(value.trim_start(), known);
            (name, word, after)
        } else {
            // `set name` is yes, and `set noname` is no.
            let positive = name.strip_prefix("no").filter(|name| TAKEN.contains(name));
            let word = if positive.is_some() { "no" } else { "yes" };
            (positive.unwrap_or(name), Word::Text(word.to_owned()), after)
        };
        if TAKEN.contains(&name) || name.starts_with("my_") {
            found.push((name.to_owned(), word));
        }
        // A line that is not understood ends here.
        if after.len() == rest.len() {
            break;
        }
        rest = after.trim_start();
    }
    found
}

/// A value with its quotes and variables, and what follows it.
fn value_of<'a>(text: &'a str, known: &BTreeMap<String, (usize, Word)>) -> (Word, &'a str) {
    let mut value = String::new();
    let mut command = None;
    let mut quote = None;
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((index, character)) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (closing, Some(open)) if closing == open => quote = None,
            ('\\', None | Some('"')) => value.extend(characters.next().map(|(_, next)| next)),
            ('`', None | Some('"')) => {
                let rest = text.get(index + 1..).unwrap_or_default();
                let inner = rest.split('`').next().unwrap_or_default();
                command = Some(inner.to_owned());
                for _ in 0..=inner.chars().count() {
                    characters.next();
                }
            }
            ('$', None | Some('"')) => {
                let rest = text.get(index + 1..).unwrap_or_default();
                let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
                let name: String = rest.chars().take_while(is_name).collect();
                for _ in 0..name.chars().count() {
                    characters.next();
                }
                match known.get(&name) {
                    Some((_, Word::Text(text))) => value.push_str(text),
                    Some((_, Word::Command(inner))) => command = Some(inner.clone()),
                    None => {}
                }
            }
            (blank, None) if blank.is_whitespace() || blank == ';' => {
                end = index;
                break;
            }
            (other, _) => value.push(other),
        }
    }
    let word = command.map_or(Word::Text(value), Word::Command);
    (word, text.get(end..).unwrap_or_default())
}

/// A display name that an address may follow.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ';
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A part of a URL, with its percent signs decoded.
fn decoded(text: &str) -> String {
    let octets = text.as_bytes();
    let mut out = Vec::new();
    let mut index = 0;
    while let Some(octet) = octets.get(index) {
        let hex = text.get(index + 1..index + 3).filter(|_| *octet == b'%');
        let value = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*octet));
        index += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
