//! Files of Mutt (muttrc(5)): `smtp_url` and what belongs to it.

mod words;

use pilotfish::{Secret, Security};
use zeroize::Zeroizing;

use self::words::{Values, Word, commands, value_of};
use super::foreign::{Foreign, ForeignAccount, Settings};

/// The variables that are about sending.
const TAKEN: [&str; 14] = [
    "smtp_url",
    "smtp_pass",
    "smtp_authenticators",
    "smtp_oauth_refresh_command",
    "from",
    "realname",
    "envelope_from_address",
    "ssl_starttls",
    "ssl_force_tls",
    "ssl_ca_certificates_file",
    "ssl_client_cert",
    "certificate_file",
    "hostname",
    "dsn_notify",
];

/// Reads a file.
pub(super) fn read(text: &str) -> Foreign {
    let mut foreign = Foreign::default();
    let mut values = Values::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut line = Zeroizing::new(line.to_owned());
        while line.ends_with('\\') {
            line.pop();
            match lines.next() {
                Some((_, next)) => line.push_str(next),
                None => break,
            }
        }
        for command in commands(&line) {
            run(command, index + 1, &mut values, &mut foreign);
        }
    }
    leave_unknown(&values, &mut foreign);
    account(&values, &mut foreign);
    foreign
}

/// Runs a command of the file.
fn run(command: &str, number: usize, values: &mut Values, foreign: &mut Foreign) {
    let (word, rest) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    match word {
        "set" => {
            for (name, word) in assignments(rest, values) {
                values.insert(name, (number, word));
            }
        }
        "unset" => {
            for name in rest.split_whitespace() {
                values.insert(name.to_owned(), (number, Word::Text(text("no"))));
            }
        }
        "reset" | "toggle" => {
            for name in rest.split_whitespace().filter(|name| TAKEN.contains(name)) {
                foreign.leave(number, format!("{word} {name}: use set or unset"));
            }
        }
        "source" => foreign.leave(number, "source: another file is not read: import it too"),
        _ if word.ends_with("-hook") && rest.contains("smtp_") => {
            foreign.leave(number, format!("{word}: an account has one server"));
        }
        _ => {}
    }
}

/// Notes the values that only Mutt can know.
fn leave_unknown(values: &Values, foreign: &mut Foreign) {
    for (name, (line, word)) in values.iter().filter(|(name, _)| is_taken(name)) {
        match word {
            Word::Environment(variable) => foreign.leave(
                *line,
                format!("{name}: ${variable} is a variable of the environment"),
            ),
            Word::Command(_) if name != "smtp_pass" => {
                foreign.leave(*line, format!("{name}: a command prints it"));
            }
            _ => {}
        }
    }
}

/// The account that the variables make.
fn account(values: &Values, foreign: &mut Foreign) {
    let text = |name: &str| match values.get(name) {
        Some((_, Word::Text(text))) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    };
    let is = |name: &str, value: &str| match values.get(name) {
        Some((_, Word::Text(text))) => text.as_str() == value,
        _ => false,
    };
    let Some((line, Word::Text(url))) = values.get("smtp_url") else {
        return;
    };
    if url.is_empty() || is("smtp_url", "no") {
        return;
    }
    let mut account = ForeignAccount {
        name: "mutt".to_owned(),
        line: *line,
        ..ForeignAccount::default()
    };
    let settings = &mut account.settings;
    let (scheme, rest) = url.split_once("://").unwrap_or(("smtp", url));
    let (login, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let place = place.split('/').next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (place, None),
    };
    settings.host = Some(host.trim_matches(['[', ']']).to_owned());
    settings.port = port;
    settings.security = Some(if scheme == "smtps" {
        Security::ImplicitTls
    } else if is("ssl_starttls", "no") && !is("ssl_force_tls", "yes") {
        Security::Cleartext
    } else {
        Security::StartTls
    });
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    settings.logs_in = !user.is_empty();
    settings.user = settings.logs_in.then(|| decoded(user).to_string());
    if !password.is_empty() {
        settings.secret = Some(Secret::from(decoded(password).as_str()));
    }
    set_secret(settings, values, &mut foreign.left);
    let name = text("realname");
    settings.from = text("from").map(|from| match name {
        Some(name) if !from.contains('<') => format!("{} <{from}>", quoted(&name)),
        _ => from,
    });
    settings.envelope_from = text("envelope_from_address");
    settings.helo = text("hostname");
    settings.dsn = text("dsn_notify");
    for (name, why) in NOT_TAKEN {
        let is_done = name == "smtp_authenticators" && settings.mechanism.is_some();
        if let (Some((line, _)), false) = (values.get(name), is_done) {
            foreign.leave(*line, format!("{name}: {why}"));
        }
    }
    foreign.accounts.push(account);
}

