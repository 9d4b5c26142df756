//! The keys `envelope-from`, `rates` and `retry`, and a client with the limits of an account.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer};

use super::account::Account;
use super::time_limits::duration;
use crate::address::ReversePath;
use crate::client::{Client, ClientBuilder, Period, Rates, Retry};
use crate::session::ServerConfig;

impl Account {
    /// A client of this server with the limits of the account: `connections`, `rates` and `retry`.
    /// [`server`](Self::server) makes the server.
    pub fn client(&self, server: ServerConfig) -> ClientBuilder {
        let mut builder = Client::builder(server);
        if let Some(most) = self.connections.and_then(|most| most.try_into().ok()) {
            builder = builder.max_connections(most);
        }
        if let Some(rates) = &self.rates {
            builder = builder.rates(rates.clone());
        }
        if let Some(budget) = self.retry {
            // The time limits the attempts.
            builder = builder.retry(Retry::new().attempts(u32::MAX).budget(budget));
        }
        builder
    }
}

/// An address, or `<>` for none.
pub(super) fn reverse_path<'de, D>(deserializer: D) -> Result<Option<ReversePath>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text == "<>" {
        return Ok(Some(ReversePath::Null));
    }
    let path = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Some(path))
}

/// A time, as in `30m`.
pub(super) fn retry<'de, D>(deserializer: D) -> Result<Option<Duration>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let time = duration(&text);
    let not_a_time = || serde::de::Error::custom("not a time from 1ms to 24h: write it like 30m");
    time.map(Some).ok_or_else(not_a_time)
}

/// Rates, as in `30/min, 500/day`.
pub(super) fn rates<'de, D>(deserializer: D) -> Result<Option<Rates>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let mut items = text.split(',');
    let rates = items.try_fold(Rates::new(), with_rate);
    let not_rates = || {
        serde::de::Error::custom(
            "not rates: write them like 30/min, 500/day, 10000 recipients/day, where a time is s, \
             min, h or day",
        )
    };
    rates.map(Some).ok_or_else(not_rates)
}

/// Adds one rate, as in `500 recipients/day`.
fn with_rate(rates: Rates, item: &str) -> Option<Rates> {
    let (amount, period) = item.split_once('/')?;
    let period = match period.trim() {
        "s" | "second" => Period::Second,
        "min" | "minute" => Period::Minute,
        "h" | "hour" => Period::Hour,
        "day" => Period::Day,
        _ => return None,
    };
    let mut words = amount.split_ascii_whitespace();
    let most: u32 = words.next()?.parse().ok().filter(|most| *most > 0)?;
    let rates = match words.next() {
        None | Some("mails") => rates.mails(most, period),
        Some("recipients") => rates.recipients(most, period),
        Some("connections") => rates.connections(most, period),
        Some(_) => return None,
    };
    words.next().is_none().then_some(rates)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    /// The account with these keys, or what is wrong with them.
    fn account(keys: &str) -> Result<Account, String> {
        let config = Config::parse(&format!("[account.a]\nserver = 'x'\n{keys}"));
        let config = config.map_err(|error| error.to_string())?;
        Ok(config.account("a").unwrap().clone())
    }

    #[test]
    fn rates_are_read() {
        let day = |most| Rates::new().recipients(most, Period::Day);
        for (text, expected) in [
            ("30/min", Some(Rates::new().mails(30, Period::Minute))),
            ("1/s", Some(Rates::new().mails(1, Period::Second))),
            (
                "100 mails/hour",
                Some(Rates::new().mails(100, Period::Hour)),
            ),
            ("500 recipients/day", Some(day(500))),
            (
                "30/minute, 500 recipients/day,2 connections/h",
                Some(
                    day(500)
                        .mails(30, Period::Minute)
                        .connections(2, Period::Hour),
                ),
            ),
            ("", None),
            ("30", None),
            ("0/min", None),
            ("-1/min", None),
            ("30/week", None),
            ("30/min,", None),
            ("30 people/min", None),
            ("30 mails now/min", None),
        ] {
            let found = account(&format!("rates = '{text}'"));
            match (found, expected) {
                (Ok(account), Some(rates)) => assert_eq!(account.rates, Some(rates), "{text}"),
                (Err(error), None) => assert!(error.contains("rates: not rates: "), "{error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn the_other_limits_are_read() {
        let keys = "connections = 2\nretry = '30m'\nenvelope-from = '<>'\n\
                    dsn = 'failure, delay'\ndsn-return = 'hdrs'";
        let account = account(keys).unwrap();
        assert_eq!(account.connections, Some(2));
        assert_eq!(account.retry, Some(Duration::from_mins(30)));
        assert_eq!(account.envelope_from, Some(ReversePath::Null));
        let shown = (account.dsn.unwrap(), account.dsn_return.unwrap());
        assert_eq!(format!("{} {}", shown.0, shown.1), "FAILURE,DELAY HDRS");
    }

    #[test]
    fn limits_that_are_not_valid() {
        for (keys, words) in [
            ("connections = 0", "connections: "),
            ("retry = '30'", "retry: not a time"),
            ("retry = '25h'", "retry: not a time"),
            ("envelope-from = 'me'", "envelope-from: "),
            ("dsn = 'always'", "dsn: \"always\" is not valid"),
            ("dsn-return = 'some'", "write hdrs or full"),
        ] {
            let error = account(keys).unwrap_err();
            assert!(error.contains(words), "{keys}: {error}");
        }
    }

    #[tokio::test]
    async fn a_client_keeps_the_limits() {
        use crate::{ErrorKind, Mail, Message};
        let mut account = account("rates = '1 recipients/day'").unwrap();
        account.tls = Some(crate::Security::Cleartext);
        let client = account.client(account.server().await.unwrap()).build();
        let message = Message::builder()
            .from("me@example.org")
            .to("ann@example.org, bob@example.org")
            .text("Hi")
            .build();
        let error = client
            .unwrap()
            .send(Mail::from(message.await.unwrap()))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
