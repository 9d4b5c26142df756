//! An account with some of its keys replaced, as by the flags of a command.

use super::ConfigError;
use super::account::Account;
use super::auth::Auth;
use super::contradictions::WITHOUT_TLS;
use crate::protocol::Dialect;
use crate::services::Service;
use crate::session::ServerAddress;

impl Account {
    /// This account, with the keys that `flags` sets in place of its own.
    ///
    /// What the account says of its own server is for that server alone. If `flags` has another
    /// server's address, the account's pins, client certificate, TLS mode and `tls_insecure` are
    /// left out. A password or a token of the account is never sent to another host or port, even if
    /// another user logs in there: `flags` has the secret for that server, or the login is left out.
    ///
    /// Some keys belong together: a password replaces a token, and a token a password; an
    /// authority, a pin or `tls_insecure` replaces the account's pins and its `tls_insecure`; a
    /// user replaces the identity in `auth_as`, and a proxy its password.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Contradiction`]: keys of `flags` contradict each other.
    /// [`ConfigError::OtherServer`]: the account's secret would be sent to another server.
    pub fn with_overrides(self, flags: Self) -> Result<Self, ConfigError> {
        if let Some(reason) = flags.contradiction() {
            return Err(ConfigError::Contradiction(reason));
        }
        let brings_secret = flags.has_secret();
        let mut account = self;
        if let (Some(own), Some(other)) = (&account.server, &flags.server) {
            let takes_secret = account.has_secret() && !brings_secret;
            if takes_secret && flags.auth != Some(Auth::None) && !is_same_place(own, other) {
                return Err(ConfigError::OtherServer {
                    own: shown(own),
                    other: shown(other),
                });
            }
        }
        if flags.server.is_some() {
            account.tls = None;
            account.tls_fingerprint.clear();
            account.tls_insecure = false;
            account.tls_name = None;
            (account.tls_cert, account.tls_key) = (None, None);
        }
        let trusts = flags.tls_ca.is_some()
            || flags.tls_roots.is_some()
            || !flags.tls_fingerprint.is_empty()
            || flags.tls_insecure;
        let trusting = if trusts { &flags } else { &account };
        let (pins, insecure) = (trusting.tls_fingerprint.clone(), trusting.tls_insecure);
        let of_secret = if brings_secret { &flags } else { &account };
        let of_secret = of_secret.clone();
        let trusts_tls = flags.is_particular_of_tls();
        let user = flags.user;
        let mut both = Self {
            auth_as: flags.auth_as.or(account.auth_as.filter(|_| user.is_none())),
            user: user.or(account.user),
            server: flags.server.or(account.server),
            tls: flags.tls.or(account.tls),
            tls_roots: flags.tls_roots.or(account.tls_roots),
            tls_ca: flags.tls_ca.or(account.tls_ca),
            tls_fingerprint: pins,
            tls_insecure: insecure,
            tls_min: flags.tls_min.or(account.tls_min),
            tls_name: flags.tls_name.or(account.tls_name),
            tls_cert: flags.tls_cert.or(account.tls_cert),
            tls_key: flags.tls_key.or(account.tls_key),
            auth: flags.auth.or(account.auth),
            danger_cleartext_auth: flags.danger_cleartext_auth || account.danger_cleartext_auth,
            from: flags.from.or(account.from),
            envelope_from: flags.envelope_from.or(account.envelope_from),
            dsn: flags.dsn.or(account.dsn),
            dsn_return: flags.dsn_return.or(account.dsn_return),
            connections: flags.connections.or(account.connections),
            rates: flags.rates.or(account.rates),
            retry: flags.retry.or(account.retry),
            dkim: flags.dkim.or(account.dkim),
            network: account.network.with_overrides(flags.network),
            pipelining: flags.pipelining.or(account.pipelining),
            chunking: flags.chunking.or(account.chunking),
            messages_in_flight: flags.messages_in_flight.or(account.messages_in_flight),
            // The places of the secret.
            ..of_secret
        };
        if both.server.is_none() {
            both.server = implied_server(both.user.as_deref());
        }
        if trusts_tls && both.is_named_cleartext() {
            return Err(ConfigError::Contradiction(WITHOUT_TLS));
        }
        Ok(both)
    }
}

/// The server of the service where the user has an address of this form. Its first port is taken.
pub(super) fn implied_server(user: Option<&str>) -> Option<ServerAddress> {
    let (_, domain) = user?.rsplit_once('@')?;
    let service = Service::of_domain(domain)?;
    let (host, (port, security)) = (service.hosts.first()?, service.ports.first()?);
    Some(ServerAddress {
        host: host.parse().ok()?,
        port: Some(*port),
        unix_socket: None,
        user: None,
        protocol: Dialect::Smtp,
        tls: Some(*security),
    })
}

/// Whether two addresses lead to the same server. An address without a port means one of the
/// customary ports of submission.
fn is_same_place(one: &ServerAddress, other: &ServerAddress) -> bool {
    let is_same_port = match (one.port, other.port) {
        (Some(port), None) | (None, Some(port)) => matches!(port, 465 | 587),
        (one, other) => one == other,
    };
    one.host == other.host && is_same_port && one.unix_socket == other.unix_socket
}