/// Sets the password, the token, or the command that prints it.
fn set_secret(settings: &mut Settings, values: &Values, left: &mut Vec<(usize, String)>) {
    match values.get("smtp_pass") {
        Some((_, Word::Text(text))) if !text.is_empty() => {
            settings.secret = Some(Secret::from(text.as_str()));
        }
        Some((_, Word::Command(command))) => {
            settings.command = Some(command.clone());
            settings.secret = None;
        }
        _ => {}
    }
    let of_token = match values.get("smtp_authenticators") {
        Some((_, Word::Text(names))) => names.to_ascii_lowercase(),
        _ => String::new(),
    };
    let of_token = of_token.split([':', ' ', ',']);
    let of_token = of_token.filter(|name| matches!(*name, "xoauth2" | "oauthbearer"));
    let of_token: Vec<_> = of_token.collect();
    let has_password = settings.secret.is_some() || settings.command.is_some();
    let oauth = values.get("smtp_oauth_refresh_command");
    if let Some((line, Word::Text(command))) = oauth.filter(|_| settings.logs_in) {
        // Without a name of such a mechanism, Mutt takes the password.
        if has_password && of_token.is_empty() {
            let what = "smtp_oauth_refresh_command: the file has the password";
            left.push((*line, what.to_owned()));
        } else {
            let password = values.get("smtp_pass").filter(|_| has_password);
            if let Some((line, _)) = password {
                let what = "smtp_pass: smtp_authenticators asks for a token";
                left.push((*line, what.to_owned()));
            }
            settings.secret = None;
            settings.command = Some(command.to_string());
            settings.mechanism = Some(if of_token.is_empty() {
                "xoauth2,oauthbearer".to_owned()
            } else {
                of_token.join(",")
            });
        }
    }
}

/// The variables about sending that have no key.
const NOT_TAKEN: [(&str, &str); 4] = [
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
];

fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name)
}

fn text(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// The assignments of a command, as in `a=b c = "d e"`, of the variables that matter.
fn assignments(rest: &str, known: &Values) -> Vec<(String, Word)> {
    let mut found = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        let (name, word, after) = if let Some(value) = after.strip_prefix('=') {
            let (word, after) = value_of(value.trim_start(), known);
            (name, word, after)
        } else {
            // `set name` is yes, and `set noname` is no.
            let positive = name.strip_prefix("no").filter(|name| is_taken(name));
            let word = if positive.is_some() { "no" } else { "yes" };
            (positive.unwrap_or(name), Word::Text(text(word)), after)
        };
        if is_taken(name) || name.starts_with("my_") {
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

/// A display name that an address may follow.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ';
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A part of a URL, with its percent signs decoded.
fn decoded(text: &str) -> Zeroizing<String> {
    let octets = text.as_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut index = 0;
    while let Some(octet) = octets.get(index) {
        let hex = text.get(index + 1..index + 3).filter(|_| *octet == b'%');
        let value = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*octet));
        index += if value.is_some() { 3 } else { 1 };
    }
    Zeroizing::new(String::from_utf8_lossy(&out).into_owned())
}
