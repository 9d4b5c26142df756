//! An account that is being set up: what the file of accounts will have.

use std::path::{Path, PathBuf};

use pilotfish::Security;
use pilotfish::address::{AddrSpec, Mailbox};
use pilotfish::config::Account;
use pilotfish::services::Service;
use serde_json::json;
use toml_edit::Value;

use super::{said, server};
use crate::args::{AccountAddArguments, GlobalArguments};
use crate::failure::Failure;
use crate::settings::{absolute, in_shell, shown_path};
use crate::terminal::style::{CYAN, painted};

/// An account that is being set up.
pub(super) struct Setup {
    pub(super) name: String,
    pub(super) address: AddrSpec,
    pub(super) service: Option<&'static Service>,
    pub(super) account: Account,
    /// What the file of accounts will have.
    pub(super) keys: Vec<(&'static str, Value)>,
    pub(super) login: Login,
    /// Whether the server and the login are tried.
    pub(super) is_tested: bool,
}

/// How an account logs in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    /// By a secret that has to be asked for.
    Asked,
    /// By a secret whose place the command line says.
    Named,
    /// With OAuth 2.0.
    OAuth,
    /// Not at all.
    None,
}

impl Setup {
    /// Adds the key for the sender, whose name is known now.
    pub(super) fn add_sender(&mut self) {
        let from = self.account.from.as_ref();
        let from = from.map_or_else(String::new, ToString::to_string);
        self.keys.push(("from", from.into()));
    }

    /// Prints that the account is in this file.
    pub(super) fn say_written(&self, file: &Path, is_default: bool, global: &GlobalArguments) {
        let mut end = match (self.is_tested, self.login) {
            (true, Login::Named) => "; login tested".to_owned(),
            (true, Login::None) => "; the server answers".to_owned(),
            _ => String::new(),
        };
        if is_default {
            end.push_str("; it is the default");
        }
        let object = json!({
            "schema": "pilotfish.account-add/1", "name": self.name,
            "address": self.address.to_string(), "server": super::list::place(&self.account),
            "user": self.account.user, "file": file.display().to_string(),
            "default": is_default, "tested": self.is_tested,
        });
        let text = format!("account {} written to {}{end}", self.name, shown_path(file));
        super::done(global, &text, &object);
    }

    /// Shows the command that sends the first mail.
    pub(super) fn say_next(&self, is_default: bool, global: &GlobalArguments) {
        let account = if is_default {
            String::new()
        } else {
            format!("-A {} ", in_shell(&self.name))
        };
        let next =
            format!("pilotfish send {account}ann@example.org -s 'A shark' -m 'Look.' -a shark.png");
        said(global, &format!("next: {}", painted(CYAN, next)));
    }
}

/// The account for this server, with what the command line says.
pub(super) fn setup(
    arguments: AccountAddArguments,
    address: AddrSpec,
    found: &server::Found,
) -> Result<Setup, Failure> {
    let service = found.service;
    let domain = address.domain().to_string();
    let label = domain.split('.').next().unwrap_or_default();
    let own = Service::of_domain(&domain);
    let has_source = arguments.has_source();
    let name = arguments.name.clone();
    let name = name.unwrap_or_else(|| own.map_or(label, |service| service.key).to_owned());
    let mut account = Account::new(&found.server)?;
    account.tls = found.security;
    account.tls_ca = arguments.tls_ca.map(absolute).transpose()?;
    account.tls_fingerprint.extend(arguments.tls_fingerprint);
    account.from = Some(Mailbox::new(address.clone()));
    account.password_file = arguments.password_file.map(absolute).transpose()?;
    account.password_command = arguments.password_command;
    account.password_env = arguments.password_env;
    account.password_keyring = arguments.password_keyring;
    account.token_command = arguments.token_command;
    let needs_oauth = service.is_some_and(|service| service.secret == "oauth");
    let login = match (arguments.no_login, has_source) {
        (true, _) => Login::None,
        (false, true) => Login::Named,
        (false, false) if arguments.oauth.is_some() || needs_oauth => Login::OAuth,
        (false, false) => Login::Asked,
    };
    if login != Login::None {
        let of_service = service.and_then(|service| service.user_of(&address.to_string()));
        let user = arguments.user.or(account.user).or(of_service);
        account.user = Some(user.unwrap_or_else(|| address.to_string()));
    }
    let keys = keys(&found.server, &account);
    // Contradictions are found before anything is asked.
    let account = Account::default().with_overrides(account)?;
    if login != Login::None && account.security() == Security::Cleartext {
        let message =
            "without TLS no password is sent, because others on the network could read it";
        let failure = Failure::usage(message);
        return Err(failure.with_help("for a relay that needs no login, add --no-login"));
    }
    Ok(Setup {
        name,
        address,
        service,
        account,
        keys,
        login,
        is_tested: !arguments.no_test,
    })
}

/// The keys that are set, but for the sender.
fn keys(server: &str, account: &Account) -> Vec<(&'static str, Value)> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let fingerprint = account.tls_fingerprint.first().map(ToString::to_string);
    let keys = [
        ("server", Some(server.to_owned())),
        ("tls", account.tls.map(|mode| mode.to_string())),
        ("tls-ca", path(&account.tls_ca)),
        ("tls-fingerprint", fingerprint),
        ("user", account.user.clone()),
        ("password-file", path(&account.password_file)),
        ("password-command", account.password_command.clone()),
        ("password-env", account.password_env.clone()),
        ("password-keyring", account.password_keyring.clone()),
        ("token-command", account.token_command.clone()),
    ];
    let keys = keys.into_iter();
    keys.filter_map(|(key, value)| Some((key, value?.into())))
        .collect()
}