/// An address as errors show it.
fn shown(address: &ServerAddress) -> String {
    match (&address.unix_socket, address.port) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(port)) => format!("{} on port {port}", address.host),
        (None, None) => address.host.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::transport::{TlsRoots, TlsVersion};

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn account(keys: &str) -> Account {
        let text = format!("[account.a]\nserver = 'x'\n{keys}");
        Config::parse(&text).unwrap().account("a").unwrap().clone()
    }

    /// What flags say, in the form of keys.
    fn flags(keys: &str) -> Account {
        Account {
            server: None,
            ..account(keys)
        }
    }

    #[test]
    fn flags_replace_what_the_account_trusts() {
        let own = account(&format!("tls-fingerprint = '{PIN}'\ntls-min = '1.3'"));
        let both = own.clone().with_overrides(flags("tls-ca = 'ca'")).unwrap();
        assert_eq!(
            (both.tls_fingerprint.len(), both.tls_min),
            (0, Some(TlsVersion::Tls13))
        );
        assert_eq!(own.clone().with_overrides(flags("")).unwrap(), own);
        let own_alone = account("tls-roots = 'none'\ntls-ca = 'a'");
        let both = own_alone.with_overrides(flags("tls-ca = 'ca'")).unwrap();
        assert_eq!(both.tls_roots, Some(TlsRoots::None));
        let elsewhere = own.with_overrides(Account::new("y").unwrap()).unwrap();
        assert_eq!(elsewhere.tls_fingerprint, []);
    }

    #[test]
    fn what_is_for_one_server_is_not_for_another() {
        let own = account(
            "tls = 'starttls'\ntls-ca = 'ca'\ntls-cert = 'c'\ntls-key = 'k'\ntls-name = 'n'\n\
             tls-min = '1.3'\nuser = 'me'\nauth-as = 'shop'",
        );
        let other = Account::new("y").unwrap();
        let expected = Account {
            tls: None,
            tls_cert: None,
            tls_key: None,
            tls_name: None,
            server: other.server.clone(),
            ..own.clone()
        };
        assert_eq!(own.with_overrides(other).unwrap(), expected);
    }

    /// The server of a known service needs no key.
    #[test]
    fn a_user_of_a_service_implies_the_server() {
        use crate::session::Security::{ImplicitTls, StartTls};
        for (user, server, expected) in [
            ("me@gmail.com", None, Some(("smtp.gmail.com", ImplicitTls))),
            ("ME@GMAIL.COM", None, Some(("smtp.gmail.com", ImplicitTls))),
            ("me@icloud.com", None, Some(("smtp.mail.me.com", StartTls))),
            ("me@gmail.com", Some("x"), Some(("x", StartTls))),
            ("me@example.org", None, None),
            ("me", None, None),
        ] {
            let keys = match server {
                Some(server) => format!("user = '{user}'\nserver = '{server}'"),
                None => format!("user = '{user}'"),
            };
            let shown = |account: &Account| {
                let host = account.host()?.to_string();
                Some((host, account.security()))
            };
            let expected = expected.map(|(host, tls)| (host.to_owned(), tls));
            let file = Config::parse(&format!("[account.a]\n{keys}")).ok();
            let of_file = file.and_then(|file| shown(file.account("a").unwrap()));
            assert_eq!(of_file, expected, "{user}");
            let flags = Account {
                user: Some(user.to_owned()),
                ..server.map_or_else(Account::default, |server| Account::new(server).unwrap())
            };
            let of_flags = Account::default().with_overrides(flags).unwrap();
            assert_eq!(shown(&of_flags), expected, "{user}");
        }
    }

    #[test]
    fn a_secret_goes_to_no_other_server() {
        let own = account("user = 'me'\npassword-file = 'p'");
        for (server, keys, works) in [
            ("x", "", true),
            ("x:465", "", true),
            ("x:25", "", false),
            ("y", "", false),
            ("y", "user = 'you'", false),
            ("you@y", "", false),
            ("y", "auth = 'none'", true),
            ("y", "password-file = 'q'", true),
            ("y", "token-command = 't'", true),
        ] {
            let address = match server.split_once('@') {
                Some(_) => format!("smtp://{server}"),
                None => server.to_owned(),
            };
            let flags = Account {
                user: account(keys).user.or(Account::new(&address).unwrap().user),
                server: Account::new(&address).unwrap().server,
                ..account(keys)
            };
            let both = own.clone().with_overrides(flags);
            assert_eq!(both.is_ok(), works, "{server} {keys}: {both:?}");
            // One secret replaces all others.
            assert!(
                both.is_err() || both.unwrap().token_command.is_none() || keys.contains("token")
            );
        }
    }

    #[test]
    fn keys_that_belong_together() {
        let own = account("user = 'me'\npassword-file = 'p'\nauth-as = 'shop'");
        let both = own
            .clone()
            .with_overrides(flags("token-file = 't'"))
            .unwrap();
        assert_eq!(
            (both.password_file, both.auth_as),
            (None, Some("shop".into()))
        );
        let both = own.with_overrides(flags("user = 'you'")).unwrap();
        assert_eq!((both.password_file, both.auth_as), (Some("p".into()), None));
    }

    /// A password or a token of the flags replaces a login by OAuth 2.0, which goes to no other server.
    #[test]
    fn a_login_by_oauth_is_one_secret() {
        let own = account("user = 'me'\noauth = 'google'\nclient-id = 'i'\ntoken-file = 't'");
        for (keys, expected) in [
            ("", Some(("t", true))),
            ("token-file = 'u'", Some(("u", false))),
            ("password-env = 'P'", None),
        ] {
            let both = own.clone().with_overrides(flags(keys)).unwrap();
            let file = both.token_file.as_ref().map(|path| path.to_str().unwrap());
            assert_eq!(
                file.map(|file| (file, both.uses_oauth())),
                expected,
                "{keys}"
            );
            assert_eq!(both.client_id.is_some(), keys.is_empty(), "{keys}");
        }
        let elsewhere = own.with_overrides(Account::new("y").unwrap());
        assert!(matches!(elsewhere, Err(ConfigError::OtherServer { .. })));
    }
}
