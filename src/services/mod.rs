//! Services that many people send mail by: the table `config/services.toml`.

mod table;

use std::sync::OnceLock;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::session::Security;

/// The table, as it is compiled in.
const TABLE: &str = include_str!("../../config/services.toml");

/// A service that many people send mail by, as it describes itself (2026-11).
///
/// The table is `config/services.toml` in the repository. What it says is not a promise of the
/// service, so a program that sets up an account verifies the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// The name of the service in the table: `gmail`.
    pub key: &'static str,
    /// The name for people: `Gmail`.
    pub name: &'static str,
    /// The hosts. The first is used. A `*` is in place of a region.
    pub hosts: Vec<&'static str>,
    /// The ports, each with how sessions are protected there, the best first.
    pub ports: Vec<(u16, Security)>,
    /// What logs in: `address`, `local part`, or a name that is the same for all. Where each account
    /// has its own, a description of several words; where there is no login, `none`.
    pub user: &'static str,
    /// What proves who logs in: `password`, `app password`, `key`, `oauth` where passwords are not
    /// accepted, or `none`.
    pub secret: &'static str,
    /// Whose login by OAuth 2.0 the service takes: `google` or `microsoft`.
    pub oauth: Option<&'static str>,
    /// How many characters a secret has, if all have the same number.
    pub length: Option<u32>,
    /// Whether a blank in a secret cannot be meant.
    pub no_blanks: bool,
    /// The domains of the addresses that people have there.
    pub domains: Vec<&'static str>,
    /// How the names of mail exchangers end that belong to the service.
    pub mx: Vec<&'static str>,
    /// The page where the secret is made.
    pub page: Option<&'static str>,
    /// The page where that becomes possible: two-step verification.
    pub two_step: Option<&'static str>,
    /// The most recipients of one mail.
    pub recipients: Option<u32>,
    /// The most connections at a time.
    pub connections: Option<u32>,
    /// The most mails over one connection.
    pub mails: Option<u32>,
    /// How long a connection without a mail is kept.
    pub idle: Option<Duration>,
    /// The most mails a minute.
    pub a_minute: Option<u32>,
    /// The most mails a day for a private account. The service counts them over all programs that use
    /// the account, and says when the limit is reached.
    pub a_day: Option<u32>,
}

impl Service {
    /// Every service of the table.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Service>> = OnceLock::new();
        ALL.get_or_init(|| table::read(TABLE))
    }

    /// The service with this host. Of several, the first in the table.
    #[must_use]
    pub fn of_host(host: &str) -> Option<&'static Self> {
        let host = normal(host);
        Self::all().iter().find(|service| {
            let mut hosts = service.hosts.iter();
            hosts.any(|own| match own.split_once('*') {
                Some((begin, end)) => {
                    let rest = host.strip_prefix(begin);
                    rest.is_some_and(|rest| rest.len() > end.len() && rest.ends_with(end))
                }
                None => host == *own,
            })
        })
    }

    /// The service with this key.
    #[must_use]
    pub fn of_key(key: &str) -> Option<&'static Self> {
        Self::all().iter().find(|service| service.key == key)
    }

    /// The service where people have addresses of this domain.
    #[must_use]
    pub fn of_domain(domain: &str) -> Option<&'static Self> {
        let domain = normal(domain);
        let mut all = Self::all().iter();
        all.find(|service| service.domains.contains(&domain.as_str()))
    }

    /// The service that this mail exchanger of a domain belongs to.
    #[must_use]
    pub fn of_mail_exchanger(name: &str) -> Option<&'static Self> {
        let name = normal(name);
        let is_in = |end: &&str| {
            let before = name.strip_suffix(*end);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let mut all = Self::all().iter();
        all.find(|service| service.mx.iter().any(&is_in))
    }

    /// The name that somebody with this address logs in by, if the table says so.
    #[must_use]
    pub fn user_of(&self, address: &str) -> Option<String> {
        match self.user {
            "address" => Some(address.to_owned()),
            "local part" => Some(address.rsplit_once('@')?.0.to_owned()),
            other if other == "none" || other.contains(' ') => None,
            name => Some(name.to_owned()),
        }
    }

    /// The secret as the service means it: pages show app passwords in groups, and what is copied
    /// from them has blanks. If blanks can be meant, the secret stays as it is.
    #[must_use]
    pub fn without_blanks(&self, secret: &Secret) -> Secret {
        match std::str::from_utf8(secret.expose()) {
            Ok(text) if self.no_blanks => {
                // There is room for all of it, so that no part is moved.
                let mut kept = Zeroizing::new(String::with_capacity(text.len()));
                kept.extend(text.chars().filter(|character| !is_blank(*character)));
                Secret::new(kept.as_bytes())
            }
            _ => secret.clone(),
        }
    }
}

/// Blanks, and characters that are not seen.
fn is_blank(character: char) -> bool {
    let is_unseen = matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
    );
    character.is_whitespace() || is_unseen
}

/// A domain in the form that the table has.
fn normal(domain: &str) -> String {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    domain.to_ascii_lowercase()
}
