//! Files of git: `[sendemail]` and its identities (git-config(1), git-send-email(1)).

use pilotfish::{Secret, Security};
use zeroize::Zeroizing;

use super::foreign::{Foreign, ForeignAccount, Settings};

/// The name of the account of `[sendemail]`.
const NO_IDENTITY: &str = "git";

/// A line with a value.
struct Entry {
    line: usize,
    /// In lower case.
    section: String,
    /// As in `[sendemail "work"]`.
    subsection: Option<String>,
    /// In lower case.
    key: String,
    /// May be a password.
    value: Zeroizing<String>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Foreign {
    let mut foreign = Foreign::default();
    let entries = entries(text);
    let value = |section: &str, key: &str| {
        let mut found = entries.iter().rev();
        let found = found.find(|entry| entry.section == section && entry.key == key);
        found.map(|entry| entry.value.to_string())
    };
    let mut base = Settings {
        from: value("user", "email").map(|email| match value("user", "name") {
            Some(name) => format!("\"{}\" <{email}>", name.replace(['"', '\\'], "")),
            None => email,
        }),
        ..Settings::default()
    };
    let mut identities: Vec<Option<String>> = vec![None];
    for entry in entries.iter().filter(|entry| entry.section == "sendemail") {
        if entry.subsection.is_some() && !identities.contains(&entry.subsection) {
            identities.push(entry.subsection.clone());
        }
    }
    for identity in identities {
        let is_own = |entry: &&Entry| entry.section == "sendemail" && entry.subsection == identity;
        let own: Vec<_> = entries.iter().filter(is_own).collect();
        let Some(first) = own.first() else { continue };
        // An identity has what it does not set itself from the section without a name.
        let mut settings = base.clone();
        for entry in &own {
            if let Err(why) = set(&mut settings, &entry.key, &entry.value) {
                foreign.leave(entry.line, format!("{}: {why}", entry.key));
            }
        }
        if identity.is_none() {
            base = settings.clone();
        }
        // A section may only have what its identities share.
        if settings.host.is_some() {
            foreign.accounts.push(ForeignAccount {
                name: identity.clone().unwrap_or_else(|| NO_IDENTITY.to_owned()),
                line: first.line,
                comments: Vec::new(),
                settings,
            });
        }
    }
    for entry in entries
        .iter()
        .filter(|entry| entry.section.starts_with("include"))
    {
        foreign.leave(
            entry.line,
            "include: another file is not read: import it too",
        );
    }
    // Without an identity, git takes the section without a name.
    foreign.default = value("sendemail", "identity").or_else(|| Some(NO_IDENTITY.to_owned()));
    foreign
}

/// Sets what a line says. The error says why it is not taken.
fn set(settings: &mut Settings, key: &str, value: &str) -> Result<(), &'static str> {
    let text = || (!value.is_empty()).then(|| value.to_owned());
    match key {
        "smtpserver" if value.starts_with('/') => return Err("it is a program, and not a server"),
        "smtpserver" => settings.host = text(),
        "smtpserverport" => settings.port = Some(value.parse().map_err(|_| "it is not a port")?),
        "smtpencryption" => {
            settings.security = match value {
                "ssl" => Some(Security::ImplicitTls),
                "tls" => Some(Security::StartTls),
                _ => None,
            };
        }
        "smtpuser" => {
            settings.user = text();
            settings.logs_in = settings.user.is_some();
        }
        "smtppass" => settings.secret = (!value.is_empty()).then(|| Secret::from(value)),
        "smtpdomain" => settings.helo = text(),
        "from" => settings.from = text(),
        "envelopesender" if value == "auto" => {}
        "envelopesender" => settings.envelope_from = text(),
        "smtpsslcertpath" if value.is_empty() => {
            return Err("the certificate is verified nevertheless");
        }
        "smtpsslcertpath" => {
            settings.ca = text();
            settings.roots = Some("none");
        }
        "smtpauth" => return Err("Pilotfish chooses the mechanism: the key auth names others"),
        "smtpserveroption" | "sendmailcmd" => return Err("it is for a program"),
        // All else is about patches.
        _ => {}
    }
    Ok(())
}

/// The entries of a file. A line that is not understood is left out.
fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut section, mut subsection) = (String::new(), None);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let (header, rest) = header_of(rest);
            (section, subsection) = section_of(header);
            line = rest.trim_start();
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let mut line = Zeroizing::new(line.to_owned());
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            line.pop();
            match lines.next() {
                Some((_, next)) => line.push_str(next.trim()),
                None => break,
            }
        }
        let (key, value) = line.split_once('=').unwrap_or((&line, "true"));
        entries.push(Entry {
            line: index + 1,
            section: section.clone(),
            subsection: subsection.clone(),
            key: key.trim().to_ascii_lowercase(),
            value: value_of(value.trim()),
        });
    }
    entries
}

/// The text before the bracket that closes a header, and the text after it.
fn header_of(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => drop(characters.next()),
            ']' if !is_quoted => {
                let rest = text.get(index + 1..).unwrap_or_default();
                return (text.get(..index).unwrap_or_default(), rest);
            }
            _ => {}
        }
    }
    (text, "")
}

/// The section of a header, and its subsection: `a "B"`, or `a.b` without a difference between capitals
/// and small letters.
fn section_of(header: &str) -> (String, Option<String>) {
    let Some((name, own)) = header.split_once(char::is_whitespace) else {
        let header = header.to_ascii_lowercase();
        return match header.split_once('.') {
            Some((name, own)) => (name.to_owned(), Some(own.to_owned())),
            None => (header, None),
        };
    };
    let own = own.trim().trim_matches('"');
    let own = own.replace("\\\"", "\"").replace("\\\\", "\\");
    (name.to_ascii_lowercase(), (!own.is_empty()).then_some(own))
}

/// A value without quotes, escapes and a comment after it.
fn value_of(text: &str) -> Zeroizing<String> {
    // Octets that were moved could not be overwritten.
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut is_quoted = false;
    let mut kept = 0;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                next => value.extend(next),
            },
            '#' | ';' if !is_quoted => break,
            other => value.push(other),
        }
        if is_quoted || !character.is_whitespace() {
            kept = value.len();
        }
    }
    value.truncate(kept);
    value
}
