//! Files of msmtp (msmtp(1), "Configuration files").

use pilotfish::{Secret, Security};
use zeroize::Zeroizing;

use super::foreign::{Foreign, ForeignAccount, Settings};

/// The bundles of certificate authorities that systems have.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What has no meaning for an account of Pilotfish, and changes nothing that matters.
const SILENT: [&str; 12] = [
    "add_missing_date_header",
    "add_missing_from_header",
    "allow_from_override",
    "auto_from",
    "eval",
    "keepbcc",
    "maildomain",
    "remove_bcc_headers",
    "set_date_header",
    "set_from_header",
    "set_msgid_header",
    "undisclosed_recipients",
];

/// The settings of an account, or of all that follow. Without TLS in its lines, msmtp uses none.
#[derive(Clone, Default)]
struct Section {
    settings: Settings,
    has_tls: bool,
    /// Whether TLS begins with the connection.
    is_implicit: bool,
    proxy_host: Option<String>,
    proxy_port: Option<String>,
}

impl Section {
    /// The settings as msmtp understands them together.
    fn whole(&self) -> Settings {
        let mut settings = self.settings.clone();
        settings.security = Some(match (self.has_tls, self.is_implicit) {
            (false, _) => Security::Cleartext,
            (true, true) => Security::ImplicitTls,
            (true, false) => Security::StartTls,
        });
        if let Some(host) = &self.proxy_host {
            let port = self.proxy_port.as_deref().unwrap_or("1080");
            settings.proxy = Some(format!("socks5h://{host}:{port}"));
        }
        settings
    }
}

/// An account of the file.
struct Entry {
    account: ForeignAccount,
    section: Section,
    /// What its lines say, after what those of its parents say.
    lines: Vec<(String, Zeroizing<String>)>,
    parents: Vec<String>,
    has_own_lines: bool,
}

impl Entry {
    /// The account that this is only another name of.
    fn alias_of(&self) -> Option<&str> {
        match self.parents.as_slice() {
            [parent] if !self.has_own_lines => Some(parent),
            _ => None,
        }
    }

    /// Takes over the lines of another account; those of the defaults count less.
    fn inherit(&mut self, parent: &Self) {
        for (word, value) in &parent.lines {
            // What is not taken was said at the parent.
            let _ = set(&mut self.section, word, value);
        }
        self.lines.extend(parent.lines.iter().cloned());
    }
}

/// Reads a file. `netrc` is the file of passwords that msmtp also looks into, if there is one.
pub(super) fn read(text: &str, netrc: Option<&str>) -> Foreign {
    let mut foreign = Foreign::default();
    let mut defaults = Section::default();
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_defaults = true;
    let mut comments = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            comments.push(line.to_owned());
            continue;
        }
        let (word, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let value = unquoted(value.trim());
        match word {
            "defaults" => is_defaults = true,
            "account" => {
                let (name, parents) = value.split_once(':').unwrap_or((value, ""));
                let parents = parents.split(',').map(str::trim);
                let parents = parents.filter(|parent| !parent.is_empty());
                let mut entry = Entry {
                    account: ForeignAccount {
                        name: name.trim().to_owned(),
                        line: number,
                        comments: std::mem::take(&mut comments),
                        settings: Settings::default(),
                    },
                    section: defaults.clone(),
                    lines: Vec::new(),
                    parents: parents.map(str::to_owned).collect(),
                    has_own_lines: false,
                };
                for parent in entry.parents.clone() {
                    match entries.iter().find(|other| other.account.name == parent) {
                        Some(parent) => entry.inherit(parent),
                        None => foreign.leave(number, "the account after the colon is not there"),
                    }
                }
                is_defaults = false;
                entries.push(entry);
            }
            _ => {
                let section = match entries.last_mut() {
                    Some(entry) if !is_defaults => {
                        let value = Zeroizing::new(value.to_owned());
                        entry.lines.push((word.to_owned(), value));
                        entry.has_own_lines = true;
                        &mut entry.section
                    }
                    _ => &mut defaults,
                };
                if let Err(why) = set(section, word, value) {
                    foreign.leave(number, format!("{word}: {why}"));
                }
            }
        }
        comments.clear();
    }
    for entry in entries {
        if entry.account.name == "default" {
            foreign.default = Some(entry.alias_of().unwrap_or("default").to_owned());
            if entry.alias_of().is_some() {
                continue;
            }
        }
        let (mut account, mut settings) = (entry.account, entry.section.whole());
        if settings.secret.is_some() && settings.command.take().is_some() {
            let what = "passwordeval: the file has the password";
            foreign.leave(account.line, format!("account {}: {what}", account.name));
        }
        if settings.logs_in && settings.secret.is_none() && settings.command.is_none() {
            settings.netrc = netrc.map(str::to_owned);
        }
        account.settings = settings;
        foreign.accounts.push(account);
    }
    foreign
}

