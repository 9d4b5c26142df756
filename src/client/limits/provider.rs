//! What well-known services take, as they publish it (2026-11).

use std::time::Duration;

use super::rates::{Period, Rates};

/// What a service takes, as far as it says so. Limits that depend on what an account has paid for
/// are not here, and neither are those a day: the service counts them over all programs that use
/// the account, and says when they are reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::client) struct ProviderLimits {
    /// Connections at a time.
    pub(in crate::client) connections: Option<usize>,
    /// Mails over one connection.
    pub(in crate::client) mails: Option<usize>,
    /// Recipients of one mail.
    pub(in crate::client) recipients: Option<u32>,
    /// How long a connection without a mail is kept.
    pub(in crate::client) idle: Option<Duration>,
    /// Mails a minute.
    pub(in crate::client) a_minute: Option<u32>,
}

const NOTHING: ProviderLimits = ProviderLimits {
    connections: None,
    mails: None,
    recipients: None,
    idle: None,
    a_minute: None,
};

/// Each row has a host, and the limits that are known.
macro_rules! rows {
    ($($host:literal => $($limit:ident: $value:expr),+;)*) => {
        &[$(($host, ProviderLimits { $($limit: Some($value),)+ ..NOTHING })),*]
    };
}

/// A host; or, with a dot in front, the end of a name that begins with `email-smtp.` and a region.
const PROVIDERS: &[(&str, ProviderLimits)] = rows! {
    "smtp.gmail.com" => recipients: 100;
    "smtp-relay.gmail.com" => recipients: 100;
    "smtp.office365.com" => connections: 3, a_minute: 30;
    "smtp-mail.outlook.com" => recipients: 500;
    // The number of mails is what its senders have found.
    "smtp.mail.yahoo.com" => recipients: 100, mails: 20;
    "smtp.mail.me.com" => recipients: 500;
    "smtp.yandex.com" => recipients: 35;
    "smtp.yandex.ru" => recipients: 35;
    // It ends a connection after 10 s without a command.
    ".amazonaws.com" => recipients: 50, idle: Duration::from_secs(8);
    "smtp.sendgrid.net" => mails: 5_000;
    "smtp.sparkpostmail.com" => mails: 100;
    "smtp.eu.sparkpostmail.com" => mails: 100;
    "smtp.socketlabs.com" => connections: 10, mails: 50, recipients: 500;
    "smtp.postmarkapp.com" => recipients: 50;
    "smtp-broadcasts.postmarkapp.com" => recipients: 50;
};

impl ProviderLimits {
    /// The limits of the service with this host; no limit if the host is not in the table.
    pub(in crate::client) fn of(host: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let found = PROVIDERS.iter().find(|(name, _)| {
            let is_end = name.starts_with('.');
            host == *name || is_end && host.starts_with("email-smtp.") && host.ends_with(name)
        });
        found.map_or(NOTHING, |(_, provider)| *provider)
    }

    /// The rates that it publishes.
    pub(in crate::client) fn rates(self) -> Rates {
        match self.a_minute {
            Some(most) => Rates::new().mails(most, Period::Minute),
            None => Rates::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_name_and_by_end() {
        let ses = ProviderLimits::of("email-smtp.eu-west-1.amazonaws.com");
        assert_eq!(ses.recipients, Some(50));
        assert_eq!(ses.idle, Some(Duration::from_secs(8)));
        assert_eq!(
            ProviderLimits::of("SMTP.Office365.com.").connections,
            Some(3)
        );
        assert_eq!(ProviderLimits::of("smtp.mail.yahoo.com").mails, Some(20));
        for other in [
            "amazonaws.com",
            "mail.amazonaws.com",
            "notsmtp.gmail.com",
            "smtp.gmail.com.example.org",
            "",
        ] {
            assert_eq!(
                ProviderLimits::of(other),
                ProviderLimits::default(),
                "{other}"
            );
        }
    }

    #[test]
    fn rates_are_those_published() {
        let expected = Rates::new().mails(30, Period::Minute);
        assert_eq!(ProviderLimits::of("smtp.office365.com").rates(), expected);
        assert_eq!(
            ProviderLimits::of("smtp.gmail.com").rates(),
            Rates::default()
        );
    }

    #[test]
    fn names_are_written_once_and_in_lower_case() {
        for (place, (name, provider)) in PROVIDERS.iter().enumerate() {
            assert_eq!(*name, name.to_ascii_lowercase());
            assert_ne!(*provider, NOTHING, "{name}");
            assert!(
                PROVIDERS[..place].iter().all(|(other, _)| other != name),
                "{name}"
            );
        }
    }
}
