//! What the settings of other programs have in common, and the keys that they become.

use pilotfish::{Secret, Security};
use toml_edit::{InlineTable, Value};

/// What a file of another program says.
#[derive(Default)]
pub(super) struct Foreign {
    pub(super) accounts: Vec<ForeignAccount>,
    /// The account of mails that name none.
    pub(super) default: Option<String>,
    /// What was not taken, with its line.
    pub(super) left: Vec<(usize, String)>,
}

impl Foreign {
    /// Notes a line that was not taken. The text has no value of the file, which may be a secret.
    pub(super) fn leave(&mut self, line: usize, what: impl Into<String>) {
        self.left.push((line, what.into()));
    }
}

/// An account of another program.
#[derive(Default, Clone)]
pub(super) struct ForeignAccount {
    pub(super) name: String,
    /// Where it begins.
    pub(super) line: usize,
    /// The lines of comments before it.
    pub(super) comments: Vec<String>,
    pub(super) settings: Settings,
}

/// The settings of an account of another program.
#[derive(Default, Clone)]
pub(super) struct Settings {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) security: Option<Security>,
    pub(super) is_lmtp: bool,
    /// The key `tls-roots`.
    pub(super) roots: Option<&'static str>,
    pub(super) ca: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) certificate_name: Option<String>,
    /// Whether it logs in at all.
    pub(super) logs_in: bool,
    /// The key `auth`, if one mechanism is named.
    pub(super) mechanism: Option<String>,
    pub(super) user: Option<String>,
    pub(super) secret: Option<Secret>,
    pub(super) command: Option<String>,
    pub(super) netrc: Option<String>,
    pub(super) from: Option<String>,
    pub(super) envelope_from: Option<String>,
    pub(super) dsn: Option<String>,
    pub(super) dsn_return: Option<String>,
    pub(super) helo: Option<String>,
    pub(super) source_ip: Option<String>,
    pub(super) proxy: Option<String>,
}

impl Settings {
    /// The port, or the one that is meant without it.
    pub(super) fn port(&self) -> u16 {
        let usual = match self.security {
            Some(Security::ImplicitTls) => 465,
            _ => 25,
        };
        self.port.unwrap_or(usual)
    }

    /// Why an account that has a password cannot use it.
    pub(super) fn no_use_of_secret(&self) -> Option<&'static str> {
        match (self.logs_in, &self.user) {
            (false, _) => Some("it does not log in"),
            (true, None) => Some("no user has it"),
            (true, Some(_)) => None,
        }
    }

    /// Whether the secret is a token.
    pub(super) fn is_token(&self) -> bool {
        let is_of_token = |name| matches!(name, "oauthbearer" | "xoauth2");
        let names = self.mechanism.as_deref();
        names.is_some_and(|names| names.split(',').all(is_of_token))
    }

    /// The keys of the account, but for the place of a secret that is in the file itself. The error
    /// says why it cannot be an account.
    pub(super) fn keys(&self) -> Result<Vec<(&'static str, Value)>, &'static str> {
        let host = self.host.as_deref().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no server")?;
        let security = self.security.unwrap_or(Security::Cleartext);
        if self.logs_in && security == Security::Cleartext && !is_local(host) {
            return Err("it sends its password without TLS, which Pilotfish does not do");
        }
        let place = if host.contains(':') {
            format!("[{host}]:{}", self.port())
        } else {
            format!("{host}:{}", self.port())
        };
        let server = if self.is_lmtp {
            format!("lmtp://{place}")
        } else {
            place
        };
        let is_usual = Security::of_port(self.port()) == security && !self.is_lmtp;
        let own = |text: &Option<String>| text.clone();
        let of_login = |text: &Option<String>| text.clone().filter(|_| self.logs_in);
        let of_token =
            |text: Option<String>, is_token| text.filter(|_| self.is_token() == is_token);
        let can_use_secret = self.no_use_of_secret().is_none();
        let of_secret = |text: &Option<String>| text.clone().filter(|_| can_use_secret);
        let command = of_secret(&self.command);
        let keys = [
            ("server", Some(server)),
            ("tls", (!is_usual).then(|| security.to_string())),
            ("tls-roots", self.roots.map(str::to_owned)),
            ("tls-ca", own(&self.ca)),
            ("tls-fingerprint", own(&self.fingerprint)),
            ("tls-cert", own(&self.cert)),
            ("tls-key", own(&self.key)),
            ("tls-name", own(&self.certificate_name)),
            ("auth", of_login(&self.mechanism)),
            ("user", of_login(&self.user)),
            ("password-command", of_token(command.clone(), false)),
            ("token-command", of_token(command, true)),
            ("password-netrc", of_secret(&self.netrc)),
            ("from", own(&self.from)),
            ("envelope-from", own(&self.envelope_from)),
            ("dsn", own(&self.dsn)),
            ("dsn-return", own(&self.dsn_return)),
        ];
        // Without TLS no certificate is verified.
        let is_kept = |key: &str| security != Security::Cleartext || !key.starts_with("tls-");
        let keys = keys.into_iter().filter(|(key, _)| is_kept(key));
        let mut keys: Vec<(&'static str, Value)> = keys
            .filter_map(|(key, value)| Some((key, value?.into())))
            .collect();
        let network = [
            ("helo", &self.helo),
            ("source-ip", &self.source_ip),
            ("proxy", &self.proxy),
        ];
        let network: InlineTable = network
            .into_iter()
            .filter_map(|(key, value)| Some((key, Value::from(value.clone()?))))
            .collect();
        if !network.is_empty() {
            keys.push(("network", Value::InlineTable(network)));
        }
        Ok(keys)
    }
}

/// Whether the connection to the server stays inside this machine.
fn is_local(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