/// Sets what a line says. The error says why it is not taken.
fn set(section: &mut Section, word: &str, value: &str) -> Result<(), &'static str> {
    let is_on = value != "off";
    let text = || (!value.is_empty()).then(|| value.to_owned());
    let settings = &mut section.settings;
    match word {
        "host" => settings.host = text(),
        "port" => settings.port = Some(value.parse().map_err(|_| "it is not a port")?),
        "protocol" => settings.is_lmtp = value == "lmtp",
        "tls" => section.has_tls = is_on,
        "tls_starttls" => section.is_implicit = !is_on,
        "tls_trust_file" if value == "system" || SYSTEM_BUNDLES.contains(&value) => {
            settings.roots = Some("system");
            settings.ca = None;
        }
        "tls_trust_file" => {
            settings.ca = text();
            settings.roots = settings.ca.as_ref().map(|_| "none");
        }
        "tls_fingerprint" => {
            let hex: String = value.chars().filter(|c| *c != ':').collect();
            if hex.len() != 64 {
                return Err("only the SHA-256 of a certificate can be taken");
            }
            settings.fingerprint = Some(format!("sha256:{}", hex.to_ascii_lowercase()));
        }
        "tls_certcheck" if is_on => {}
        "tls_certcheck" => return Err("the certificate is verified nevertheless"),
        "tls_cert_file" => settings.cert = text(),
        "tls_key_file" => settings.key = text(),
        "tls_host_override" => settings.certificate_name = text(),
        "auth" => {
            settings.logs_in = is_on;
            settings.mechanism = match value {
                "on" | "off" | "" => None,
                "plain" | "login" | "cram-md5" | "scram-sha-1" | "scram-sha-256" | "external"
                | "oauthbearer" | "xoauth2" => text(),
                _ => return Err("Pilotfish has no such mechanism, and chooses one"),
            };
        }
        "user" => settings.user = text(),
        "password" => settings.secret = (!value.is_empty()).then(|| Secret::from(value)),
        "passwordeval" => settings.command = text(),
        "from" => settings.from = text(),
        "domain" => settings.helo = text(),
        "source_ip" => settings.source_ip = text(),
        "proxy_host" => section.proxy_host = text(),
        "proxy_port" => section.proxy_port = text(),
        "dsn_notify" if is_on => settings.dsn = text(),
        "dsn_return" if value == "headers" => settings.dsn_return = Some("hdrs".to_owned()),
        "dsn_return" if is_on => settings.dsn_return = text(),
        "dsn_notify" | "dsn_return" => {}
        "logfile" | "syslog" => return Err("it is the flag --log"),
        "aliases" => return Err("it is the key aliases at the top of the configuration"),
        "timeout" => return Err("it is the flag --timeout"),
        word if SILENT.contains(&word) => {}
        _ => return Err("it is not known"),
    }
    Ok(())
}

/// A value without the double quotes around it.
fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}
