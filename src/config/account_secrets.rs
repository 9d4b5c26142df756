//! Where the secrets of an account are.

use std::path::Path;

use super::account::Account;
use super::secret_source::SecretSource;

impl Account {
    /// Whether the account logs in by tokens that an authorization server gives: the key
    /// [`oauth`](Self::oauth).
    #[must_use]
    pub fn uses_oauth(&self) -> bool {
        self.oauth.is_some()
    }

    /// Whether the account says where a password or a token is, or logs in by OAuth 2.0.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.password().is_some() || self.token().is_some() || self.uses_oauth()
    }

    /// Where the password comes from.
    pub(super) fn password(&self) -> Option<SecretSource<'_>> {
        self.password_sources().next()
    }

    /// Where the token comes from; `None` if one is obtained by [`oauth`](Self::oauth).
    pub(super) fn token(&self) -> Option<SecretSource<'_>> {
        self.token_sources().next().filter(|_| !self.uses_oauth())
    }

    /// Where the secret of the client comes from.
    pub(super) fn client_secret(&self) -> Option<SecretSource<'_>> {
        self.client_secret_sources().next()
    }

    /// Every source of a password that is named.
    pub(super) fn password_sources(&self) -> impl Iterator<Item = SecretSource<'_>> {
        let netrc = self.password_netrc.as_deref();
        let sources = [
            self.password_file.as_deref().map(SecretSource::File),
            self.password_fd.map(SecretSource::Fd),
            self.password_command.as_deref().map(SecretSource::Command),
            self.password_env.as_deref().map(SecretSource::Variable),
            (self.password_credential.as_deref()).map(SecretSource::Credential),
            self.password_keyring.as_deref().map(SecretSource::Keyring),
            netrc.map(|path| self.netrc(path)),
        ];
        sources.into_iter().flatten()
    }

    /// Every source of a token that is named. With [`oauth`](Self::oauth), a file and an item of the
    /// keyring are where tokens are stored.
    pub(super) fn token_sources(&self) -> impl Iterator<Item = SecretSource<'_>> {
        let sources = [
            self.token_file.as_deref().map(SecretSource::File),
            self.token_fd.map(SecretSource::Fd),
            self.token_command.as_deref().map(SecretSource::Command),
            self.token_env.as_deref().map(SecretSource::Variable),
            (self.token_credential.as_deref()).map(SecretSource::Credential),
            self.token_keyring.as_deref().map(SecretSource::Keyring),
        ];
        sources.into_iter().flatten()
    }

    /// Every source of the secret of the client that is named.
    pub(super) fn client_secret_sources(&self) -> impl Iterator<Item = SecretSource<'_>> {
        let command = self.client_secret_command.as_deref();
        let credential = self.client_secret_credential.as_deref();
        let sources = [
            (self.client_secret_file.as_deref()).map(SecretSource::File),
            command.map(SecretSource::Command),
            (self.client_secret_env.as_deref()).map(SecretSource::Variable),
            credential.map(SecretSource::Credential),
            (self.client_secret_keyring.as_deref()).map(SecretSource::Keyring),
        ];
        sources.into_iter().flatten()
    }

    fn netrc<'a>(&'a self, path: &'a Path) -> SecretSource<'a> {
        SecretSource::Netrc {
            path,
            host: self.host(),
            user: self.user.as_deref(),
        }
    }

    /// Whether the account names a command to run.
    pub(super) fn has_command(&self) -> bool {
        let dkim = self.dkim.as_ref();
        let of_dkim = dkim.and_then(|dkim| dkim.key_command.as_ref());
        let commands = [
            self.password_command.as_ref(),
            self.token_command.as_ref(),
            self.client_secret_command.as_ref(),
            of_dkim,
        ];
        commands.iter().any(Option::is_some)
    }
}
