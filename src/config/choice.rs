//! Which account a mail is sent by.

use std::fmt;

use super::{Account, Config, ConfigError};
use crate::address::AddrSpec;

/// Why an account was chosen. Its `Display` follows "account NAME, ", as in "because it is the
/// default".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChosenBy {
    /// It was named.
    Name,
    /// It is the account of this sender.
    Sender(AddrSpec),
    /// It is the default.
    Default,
    /// There is no other.
    Only,
}

impl fmt::Display for ChosenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("because it is named"),
            Self::Sender(address) => write!(f, "because the sender is {address}"),
            Self::Default => f.write_str("because it is the default"),
            Self::Only => f.write_str("because it is the only one"),
        }
    }
}

impl Config {
    /// The account with this name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoSuchAccount`], with the names of all accounts.
    pub fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        let account = self.accounts.get(name);
        account.ok_or_else(|| ConfigError::NoSuchAccount {
            name: name.to_owned(),
            known: self.accounts.keys().cloned().collect(),
        })
    }

    /// The account that a mail is sent by, its name, and why: the one named `name`; or else the one
    /// with this `sender`; or else the [`default`](Self::default); or else the only one.
    ///
    /// Addresses are compared without regard to case. Of several accounts with the sender, the
    /// default is chosen.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoSuchAccount`], [`ConfigError::NoAccounts`],
    /// [`ConfigError::SameSender`]: several accounts have the sender, and none of them is the default;
    /// or [`ConfigError::NoAccountChosen`]: there are several, and none of these rules chooses one.
    pub fn choose(
        &self,
        name: Option<&str>,
        sender: Option<&AddrSpec>,
    ) -> Result<(&str, &Account, ChosenBy), ConfigError> {
        let (name, why) = self.choice(name, sender)?;
        let known = || self.accounts.keys().cloned().collect();
        let entry = self.accounts.get_key_value(name.as_str());
        match entry {
            Some((name, account)) => Ok((name, account, why)),
            None => Err(ConfigError::NoSuchAccount {
                known: known(),
                name,
            }),
        }
    }

    /// The name of the account that [`choose`](Self::choose) returns.
    fn choice(
        &self,
        name: Option<&str>,
        sender: Option<&AddrSpec>,
    ) -> Result<(String, ChosenBy), ConfigError> {
        if let Some(name) = name {
            return Ok((name.to_owned(), ChosenBy::Name));
        }
        let of_sender = self.of_sender(sender);
        if let (Some(sender), false) = (sender, of_sender.is_empty()) {
            let default = of_sender
                .iter()
                .find(|name| self.default.as_ref() == Some(name));
            return match (default, of_sender.as_slice()) {
                (Some(name), _) | (None, [name]) => {
                    Ok((name.clone(), ChosenBy::Sender(sender.clone())))
                }
                _ => Err(ConfigError::SameSender {
                    address: sender.to_string(),
                    names: of_sender,
                }),
            };
        }
        if let Some(name) = &self.default {
            return Ok((name.clone(), ChosenBy::Default));
        }
        let names: Vec<_> = self.accounts.keys().cloned().collect();
        match names.as_slice() {
            [] => Err(ConfigError::NoAccounts),
            [only] => Ok((only.clone(), ChosenBy::Only)),
            _ => Err(ConfigError::NoAccountChosen(names)),
        }
    }

    /// The names of the accounts with this sender.
    fn of_sender(&self, sender: Option<&AddrSpec>) -> Vec<String> {
        let Some(sender) = sender.map(ToString::to_string) else {
            return Vec::new();
        };
        let is_sender = |account: &Account| {
            let own = account.sender().map(|own| own.addr_spec().to_string());
            own.is_some_and(|own| own.eq_ignore_ascii_case(&sender))
        };
        let accounts = self.accounts.iter();
        accounts
            .filter(|(_, account)| is_sender(account))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "[account.home]\nserver = 'x'\nfrom = 'Me <me@example.org>'\n\
                       [account.work]\nserver = 'y'\nuser = 'me@example.net'\n";

    /// What is chosen of a file, and why.
    fn chosen(file: &str, name: &str, sender: &str) -> String {
        let config = Config::parse(file).unwrap();
        let name = Some(name).filter(|name| !name.is_empty());
        let sender = sender.parse().ok();
        match config.choose(name, sender.as_ref()) {
            Ok((name, account, why)) => {
                assert_eq!(config.account(name).unwrap(), account);
                format!("{name}, {why}")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_account_is_chosen_by_name_sender_default_or_as_the_only_one() {
        let default = &format!("default = 'work'\n{TWO}");
        let same = &format!("{TWO}from = 'me@example.org'\n");
        let same_default = &format!("default = 'work'\n{same}");
        let one = "[account.a]\nserver = 'x'";
        for (file, name, sender, expected) in [
            (TWO, "home", "me@example.net", "home, because it is named"),
            (
                TWO,
                "",
                "ME@example.org",
                "home, because the sender is ME@example.org",
            ),
            (
                TWO,
                "",
                "me@example.net",
                "work, because the sender is me@example.net",
            ),
            (
                TWO,
                "",
                "",
                "no account is chosen, and none is the default: the accounts are home and work",
            ),
            (
                TWO,
                "",
                "eve@example.org",
                "no account is chosen, and none is the default: the accounts are home and work",
            ),
            (
                TWO,
                "wrk",
                "",
                "there is no account named \"wrk\": the accounts are home and work",
            ),
            (default, "", "", "work, because it is the default"),
            (
                default,
                "",
                "eve@example.org",
                "work, because it is the default",
            ),
            (
                default,
                "",
                "me@example.org",
                "home, because the sender is me@example.org",
            ),
            (
                same,
                "",
                "me@example.org",
                "2 accounts have the address me@example.org: home and work",
            ),
            (
                same_default,
                "",
                "me@example.org",
                "work, because the sender is me@example.org",
            ),
            (one, "", "eve@example.org", "a, because it is the only one"),
            (
                "default = 'b'\n[account.a]\nserver = 'x'",
                "",
                "",
                "there is no account named \"b\": the only account is a",
            ),
            ("", "", "", "no account is set up"),
            (
                "",
                "a",
                "",
                "there is no account named \"a\": no account is set up",
            ),
        ] {
            assert_eq!(
                chosen(file, name, sender),
                expected,
                "{file} {name} {sender}"
            );
        }
    }
}
