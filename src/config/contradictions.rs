//! Keys that contradict each other, and keys that lack another.

use super::account::Account;
use super::auth::Auth;
use super::overrides::implied_server;
use crate::protocol::Dialect;
use crate::session::Security;

pub(super) const WITHOUT_TLS: &str = "without TLS no certificate is verified: leave tls-ca, \
                                      tls-fingerprint and the other settings of TLS out, or the \
                                      mode none";

impl Account {
    /// The account of a file, if its keys go together.
    pub(super) fn checked(mut self) -> Result<Self, &'static str> {
        self.server = self.server.or_else(|| implied_server(self.user.as_deref()));
        let Some(server) = &self.server else {
            return Err("the key server is missing");
        };
        // The user in the URL takes precedence.
        self.user = server.user.clone().or(self.user);
        match self.contradiction().or_else(|| self.lack_in_oauth()) {
            Some(reason) => Err(reason),
            None => Ok(self),
        }
    }

    /// What contradicts itself, of the keys that are set.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let authorities = self.tls_ca.is_some() || self.tls_roots.is_some();
        let pinned = !self.tls_fingerprint.is_empty();
        let ways = [authorities, pinned, self.tls_insecure].map(u8::from);
        let rules = [
            (
                self.password_sources().count() > 1,
                "a password comes from one place: keep one of password-file, password-command \
                 and the like",
            ),
            (
                self.token_sources().count() > 1,
                "a token comes from one place: keep one of token-file, token-command and the like",
            ),
            (
                self.password().is_some() && self.token().is_some(),
                "a login is by a password or by a token: keep one",
            ),
            (
                self.tls_cert.is_some() != self.tls_key.is_some(),
                "tls-cert and tls-key belong together",
            ),
            (
                ways.iter().sum::<u8>() > 1,
                "a server is known by its authority (tls-ca, tls-roots), by tls-fingerprint, or \
                 not at all (tls-insecure): keep one of them",
            ),
            (
                self.has_two_modes(),
                "server and tls name different modes: leave tls out, or the scheme of the URL",
            ),
            (
                self.is_named_cleartext() && self.is_particular_of_tls(),
                WITHOUT_TLS,
            ),
        ];
        let found = rules.into_iter().find(|(is_wrong, _)| *is_wrong);
        let found = found.map(|(_, reason)| reason);
        found.or_else(|| self.contradiction_in_oauth())
    }

    /// What contradicts itself in the login, or lacks a user, once all keys are set.
    pub(super) fn contradiction_in_login(&self) -> Option<&'static str> {
        let names_login = self.mechanisms().is_some() || self.auth_as.is_some();
        if names_login && !self.logs_in() && self.auth != Some(Auth::None) {
            return Some("auth and auth-as are for a login, and there is no user: name one");
        }
        let is_clear = self.security() == Security::Cleartext && self.unix_socket().is_none();
        (self.is_external() && is_clear).then_some(
            "the login external is by the certificate that TLS shows, and there is no TLS",
        )
    }

    /// Whether the scheme of the URL and [`tls`](Self::tls) say different things. LMTP has no TLS
    /// unless `tls` says so.
    fn has_two_modes(&self) -> bool {
        let server = self.server.as_ref();
        let smtp = server.filter(|server| server.protocol == Dialect::Smtp);
        let of_url = smtp.and_then(|server| server.tls);
        of_url.is_some_and(|mode| self.tls.is_some_and(|tls| tls != mode))
    }

    /// Whether the account says that there is no TLS.
    pub(super) fn is_named_cleartext(&self) -> bool {
        !self.is_lmtp() && self.named_security() == Some(Security::Cleartext)
    }

    /// Whether a key is set that only sessions with TLS use.
    pub(super) fn is_particular_of_tls(&self) -> bool {
        self.tls_ca.is_some()
            || self.tls_roots.is_some()
            || !self.tls_fingerprint.is_empty()
            || self.tls_insecure
            || self.tls_min.is_some()
            || self.tls_name.is_some()
            || self.tls_cert.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    const PIN: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn contradiction(keys: &str) -> String {
        match Config::parse(&format!("[account.a]\n{keys}")) {
            Ok(config) => {
                let account = config.account("a").unwrap();
                account
                    .contradiction_in_login()
                    .unwrap_or("none")
                    .to_owned()
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn keys_that_contradict_each_other() {
        let x = "server = 'x'\n";
        for (keys, words) in [
            ("server = 'smtps://x'\ntls = 'none'", "different modes"),
            ("server = 'smtps://x'\ntls = 'starttls'", "different modes"),
            (
                "server = 'smtp+notls://x'\ntls = 'implicit'",
                "different modes",
            ),
            ("server = 'smtps://x'\ntls = 'implicit'", "none"),
            ("server = 'smtp://x'\ntls = 'none'", "none"),
            ("server = 'lmtp://x:24'\ntls = 'starttls'", "none"),
            (&format!("{x}tls = 'none'\ntls-ca = 'c'"), "without TLS"),
            (
                &format!("{x}tls = 'none'\ntls-fingerprint = '{PIN}'"),
                "without TLS",
            ),
            (
                &format!("{x}tls = 'none'\ntls-insecure = true"),
                "without TLS",
            ),
            (&format!("{x}tls = 'none'\ntls-min = '1.3'"), "without TLS"),
            (&format!("{x}tls = 'none'\ntls-name = 'y'"), "without TLS"),
            (
                &format!("{x}tls = 'none'\ntls-roots = 'none'"),
                "without TLS",
            ),
            (
                &format!("{x}tls = 'none'\ntls-cert = 'c'\ntls-key = 'k'"),
                "without TLS",
            ),
            ("server = 'smtp+notls://x'\ntls-ca = 'c'", "without TLS"),
            (&format!("{x}auth = 'plain'"), "there is no user"),
            (&format!("{x}auth-as = 'shop'"), "there is no user"),
            (&format!("{x}auth = 'plain'\nuser = 'me'"), "none"),
            (&format!("{x}auth = 'none'\nauth-as = 'me'"), "none"),
            (&format!("{x}auth = 'auto'"), "none"),
            (&format!("{x}auth = 'external'"), "none"),
            (
                &format!("{x}auth = 'external'\ntls = 'none'"),
                "there is no TLS",
            ),
            (
                &format!("{x}password-file = 'p'\npassword-env = 'P'"),
                "one place",
            ),
            (
                &format!("{x}password-env = 'p'\npassword-netrc = 'P'"),
                "one place",
            ),
            (
                &format!("{x}token-env = 'p'\ntoken-credential = 'P'"),
                "one place",
            ),
            (
                &format!("{x}token-env = 'p'\npassword-env = 'P'"),
                "or by a token",
            ),
        ] {
            let found = contradiction(keys);
            assert!(found.contains(words), "{keys}: {found}");
        }
    }
}
