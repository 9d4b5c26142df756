//! Keys of logins by OAuth 2.0 that contradict each other, and keys that lack another.

use super::account::Account;
use super::oauth_keys::{OAuthGrant, OAuthServer};

impl Account {
    /// What contradicts itself, of the keys that are set.
    pub(super) fn contradiction_in_oauth(&self) -> Option<&'static str> {
        let Some(server) = &self.oauth else {
            return self.has_key_of_oauth().then_some(
                "client-id, client-secret-*, oauth-* and service-account-file are for logins by OAuth \
                 2.0: add oauth = \"google\", \"microsoft\" or a URL, or leave them out",
            );
        };
        let grant = self.oauth_grant.unwrap_or_default();
        let is_google = *server == OAuthServer::Google;
        let is_microsoft = *server == OAuthServer::Microsoft;
        let has_client = self.client_id.is_some() || self.client_secret().is_some();
        let rules = [
            (
                self.password().is_some(),
                "a login is by a password or by oauth: keep one",
            ),
            (
                self.has_token_elsewhere(),
                "with oauth, tokens are stored in token-file or token-keyring: leave the other keys \
                 of a token out, or oauth",
            ),
            (
                self.client_secret_sources().count() > 1,
                "the secret of a client comes from one place: keep one of client-secret-file, \
                 client-secret-command and the like",
            ),
            (
                self.auth_as.is_some(),
                "with oauth, mails are sent as the user: leave auth-as out, and set \
                 user to that name",
            ),
            (
                self.oauth_tenant.is_some() && !is_microsoft,
                "oauth-tenant is for oauth = \"microsoft\": leave it out",
            ),
            (
                self.service_account_file.is_some() && grant != OAuthGrant::ServiceAccount,
                "service-account-file is for oauth-grant = \"service-account\": add that",
            ),
            (
                grant == OAuthGrant::ServiceAccount && !is_google,
                "service accounts are for oauth = \"google\": use client-credentials elsewhere",
            ),
            (
                grant == OAuthGrant::ServiceAccount && has_client,
                "a service account has its own key: leave client-id and client-secret-* out",
            ),
            (
                grant == OAuthGrant::ClientCredentials && is_google,
                "Google has service accounts in place of client-credentials: set oauth-grant = \
                 \"service-account\"",
            ),
        ];
        let found = rules.into_iter().find(|(is_wrong, _)| *is_wrong);
        found.map(|(_, reason)| reason)
    }

    /// The key that a login by OAuth 2.0 lacks, once all keys are set.
    pub(super) fn lack_in_oauth(&self) -> Option<&'static str> {
        let server = self.oauth.as_ref()?;
        let grant = self.oauth_grant.unwrap_or_default();
        let is_service_account = grant == OAuthGrant::ServiceAccount;
        let is_program = grant == OAuthGrant::ClientCredentials;
        let has_organization = (self.oauth_tenant.as_deref())
            .is_some_and(|tenant| !matches!(tenant, "common" | "consumers" | "organizations"));
        let rules = [
            (
                self.client_id.is_none() && !is_service_account,
                "oauth needs client-id: the ID of a client that is registered with the \
                 authorization server",
            ),
            (
                matches!(server, OAuthServer::Issuer(_)) && self.oauth_scope.is_none(),
                "oauth with a URL needs oauth-scope: the scope with which that server lets a \
                 program send mail",
            ),
            (
                grant == OAuthGrant::Login && self.token_sources().next().is_none(),
                "oauth needs token-file or token-keyring: a place to store the tokens of the login",
            ),
            (
                is_program && self.client_secret().is_none(),
                "oauth-grant = \"client-credentials\" needs the secret of the client: \
                 client-secret-file, client-secret-command or the like",
            ),
            (
                is_program && *server == OAuthServer::Microsoft && !has_organization,
                "oauth-grant = \"client-credentials\" needs oauth-tenant: the ID or the domain of \
                 the organization",
            ),
            (
                is_service_account && self.service_account_file.is_none(),
                "oauth-grant = \"service-account\" needs service-account-file: the key file that \
                 Google gave",
            ),
        ];
        let found = rules.into_iter().find(|(is_wrong, _)| *is_wrong);
        found.map(|(_, reason)| reason)
    }

    /// Whether a key is set that only a login by OAuth 2.0 uses.
    fn has_key_of_oauth(&self) -> bool {
        self.oauth_tenant.is_some()
            || self.oauth_scope.is_some()
            || self.oauth_grant.is_some()
            || self.client_id.is_some()
            || self.client_secret().is_some()
            || self.service_account_file.is_some()
    }

    /// Whether a token comes from a place where none can be stored.
    fn has_token_elsewhere(&self) -> bool {
        self.token_fd.is_some()
            || self.token_command.is_some()
            || self.token_env.is_some()
            || self.token_credential.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    const GOOGLE: &str = "oauth = 'google'\nclient-id = 'i'\n";
    const MICROSOFT: &str = "oauth = 'microsoft'\nclient-id = 'i'\n";
    const OWN: &str = "oauth = 'https://id.example'\nclient-id = 'i'\n";
    const SERVICE: &str = "oauth = 'google'\noauth-grant = 'service-account'\n";
    const PROGRAM: &str = "oauth-grant = 'client-credentials'\nclient-secret-env = 'S'\n";

    /// What the file is refused for, by its beginning; an empty text if it is not.
    #[test]
    fn keys_that_contradict_or_lack_each_other() {
        for (keys, expected) in [
            (format!("{GOOGLE}token-file = 't'"), ""),
            (format!("{GOOGLE}token-keyring = 't'"), ""),
            (
                format!("{MICROSOFT}oauth-tenant = 'consumers'\ntoken-file = 't'"),
                "",
            ),
            (format!("{OWN}oauth-scope = 'smtp'\ntoken-file = 't'"), ""),
            (format!("{SERVICE}service-account-file = 's'"), ""),
            (
                format!("{MICROSOFT}{PROGRAM}oauth-tenant = 'example.org'"),
                "",
            ),
            (format!("{OWN}{PROGRAM}oauth-scope = 'smtp'"), ""),
            (
                "oauth = 'google'\ntoken-file = 't'".into(),
                "oauth needs client-id",
            ),
            (GOOGLE.into(), "oauth needs token-file"),
            (
                format!("{GOOGLE}token-file = 't'\ntoken-keyring = 't'"),
                "a token comes from one place",
            ),
            (
                format!("{GOOGLE}token-command = 't'"),
                "with oauth, tokens are stored",
            ),
            (
                format!("{GOOGLE}token-file = 't'\npassword-env = 'P'"),
                "a login is by a password or by oauth",
            ),
            (
                format!("{GOOGLE}password-keyring = 'p'"),
                "a login is by a password or by oauth",
            ),
            (
                format!("{GOOGLE}token-file = 't'\nauth-as = 'shop'"),
                "with oauth, mails are sent as the user",
            ),
            (
                format!("{GOOGLE}client-secret-env = 'S'\nclient-secret-file = 's'"),
                "the secret of a client comes from one place",
            ),
            (
                format!("{GOOGLE}oauth-tenant = 'consumers'\ntoken-file = 't'"),
                "oauth-tenant is for",
            ),
            (
                format!("{GOOGLE}service-account-file = 's'\ntoken-file = 't'"),
                "service-account-file is for",
            ),
            (SERVICE.into(), "oauth-grant = \"service-account\" needs"),
            (
                format!("{SERVICE}client-id = 'i'\nservice-account-file = 's'"),
                "a service account has its own key",
            ),
            (
                "oauth = 'microsoft'\noauth-grant = 'service-account'".into(),
                "service accounts are for",
            ),
            (format!("{GOOGLE}{PROGRAM}"), "Google has service accounts"),
            (
                format!("{MICROSOFT}{PROGRAM}"),
                "oauth-grant = \"client-credentials\" needs oauth-tenant",
            ),
            (
                format!("{MICROSOFT}oauth-grant = 'client-credentials'"),
                "oauth-grant = \"client-credentials\" needs the secret",
            ),
            (
                format!("{OWN}token-file = 't'"),
                "oauth with a URL needs oauth-scope",
            ),
            ("client-id = 'i'".into(), "client-id, client-secret-*"),
            (
                "client-secret-env = 'S'".into(),
                "client-id, client-secret-*",
            ),
            ("oauth-scope = 's'".into(), "client-id, client-secret-*"),
        ] {
            let file = format!("[account.a]\nserver = 'x'\nuser = 'me'\n{keys}");
            let parsed = Config::parse(&file);
            let found = parsed.map_or_else(|error| error.to_string(), |_| String::new());
            let reason = found.strip_prefix("line 1: ").unwrap_or(&found);
            assert_eq!(reason.is_empty(), expected.is_empty(), "{keys}: {found}");
            assert!(reason.starts_with(expected), "{keys}: {found}");
        }
    }
}
